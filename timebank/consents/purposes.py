"""What a person is asked for. Each purpose is a question of its own; some are asked of each answer by itself."""

from enum import StrEnum


class Purpose(StrEnum):
    USE = "use"  # this answer, to look for somebody
    SHOW = "show"  # this answer, to somebody proposed to them
    FIGURES = "figures"  # counted, without a name, in figures for those who pay
    MAIL = "mail"  # a mail that says something waits


OF_AN_ANSWER = frozenset({Purpose.USE, Purpose.SHOW})
# What the law holds to tell most about a person (UK GDPR, Article 9): used only after a yes. The other answers are
# written down for the sake of being used, on a page that says so, and each can be kept out.
ASKED_FIRST = frozenset({"experiences", "identities", "musts"})
NEVER_SHOWN = frozenset({"musts"})


def is_asked_first(purpose: Purpose, criterion: str = "") -> bool:
    return purpose != Purpose.USE or criterion in ASKED_FIRST

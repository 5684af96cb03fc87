"""A look as its owner reads it, on the page and in the file alike."""

from collections.abc import Mapping

from timebank.audit.models import Act, Reason, Record
from timebank.web.days import day
from timebank.who_has_looked.reads import Look

WHAT = {
    Record.MEMBERS: "the list of members",
    Record.MEMBER: "how you can be reached safely",
    Record.ROUND: "a round that looked for somebody for you",
    Record.WEIGHTY_ACT: "what was asked for about you, which two people decide",
    Record.WAITING_HOURS: "your hours with the community that waited to be confirmed",
}
WHY = {
    Reason.OPEN_CHECK: "to settle this check",
    Reason.OPEN_ROUND: "to look the round over",
    Reason.HOURS_WAIT: "to confirm hours",
    Reason.MEMBER_ASKED: "somebody asked them",
    Reason.SETTLING_HOURS: "settling hours",
    Reason.CHECKING_ROUND: "checking a round",
    Reason.WORRIED: "something worried them",
    Reason.SECOND_PERSON: "to decide as the second person",
    Reason.OTHER_WORK: "other work for the time bank",
}


def who(look: Look, words: Mapping[str, str]) -> str:
    return f"{look.looker}, {words['coordinator']}" if look.looker else "Whoever runs the time bank’s computer"


def what(look: Look) -> str:
    if look.act is Act.EXPORTED:
        return "everybody’s hours, written to a file"
    if look.record is Record.CHECK and look.hours_on is not None:
        return f"a check of your hours on {day(look.hours_on)}"
    return WHAT.get(look.record, "something of yours")


def why(look: Look) -> str:
    return WHY[look.reason] if look.reason else "no reason is asked there"

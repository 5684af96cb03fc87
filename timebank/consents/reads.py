"""What a person's word covers now. Whoever wants to use something of theirs asks here first, each time."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from timebank.consents import wordings
from timebank.consents.models import Consent, Decision
from timebank.consents.purposes import OF_AN_ANSWER, Purpose, is_asked_first

AT_ONCE = 500
Key = tuple[Purpose, str]


@dataclass(frozen=True, kw_only=True)
class Said:
    """One line of the record, without its words."""

    seq: int
    decision: Decision
    version: int
    at: datetime


@dataclass
class Standing:
    """Where one person stands in everything that they can be asked for. Made of the record alone."""

    last: dict[Key, Said] = field(default_factory=dict)
    agreed: dict[Key, Said] = field(default_factory=dict)
    taken_back: set[Key] = field(default_factory=set)
    taken_back_at: list[datetime] = field(default_factory=list)  # about answers

    def hear(self, key: Key, said: Said) -> None:
        self.last[key] = said
        # After a refusal, what was agreed to in narrower words goes on.
        if said.decision is Decision.AGREED:
            self.agreed[key] = said
            self.taken_back.discard(key)
        elif said.decision is Decision.WITHDRAWN:
            self.agreed.pop(key, None)
            self.taken_back.add(key)
            self.taken_back_at += [said.at] if key[0] in OF_AN_ANSWER else []

    def may(self, purpose: Purpose, criterion: str = "", *, words_from: int = 0) -> bool:
        """`words_from`: the first version whose words cover what is to be done."""
        key = (purpose, criterion)
        if key in self.agreed:
            return self.agreed[key].version >= words_from
        return not is_asked_first(purpose, criterion) and key not in self.taken_back

    def took_back_since(self, since: datetime) -> bool:
        """Anything about an answer of theirs. Whoever agreed anew afterwards has taken it back all the same."""
        return any(moment >= since for moment in self.taken_back_at)

    def is_asked(self, purpose: Purpose, criterion: str = "") -> bool:
        """Whether their word is still to be given: they never said anything, or wider words came since."""
        said = self.last.get((purpose, criterion))
        if said is None:
            return is_asked_first(purpose, criterion)
        goes_on = said.decision is not Decision.WITHDRAWN and (purpose, criterion) in self.agreed
        return goes_on and wordings.is_wider_since(said.version, purpose, criterion)


def may(session: Session, *, member_id: UUID, purpose: Purpose | str, criterion: str | None = None) -> bool:
    """Whether this person's word covers it now. Ask just before doing it, and do not keep the answer.

    Their word is all it looks at: whether they are still here, or take a break, is for the asker to know.
    """
    return standing_of(session, member_id).may(Purpose(purpose), criterion or "")


def standing_of(session: Session, member_id: UUID) -> Standing:
    return standing_of_many(session, [member_id])[member_id]


def standing_of_many(session: Session, member_ids: Iterable[UUID]) -> dict[UUID, Standing]:
    wanted = list(dict.fromkeys(member_ids))
    found = {member_id: Standing() for member_id in wanted}
    for start in range(0, len(wanted), AT_ONCE):
        rows = session.execute(
            select(
                Consent.member_id, Consent.purpose, Consent.criterion,
                Consent.seq, Consent.decision, Consent.version, Consent.said_at,
            )
            .where(Consent.member_id.in_(wanted[start : start + AT_ONCE]))
            .order_by(Consent.seq)
        )  # fmt: skip
        for member_id, purpose, criterion, seq, decision, version, at in rows:
            said = Said(seq=seq, decision=decision, version=version, at=at)
            found[member_id].hear((purpose, criterion), said)
    return found


def record_of(session: Session, member_id: UUID) -> dict[Key, list[Consent]]:
    """Everything they said, in the order in which they said it, with the words they read."""
    found = session.scalars(
        select(Consent).where(Consent.member_id == member_id).order_by(Consent.purpose, Consent.criterion, Consent.seq)
    )
    said: dict[Key, list[Consent]] = defaultdict(list)
    for one in found:
        said[one.purpose, one.criterion].append(one)
    return dict(said)

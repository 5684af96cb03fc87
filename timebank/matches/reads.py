"""Rounds as the coordinators of their scheme may see them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from timebank.consents import reads as consents
from timebank.errors import NotFound
from timebank.introductions.models import Introduction, State
from timebank.matches.models import LeftOut, Proposal, Round
from timebank.members import reads as members
from timebank.members.models import Member
from timebank.relationships import reads as relationships
from timebank.schemes import reads as schemes

NOT_SAID_ANY_MORE = "Something about this has changed since, so why is no longer said"


@dataclass(frozen=True, kw_only=True)
class RoundView:
    round: Round
    names: dict[UUID | None, str]
    proposals: list[Proposal]
    left_out: list[LeftOut]
    states: dict[UUID | None, str]  # of the introductions that were sent
    in_someone_elses_hands: int  # proposals in which this coordinator has a part themself
    changed_since: set[UUID]  # who has taken something back since the round

    def reasons_of(self, proposal: Proposal) -> str:
        """Once both have said yes it stays said."""
        is_accepted = self.states.get(proposal.introduction_id) == State.ACCEPTED
        has_changed = bool({proposal.guide_id, proposal.other_id} & self.changed_since)
        return NOT_SAID_ANY_MORE if has_changed and not is_accepted else proposal.staff_reasons

    def reason_of(self, left: LeftOut) -> str:
        return f"{NOT_SAID_ANY_MORE}." if left.member_id in self.changed_since else left.reason

    @property
    def is_sent(self) -> bool:
        return self.round.sent_at is not None

    @property
    def has_something_to_send(self) -> bool:
        return any(not proposal.is_set_aside for proposal in self.proposals)

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do: it waits to be sent, or somebody's answer is waited for."""
        return not self.is_sent or "open" in self.states.values()

    @property
    def is_answered(self) -> bool:
        return any(state != "open" for state in self.states.values())


def list_latest(session: Session, coordinator: Member) -> list[Round]:
    found = session.scalars(
        select(Round).where(Round.bank_id == coordinator.bank_id).order_by(Round.run_at.desc(), Round.id).limit(50)
    )
    looked_after = schemes.coordinated_ids(session, coordinator)
    return [round_ for round_ in found if looked_after & {None, round_.scheme_id}]


def get_round(session: Session, round_id: UUID, coordinator: Member, *, lock: bool = False) -> Round:
    question = select(Round).where(Round.bank_id == coordinator.bank_id, Round.id == round_id)
    found = session.scalar(question.with_for_update(of=Round) if lock else question)
    if found is None or not schemes.coordinates(session, coordinator, found.scheme_id):
        raise NotFound
    return found


def get_proposal(session: Session, proposal_id: UUID, coordinator: Member) -> Proposal:
    """A coordinator's own row, and one of somebody close to them, is handled by another."""
    proposal = session.get(Proposal, proposal_id)
    if proposal is None or not is_for(proposal, closed_to(session, coordinator)):
        raise NotFound
    get_round(session, proposal.round_id, coordinator, lock=True)
    return proposal


def closed_to(session: Session, coordinator: Member) -> frozenset[UUID]:
    """About whom another coordinator looks at what the engine found: as with checks (timebank/queries/reads.py)."""
    return relationships.too_close_to(session, coordinator) | {coordinator.id}


def is_for(proposal: Proposal, closed: frozenset[UUID]) -> bool:
    """Whether it is in the hands of a coordinator to whom these people are closed."""
    return not closed & {proposal.guide_id, proposal.other_id}


def view(session: Session, round_: Round, coordinator: Member) -> RoundView:
    """What the engine found for the coordinator themself, or for somebody close to them, is not for their eyes.

    Their own are counted for them. Of the others there is no number: who chose not to be with this coordinator is among them.
    """
    closed = closed_to(session, coordinator)
    others = [proposal for proposal in round_.proposals if is_for(proposal, closed)]
    own = [proposal for proposal in round_.proposals if coordinator.id in {proposal.guide_id, proposal.other_id}]
    left_out = [left for left in round_.left_out if left.member_id not in closed]
    people = {member_id for proposal in others for member_id in (proposal.guide_id, proposal.other_id)}
    sent = [proposal.introduction_id for proposal in others if proposal.introduction_id is not None]
    states = session.execute(select(Introduction.id, Introduction.state).where(Introduction.id.in_(sent))).all()
    named = people | {left.member_id for left in left_out}
    standing = consents.standing_of_many(session, named)
    return RoundView(
        round=round_,
        names=members.names_of(session, named),
        proposals=others,
        left_out=left_out,
        states=dict(states),
        in_someone_elses_hands=len(own),
        changed_since={one for one, said in standing.items() if said.took_back_since(round_.run_at)},
    )

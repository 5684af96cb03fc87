"""Running a round as a dry run, looking it over, and sending it: whole or not at all."""

import secrets
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

import matching
from matching import explain
from matching.people import Answers
from timebank.audit import service as audit
from timebank.audit.models import Act, Record
from timebank.errors import Conflict
from timebank.introductions import reasons
from timebank.introductions import service as introductions
from timebank.introductions.models import Introduction
from timebank.matches import facts, reads
from timebank.matches.models import LeftOut, Proposal, Round
from timebank.members.models import Member
from timebank.schemes import reads as schemes
from timebank.schemes.models import BankScheme


class ChangedSince(Conflict):
    """Somebody changed their answers, or an introduction was made, since this round was tried. Please try a new round."""


class NothingToSend(Conflict):
    """There is nothing to send: every proposal is set aside, or nobody could be proposed."""


class AlreadyAnswered(Conflict):
    """Somebody has already answered, so this round can no longer be called back."""


HAS_SOMETHING_TO_ANSWER = "They have something to answer first, on their own page “What I have agreed to”."


def try_round(
    session: Session, *, scheme_id: UUID, coordinator: Member, on: date, at: datetime, seed: int | None = None
) -> Round:
    """A dry run: nothing leaves the coordinator's desk."""
    scheme = schemes.get_coordinated(session, scheme_id=scheme_id, coordinator=coordinator)
    people = facts.gather(session, scheme)
    seed = secrets.randbelow(2**31) if seed is None else seed
    decided = matching.run_round(people, scheme.rules, on=on, seed=seed)
    tried = Round(
        id=uuid4(),
        bank_id=scheme.bank_id,
        scheme_id=scheme.id,
        run_by=coordinator.id,
        run_at=at,
        run_on=on,
        seed=seed,
        facts_digest=facts.digest(people, scheme),
    )
    rows = {person.id: person.answers for person in people}
    tried.proposals = [_proposal(place, pair, rows, scheme) for place, pair in enumerate(decided.pairs, start=1)]
    tried.left_out = [
        LeftOut(member_id=UUID(left.id), reason=explain.unmatched_for_staff(left, scheme.rules))
        for left in decided.unmatched
    ]
    waiting = facts.list_waiting_for_their_word(session, scheme)
    tried.left_out += [LeftOut(member_id=member_id, reason=HAS_SOMETHING_TO_ANSWER) for member_id in waiting]
    session.add(tried)
    session.flush()
    _note_round(session, tried, act=Act.TRIED_ROUND, coordinator=coordinator, at=at)
    return tried


def set_aside(session: Session, *, proposal_id: UUID, coordinator: Member, note: str, at: datetime) -> Proposal:
    proposal = reads.get_proposal(session, proposal_id, coordinator)
    proposal.set_aside(note=note)
    _note_proposal(session, proposal, act=Act.SET_ASIDE, coordinator=coordinator, at=at)
    return proposal


def take_up_again(session: Session, *, proposal_id: UUID, coordinator: Member, at: datetime) -> Proposal:
    proposal = reads.get_proposal(session, proposal_id, coordinator)
    proposal.take_up_again()
    _note_proposal(session, proposal, act=Act.TOOK_UP_AGAIN, coordinator=coordinator, at=at)
    return proposal


def send_round(session: Session, *, round_id: UUID, coordinator: Member, at: datetime) -> Round:
    """Only what was looked at is sent: when the facts have changed since, the round has to be tried again."""
    round_ = reads.get_round(session, round_id, coordinator, lock=True)
    round_.send(at=at)
    scheme = schemes.get_coordinated(session, scheme_id=round_.scheme_id, coordinator=coordinator)
    if facts.digest(facts.gather(session, scheme), scheme) != round_.facts_digest:
        raise ChangedSince
    # Proposals for the coordinator themself, and for who is close to them, stay behind: another coordinator's round looks at those.
    closed = reads.closed_to(session, coordinator)
    going_out = [
        proposal for proposal in round_.proposals if not proposal.is_set_aside and reads.is_for(proposal, closed)
    ]
    if not going_out:
        raise NothingToSend
    for proposal in going_out:
        proposal.introduction_id = introductions.introduce(
            session,
            scheme=scheme,
            guide_id=proposal.guide_id,
            other_id=proposal.other_id,
            guide_reasons=proposal.guide_reasons,
            other_reasons=proposal.other_reasons,
            at=at,
        ).id
    session.flush()
    _note_round(session, round_, act=Act.SENT_ROUND, coordinator=coordinator, at=at)
    return round_


def call_back(session: Session, *, round_id: UUID, coordinator: Member, at: datetime) -> Round:
    """Before anybody has answered, the whole round can be taken back; nobody keeps a trace of it.

    Without what this coordinator may not look at, where another one sent it: nor do they learn whether that was answered.
    """
    round_ = reads.get_round(session, round_id, coordinator, lock=True)
    closed = reads.closed_to(session, coordinator)
    sent = [
        proposal.introduction_id
        for proposal in round_.proposals
        if proposal.introduction_id is not None and reads.is_for(proposal, closed)
    ]
    found = session.scalars(
        select(Introduction).where(Introduction.id.in_(sent)).with_for_update(of=Introduction)
    ).all()
    if not found or any(introduction.is_answered for introduction in found):
        raise AlreadyAnswered
    for introduction in found:
        introduction.withdraw(at=at)
    session.flush()
    _note_round(session, round_, act=Act.CALLED_ROUND_BACK, coordinator=coordinator, at=at)
    return round_


def _note_round(session: Session, round_: Round, *, act: Act, coordinator: Member, at: datetime) -> None:
    audit.note(
        session,
        bank_id=round_.bank_id,
        by=coordinator.id,
        act=act,
        record=Record.ROUND,
        record_id=round_.id,
        at=at,
    )


def _note_proposal(session: Session, proposal: Proposal, *, act: Act, coordinator: Member, at: datetime) -> None:
    audit.note(
        session,
        bank_id=coordinator.bank_id,
        by=coordinator.id,
        act=act,
        record=Record.PROPOSAL,
        record_id=proposal.id,
        at=at,
    )


def _proposal(place: int, pair: matching.Pair, rows: dict[str, Answers], scheme: BankScheme) -> Proposal:
    """The engine's left is the supported side; in symmetric schemes the two stand in id order and are asked alike."""
    return Proposal(
        id=uuid4(),
        place=place,
        guide_id=UUID(pair.right),
        other_id=UUID(pair.left),
        guide_reasons=[reasons.keep(reason.criterion, explain.say(reason, to="other")) for reason in pair.reasons],
        other_reasons=[reasons.keep(reason.criterion, explain.say(reason, to="one")) for reason in pair.reasons],
        staff_reasons=explain.pair_for_staff(rows[pair.left], rows[pair.right], scheme.rules),
    )

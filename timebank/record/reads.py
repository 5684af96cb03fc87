"""Everything that is kept about one person, for that person: with nobody else's name, words or answers in it."""

from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ledger.minutes import show as show_length
from timebank.concerns.models import Lead
from timebank.hours import reads as hours
from timebank.hours.models import HourLog
from timebank.imports.models import ImportedMember
from timebank.introductions import reads as introductions
from timebank.introductions.models import Introduction, State
from timebank.matches.models import LeftOut
from timebank.members.models import Member, NotWith
from timebank.members.service import ledger_of
from timebank.offers.models import Offer, Reply
from timebank.profiles.criteria import QUESTIONS
from timebank.profiles.models import Answer
from timebank.queries import reads as queries
from timebank.queries.models import Query, Telling
from timebank.relationships.models import Relationship
from timebank.schemes.models import BankScheme, Coordinator, SchemeMembership
from timebank.signin.models import CodeApp, HeldSignIn, OneTimeCode, Passkey, SignInEvent, User
from timebank.two_people.models import WeightyAct

Row = dict[str, Any]
EVERY_STATE = ("pending", "posted", "released", "expired")
ALL = 1_000_000


def everything_about(session: Session, member: Member) -> dict[str, list[Row]]:
    """Parts by name, each with its rows of plain values: text, numbers, yes or no, and days and moments as ISO has them."""
    return {
        name: [{key: _plain(value) for key, value in row.items()} for row in part(session, member)]
        for name, part in PARTS.items()
    }


def _me(_: Session, member: Member) -> list[Row]:
    return [
        {
            "name": member.name,
            "code": member.code,
            "bank": member.bank.name,
            "here_since": member.joined_on,
            "standing": member.status,
            "number": member.id,
        }
    ]


def _account(session: Session, member: Member) -> list[Row]:
    ledger = ledger_of(session, member.bank)
    balance, account = ledger.balance(account=member.account_id), ledger.get_account(id=member.account_id)
    return [
        {
            "number": member.account_id,
            "minutes": balance.posted,
            "waiting_to_go_out": balance.held_out,
            "waiting_to_come_in": balance.held_in,
            "standing": account.status,
            "clock_stopped_at": account.paused_at,
        }
    ]


def _hours(session: Session, member: Member) -> list[Row]:
    """Words only where this person wrote them, or where it is not known who did."""
    found = hours.list_for_member(session, member, states=EVERY_STATE, limit=ALL)
    return [
        {
            "day": view.log.happened_on,
            "gave_or_received": "gave" if view.is_given else "received",
            "with": "the community" if view.log.is_with_community else "another member",
            "minutes": view.minutes,
            "length": show_length(view.minutes),
            "what_for": view.log.words if view.log.logged_by in {member.id, None} else "",
            "written_down_by_me": view.is_mine,
            "written_down_at": view.log.logged_at,
            "standing": "taken back since" if view.is_undone else view.state,
            "number": view.log.id,
        }
        for view in found
    ]


def _answers(session: Session, member: Member) -> list[Row]:
    found = session.scalars(select(Answer).where(Answer.member_id == member.id).order_by(Answer.criterion))
    return [
        {
            "question": QUESTIONS[one.criterion].label if one.criterion in QUESTIONS else one.criterion,
            "words": "; ".join(one.words),
            "may_be_used": one.is_used,
            "may_be_shown": one.is_shown,
            "matters": one.importance,
        }
        for one in found
    ]


def _parts(session: Session, member: Member) -> list[Row]:
    found = session.scalars(select(SchemeMembership).where(SchemeMembership.member_id == member.id)).unique()
    return [
        {
            "in": one.scheme.name,
            "side": one.side,
            "people_at_a_time": one.capacity,
            "stepped_back": one.is_stepped_back,
            "waiting_since": one.waiting_since,
            "roles": one.roles,
        }
        for one in found
    ]


def _looks_after(session: Session, member: Member) -> list[Row]:
    found = session.execute(
        select(BankScheme.name)
        .select_from(Coordinator)
        .outerjoin(BankScheme, BankScheme.id == Coordinator.scheme_id)
        .where(Coordinator.member_id == member.id)
    )
    return [{"what": name or "the whole time bank"} for (name,) in found]


def _looks_into_worries(session: Session, member: Member) -> list[Row]:
    found = session.scalars(select(Lead).where(Lead.member_id == member.id).order_by(Lead.appointed_at))
    return [{"since": one.appointed_at, "until": one.left_at} for one in found]


def _sign_in(session: Session, member: Member) -> list[Row]:
    user = session.scalar(select(User).where(User.member_id == member.id))
    return [{"sign_in_name": user.sign_in_name, "is_open": user.active}] if user else []


def _signed_in_at(session: Session, member: Member) -> list[Row]:
    found = session.scalars(
        select(HeldSignIn)
        .join(User, User.id == HeldSignIn.user_id)
        .where(User.member_id == member.id)
        .order_by(HeldSignIn.began_at)
    )
    return [{"browser": one.browser, "since": one.began_at, "last_used": one.seen_at} for one in found]


def _codes(session: Session, member: Member) -> list[Row]:
    found = session.scalars(
        select(OneTimeCode).where(OneTimeCode.member_id == member.id).order_by(OneTimeCode.issued_at)
    )
    return [
        {
            "made_at": one.issued_at,
            "made_by": "a coordinator" if one.issued_by else "whoever runs the time bank",
            "good_until": one.expires_at,
            "used_at": one.used_at,
        }
        for one in found
    ]


def _second_step(session: Session, member: Member) -> list[Row]:
    found = session.scalars(select(CodeApp).join(User, User.id == CodeApp.user_id).where(User.member_id == member.id))
    return [{"codes_from_an_app_since": one.made_at} for one in found]


def _passkeys(session: Session, member: Member) -> list[Row]:
    found = session.scalars(
        select(Passkey)
        .join(User, User.id == Passkey.user_id)
        .where(User.member_id == member.id)
        .order_by(Passkey.made_at)
    )
    return [{"name": one.name, "since": one.made_at, "last_used": one.used_at} for one in found]


def _what_happened(session: Session, member: Member) -> list[Row]:
    found = session.scalars(
        select(SignInEvent).where(SignInEvent.member_id == member.id).order_by(SignInEvent.at)
    ).unique()
    return [{"at": one.at, "what": one.what, "about": one.about, "by_me": one.by_id == member.id} for one in found]


def _introductions(session: Session, member: Member) -> list[Row]:
    """Only those that this person was told of."""
    party = or_(Introduction.guide_id == member.id, Introduction.other_id == member.id)
    found = session.scalars(select(Introduction).where(party).order_by(Introduction.sent_at, Introduction.id))
    return [
        {
            "asked_at": one.sent_at,
            "answer_by": one.answer_by,
            "why_we_thought_of_it": "; ".join(one.reasons_for(member)),
            "my_answer": {True: "yes", False: "not this time", None: ""}[one.answer_of(member)],
            "introduced_at": one.closed_at if one.state is State.ACCEPTED else None,
        }
        for one in found
        if introductions.is_told(session, one, member)
    ]


def _together(session: Session, member: Member) -> list[Row]:
    party = or_(Relationship.guide_id == member.id, Relationship.other_id == member.id)
    found = session.scalars(select(Relationship).where(party).order_by(Relationship.started_at))
    return [{"with": "another member", "since": one.started_at, "until": one.ended_at} for one in found]


def _kept_apart(session: Session, member: Member) -> list[Row]:
    found = session.scalars(select(NotWith).where(NotWith.member_id == member.id).order_by(NotWith.said_at))
    return [{"from": "another member", "since": one.said_at} for one in found]


def _offers(session: Session, member: Member) -> list[Row]:
    found = session.scalars(select(Offer).where(Offer.member_id == member.id).order_by(Offer.posted_at)).unique()
    return [
        {"kind": one.kind, "title": one.title, "words": one.words, "since": one.posted_at, "until": one.closed_at}
        for one in found
    ]


def _replies(session: Session, member: Member) -> list[Row]:
    found = session.scalars(select(Reply).where(Reply.member_id == member.id).order_by(Reply.replied_at)).unique()
    return [{"at": one.replied_at, "words": one.words, "they_said_yes": bool(one.said_yes)} for one in found]


def _checks(session: Session, member: Member) -> list[Row]:
    return [
        {
            "hours_of": query.log.happened_on,
            "asked_by_me": query.opened_by == member.id,
            "asked_at": query.opened_at,
            "matter": query.matter,
            "outcome": query.outcome,
            "new_length_minutes": query.outcome_minutes,
            "what_was_said": query.outcome_words,
            "settled_at": query.settled_at,
        }
        for query in queries.list_for_member(session, member)
    ]


def _accounts_of_checks(session: Session, member: Member) -> list[Row]:
    found = session.execute(
        select(Telling, HourLog.happened_on)
        .join(Query, Query.id == Telling.query_id)
        .join(HourLog, HourLog.id == Query.log_id)
        .where(Telling.member_id == member.id)
        .order_by(Telling.told_at)
    )
    return [{"hours_of": day, "told_at": one.told_at, "words": one.words} for one, day in found]


def _nobody_found(session: Session, member: Member) -> list[Row]:
    found = session.scalars(select(LeftOut).where(LeftOut.member_id == member.id).order_by(LeftOut.round_id))
    return [{"day": one.round.run_on, "why": one.reason} for one in found]


def _asked_a_second_person(session: Session, member: Member) -> list[Row]:
    """Without whom it is about: that is theirs."""
    found = session.scalars(select(WeightyAct).where(WeightyAct.asked_by == member.id).order_by(WeightyAct.asked_at))
    return [
        {
            "asked_at": one.asked_at,
            "what": one.kind,
            "why": one.reason,
            "came_to": one.state,
            "ended_at": one.decided_at,
        }
        for one in found
    ]


def _came_as(session: Session, member: Member) -> list[Row]:
    found = session.scalars(select(ImportedMember).where(ImportedMember.member_id == member.id))
    return [{"books": one.kind, "number_there": one.number} for one in found]


PARTS: dict[str, Callable[[Session, Member], list[Row]]] = {
    "me": _me,
    "account": _account,
    "hours": _hours,
    "answers": _answers,
    "takes_part_in": _parts,
    "looks_after": _looks_after,
    "looks_into_worries": _looks_into_worries,
    "introductions": _introductions,
    "together": _together,
    "kept_apart": _kept_apart,
    "offers": _offers,
    "replies": _replies,
    "checks": _checks,
    "accounts_of_checks": _accounts_of_checks,
    "nobody_found": _nobody_found,
    "sign_in": _sign_in,
    "signed_in_at": _signed_in_at,
    "second_step": _second_step,
    "passkeys": _passkeys,
    "what_happened_with_it": _what_happened,
    "codes": _codes,
    "asked_a_second_person": _asked_a_second_person,
    "came_as": _came_as,
}


def _plain(value: Any) -> str | int | bool | None:
    match value:
        case Enum():
            return str(value.value)
        case UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case None | str() | int():
            return value
    raise TypeError(f"{type(value).__name__} has no plain form")

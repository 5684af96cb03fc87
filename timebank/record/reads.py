"""Everything that is kept about one person, for that person: with nobody else's name, words or answers in it."""

from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ledger.minutes import show as show_length
from timebank.concerns.models import Lead
from timebank.consents import reads as consents
from timebank.consents.purposes import Purpose
from timebank.contact import reads as contact
from timebank.helplines.models import HelplineCheck, LocalLine
from timebank.hours import reads as hours
from timebank.hours.models import HourLog
from timebank.imports.models import ImportedMember
from timebank.introductions import reads as introductions
from timebank.introductions.models import Introduction, State
from timebank.matches.models import LeftOut
from timebank.members.models import Member, NotWith
from timebank.members.service import ledger_of
from timebank.offers.models import Offer, Reply
from timebank.outbox import reads as outbox
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
    standing = consents.standing_of(session, member.id)
    found = session.scalars(select(Answer).where(Answer.member_id == member.id).order_by(Answer.criterion))
    return [
        {
            "question": QUESTIONS[one.criterion].label if one.criterion in QUESTIONS else one.criterion,
            "words": "; ".join(one.words),
            "may_be_used": standing.may(Purpose.USE, one.criterion),
            "may_be_shown": standing.may(Purpose.SHOW, one.criterion),
            "matters": one.importance,
        }
        for one in found
    ]


def _agreed(session: Session, member: Member) -> list[Row]:
    return [
        {
            "at": one.said_at,
            "what_for": one.purpose,
            "question": QUESTIONS[criterion].label if criterion in QUESTIONS else criterion,
            "i_said": {"agreed": "yes", "refused": "no", "withdrawn": "taken back"}[one.decision],
            "to_these_words": one.words.words,
            "version": one.version,
            "by": {"page": "me, here", "file": "a file of the charity", "carried-over": "me, here or before"}[
                one.source
            ],
        }
        for (_, criterion), said in consents.record_of(session, member.id).items()
        for one in said
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


def _mail(session: Session, member: Member) -> list[Row]:
    one = outbox.find_address(session, member.id)
    if one is None:
        return []
    return [
        {
            "address": one.address,
            "since": one.confirmed_at,
            "waits_for_its_code": one.next,
            "one_a_day_at_most": one.at_most_daily,
            "last_message_at": one.last_sent_at,
            "came_back_at": one.came_back_at,
        }
    ]


def _mail_wanted(session: Session, member: Member) -> list[Row]:
    return [{"what": kind} for kind in sorted(outbox.wishes_of(session, member.id))]


def _mail_sent(session: Session, member: Member) -> list[Row]:
    return [
        {"what": one.kind, "since": one.made_at, "standing": one.state, "why": one.why, "at": one.changed_at}
        for one in outbox.list_of(session, member.id)
    ]


def _how_to_reach_me(session: Session, member: Member) -> list[Row]:
    note = contact.find_note(session, member.id)
    return [{"words": note.words, "written_at": note.written_at}] if note else []


def _introductions(session: Session, member: Member) -> list[Row]:
    """Only those that this person was told of."""
    party = or_(Introduction.guide_id == member.id, Introduction.other_id == member.id)
    found = session.scalars(select(Introduction).where(party).order_by(Introduction.sent_at, Introduction.id))
    return [
        {
            "asked_at": one.sent_at,
            "answer_by": one.answer_by,
            "why_we_thought_of_it": "; ".join(introductions.reasons_for(session, one, member)),
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
    """Not in the words that coordinators read: those count whom which rule left out, and so tell of others' answers."""
    found = session.scalars(select(LeftOut).where(LeftOut.member_id == member.id).order_by(LeftOut.round_id))
    return [{"day": one.round.run_on, "why": "we did not find the right person this time"} for one in found]


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


def _helplines(session: Session, member: Member) -> list[Row]:
    checks = session.scalars(select(HelplineCheck).where(HelplineCheck.checked_by == member.id))
    rows: list[Row] = [{"what": "checked", "line": one.shown, "at": one.checked_at} for one in checks]
    mine = or_(LocalLine.added_by == member.id, LocalLine.taken_away_by == member.id)
    for one in session.scalars(select(LocalLine).where(mine)):
        line = f"{one.name}, {one.way} {one.number}, {one.hours}"
        if one.added_by == member.id:
            rows.append({"what": "added", "line": line, "at": one.added_at})
        if one.taken_away_by == member.id:
            rows.append({"what": "took away", "line": line, "at": one.taken_away_at})
    return sorted(rows, key=itemgetter("at"))


PARTS: dict[str, Callable[[Session, Member], list[Row]]] = {
    "me": _me,
    "account": _account,
    "hours": _hours,
    "answers": _answers,
    "agreed": _agreed,
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
    "helplines": _helplines,
    "mail": _mail,
    "mail_wanted": _mail_wanted,
    "mail_sent": _mail_sent,
    "how_to_reach_me": _how_to_reach_me,
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

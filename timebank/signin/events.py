"""What has happened with somebody's way in, written down for them to read."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from timebank.members.models import Member
from timebank.outbox import service as outbox
from timebank.outbox.models import Kind
from timebank.signin.models import SignInEvent, What

SHOWN = 50
TRIED_EVERY = timedelta(hours=1)
SENTENCES = {
    What.NEW_BROWSER: "Signed in with a browser that was not known: {about}",
    What.CODE_MADE: "A code was made for you by {by}",
    What.CODE_USED: "A new password was set with a code",
    What.PASSWORD_CHANGED: "The password was changed",
    What.NAME_CHANGED: "The name for signing in was changed",
    What.APP_ON: "Codes from an app were switched on",
    What.APP_OFF: "Codes from an app were switched off",
    What.PASSKEY_ADDED: "A passkey was added: {about}",
    What.PASSKEY_REMOVED: "A passkey was removed: {about}",
    What.SPARE_CODES_MADE: "New spare codes were made",
    What.SPARE_CODE_USED: "A spare code was used",
    What.CODES_TRIED: "Your password was right, and then wrong codes were typed several times",
    What.TAKEN_AWAY: "Your second step was taken away by {by}",
    What.MAIL_ON: "A mail address was confirmed",
    What.MAIL_OFF: "The mail address was taken away",
    What.PASSWORD_BY_MAIL: "A new password was set with a link sent by mail",
    What.SECOND_ASKED: "{by} asked for something that two people have to agree to: {about}",
    What.SECOND_AGREED: "{by} agreed as the second person, and it was done: {about}",
    What.SECOND_NO: "It was asked for, and will not be done: {about}",
    What.SIGNED_OUT: "You were signed out everywhere by {by}",
}
NOBODY = "whoever runs the server"


def note(
    session: Session, what: What, *, member: Member, by: Member | None, at: datetime, about: str = ""
) -> SignInEvent:
    """`by` None is whoever runs the server."""
    is_own = by is not None and by.id == member.id
    event = SignInEvent(
        member_id=member.id, what=what, at=at, by_id=by.id if by else None, about=about, told_at=at if is_own else None
    )
    session.add(event)
    session.flush()
    if what is What.NEW_BROWSER:
        outbox.tell(session, Kind.NEW_SIGN_IN, member=member, about_id=event.id, at=at)
    return event


def note_tried(session: Session, *, member: Member, at: datetime) -> None:
    """Once an hour at most, however long somebody goes on."""
    lately = select(SignInEvent.id).where(
        SignInEvent.member_id == member.id,
        SignInEvent.what == What.CODES_TRIED,
        SignInEvent.at > at - TRIED_EVERY,
    )
    if session.scalar(lately.limit(1)) is None:
        note(session, What.CODES_TRIED, member=member, by=None, at=at)


def list_newest(session: Session, *, member: Member) -> Sequence[SignInEvent]:
    return session.scalars(
        select(SignInEvent)
        .where(SignInEvent.member_id == member.id)
        .order_by(SignInEvent.at.desc(), SignInEvent.id)
        .limit(SHOWN)
    ).all()


def tell_what_others_did(session: Session, *, member: Member, at: datetime) -> list[SignInEvent]:
    """Each is told once: at the sign-in that follows it."""
    untold = session.scalars(
        select(SignInEvent)
        .where(SignInEvent.member_id == member.id, SignInEvent.told_at.is_(None))
        .order_by(SignInEvent.at, SignInEvent.id)
        .with_for_update(of=SignInEvent)
    ).all()
    for event in untold:
        event.told_at = at
    return list(untold)


def sentence(event: SignInEvent) -> str:
    return SENTENCES[event.what].format(about=event.about, by=event.by.name if event.by else NOBODY)

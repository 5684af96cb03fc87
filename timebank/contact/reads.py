"""What somebody said about how they may be reached."""

from uuid import UUID

from sqlalchemy.orm import Session

from timebank.contact.models import SafeContact


def find_note(session: Session, member_id: UUID) -> SafeContact | None:
    return session.get(SafeContact, member_id)

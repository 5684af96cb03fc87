"""What somebody wants those to know who look after them, before they call or write."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from timebank.db import Base, UtcDateTime
from timebank.vault.sealed import Sealed, sealed_check, sealed_column

LONGEST_NOTE = 500


class SafeContact(Base):
    """Read by its owner, and by a coordinator whose look is noted. No row: nothing was said."""

    __tablename__ = "safe_contact"
    __table_args__ = (*sealed_check("sealed_words"),)

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    words = Sealed[str]("sealed_words", of="member_id", empty=str)
    sealed_words: Mapped[bytes | None] = sealed_column()
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)

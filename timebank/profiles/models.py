"""One row per answer, so that each can be weighed and locked away by itself. What it may be used for: timebank/consents."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.db import Base
from timebank.vault.sealed import Sealed, sealed_check, sealed_column


class Answer(Base):
    """`words` are the person's own."""

    __tablename__ = "answer"
    __table_args__ = (
        CheckConstraint("importance >= 0 AND importance <= 5", name="importance"),
        *sealed_check("sealed_words"),
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    criterion: Mapped[str] = mapped_column(String(20), primary_key=True)
    words = Sealed[list[str]]("sealed_words", of="member_id", empty=list)
    sealed_words: Mapped[bytes | None] = sealed_column()
    importance: Mapped[int] = mapped_column(default=1)

"""Each yes, no and taking back, for good: the database refuses to change it, and deletes it only with the person."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from timebank.consents.purposes import Purpose
from timebank.db import Base, UtcDateTime, one_of


class Decision(StrEnum):
    AGREED = "agreed"
    REFUSED = "refused"  # nothing was agreed to before, or less was, and that goes on
    WITHDRAWN = "withdrawn"


class Source(StrEnum):
    PAGE = "page"  # they pressed it themselves
    FILE = "file"  # a charity's file said that it holds their word
    CARRIED_OVER = "carried-over"  # ticked on a page of before agreements were kept; the moment is that of the move


class ConsentWords(Base):
    """A text that somebody was asked in, exactly as it stood on their page. The database refuses to change it."""

    __tablename__ = "consent_words"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    words: Mapped[str] = mapped_column(Text)


class Consent(Base):
    """What one person said about one purpose, and where it is about an answer, about which. The last one counts."""

    __tablename__ = "consent"
    __table_args__ = (
        ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_consent_member"),
        CheckConstraint("seq >= 1", name="seq"),
        CheckConstraint("version >= 0", name="version"),
        CheckConstraint("(purpose IN ('use', 'show')) = (criterion <> '')", name="of_an_answer"),
    )

    bank_id: Mapped[UUID]
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[Purpose] = mapped_column(one_of(Purpose), primary_key=True)
    criterion: Mapped[str] = mapped_column(String(20), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    decision: Mapped[Decision] = mapped_column(one_of(Decision))
    version: Mapped[int]
    words_digest: Mapped[str] = mapped_column(ForeignKey("consent_words.digest"))
    source: Mapped[Source] = mapped_column(one_of(Source))
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)

    words: Mapped[ConsentWords] = relationship(viewonly=True, lazy="joined")

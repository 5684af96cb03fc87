"""How a person signs in, the codes that let them begin, and the sign-ins that the server holds."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from flask_security import UserMixin
from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from timebank.db import Base, UtcDateTime
from timebank.members.models import Member


class User(Base, UserMixin):  # the class name is Flask-Security's
    """One person's way in: an e-mail address or any name they chose, and a password."""

    __tablename__ = "user_sign_in"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), unique=True)
    sign_in_name: Mapped[str] = mapped_column(String(254), unique=True)  # case-folded
    password: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True, default=lambda: uuid4().hex)

    member: Mapped[Member] = relationship(lazy="joined")


class OneTimeCode(Base):
    """Given to one person by a coordinator; it works once, and only its hash is stored."""

    __tablename__ = "one_time_code"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    issued_by: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def can_be_used(self, at: datetime) -> bool:
        return self.used_at is None and at < self.expires_at


class HeldSignIn(Base):
    """What the server keeps about one browser. The browser holds only a random id, of which only the hash is here."""

    __tablename__ = "held_sign_in"

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

"""That a new password was asked for, under a keyed hash of the name; and a link, of which only the hash is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.db import Base, UtcDateTime
from timebank.errors import Invalid
from timebank.signin.models import User


class LinkNotGood(Invalid):
    """This link does not work any more: it works once, for half an hour. You can ask for a new one."""


class ForgottenAsk(Base):
    """Somebody typed a name. Whether anybody has it is looked up later, by no request, so no answer can tell."""

    __tablename__ = "forgotten_ask"

    lane: Mapped[str] = mapped_column(String(64), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PasswordLink(Base):
    """The newest one of a person; the one before stops working. `stamp`: how their sign-in stood when it was made."""

    __tablename__ = "password_link"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_sign_in.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    stamp: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def check(self, user: User, *, at: datetime) -> None:
        """Whatever was changed about the sign-in since, a password or a second step, ends it."""
        if at >= self.expires_at or not user.active or user.fs_uniquifier != self.stamp:
            raise LinkNotGood

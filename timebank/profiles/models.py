"""One row per answer, so that each can be shown, used and weighed by itself (and later locked away by itself)."""

from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from timebank.db import Base


class Answer(Base):
    """`words` are the person's own. `is_shown`: a proposed partner may see it. `is_used`: matching may use it."""

    __tablename__ = "answer"
    __table_args__ = (CheckConstraint("importance >= 0 AND importance <= 5", name="importance"),)

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    criterion: Mapped[str] = mapped_column(String(20), primary_key=True)
    words: Mapped[list[str]] = mapped_column(JSON)
    is_shown: Mapped[bool] = mapped_column(default=False)
    is_used: Mapped[bool] = mapped_column(default=True)
    importance: Mapped[int] = mapped_column(default=1)

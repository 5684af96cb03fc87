"""What the form for hours takes. After it there are no strings that mean minutes or dates."""

from datetime import date
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ledger import minutes as lengths
from ledger.errors import LengthRefused
from timebank.hours.models import LONGEST_WORDS

COMMUNITY = "community"
CODE = "code"


class Length(fields.Field[int]):
    """ "1:30", "90 minutes" or "1 h 30" as whole minutes; the ledger's own sentence when it cannot be read."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        try:
            return lengths.parse(str(value))
        except LengthRefused as refusal:
            raise ValidationError(refusal.sentence) from refusal


class MaybeLength(Length):
    """A length, or nothing where the page has a box that may stay empty."""

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> int | None:  # type: ignore[override]
        return super()._deserialize(value, *rest, **more) if str(value).strip() else None


class Partner(fields.Field[str | UUID]):
    """A person known already, somebody by their code, or the community."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str | UUID:
        if value in {COMMUNITY, CODE}:
            return str(value)
        try:
            return UUID(str(value))
        except ValueError as error:
            raise ValidationError("Please choose who this was with.") from error


class LogHoursIn(Schema):
    log_id = fields.UUID(required=True)
    direction = fields.String(
        required=True,
        validate=validate.OneOf(["given", "received"], error="Please choose whether you gave or received this time."),
        error_messages={"required": "Please choose whether you gave or received this time."},
    )
    partner = Partner(required=True, error_messages={"required": "Please choose who this was with."})
    code = fields.String(load_default="", validate=validate.Length(max=40, error="That code is too long."))
    length = Length(required=True, error_messages={"required": "Please say how long it was, like 1:30 or 45."})
    happened_on = fields.Date(
        required=True,
        error_messages={
            "required": "Please say on which day it was.",
            "invalid": "Please write the day like 2026-03-27.",
        },
    )
    words = fields.String(
        load_default="",
        validate=validate.Length(max=LONGEST_WORDS, error=f"Please use at most {LONGEST_WORDS} letters."),
    )
    sure = fields.Boolean(load_default=False)

    def __init__(self, *, today: date, **more: Any) -> None:
        super().__init__(**more)
        self.today = today

    @validates_schema
    def check(self, data: dict[str, Any], **_: object) -> None:
        if data.get("partner") == CODE and not data.get("code", "").strip():
            raise ValidationError({"code": ["Please type the code the other person told you."]})
        if data["happened_on"] > self.today:
            raise ValidationError(
                {"happened_on": ["That day has not come yet. Please choose today or an earlier day."]}
            )


class ChangeHoursIn(Schema):
    log_id = fields.UUID(required=True)
    length = Length(required=True, error_messages={"required": "Please say how long it was, like 1:30 or 45."})

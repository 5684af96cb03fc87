"""What the forms about helplines take."""

import re

from marshmallow import Schema, ValidationError, fields, validate

from timebank.helplines.lines import digits
from timebank.helplines.models import Way

SHORTEST, LONGEST = 3, 15  # digits: of a short code, and of a number with its country


def good_number(value: str) -> None:
    if not re.fullmatch(r"\+?[0-9 ]{3,19}", value, re.ASCII) or not SHORTEST <= len(digits(value)) <= LONGEST:
        raise ValidationError("Please write the number in digits and spaces, like 020 7946 0000.")


class CheckIn(Schema):
    check_id = fields.UUID(required=True)
    line = fields.String(required=True, validate=validate.Length(min=1, max=40))
    shown = fields.String(required=True, validate=validate.Length(min=1, max=300))


class AddLineIn(Schema):
    line_id = fields.UUID(required=True)
    name = fields.String(
        required=True,
        validate=validate.Length(min=3, max=80, error="Please say in 3 to 80 letters who answers."),
        error_messages={"required": "Please say who answers."},
    )
    way = fields.Enum(
        Way,
        by_value=True,
        required=True,
        error_messages={"required": "Please choose one.", "unknown": "Please choose one."},
    )
    number = fields.String(required=True, validate=good_number, error_messages={"required": "Please write the number."})
    hours = fields.String(
        required=True,
        validate=validate.Length(min=3, max=60, error="Please say in 3 to 60 letters when somebody answers."),
        error_messages={"required": "Please say when somebody answers."},
    )


class TakeAwayIn(Schema):
    line_id = fields.UUID(required=True)

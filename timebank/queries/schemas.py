"""What the forms of a check take."""

from marshmallow import Schema, fields, validate

from timebank.hours.schemas import MaybeLength
from timebank.queries.models import Matter, Outcome

LONGEST_TELLING = 4000
LONG_TELLING = f"Please use at most {LONGEST_TELLING} letters."


class OpenQueryIn(Schema):
    matter = fields.Enum(
        Matter,
        by_value=True,
        required=True,
        error_messages={"required": "Please choose what is not right.", "unknown": "Please choose what is not right."},
    )
    words = fields.String(load_default="", validate=validate.Length(max=LONGEST_TELLING, error=LONG_TELLING))


class TellIn(Schema):
    words = fields.String(
        required=True,
        validate=validate.Length(min=1, max=LONGEST_TELLING, error="Please write your account in a few words."),
        error_messages={"required": "Please write your account in a few words."},
    )


class SettleIn(Schema):
    outcome = fields.Enum(
        Outcome,
        by_value=True,
        required=True,
        error_messages={
            "required": "Please choose how this is settled.",
            "unknown": "Please choose how this is settled.",
        },
    )
    length = MaybeLength(load_default=None)
    words = fields.String(
        required=True,
        validate=validate.Length(
            min=1, max=LONGEST_TELLING, error="Please tell both people in plain words what you decided and why."
        ),
        error_messages={"required": "Please tell both people in plain words what you decided and why."},
    )

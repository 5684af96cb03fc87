"""What the forms about being reached take."""

import re

from marshmallow import Schema, ValidationError, fields, validate

from timebank.contact.models import LONGEST_NOTE
from timebank.outbox.models import TO_CHOOSE, Kind
from timebank.signin.schemas import words

NOT_AN_ADDRESS = "Please write one mail address, like name@example.org. It has one @, and no spaces."
TOO_LONG = f"Please keep it to {LONGEST_NOTE} letters."
# What goes into the line that says to whom a letter goes: one address and nothing that could be read as more.
ONE_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)
LONGEST_ADDRESS, LONGEST_NAME = 254, 64


def one_address(value: str) -> None:
    """The part before the @ has a longest of its own; a longer one is refused by every server on the way."""
    if len(value) > LONGEST_ADDRESS or len(value.partition("@")[0]) > LONGEST_NAME or not ONE_ADDRESS.fullmatch(value):
        raise ValidationError(NOT_AN_ADDRESS)


class GiveAddressIn(Schema):
    ask_id = fields.UUID(required=True)
    address = fields.String(required=True, validate=one_address, error_messages={"required": NOT_AN_ADDRESS})


class ConfirmIn(Schema):
    code = words("Please type the code from the message.", most=40)


class ChooseIn(Schema):
    many_answers = frozenset({"kinds"})

    kinds = fields.List(
        fields.Enum(Kind, by_value=True, validate=validate.OneOf(TO_CHOOSE)),
        load_default=list,
    )
    at_most_daily = fields.Boolean(load_default=False)
    read = fields.String(load_default="", validate=validate.Length(max=64))


class NoteIn(Schema):
    words = fields.String(load_default="", validate=validate.Length(max=LONGEST_NOTE, error=TOO_LONG))

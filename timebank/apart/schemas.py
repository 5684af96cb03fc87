"""What taking a choice back takes."""

from marshmallow import Schema, fields

ASK_AGAIN = "Please choose the person again from this list."


class TakeBackIn(Schema):
    """The person stands in the form, not in the address."""

    person = fields.UUID(required=True, error_messages={"required": ASK_AGAIN, "invalid_uuid": ASK_AGAIN})

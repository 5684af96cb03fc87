"""What the forms for offers and asks take."""

from marshmallow import Schema, fields, validate

from timebank.offers.models import Kind


class PostOfferIn(Schema):
    offer_id = fields.UUID(required=True)
    kind = fields.Enum(
        Kind,
        by_value=True,
        required=True,
        error_messages={"required": "Please choose one.", "unknown": "Please choose one."},
    )
    title = fields.String(
        required=True,
        validate=validate.Length(min=3, max=100, error="Please say in 3 to 100 letters what it is."),
        error_messages={"required": "Please say what it is."},
    )
    words = fields.String(load_default="", validate=validate.Length(max=2000, error="Please use at most 2000 letters."))


class ReplyIn(Schema):
    words = fields.String(load_default="", validate=validate.Length(max=500, error="Please use at most 500 letters."))

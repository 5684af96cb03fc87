"""What leaving asks."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

CHOOSE = "Please choose one of these."


class LeaveIn(Schema):
    after = fields.String(
        required=True,
        validate=validate.OneOf(["forget", "give", "keep"], error=CHOOSE),
        error_messages={"required": CHOOSE},
    )
    is_sure = fields.Boolean(load_default=False)

    @validates_schema
    def sure(self, data: dict[str, object], **_: object) -> None:
        if not data.get("is_sure"):
            raise ValidationError({"is_sure": ["Please tick the box, so that nobody leaves by a slip of the finger."]})

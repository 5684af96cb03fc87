"""What is filled in to ask for a weighty act, or to stop looking after something."""

from marshmallow import Schema, ValidationError, fields, validate

from timebank.two_people.models import Kind

LONGEST_REASON = 300
CHOOSE = "Please choose what is to be done."
SAY_WHY = "Please say in a few words why. The second person reads it."
CHOOSE_WHAT = "Please choose what they are to look after."
WHOLE = "bank"


class Task(fields.Field):
    """A scheme by its number, or the whole bank: none."""

    def _deserialize(self, value, attr, data, **_):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN003, ANN202
        if value in {"", WHOLE}:
            return None
        try:
            return fields.UUID().deserialize(value, attr, data)
        except ValidationError as error:
            raise ValidationError(CHOOSE_WHAT) from error


class AskIn(Schema):
    act_id = fields.UUID(required=True)
    kind = fields.Enum(Kind, by_value=True, required=True, error_messages={"required": CHOOSE, "unknown": CHOOSE})
    task = Task(load_default=None)
    words = fields.String(
        required=True,
        validate=validate.Length(min=1, max=LONGEST_REASON, error=f"{SAY_WHY} At most {LONGEST_REASON} letters."),
        error_messages={"required": SAY_WHY},
    )


class StopIn(Schema):
    task = Task(load_default=None)

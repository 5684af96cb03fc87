"""What a coordinator fills in to add somebody."""

from marshmallow import Schema, ValidationError, fields, validate

from timebank.members import names
from timebank.schemes.models import Side


def good_name(value: str) -> None:
    try:
        names.checked(value)
    except names.NameRefused as refused:
        raise ValidationError(refused.sentence) from refused


class AddMemberIn(Schema):
    many_answers = frozenset({"schemes"})

    member_id = fields.UUID(required=True)
    name = fields.String(
        required=True,
        validate=[
            validate.Length(
                min=1, max=names.LONGEST_NAME, error="Please write the name they want to be called by here."
            ),
            good_name,
        ],
        error_messages={"required": "Please write the name they want to be called by here."},
    )
    schemes = fields.List(fields.UUID(), load_default=list)
    side = fields.Enum(Side, by_value=True, load_default=Side.BOTH, error_messages={"unknown": "Please choose one."})

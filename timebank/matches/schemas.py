"""What setting a proposal aside takes."""

from marshmallow import Schema, fields, validate


class SetAsideIn(Schema):
    note = fields.String(
        required=True,
        validate=validate.Length(min=1, max=500, error="Please note in a few words why, for the other coordinators."),
        error_messages={"required": "Please note in a few words why, for the other coordinators."},
    )

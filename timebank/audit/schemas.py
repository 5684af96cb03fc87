"""What the question for a reason takes."""

from marshmallow import Schema, fields, validate

from timebank.audit.models import Reason, Record

CHOOSE = "Please choose the reason that fits best."
# The others are tasks, which nobody has to say.
SAYABLE = (Reason.MEMBER_ASKED, Reason.SETTLING_HOURS, Reason.CHECKING_ROUND, Reason.WORRIED, Reason.OTHER_WORK)
WITHOUT_A_TASK = (Record.CHECK, Record.ROUND, Record.MEMBERS, Record.MEMBER)


class WhatIn(Schema):
    """What they want to look at: the page brings it along."""

    record = fields.Enum(Record, by_value=True, required=True, validate=validate.OneOf(WITHOUT_A_TASK))
    record_id = fields.UUID(load_default=None)


class SayWhyIn(Schema):
    reason = fields.Enum(
        Reason,
        by_value=True,
        required=True,
        validate=validate.OneOf(SAYABLE, error=CHOOSE),
        error_messages={"required": CHOOSE, "unknown": CHOOSE},
    )

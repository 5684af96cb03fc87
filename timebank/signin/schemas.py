"""What the sign-in forms take."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from timebank.members import names

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256


def good_password(value: str) -> None:
    if not SHORTEST_PASSWORD <= len(value) <= LONGEST_PASSWORD:
        raise ValidationError(
            f"Please use at least {SHORTEST_PASSWORD} letters. Three or four words you can remember work well."
        )


def seen_whole(value: str) -> None:
    """Whoever copied a sign that cannot be seen with their name could never type it again."""
    try:
        names.refuse_hidden_signs(value)
    except names.HiddenSigns as refused:
        raise ValidationError(refused.sentence) from refused


def words(sentence: str, *, most: int, least: int = 1) -> fields.String:
    return fields.String(
        required=True,
        validate=validate.Length(min=least, max=most, error=sentence),
        error_messages={"required": sentence},
    )


class SignInIn(Schema):
    sign_in_name = fields.String(
        required=True,
        validate=validate.Length(min=1, max=254, error="Please type the name you sign in with."),
        error_messages={"required": "Please type the name you sign in with."},
    )
    password = fields.String(
        required=True,
        validate=validate.Length(min=1, max=LONGEST_PASSWORD, error="Please type your password."),
        error_messages={"required": "Please type your password."},
    )
    shared_device = fields.Boolean(load_default=False)


class NewPasswordIn(Schema):
    password = fields.String(
        required=True, validate=good_password, error_messages={"required": "Please choose a password."}
    )
    password_again = fields.String(required=True, error_messages={"required": "Please type the password once more."})

    @validates_schema
    def same_twice(self, data: dict[str, str], **_: object) -> None:
        if data.get("password") != data.get("password_again"):
            raise ValidationError({"password_again": ["The two passwords are not the same. Please type them again."]})


class SetPasswordIn(NewPasswordIn):
    code = fields.String(
        required=True,
        validate=validate.Length(min=1, max=40, error="Please type the code you were given."),
        error_messages={"required": "Please type the code you were given."},
    )
    sign_in_name = fields.String(
        required=True,
        validate=[
            validate.Length(
                min=3, max=254, error="Please choose a name of at least 3 letters, or your e-mail address."
            ),
            seen_whole,
        ],
        error_messages={"required": "Please choose a name to sign in with."},
    )
    shared_device = fields.Boolean(load_default=False)


class SecondStepIn(Schema):
    second_code = words("Please type a code.", most=40)


class ProveIn(Schema):
    password = words("Please type your password.", most=LONGEST_PASSWORD)
    second_code = fields.String(
        load_default="", validate=validate.Length(max=40, error="That is too long to be a code.")
    )


class PasskeyIn(Schema):
    credential = words("The passkey did not answer. Please try again.", most=20_000)

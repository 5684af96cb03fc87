"""What the forms of a concern take."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from timebank.concerns.models import Closeness
from timebank.signin.schemas import LONGEST_PASSWORD, SHORTEST_PASSWORD

LONGEST_WORDS = 8000
WRITE = "Please write a few words. They need not be good ones."
SUPERVISED_BY = "supervised-by"  # the same tie as "supervises", said from the other end


def some_words(sentence: str) -> fields.String:
    return fields.String(
        required=True,
        validate=[
            validate.Length(min=1, error=sentence),
            validate.Length(max=LONGEST_WORDS, error=f"Please use at most {LONGEST_WORDS} letters at a time."),
        ],
        error_messages={"required": sentence},
    )


def good_passphrase(value: str) -> None:
    if not SHORTEST_PASSWORD <= len(value) <= LONGEST_PASSWORD:
        raise ValidationError(
            f"Please use at least {SHORTEST_PASSWORD} letters. Five or six words that have nothing to do with each other"
            " work well."
        )


class TellIn(Schema):
    many_answers = frozenset({"named"})

    concern_id = fields.UUID(required=True)
    words = some_words(WRITE)
    named = fields.List(
        fields.UUID(error_messages={"invalid_uuid": "Please choose people from the list."}), load_default=list
    )
    who = fields.String(load_default="", validate=validate.Length(max=200, error="Please use at most 200 letters."))
    in_danger = fields.String(
        load_default="no", validate=validate.OneOf(["yes", "no"], error="Please choose yes or no.")
    )
    may_contact = fields.String(
        load_default="", validate=validate.OneOf(["", "yes", "no"], error="Please choose yes or no.")
    )
    how = fields.String(load_default="", validate=validate.Length(max=300, error="Please use at most 300 letters."))


class WriteIn(Schema):
    """More words: the teller's, or a lead's."""

    text_id = fields.UUID(required=True)
    words = some_words(WRITE)


class CloseIn(Schema):
    text_id = fields.UUID(required=True)
    words = some_words("Please write what came of it, for those who look at it later.")


class PassphraseIn(Schema):
    passphrase = fields.String(
        required=True,
        validate=validate.Length(min=1, max=LONGEST_PASSWORD, error="Please type your passphrase."),
        error_messages={"required": "Please type your passphrase."},
    )


class KeyIn(Schema):
    old_passphrase = fields.String(load_default="", validate=validate.Length(max=LONGEST_PASSWORD))
    start_anew = fields.Boolean(load_default=False)
    passphrase = fields.String(
        required=True, validate=good_passphrase, error_messages={"required": "Please choose a passphrase."}
    )
    passphrase_again = fields.String(
        required=True, error_messages={"required": "Please type the passphrase once more."}
    )

    @validates_schema
    def same_twice(self, data: dict[str, str], **_: object) -> None:
        if data.get("passphrase") != data.get("passphrase_again"):
            raise ValidationError(
                {"passphrase_again": ["The two passphrases are not the same. Please type them again."]}
            )


class CloseToMeIn(Schema):
    code = fields.String(
        required=True,
        validate=validate.Length(min=1, max=40, error="Please type their code."),
        error_messages={"required": "Please type their code."},
    )
    kind = fields.String(
        required=True,
        validate=validate.OneOf([*Closeness, SUPERVISED_BY], error="Please choose how you are close."),
        error_messages={"required": "Please choose how you are close."},
    )

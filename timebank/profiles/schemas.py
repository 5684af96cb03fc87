"""What a step of the profile takes. The fields depend on the step, so the schema is built from its questions."""

import re
import unicodedata
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from matching import Person
from matching.errors import AnswerRefused
from timebank.consents.purposes import Purpose
from timebank.profiles.criteria import IMPORTANCE, MODES, TIMES, Question, Shape, Step

MOST_LINES = 20
LONGEST_LINE = 80
SAY_SO = "Please say yes or no: without it we do not know whether to look at what you wrote here."
MUST = re.compile(r"^(older|younger|(same|different)\s+\w[\w -]*|\w[\w -]*:\s*\S.*)$", re.IGNORECASE)


class Lines(fields.Field[list[str]]):
    """Own words, one a line; the spelling stays the person's."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[str]:
        text = unicodedata.normalize("NFC", str(value))
        lines = [" ".join(line.split()) for line in re.split(r"[\n;]", text)]
        lines = list(dict.fromkeys(line for line in lines if line))
        if len(lines) > MOST_LINES:
            raise ValidationError(f"Please keep to {MOST_LINES} lines: the ones that matter most to you.")
        too_long = next((line for line in lines if len(line) > LONGEST_LINE), None)
        if too_long:
            raise ValidationError(f"Please make this line shorter (at most {LONGEST_LINE} letters): {too_long[:40]}…")
        return lines


class Kinds(Lines):
    """`kind: value` lines, stored as `kind:value`."""

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> list[str]:
        lines = super()._deserialize(value, *rest, **more)
        for line in lines:
            kind, colon, own_words = line.partition(":")
            if not colon or not kind.strip() or not own_words.strip():
                raise ValidationError(
                    f"Please write the kind first, then a colon, like “faith: Muslim”. This line: {line}"
                )
        kinds = [":".join(part.strip() for part in line.split(":", 1)) for line in lines]
        return _as_the_engine_reads("identities", kinds)


class Musts(Lines):
    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> list[str]:
        lines = super()._deserialize(value, *rest, **more)
        for line in lines:
            if not MUST.match(line):
                raise ValidationError(
                    "Please write “older”, “younger”, “same faith”, “different area”, or a kind and a value like "
                    f"“language: Polish”. This line: {line}"
                )
        return _as_the_engine_reads("musts", [":".join(part.strip() for part in line.split(":", 1)) for line in lines])


def _as_the_engine_reads(criterion: str, lines: list[str]) -> list[str]:
    """One person's answer must never stop a round: what the engine could not read is not stored."""
    for line in lines:
        answer: dict[str, Any] = {criterion: (line,)}
        try:
            Person(id="whoever", **answer)
        except AnswerRefused as refused:
            raise ValidationError(f"{refused.fix} This line: {line}") from refused
    return lines


class SayIn(Schema):
    """One press on "What I have agreed to". `read` is the digest of the words that stood there."""

    purpose = fields.Enum(Purpose, by_value=True, required=True)
    criterion = fields.String(load_default="")
    read = fields.String(load_default="")
    says = fields.String(required=True, validate=validate.OneOf(["yes", "no"]))


class _StepIn(Schema):
    read = fields.List(fields.String(), load_default=list)

    @validates_schema
    def say_whether_musts_count(self, data: dict[str, Any], **_: object) -> None:
        """Proposed without their musts somebody might meet the very person they cannot: it is never left open."""
        if data.get("musts") and data.get("musts_used") is None:
            raise ValidationError({"musts_used": [SAY_SO]})


def step_schema(step: Step, *, youngest_year: int) -> Schema:
    """One field per question, and beside each answer what it may be used for and how much it matters."""
    shape: dict[str, fields.Field] = {}
    for question in step.questions:
        name = question.criterion
        shape[name] = _field(question, youngest_year)
        # Nothing is said for anybody: not ticking, and choosing neither yes nor no, are told apart from both.
        shape[f"{name}_shown"] = fields.Boolean(load_default=None)
        shape[f"{name}_used"] = fields.Boolean(load_default=None)
        shape[f"{name}_kept_out"] = fields.Boolean(load_default=False)
        shape[f"{name}_importance"] = fields.Integer(
            load_default=1, validate=validate.OneOf(list(IMPORTANCE), error="Please choose one of the answers.")
        )
    several = frozenset(
        question.criterion for question in step.questions if question.shape in {Shape.MODES, Shape.TIMES}
    )
    made = type(f"{step.name.title()}In", (_StepIn,), {**shape, "many_answers": several | {"read"}})
    return made()


def _field(question: Question, youngest_year: int) -> fields.Field:
    match question.shape:
        case Shape.YEAR:
            return _Year(youngest_year, load_default=list)
        case Shape.MODES:
            return fields.List(fields.String(validate=validate.OneOf(list(MODES))), load_default=list)
        case Shape.TIMES:
            return fields.List(fields.String(validate=validate.OneOf(list(TIMES))), load_default=list)
        case Shape.MUSTS:
            return Musts(load_default=list)
        case _ if question.criterion == "identities":
            return Kinds(load_default=list)
        case _:
            return Lines(load_default=list)


class _Year(fields.Field[list[str]]):
    OLDEST = 1900

    def __init__(self, youngest_year: int, **more: Any) -> None:
        super().__init__(**more)
        self.youngest_year = youngest_year

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[str]:
        typed = str(value).strip()
        if not typed:
            return []
        if len(typed) != len("1978") or not typed.isdecimal() or not self.OLDEST <= int(typed) <= self.youngest_year:
            raise ValidationError(f"Please type a year from {self.OLDEST} to {self.youngest_year}, or leave it empty.")
        return [str(int(typed))]

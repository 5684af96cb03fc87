"""The file of numbers that comes with the program: read once at the start, and refused whole if one entry is off."""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

FILE = Path(__file__).parent / "lines.toml"
NATIONS = {"england": "England", "wales": "Wales", "scotland": "Scotland", "northern-ireland": "Northern Ireland"}
NUMBER = re.compile(r"(tel|sms):\+?\d{3,15}")


@dataclass(frozen=True, kw_only=True)
class ShippedLine:
    key: str
    nations: tuple[str, ...]
    name: str
    how: str
    link: str
    hours: str
    source: str
    only_look: bool = False  # nobody calls it to try
    checked: date | None = None


class BadLines(Exception):  # noqa: N818 - a refusal, told to whoever keeps the file
    """Every entry that is off, and what to do about it, one a line."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        super().__init__("\n".join(f"{file.name}, {problem}" for problem in problems))


def _words(what: str, longest: int) -> fields.String:
    fix = f"write {what}, in at most {longest} letters"
    return fields.String(
        required=True,
        validate=validate.Length(min=1, max=longest, error=fix),
        error_messages={"required": fix, "invalid": fix, "null": fix},
    )


class LineIn(Schema):
    """One entry of the file."""

    class Meta:
        unknown = RAISE

    key = fields.String(
        required=True,
        validate=validate.Regexp(r"[a-z][a-z-]{1,39}\Z", error="write small letters and -, at most 40"),
        error_messages={"required": "write a short name for it, which never changes"},
    )
    nations = fields.List(
        fields.String(validate=validate.OneOf(NATIONS, error=f"write some of: {', '.join(NATIONS)}")),
        required=True,
        validate=validate.Length(min=1, error=f"write some of: {', '.join(NATIONS)}"),
        error_messages={"required": f"write some of: {', '.join(NATIONS)}"},
    )
    name = _words("who answers", 80)
    how = _words("what to do, like Call 116 123", 100)
    link = fields.String(
        required=True,
        validate=validate.Regexp(NUMBER.pattern + r"\Z", error="write tel: or sms: and digits, like tel:116123"),
        error_messages={"required": "write tel: or sms: and digits, like tel:116123"},
    )
    hours = _words("when somebody answers", 60)
    source = fields.Url(
        required=True,
        schemes={"https"},
        error_messages={"invalid": "write the https address of their own page", "required": "write their own page"},
    )
    only_look = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    checked = fields.Raw(load_default=None)

    @validates_schema
    def says_one_number(self, entry: dict[str, Any], **_: Any) -> None:
        if digits(entry["link"]) not in digits(entry["how"]):
            raise ValidationError("write the same number as in link", "how")
        if entry["checked"] is not None and type(entry["checked"]) is not date:
            raise ValidationError("write a day without quotes, like 2026-03-27, or leave it out", "checked")


def digits(words: str) -> str:
    return re.sub(r"\D", "", words)


def read_file(file: Path = FILE, *, today: date | None = None) -> tuple[ShippedLine, ...]:
    """All of it or nothing: a wrong number is worse than a start that waits for its repair.

    `today`, where it is known, refuses a check that has not happened yet, which would keep a number fresh for years.
    """
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8")).get("line", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as trouble:
        raise BadLines(file, [f"which cannot be read: {trouble}"]) from trouble
    problems: list[str] = []
    found: list[ShippedLine] = []
    for place, entry in enumerate(entries, start=1):
        named = f"entry {place} ({entry.get('key', 'no key')})"
        try:
            loaded = LineIn().load(entry)
        except ValidationError as error:
            problems += [f"{named}: {name}: {words}" for name, words in _sentences(error)]
            continue
        if any(loaded["key"] == earlier.key for earlier in found):
            problems.append(f"{named}: key: another entry has it; write another one")
        if today is not None and loaded["checked"] is not None and loaded["checked"] > today:
            problems.append(f"{named}: checked: that day has not come yet")
        found.append(ShippedLine(**loaded | {"nations": tuple(loaded["nations"])}))
    named_nations = {nation for line in found for nation in line.nations}
    problems += [f"which has no line for {nation}: write one" for nation in NATIONS if nation not in named_nations]
    if problems:
        raise BadLines(file, problems)
    return tuple(found)


def _sentences(error: ValidationError) -> list[tuple[str, str]]:
    return [(name, _first(said)) for name, said in sorted(error.normalized_messages().items())]


def _first(said: Any) -> str:
    while isinstance(said, dict | list):
        said = next(iter(said.values() if isinstance(said, dict) else said))
    return str(said)


SHIPPED = read_file()

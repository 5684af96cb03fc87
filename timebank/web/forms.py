"""A filled-in form: what was typed, what it means, and what needs another look. What a person typed is never lost."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask, request
from marshmallow import EXCLUDE, Schema, ValidationError
from werkzeug.datastructures import MultiDict

from timebank.errors import Invalid

CANNOT_BE_KEPT = "There is a sign in this that cannot be kept. Please type it again by hand."


class BrokenLetters(Invalid):
    """There is a sign in this that cannot be kept, so nothing was saved. Please go back and type it again by hand."""


def plug_in(app: Flask) -> None:
    app.before_request(_refuse_broken_letters)


def _refuse_broken_letters() -> None:
    """Half a letter, which no browser sends, would be read as other letters: what was typed would not be what is kept."""
    if request.mimetype == "application/x-www-form-urlencoded":
        try:
            unquote_to_bytes(request.get_data(cache=True)).decode()
        except UnicodeDecodeError as error:
            raise BrokenLetters from error


@dataclass(kw_only=True)
class Form:
    """`typed` is shown again as it was typed; `values` are domain values; `errors` maps a field to its sentences."""

    typed: MultiDict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.typed.get(name, "")

    def all(self, name: str) -> list[str]:
        return self.typed.getlist(name)

    def errors_of(self, name: str) -> list[str]:
        return self.errors.get(name, [])

    def refuse(self, name: str, sentence: str) -> None:
        """Add a sentence that only the service could know."""
        self.errors.setdefault(name, []).append(sentence)


def empty(**typed: str | list[str] | None) -> Form:
    """A form before anyone has typed, perhaps with what is known already."""
    known: MultiDict[str, str] = MultiDict()
    for name, value in typed.items():
        known.setlist(name, value if isinstance(value, list) else [value or ""])
    return Form(typed=known)


def read(schema: Schema) -> Form:
    """The posted form. Fields that may hold several answers are told by the schema's `many_answers`."""
    typed: MultiDict[str, str] = MultiDict(
        (name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"
    )
    several: frozenset[str] = getattr(schema, "many_answers", frozenset())
    raw = {name: typed.getlist(name) if name in several else typed[name].strip() for name in typed}
    form = Form(typed=typed)
    try:
        form.values = schema.load(raw, unknown=EXCLUDE)
    except ValidationError as error:
        form.errors = {name: _sentences(found) for name, found in error.normalized_messages().items()}
    for name, value in typed.items(multi=True):
        if "\x00" in value and name not in form.errors:
            form.refuse(name, CANNOT_BE_KEPT)  # PostgreSQL has no room for it, and nobody means to type it
    return form


def _sentences(found: Any) -> list[str]:
    if isinstance(found, dict):
        return [sentence for value in found.values() for sentence in _sentences(value)]
    return [str(sentence) for sentence in found]

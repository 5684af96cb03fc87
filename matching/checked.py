"""Frozen settings whose every value is checked as it is made, and read from plain tables with unknown keys refused."""

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, TypeVar

# A check gives the value back as it is kept, or raises Unfit with what was expected.
Check = Callable[[Any], Any]
TableT = TypeVar("TableT", bound="Table")


class Unfit(ValueError):  # noqa: N818 - it never leaves this package: SchemeRefused does
    """A setting's value is not what was expected. `key` is the setting's path below the table that raised."""

    def __init__(self, reason: str, key: str = "") -> None:
        self.reason = reason
        self.key = key
        super().__init__(f"{key}: {reason}" if key else reason)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A group of settings. Each field carries its own check; values of a wrong kind raise Unfit, naming the key."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            check: Check | None = setting.metadata.get("check")
            value = getattr(self, setting.name)
            if check is None or value is setting.default:
                continue
            try:
                object.__setattr__(self, setting.name, check(value))
            except Unfit as unfit:
                raise Unfit(unfit.reason, _path(setting.name, unfit.key)) from None


def setting(default: Any, check: Check) -> Any:
    """A field with a check. `default` stands when nothing is said, and is taken as it is."""
    return field(default=default, metadata={"check": check})


def holding(kind: type[TableT]) -> Mapping[str, Check]:
    """The metadata of a field that holds another table, given as one or as a mapping to read it from."""
    return {"check": lambda given: _as_table(kind, given)}


def read(kind: type[TableT], given: Mapping[str, Any]) -> TableT:
    """Make a table from a mapping, as TOML gives it. Raises Unfit for an unknown or missing key, or an unfit value."""
    known = {setting.name: setting for setting in fields(kind)}
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            raise Unfit("there is no such setting." + (f" Did you mean {near[0]}?" if near else ""), key)
    for name, wanted in known.items():
        if _is_required(wanted) and name not in given:
            raise Unfit("this setting is needed.", name)
    return kind(**given)


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Unfit("write a text in quotation marks.")
    return value.strip()


def yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit("write true or false.")
    return value


def whole(least: int, most: int) -> Check:
    def check(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise Unfit(f"write a whole number from {least} to {most}.")
        return value

    return check


def choice(*allowed: str) -> Check:
    def check(value: Any) -> str:
        if value not in allowed:
            raise Unfit(f"write one of: {', '.join(allowed)}.")
        return str(value)

    return check


def texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or any(not isinstance(item, str) or not item.strip() for item in value):
        raise Unfit('write a list of texts, like ["one", "two"].')
    return tuple(item.strip() for item in value)


def choices(*allowed: str) -> Check:
    def check(value: Any) -> tuple[str, ...]:
        for item in texts(value):
            if item not in allowed:
                raise Unfit(f"{item!r} is not one of: {', '.join(allowed)}.")
        return texts(value)

    return check


def mapped(value: Any, keys: Mapping[str, Any], check: Check) -> Mapping[str, Any]:
    """`keys` with their defaults, changed by `value`; every value checked, unknown keys refused."""
    if not isinstance(value, Mapping):
        raise Unfit("write a table.")
    result = dict(keys)
    for key, item in value.items():
        if key not in keys:
            near = get_close_matches(key, keys, n=1)
            raise Unfit("there is no such key." + (f" Did you mean {near[0]}?" if near else ""), key)
        try:
            result[key] = check(item)
        except Unfit as unfit:
            raise Unfit(unfit.reason, key) from None
    return MappingProxyType(result)


def _as_table(kind: type[TableT], given: Any) -> TableT:
    if isinstance(given, kind):
        return given
    if not isinstance(given, Mapping):
        raise Unfit("write a table.")
    return read(kind, given)


def _path(name: str, below: str) -> str:
    return f"{name}.{below}" if below else name


def _is_required(wanted: Field[Any]) -> bool:
    return repr(wanted.default) == repr(wanted.default_factory)

"""The good files that are polluted: what is read of them, and the same with one text changed."""

import csv
from importlib.resources import files
from pathlib import Path

from tests.imports.making import AT, BANK, MEMBERS, TODAY, TRANSFERS
from tests.imports.pollution import Rows, Sample
from timebank.imports import people
from timebank.imports.timeoverflow import read_export
from timebank.schemes.models import BankScheme

PEOPLE_ROWS = [
    ["id", "side", "capacity", "born", "languages", "modes", "goals", "interests", "identities", "waiting_since", "not_with"],
    ["Zoë", "offer", "2", "1970", "English;Français", "phone;letter", "walk, and talk", "chess", "faith:Quaker", "2024-01-05", ""],
    ["pavel", "seek", "1", "1990", "Česky", "phone", 'to "get out"', "football", "", "2024-02-01", "Zoë"],
    ["O'Neil", "both", "1", "1985", "English", "in-person", "a plan for each day", "café life", "heritage:Irish", "2024-02-03", ""],
]  # fmt: skip


def rows_of(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


SAMPLES = {
    "members": Sample(
        rows=rows_of(MEMBERS), key="N", typed=("N", "Created", "Balance"), dates=("Created",), texts=(),
    ),
    "transfers": Sample(
        rows=rows_of(TRANSFERS), key="Date", typed=("Date", "From", "To", "Quantity"), dates=("Date",), texts=("Post",),
    ),
    "people": Sample(
        rows=PEOPLE_ROWS, key="id", typed=("side", "capacity", "born", "modes", "waiting_since"), dates=("waiting_since",),
        texts=("goals", "interests"),
    ),
}  # fmt: skip


def scheme(preset: str = "open") -> BankScheme:
    definition = files("matching").joinpath("presets", f"{preset}.toml").read_text("utf-8")
    return BankScheme(name=preset, definition=definition)


def reading(name: str, path: Path) -> object:
    """All that is read of a file, its own name left out. Raises FileRefused, PeopleRefused."""
    if name == "people":
        return people.read_file(path, scheme=scheme(), today=TODAY).people
    export = read_export(
        path if name == "members" else MEMBERS, path if name == "transfers" else TRANSFERS, bank_name=BANK, now=AT
    )
    return [
        *((one.number, one.name, one.joined_on, one.balance_seconds) for one in export.members),
        *((one.stamp, one.giver, one.receiver, one.words, one.minutes) for one in export.transfers),
    ]

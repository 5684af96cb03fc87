"""TimeOverflow's two exports, members and transfers, read into facts. Nothing here touches the database.

`Balance` is seconds and `Quantity` H:MM. `From` paid and so was helped, our receiver; `To` gave the help, our giver. Rows carry
no id: the key of a row is all its cells and which of several alike rows it is. Days are days of the UTC stamp.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from pathlib import Path
from typing import TypeVar

from matching.tables import MOST_PROBLEMS
from timebank.imports.cells import CellRefused, FileRefused, Row, Sheet, clock_length, stamp, whole
from timebank.members import names
from timebank.members.names import LONGEST_NAME, tidy

MEMBER_COLUMNS = ("N", "Name", "Created", "Balance")
# Ways to reach people and their last sign-in have no place here, so they stay in the file.
MEMBER_COLUMNS_NOT_KEPT = ("Email", "Phone", "Alternative Phone", "Last login", "Locale")
TRANSFER_COLUMNS = ("Date", "From", "To", "Post", "Quantity")
LEFT_LABEL = "Deleted/inactive user"
LONGEST_MINUTES = 10_000_000  # as the ledger takes at most
Value = TypeVar("Value")
_NUMBERED = re.compile(r".*\(([0-9]+)\)")


class Other(Enum):
    """A side of a transfer that is no member of the file."""

    COMMUNITY = auto()
    LEFT = auto()


Party = int | Other


@dataclass(frozen=True, kw_only=True)
class TheirMember:
    row: int
    number: int
    name: str
    joined_on: date
    balance_seconds: int


@dataclass(frozen=True, kw_only=True)
class TheirTransfer:
    row: int
    key: str
    stamp: datetime
    giver: Party
    receiver: Party
    words: str
    minutes: int


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A balance in the file that is not the sum of the transfers in the file."""

    member: TheirMember
    transfers_minutes: int

    @property
    def seconds(self) -> int:
        return self.member.balance_seconds - self.transfers_minutes * 60


@dataclass(frozen=True, kw_only=True)
class TheirExport:
    files: tuple[str, str]
    members: tuple[TheirMember, ...]
    transfers: tuple[TheirTransfer, ...]
    not_kept: tuple[str, ...]  # columns that are left in the file

    def sums(self) -> dict[Party, int]:
        """Minutes: what each gave less what each received."""
        sums: dict[Party, int] = defaultdict(int)
        for transfer in self.transfers:
            sums[transfer.giver] += transfer.minutes
            sums[transfer.receiver] -= transfer.minutes
        return sums

    def differences(self) -> list[Difference]:
        sums = self.sums()
        found = (Difference(member=member, transfers_minutes=sums.get(member.number, 0)) for member in self.members)
        return [difference for difference in found if difference.seconds]


def read_export(
    members_file: Path, transfers_file: Path, *, bank_name: str, now: datetime, left_label: str = LEFT_LABEL
) -> TheirExport:
    """Both files, or every problem in both. Raises FileRefused."""
    members_sheet, transfers_sheet = Sheet(members_file), Sheet(transfers_file)
    members = _Members(members_sheet, now).read()
    parties: dict[str, Party] = {label(member): member.number for member in members}
    transfers = _Transfers(transfers_sheet, parties, bank_name=bank_name, left_label=left_label, now=now).read()
    is_read = not members_sheet.problems and not transfers_sheet.problems
    if is_read and not members:
        members_sheet.problem(fix="The file names its columns and nobody under them. Is it the right one?")
    if is_read and not transfers and any(member.balance_seconds for member in members):
        transfers_sheet.problem(
            fix="There are balances in the file of members and no transfers here. Is it the whole file?"
        )
    problems = [*members_sheet.problems, *transfers_sheet.problems]
    if problems:
        raise FileRefused(problems)
    return TheirExport(
        files=(members_sheet.name, transfers_sheet.name),
        members=tuple(members),
        transfers=tuple(transfers),
        not_kept=(*members_sheet.not_read, *transfers_sheet.not_read),
    )


def label(member: TheirMember) -> str:
    """How a transfer names a member: several may have one name, the number tells them apart."""
    return f"{member.name} ({member.number})"


class _Members:
    def __init__(self, sheet: Sheet, now: datetime) -> None:
        self.sheet, self.now = sheet, now
        self.first_row: dict[int, int] = {}

    def read(self) -> list[TheirMember]:
        rows = self.sheet.rows(MEMBER_COLUMNS, not_kept=MEMBER_COLUMNS_NOT_KEPT)
        read = [self._member(row) for row in rows if len(self.sheet.problems) < MOST_PROBLEMS]
        return [member for member in read if member is not None]

    def _member(self, row: Row) -> TheirMember | None:
        cells = row.cells
        number = _cell(self.sheet, row, "N", lambda: self._number(cells["N"], row.number))
        name = _cell(self.sheet, row, "Name", lambda: _name(cells["Name"]))
        created = _cell(self.sheet, row, "Created", lambda: stamp(cells["Created"], now=self.now))
        balance = _cell(self.sheet, row, "Balance", lambda: whole(cells["Balance"]))
        if number is None or name is None or created is None or balance is None:
            return None
        return TheirMember(row=row.number, number=number, name=name, joined_on=created.date(), balance_seconds=balance)

    def _number(self, text: str, row: int) -> int:
        number = whole(text)
        if number <= 0:
            raise CellRefused("Write the member's number, above zero.")
        if number in self.first_row:
            raise CellRefused(
                f"This number already stands in row {self.first_row[number]}. Each member has one of their own."
            )
        self.first_row[number] = row
        return number


class _Transfers:
    def __init__(
        self, sheet: Sheet, parties: dict[str, Party], *, bank_name: str, left_label: str, now: datetime
    ) -> None:
        self.sheet, self.now = sheet, now
        self.bank_name, self.left_label = tidy(bank_name), tidy(left_label)
        self.numbers = {party for party in parties.values() if isinstance(party, int)}
        self.parties = parties | {self.left_label: Other.LEFT}
        self.seen: Counter[tuple[str, ...]] = Counter()

    def read(self) -> list[TheirTransfer]:
        rows = self.sheet.rows(TRANSFER_COLUMNS)
        read = [self._transfer(row) for row in rows if len(self.sheet.problems) < MOST_PROBLEMS]
        return [transfer for transfer in read if transfer is not None]

    def _transfer(self, row: Row) -> TheirTransfer | None:
        cells = row.cells
        at = _cell(self.sheet, row, "Date", lambda: stamp(cells["Date"], now=self.now))
        receiver = _cell(self.sheet, row, "From", lambda: self._party(cells["From"]))
        giver = _cell(self.sheet, row, "To", lambda: self._party(cells["To"], beside=receiver))
        minutes = _cell(self.sheet, row, "Quantity", lambda: _quantity(cells["Quantity"]))
        if at is None or receiver is None or giver is None or minutes is None:
            return None
        return TheirTransfer(
            row=row.number, key=self._key(row), stamp=at, giver=giver, receiver=receiver, words=tidy(cells["Post"]),
            minutes=minutes,
        )  # fmt: skip

    def _key(self, row: Row) -> str:
        cells = tuple(row.cells[column] for column in TRANSFER_COLUMNS)
        self.seen[cells] += 1
        return hashlib.sha256(json.dumps([*cells, self.seen[cells]]).encode()).hexdigest()

    def _party(self, text: str, *, beside: Party | None = None) -> Party:
        name = tidy(text)
        party = self.parties.get(name)
        if party is None and name.casefold() == self.bank_name.casefold():
            party = Other.COMMUNITY
        if party is None:
            raise CellRefused(self._who_is_that(name))
        if party == beside and party is not Other.LEFT:
            raise CellRefused(
                "The same one stands on both sides. Who gave the help stands in To, who was helped in From."
            )
        return party

    def _who_is_that(self, name: str) -> str:
        numbered = _NUMBERED.fullmatch(name)
        if numbered is None:
            return (
                f"This is neither a member with a number, nor the bank's own account “{self.bank_name}”, nor"
                f" “{self.left_label}”. Correct it; if it stands for people who left, name it with --left-label."
            )
        if int(numbered[1]) in self.numbers:
            return "The file of members has another name for this number. Export both files at the same time, or correct it."
        return "No member of this number is in the file of members. Export both files at the same time, or correct it."


def _cell(sheet: Sheet, row: Row, column: str, read: Callable[[], Value]) -> Value | None:
    """One cell's value; when it cannot be read, a problem with its place, and the other cells are still looked at."""
    try:
        return read()
    except CellRefused as refused:
        sheet.problem(row=row.number, column=column, value=row.cells[column], fix=str(refused))
        return None


def _name(text: str) -> str:
    name = tidy(text)
    if not name:
        raise CellRefused("The name is blank. Write the name that TimeOverflow shows.")
    if len(name) > LONGEST_NAME:
        raise CellRefused(f"The name is longer than {LONGEST_NAME} letters. Shorten it in both files.")
    try:
        return names.checked(name)
    except names.NameRefused as refused:
        raise CellRefused(refused.sentence) from refused


def _quantity(text: str) -> int:
    minutes = clock_length(text)
    if minutes > LONGEST_MINUTES:
        raise CellRefused(f"This is longer than the {LONGEST_MINUTES} minutes that can be kept at once. Correct it.")
    return minutes

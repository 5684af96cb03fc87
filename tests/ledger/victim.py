"""A bank with something of each kind, for raw SQL to attack."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from ledger import TransferKind
from ledger.periods import Waiver
from tests.ledger.attacks import ROWS
from tests.ledger.making import AT, COORDINATOR, Bank, make_transfer

CLOSED_UNTIL = datetime(2026, 2, 1, tzinfo=UTC)


class Victim(Bank):
    """What is posted, waits, is frozen, was undone, waived, closed and sealed, each under a name for the attacks."""

    def __init__(self, database: Any) -> None:
        super().__init__(database)
        other = Bank(database)
        self.do("close_period", until=CLOSED_UNTIL, by=COORDINATOR, at=AT)
        dora, eve, finn, gus, hal = (self.open_account() for _ in range(5))
        self.ids: dict[str, UUID] = {
            "bank": self.id, "ada": self.ada, "ben": self.ben, "cleo": self.cleo, "dora": dora, "eve": eve, "finn": finn,
            "gus": gus, "hal": hal, "partner": self.open_account("partner", hard_floor=-60),
            "late": self.open_account("partner", hard_floor=-60), "other_bank": other.id, "stranger": other.ben,
            "other_stranger": other.ada, "new": uuid4(), "other_new": uuid4(), "undoing": uuid4(), "doubt": uuid4(),
        }  # fmt: skip
        self._post()
        self.do("seal", at=AT)
        self._leave_waiting()

    def _make(self, name: str, giver: UUID, receiver: UUID, minutes: int, **more: Any) -> Any:
        made = make_transfer(giver, receiver, minutes, **more)
        self.ids[name] = made.id
        return made

    def _post(self) -> None:
        ids = self.ids
        self.do("post", transfer=self._make("posted", self.ada, self.ben, 60), at=AT)
        self.do("post", transfer=self._make("undone", self.ada, self.cleo, 20), at=AT)
        self.do("reverse", id=ids["undone"], reversal_id=ids["undoing"], reason="wrong", at=AT)
        self.do("post", transfer=self._make("doubted", ids["eve"], ids["finn"], 40), at=AT)
        self.do("reverse", id=ids["doubted"], reversal_id=ids["doubt"], reason="who?", at=AT, held=True)
        waived = self._make("waived", ids["eve"], ids["late"], 100)
        self.do("post", transfer=waived, at=AT, waiver=Waiver(by=COORDINATOR, reason="agreed on the phone"))

    def _leave_waiting(self) -> None:
        ends = self.ada, self.ben
        in_a_month = AT + timedelta(days=30)
        for transfer, expires_at in (
            (self._make("held", *ends, 30), None),
            (self._make("timed", *ends, 25), in_a_month),
            (self._make("frozen", *ends, 15), in_a_month),
            (self._make("stuck", *ends, 5), None),
            (self._make("released", *ends, 10), None),
            (self._make("grouped", *ends, 5, kind=TransferKind.GROUP, group=uuid4()), None),
            (self._make("bridge", *ends, 5, kind=TransferKind.BRIDGE, peer=uuid4()), None),
            (self._make("coming", self.ids["gus"], self.ids["hal"], 5), None),
        ):
            self.do("hold", transfer=transfer, at=AT, expires_at=expires_at)
        for frozen in ("frozen", "stuck"):
            self.do("freeze", id=self.ids[frozen], at=AT)
        self.do("release", id=self.ids["released"], reason="not today", at=AT)

    def spell(self, statements: str) -> list[str]:
        """The statements of an attack with the ids of this bank, as its database writes them."""
        return [statement.strip() for statement in self.fill_in(statements).split(";") if statement.strip()]

    def fill_in(self, statements: str) -> str:
        is_sqlite = self.database.is_sqlite
        words = {name: f"'{one.hex if is_sqlite else one}'" for name, one in self.ids.items()}
        for name, length in (("print", 32), ("short", 31)):
            words[name] = f"x'{'07' * length}'" if is_sqlite else f"'\\x{'07' * length}'::bytea"
        return re.sub(r"\{(\w+)\}", lambda found: words[found[1]], statements)

    def attack(self, statements: str) -> None:
        with self.database.writing() as session:
            for statement in self.spell(statements):
                session.connection().exec_driver_sql(statement)

    def rows(self) -> dict[str, list[str]]:
        with self.database.reading() as session:
            return {
                table: sorted(map(repr, session.connection().exec_driver_sql(f"SELECT * FROM {table}")))
                for table in ROWS
            }

"""Raw SQL that tries to change history, on both databases: each is refused, at the commit at the latest."""

import re
from uuid import uuid4

import pytest
from sqlalchemy.exc import DatabaseError

from tests.ledger.making import AT, Bank, make_transfer

ENTRY = "INSERT INTO entry (bank_id, transfer_id, side, account_id, minutes, balance_after, seq) VALUES "
TRANSFER = (
    "INSERT INTO transfer (id, bank_id, kind, giver_id, receiver_id, minutes, happened_on, recorded_by, recorded_at,"
    " fingerprint, state, posted_minutes, out_side, in_side, settled_at, reverses_id, reversal_reason) VALUES "
)
ACCOUNT = (
    "INSERT INTO account (id, bank_id, kind, status, posted, held_out, held_in, seq, hard_floor, floor_waived) VALUES "
)
POSTED = "'2026-03-01', {ada}, '2026-03-02 12:00:00', {print}, 'posted', {minutes}, -1, 1, '2026-03-02 12:00:00', NULL, NULL)"
HEADER = TRANSFER + "({new}, {bank}, 'gift', {ada}, {ben}, 60, " + POSTED.replace("{minutes}", "60") + "; "
GOOD_IN = ENTRY + "({bank}, {new}, 1, {ada}, 60, 120, 2); "
GOOD_OUT = ENTRY + "({bank}, {new}, -1, {ben}, 60, -120, 2); "

# In each bank Ada gave Ben 60 minutes ({posted}), and 30 more wait ({held}); 15 wait and are frozen ({frozen}).
ATTACKS = {
    # entries are never changed
    "an entry's minutes are changed": "UPDATE entry SET minutes = 61 WHERE transfer_id = {posted}",
    "an entry's balance is changed": "UPDATE entry SET balance_after = 0 WHERE transfer_id = {posted}",
    "an entry is moved to another account": "UPDATE entry SET account_id = {cleo} WHERE transfer_id = {posted} AND side = 1",
    "an entry is written over with what it was": "UPDATE entry SET minutes = minutes WHERE transfer_id = {posted}",
    "an entry is deleted": "DELETE FROM entry WHERE transfer_id = {posted} AND side = 1",
    "both entries are deleted": "DELETE FROM entry WHERE transfer_id = {posted}",
    # a posted transfer has exactly two entries, - and + its minutes
    "a posted transfer comes without entries": HEADER,
    "a posted transfer comes with one entry": HEADER + GOOD_IN,
    "a posted transfer comes with the other entry only": HEADER + GOOD_OUT,
    "two entries are unequal": HEADER + GOOD_IN + ENTRY + "({bank}, {new}, -1, {ben}, 59, -119, 2)",
    "two entries have the same side": HEADER + GOOD_IN + ENTRY + "({bank}, {new}, 1, {ben}, 60, 0, 2)",
    "a third entry is added": ENTRY + "({bank}, {posted}, 0, {cleo}, 60, 60, 1)",
    "an entry comes twice": ENTRY + "({bank}, {posted}, 1, {ada}, 60, 120, 2)",
    "an entry belongs to a waiting transfer": ENTRY + "({bank}, {held}, 1, {ada}, 30, 90, 2)",
    "an entry belongs to no transfer": ENTRY + "({bank}, {new}, 1, {ada}, 60, 120, 2)",
    "an entry has no minutes": HEADER + GOOD_OUT + ENTRY + "({bank}, {new}, 1, {ada}, 0, 60, 2)",
    # an entry stands in its transfer's account, follows the last one, and stays in its bank
    "an entry stands in a stranger's account": HEADER + GOOD_OUT + ENTRY + "({bank}, {new}, 1, {cleo}, 60, 60, 1)",
    "entries change sides": HEADER + ENTRY + "({bank}, {new}, 1, {ben}, 60, 0, 2), ({bank}, {new}, -1, {ada}, 60, 0, 2)",
    "an entry leaves a gap": HEADER + GOOD_OUT + ENTRY + "({bank}, {new}, 1, {ada}, 60, 120, 3)",
    "an entry takes another's number": HEADER + GOOD_OUT + ENTRY + "({bank}, {new}, 1, {ada}, 60, 60, 1)",
    "an entry carries a wrong balance": HEADER + GOOD_OUT + ENTRY + "({bank}, {new}, 1, {ada}, 60, 121, 2)",
    "an entry names another bank": HEADER + GOOD_OUT + ENTRY + "({other_bank}, {new}, 1, {ada}, 60, 120, 2)",
    # the facts of a transfer are frozen, and its state only goes forward
    "a posted length is changed": "UPDATE transfer SET posted_minutes = 61 WHERE id = {posted}",
    "a posted transfer goes back to waiting": (
        "UPDATE transfer SET state = 'pending', posted_minutes = NULL, out_side = NULL, in_side = NULL,"
        " settled_at = NULL WHERE id = {posted}"
    ),
    "a posted transfer is released": (
        "UPDATE transfer SET state = 'released', posted_minutes = NULL, out_side = NULL, in_side = NULL,"
        " release_reason = 'x' WHERE id = {posted}"
    ),
    "a released transfer comes back": (
        "UPDATE transfer SET state = 'pending', release_reason = NULL, settled_at = NULL WHERE id = {released}"
    ),
    "the day of a posted transfer is changed": "UPDATE transfer SET happened_on = '2026-01-01' WHERE id = {posted}",
    "the minutes of a waiting transfer are changed": "UPDATE transfer SET minutes = 31 WHERE id = {held}",
    "the giver of a waiting transfer is changed": "UPDATE transfer SET giver_id = {cleo} WHERE id = {held}",
    "the sides of a waiting transfer are turned": (
        "UPDATE transfer SET giver_id = receiver_id, receiver_id = giver_id WHERE id = {held}"
    ),
    "the recorder of a waiting transfer is changed": "UPDATE transfer SET recorded_by = {ben} WHERE id = {held}",
    "the kind of a waiting transfer is changed": "UPDATE transfer SET kind = 'gift' WHERE id = {held}",
    "the fingerprint of a waiting transfer is changed": "UPDATE transfer SET fingerprint = {print} WHERE id = {held}",
    "the bank of a waiting transfer is changed": "UPDATE transfer SET bank_id = {other_bank} WHERE id = {held}",
    "the expiry of a waiting transfer is changed": (
        "UPDATE transfer SET expires_at = '2027-01-01 00:00:00' WHERE id = {held}"
    ),
    "a frozen transfer expires": (
        "UPDATE transfer SET state = 'expired', frozen_at = NULL, settled_at = '2026-03-02 12:00:00' WHERE id = {frozen}"
    ),
    "a waiting transfer is posted without entries": (
        "UPDATE transfer SET state = 'posted', posted_minutes = 30, out_side = -1, in_side = 1,"
        " settled_at = '2026-03-02 12:00:00' WHERE id = {held}"
    ),
    "a waiting transfer is posted without its sides": (
        "UPDATE transfer SET state = 'posted', posted_minutes = 30, settled_at = '2026-03-02 12:00:00' WHERE id = {held}"
    ),
    "a waiting transfer is posted without a length": (
        "UPDATE transfer SET state = 'posted', out_side = -1, in_side = 1, settled_at = '2026-03-02 12:00:00'"
        " WHERE id = {held}"
    ),
    "hours are confirmed by who recorded them": (
        "UPDATE transfer SET state = 'posted', posted_minutes = 30, out_side = -1, in_side = 1, confirmed_by = {ada},"
        " settled_at = '2026-03-02 12:00:00' WHERE id = {held}; "
        + ENTRY + "({bank}, {held}, 1, {ada}, 30, 90, 2), ({bank}, {held}, -1, {ben}, 30, -90, 2)"
    ),
    "a transfer is deleted": "DELETE FROM transfer WHERE id = {held}",
    "a posted transfer is deleted": "DELETE FROM transfer WHERE id = {posted}",
    "a transfer starts released": (
        TRANSFER + "({new}, {bank}, 'gift', {ada}, {ben}, 60, '2026-03-01', {ada}, '2026-03-02 12:00:00', {print},"
        " 'released', NULL, NULL, NULL, '2026-03-02 12:00:00', NULL, NULL)"
    ),
    # lengths and accounts of a transfer
    "a transfer has no minutes": HEADER.replace("60", "0") + GOOD_IN.replace("60,", "0,"),
    "a transfer takes minutes from its giver": HEADER.replace("60", "-60"),
    "an exchange is longer than a day": HEADER.replace("60", "1441").replace("gift", "exchange"),
    "a transfer goes to its own giver": HEADER.replace("{ben}", "{ada}"),
    "a transfer names an account of another bank": HEADER.replace("{ben}", "{stranger}"),
    "a transfer is of an unknown kind": HEADER.replace("gift", "payment"),
    # reversals
    "a reversal names no transfer": HEADER.replace("gift", "reversal"),
    "a reversal is not the mirror": HEADER.replace("gift", "reversal").replace("NULL, NULL)", "{posted}, 'x')"),
    "a transfer is reversed twice": (
        HEADER.replace("gift", "reversal").replace("{ada}, {ben}", "{cleo}, {ada}").replace("60", "20")
        .replace("NULL, NULL)", "{undone}, 'x')")
    ),
    # accounts
    "an account is deleted": "DELETE FROM account WHERE id = {cleo}",
    "an account starts with a balance": ACCOUNT + "({new}, {bank}, 'member', 'open', 5, 0, 0, 0, NULL, FALSE)",
    "a member has a floor": ACCOUNT + "({new}, {bank}, 'member', 'open', 0, 0, 0, 0, -5, FALSE)",
    "an account is of an unknown kind": ACCOUNT + "({new}, {bank}, 'bank', 'open', 0, 0, 0, 0, NULL, FALSE)",
    "an account changes its bank": "UPDATE account SET bank_id = {other_bank} WHERE id = {cleo}",
    "an account changes its kind": "UPDATE account SET kind = 'community' WHERE id = {cleo}",
    "an account changes its id": "UPDATE account SET id = {new} WHERE id = {cleo}",
    "an account's count goes back": "UPDATE account SET seq = 0 WHERE id = {ada}",
    "an account with hours is closed": "UPDATE account SET status = 'closed' WHERE id = {ada}",
    "an account holds less than nothing": "UPDATE account SET held_in = -1 WHERE id = {ada}",
    "a partner is taken below its floor": "UPDATE account SET posted = -61 WHERE id = {partner}",
}  # fmt: skip
SQLITE_ATTACKS = {
    "a balance is a fraction": "UPDATE account SET posted = 0.5 WHERE id = {ada}",
    "a balance is a word": "UPDATE account SET posted = 'much' WHERE id = {ada}",
    "a length is a fraction": HEADER.replace("60", "60.5"),
    "an entry is replaced": ENTRY.replace("INSERT", "INSERT OR REPLACE") + "({bank}, {posted}, 1, {ada}, 60, 120, 2)",
    "a transfer is replaced": HEADER.replace("INSERT", "INSERT OR REPLACE").replace("{new}", "{posted}"),
    "an account is replaced": (
        ACCOUNT.replace("INSERT", "INSERT OR REPLACE") + "({cleo}, {bank}, 'member', 'open', 0, 0, 0, 0, NULL, FALSE)"
    ),
}
POSTGRESQL_ATTACKS = {
    "entries are emptied": "TRUNCATE entry CASCADE",
    "transfers are emptied": "TRUNCATE transfer CASCADE",
    "accounts are emptied": "TRUNCATE account CASCADE",
}


class Victim(Bank):
    """A bank with something of each kind to attack."""

    def __init__(self, database) -> None:
        super().__init__(database)
        other = Bank(database)
        self.facts = {
            name: make_transfer(giver, receiver, minutes)
            for name, giver, receiver, minutes in (
                ("posted", self.ada, self.ben, 60),
                ("undone", self.ada, self.cleo, 20),
                ("held", self.ada, self.ben, 30),
                ("frozen", self.ada, self.ben, 15),
                ("released", self.ada, self.ben, 10),
            )
        }
        self.do("post", transfer=self.facts["posted"], at=AT)
        for name in ("held", "frozen", "released"):
            self.do("hold", transfer=self.facts[name], at=AT)
        self.do("freeze", id=self.facts["frozen"].id, at=AT)
        self.do("release", id=self.facts["released"].id, reason="not today", at=AT)
        partner = self.open_account("partner", hard_floor=-60)
        self.ids = {
            "bank": self.id, "ada": self.ada, "ben": self.ben, "cleo": self.cleo, "partner": partner,
            "other_bank": other.id, "stranger": other.ben, "new": uuid4(),
            **{name: one.id for name, one in self.facts.items()},
        }  # fmt: skip

    def undo_one(self) -> None:
        self.do("post", transfer=self.facts["undone"], at=AT)
        self.do("reverse", id=self.facts["undone"].id, reversal_id=uuid4(), reason="wrong", at=AT)

    def attack(self, statements: str) -> None:
        is_sqlite = self.database.is_sqlite
        words = {name: f"'{one.hex if is_sqlite else one}'" for name, one in self.ids.items()}
        words["print"] = "x'" + "07" * 32 + "'" if is_sqlite else "'\\x" + "07" * 32 + "'::bytea"
        with self.database.writing() as session:
            for statement in re.sub(r"\{(\w+)\}", lambda found: words[found[1]], statements).split(";"):
                if statement.strip():
                    session.connection().exec_driver_sql(statement)

    def rows(self) -> dict[str, list[tuple]]:
        with self.database.reading() as session:
            return {
                table: sorted(map(repr, session.connection().exec_driver_sql(f"SELECT * FROM {table}")))
                for table in ("account", "transfer", "entry")
            }


def attacks_on(engine: str) -> dict[str, str]:
    return ATTACKS | (SQLITE_ATTACKS if engine == "sqlite" else POSTGRESQL_ATTACKS)


def test_every_attack_is_refused_and_leaves_no_trace(database):
    victim = Victim(database)
    attacks = attacks_on(database.url.get_backend_name())
    before = victim.rows()
    refused = []

    for name, statements in attacks.items():
        if name == "a transfer is reversed twice":
            victim.undo_one()
            before = victim.rows()
        with pytest.raises(DatabaseError, match=r"ledger: |constraint"):
            victim.attack(statements)
        assert victim.rows() == before, name
        refused.append(name)

    assert refused == list(attacks)
    assert len(attacks) >= 60
    assert victim.see("verify").is_clean


def test_what_the_attacks_are_made_of_would_pass_without_the_lie(database):
    """Else a slip of the pen in the attacks would look like a refusal."""
    victim = Victim(database)

    victim.attack(
        HEADER + GOOD_IN + GOOD_OUT + "UPDATE account SET posted = posted + 60, seq = seq + 1 WHERE id = {ada}; "
        "UPDATE account SET posted = posted - 60, seq = seq + 1 WHERE id = {ben}"
    )
    victim.attack(ACCOUNT + "({new}, {bank}, 'member', 'open', 0, 0, 0, 0, NULL, FALSE)")

    assert victim.see("verify").is_clean
    assert victim.posted(victim.ada) == 120

"""Raw SQL that tries to change history: for a bank with something of each kind to try it on (tests.ledger.victim).

One file, as it is one list. Each attack tells one lie and is right in everything else: it fails by the rule it is meant for, or it gets through.
"""

# What a rule says when it refuses. A column left empty is a slip of the pen in the attack itself.
A_RULE = r"ledger: |(CHECK|FOREIGN KEY|UNIQUE) constraint|(check|foreign key|unique) constraint"

NOW = "'2026-03-02 12:00:00.000000'"
LONG_AGO = "'2026-01-15 12:00:00.000000'"  # in a period that is closed
LATER = "'2026-06-01 12:00:00.000000'"

# In the bank attacked Ada has 60 minutes in 3 entries, Ben -60 in one, Cleo 0 in two, Dora's account was never used.
WAITS = {
    "id": "{new}", "bank_id": "{bank}", "kind": "'gift'", "giver_id": "{ada}", "receiver_id": "{ben}", "minutes": "60",
    "happened_on": "'2026-03-01'", "recorded_by": "{ada}", "recorded_at": NOW, "fingerprint": "{print}",
    "state": "'pending'",
}  # fmt: skip
PLACES = ("giver_seq", "giver_balance", "receiver_seq", "receiver_balance")


def settled(minutes: int = 60) -> dict[str, str]:
    """What makes a transfer from Ada to Ben posted: the next line in her account, and in his."""
    places = dict(zip(PLACES, ("4", f"{60 + minutes}", "2", f"{-60 - minutes}"), strict=True))
    return {"state": "'posted'", "posted_minutes": f"{minutes}", "settled_at": NOW, **places}


SETTLED = settled()
NO_CHECK = {"frozen_at": "NULL", "stopped_at": "NULL"}  # what is being checked goes on
RELEASED = {"state": "'released'", "release_reason": "'x'", "settled_at": NOW}
ROWS = {
    "account": {
        "id": "{new}", "bank_id": "{bank}", "kind": "'member'", "status": "'open'", "posted": "0", "held_out": "0",
        "held_in": "0", "seq": "0", "hard_floor": "NULL", "floor_waived": "FALSE",
    },
    "transfer": WAITS,
    "entry": {
        "transfer_id": "{posted}", "side": "1", "account_id": "{ada}", "minutes": "60", "balance_after": "120", "seq": "4",
    },
    "waiver": {
        "transfer_id": "{posted}", "bank_id": "{bank}", "account_id": "{ada}", "waived_by": "{ben}", "reason": "'x'",
        "waived_at": NOW,
    },
    "period": {
        "bank_id": "{bank}", "until": NOW, "closed_by": "{ben}", "closed_at": NOW, "transfers": "1", "minutes": "60",
    },
    "block": {
        "bank_id": "{bank}", "no": "2", "first": "9", "last": "9", "root": "{print}", "previous": "{print}",
        "hash": "{print}", "sealed_at": NOW,
    },
    "seal": {"bank_id": "{bank}", "no": "99", "transfer_id": "{held}", "leaf": "{print}", "salt": "{print}"},
    "sealed_account": {"account_id": "{dora}", "bank_id": "{bank}", "seq": "1"},
}  # fmt: skip
KEPT = ("waiver", "period", "block", "seal")  # written once, like entries


def insert(table: str, *, verb: str = "INSERT", **lies: str) -> str:
    row = ROWS[table] | lies
    return f"{verb} INTO {table} ({', '.join(row)}) VALUES ({', '.join(row.values())}); "


def waiting(**lies: str) -> str:
    return insert("transfer", **lies)


def posted(minutes: int = 60, **lies: str) -> str:
    return insert("transfer", **settled(minutes) | lies)


def reversal(**lies: str) -> str:
    """A query on what Ada gave Ben: the mirror of it, which waits."""
    mirror = {"giver_id": "{ben}", "receiver_id": "{ada}", "reverses_id": "{posted}", "reversal_reason": "'x'"}
    return waiting(kind="'reversal'", **mirror | lies)


def entry(**lies: str) -> str:
    """A line that Ada's account could have next, if a transfer said so."""
    return insert("entry", **lies)


def change(table: str, which: str, **lies: str) -> str:
    return f"UPDATE {table} SET {', '.join(f'{name} = {value}' for name, value in lies.items())} WHERE {which}; "


def change_transfer(which: str, **lies: str) -> str:
    return change("transfer", f"id = {{{which}}}", **lies)


def confirmed(minutes: int = 30, **lies: str) -> dict[str, str]:
    return settled(minutes) | {"confirmed_by": "{ben}"} | lies


ADAS = "transfer_id = {posted} AND side = 1"
ROW_OF = {
    "waiver": "transfer_id = {waived}",
    "period": "bank_id = {bank}",
    "block": "bank_id = {bank} AND no = 1",
    "seal": "bank_id = {bank} AND no = 1",
}

ENTRIES = {
    "an entry's minutes are changed": change("entry", ADAS, minutes="61"),
    "an entry's balance is changed": change("entry", ADAS, balance_after="0"),
    "an entry is moved to another account": change("entry", ADAS, account_id="{dora}"),
    "an entry is written over with what it was": change("entry", ADAS, minutes="minutes"),
    "an entry is deleted": f"DELETE FROM entry WHERE {ADAS}",
    "both entries are deleted": "DELETE FROM entry WHERE transfer_id = {posted}",
    # an entry comes with its transfer, which says where it stands
    "an entry comes by itself": entry(),
    "an entry comes by itself on the other side": entry(side="-1", account_id="{ben}", balance_after="-120", seq="2"),
    "an entry belongs to no transfer": entry(transfer_id="{new}"),
    "an entry belongs to a waiting transfer": entry(transfer_id="{held}", minutes="30", balance_after="90"),
    "a third entry is added": entry(account_id="{dora}", balance_after="60", seq="1"),
    "a third entry is added on the other side": entry(side="-1", account_id="{dora}", balance_after="-60", seq="1"),
    "an entry comes twice": entry(seq="1", balance_after="60"),
    # it follows the last one
    "an entry leaves a gap": posted(giver_seq="5"),
    "an entry leaves a gap on the other side": posted(receiver_seq="3"),
    "an entry takes another's number": posted(giver_seq="1", giver_balance="60"),
    "an entry comes before the first": posted(giver_seq="0", giver_balance="60"),
    "an entry carries a wrong balance": posted(giver_balance="121"),
    "an entry carries a wrong balance on the other side": posted(receiver_balance="-119"),
    "the balances move by another length": posted(posted_minutes="59"),
    "a confirmed entry leaves a gap": change("transfer", "id = {held}", **confirmed(giver_seq="5")),
    "a confirmed entry carries a wrong balance": change("transfer", "id = {held}", **confirmed(receiver_balance="-91")),
}  # fmt: skip
FACTS = {
    "id": "{new}", "bank_id": "{other_bank}", "kind": "'gift'", "giver_id": "{cleo}", "receiver_id": "{cleo}",
    "minutes": "31", "happened_on": "'2026-01-01'", "recorded_by": "{ben}", "recorded_at": LONG_AGO,
    "fingerprint": "{print}", "group_id": "{new}",
}  # fmt: skip
TRANSFERS = {
    # the facts of a transfer are frozen
    **{f"the {fact} of a waiting transfer is changed": change_transfer("held", **{fact: FACTS[fact]}) for fact in FACTS},
    "the group of a waiting transfer is taken away": change_transfer("grouped", group_id="NULL"),
    "the peer of a waiting bridge is changed": change_transfer("bridge", peer_id="{new}"),
    "what a waiting reversal undoes is changed": change_transfer("doubt", reverses_id="{posted}"),
    "the reason of a waiting reversal is changed": change_transfer("doubt", reversal_reason="'y'"),
    "the sides of a waiting transfer are turned": change_transfer("held", giver_id="receiver_id", receiver_id="giver_id"),
    "the day of a posted transfer is changed": change_transfer("posted", happened_on="'2026-01-01'"),
    # its state only goes forward
    "a posted length is changed": change_transfer("posted", posted_minutes="61"),
    "a posting is dated back": change_transfer("posted", settled_at=LATER),
    "a posted transfer goes back to waiting": change_transfer("posted", **dict.fromkeys(SETTLED, "NULL") | {"state": "'pending'"}),
    "a posted transfer is released": change_transfer("posted", **dict.fromkeys(SETTLED, "NULL") | RELEASED),
    "a released transfer comes back": change_transfer(
        "released", state="'pending'", release_reason="NULL", settled_at="NULL"
    ),
    "the reason of a released transfer is changed": change_transfer("released", release_reason="'y'"),
    "a transfer is in an unknown state": change_transfer("held", state="'thinking'", settled_at=NOW),
    "a waiting transfer is posted without its places": change_transfer(
        "held", state="'posted'", posted_minutes="30", settled_at=NOW
    ),
    **{f"a transfer is posted without its {place}": posted(**{place: "NULL"}) for place in PLACES},
    **{f"a waiting transfer has a {place}": waiting(**{place: "1"}) for place in PLACES},
    "a waiting transfer is posted without a length": change_transfer("held", **confirmed(posted_minutes="NULL")),
    "a waiting transfer has a posted length": change_transfer("held", posted_minutes="30"),
    "a waiting transfer is settled": change_transfer("held", settled_at=NOW),
    "a waiting transfer is confirmed": change_transfer("held", confirmed_by="{ben}"),
    "a waiting transfer has a reason to be released": change_transfer("held", release_reason="'x'"),
    "hours are confirmed by who recorded them": (
        change_transfer("held", **confirmed(confirmed_by="{ada}"))
    ),
    # what is being checked waits, and its clock stands still
    "a frozen transfer is posted": (
        change_transfer("frozen", **confirmed(15), **NO_CHECK)
    ),
    "a frozen transfer expires": change_transfer("frozen", state="'expired'", settled_at=NOW, **NO_CHECK),
    "a frozen transfer is released and stays frozen": change_transfer("frozen", **RELEASED, stopped_at="NULL"),
    "a released transfer has a clock that stands still": change_transfer("frozen", **RELEASED, frozen_at="NULL"),
    "a transfer starts frozen": waiting(frozen_at=NOW),
    "the expiry of a waiting transfer is put off": change_transfer("timed", expires_at=LATER),
    "the expiry of a waiting transfer comes sooner": change_transfer("timed", expires_at=LONG_AGO),
    "the expiry of a waiting transfer is taken away": change_transfer("timed", expires_at="NULL"),
    "a waiting transfer is given an expiry": change_transfer("held", expires_at=LATER),
    "the expiry changes while the clock stands still": change_transfer("frozen", expires_at=LATER),
    "the clock goes on with less time left": change_transfer(
        "frozen", **NO_CHECK, expires_at=LONG_AGO
    ),
    "a clock that had no end is given one": change_transfer("stuck", **NO_CHECK, expires_at=LATER),
    "the clock goes on with no end": change_transfer("frozen", **NO_CHECK, expires_at="NULL"),
    # nothing goes away, nothing comes in the middle
    "a transfer is deleted": "DELETE FROM transfer WHERE id = {held}",
    "a posted transfer is deleted": "DELETE FROM transfer WHERE id = {posted}",
    "a transfer starts released": waiting(**RELEASED),
    "a transfer comes twice": waiting(id="{held}"),
    "a transfer comes again in another bank": waiting(
        id="{held}", bank_id="{other_bank}", giver_id="{stranger}", receiver_id="{other_stranger}"
    ),
    # a closed period keeps its figures
    "a transfer is posted into a closed period": posted(settled_at=LONG_AGO),
    "a transfer is confirmed into a closed period": (
        change_transfer("held", **confirmed(settled_at=LONG_AGO))
    ),
    # lengths and accounts of a transfer
    "a transfer has no minutes": waiting(minutes="0"),
    "a transfer takes minutes from its giver": waiting(minutes="-60"),
    "a transfer is longer than any": waiting(minutes="10000001"),
    "an exchange is longer than a day": waiting(kind="'exchange'", minutes="1441"),
    "an exchange is confirmed as longer than a day": (
        change_transfer("held", **confirmed(1441))
    ),
    "a transfer is posted with no minutes": posted(0),
    "a transfer is posted as longer than any": posted(10_000_001),
    "a transfer goes to its own giver": waiting(receiver_id="{ada}"),
    "the receiver has an account in another bank": waiting(receiver_id="{stranger}"),
    "the giver has an account in another bank": waiting(giver_id="{stranger}"),
    "a transfer is of an unknown kind": waiting(kind="'payment'"),
    "a transfer was recorded by nobody": waiting(recorded_by="NULL"),
    "a fingerprint is cut short": waiting(fingerprint="{short}"),
    # bridges
    "a bridge names no other end": waiting(kind="'bridge'"),
    "a gift names the other end of a bridge": waiting(peer_id="{held}"),
    # reversals
    "a reversal names no transfer": waiting(kind="'reversal'", reversal_reason="'x'"),
    "a gift has a reason to undo something": waiting(reversal_reason="'x'"),
    "a reversal has no reason": reversal(reversal_reason="NULL"),
    "a reversal is not the mirror": reversal(giver_id="{ada}", receiver_id="{ben}"),
    "a reversal mirrors another transfer": reversal(reverses_id="{waived}"),
    "a reversal takes from somebody else": reversal(giver_id="{cleo}"),
    "a reversal gives to somebody else": reversal(receiver_id="{cleo}"),
    "a reversal undoes a part": reversal(minutes="30"),
    "a reversal undoes what waits": reversal(minutes="30", reverses_id="{held}"),
    "a reversal stands in another bank": reversal(bank_id="{other_bank}"),
    "a reversal undoes what was never there": reversal(reverses_id="{other_new}"),
    "a reversal is confirmed with another length": (
        change_transfer("doubt", **confirmed(39, giver_seq="2", giver_balance="-1", receiver_seq="3", receiver_balance="101"))
    ),
    "a transfer is reversed twice": (
        reversal(giver_id="{cleo}", minutes="20", reverses_id="{undone}")
    ),
}  # fmt: skip
ACCOUNTS = {
    "an account is deleted": "DELETE FROM account WHERE id = {dora}",
    "an account comes twice": insert("account", id="{dora}"),
    "an account comes again in another bank": insert("account", id="{dora}", bank_id="{other_bank}"),
    "an account starts with a balance": insert("account", posted="5"),
    "an account starts with hours waiting to go out": insert("account", held_out="5"),
    "an account starts with hours waiting to come in": insert("account", held_in="5"),
    "an account starts with a number of entries": insert("account", seq="5"),
    "an account starts closed": insert("account", status="'closed'"),
    "a member has a floor": insert("account", hard_floor="-5"),
    "a floor lies above nothing": insert("account", kind="'partner'", hard_floor="1", floor_waived="TRUE"),
    "an account is of an unknown kind": insert("account", kind="'bank'"),
    "an account is in an unknown state": change("account", "id = {dora}", status="'asleep'"),
    "an account changes its bank": change("account", "id = {dora}", bank_id="{other_bank}"),
    "a partner's limit is changed": "UPDATE account SET hard_floor = -100000 WHERE id = {partner}",
    "an account changes its kind": change("account", "id = {cleo}", kind="'community'"),
    "an account changes its id": change("account", "id = {dora}", id="{new}"),
    "an account with hours is closed": change("account", "id = {late}", status="'closed'"),
    "an account has hours waiting to come and is closed": change("account", "id = {gus}", status="'closed'"),
    "an account has hours waiting to go out and is closed": change("account", "id = {hal}", status="'closed'"),
    "less than nothing waits to come in": change("account", "id = {ada}", held_in="-1"),
    "less than nothing waits to go out": change("account", "id = {ada}", held_out="-1"),
    "an account counts less than no entries": change("account", "id = {dora}", seq="-1"),
    "a partner is taken below its floor": change("account", "id = {partner}", posted="-61"),
    "a partner is taken below its floor by what waits": change("account", "id = {partner}", held_out="61"),
}
BESIDE = {
    **{f"the rows of {table} are changed": f"UPDATE {table} SET bank_id = bank_id WHERE {ROW_OF[table]}" for table in KEPT},
    **{f"the rows of {table} are deleted": f"DELETE FROM {table} WHERE {ROW_OF[table]}" for table in KEPT},
    "why a floor was waived is changed": change("waiver", ROW_OF["waiver"], reason="'another'"),
    "who waived a floor is changed": change("waiver", ROW_OF["waiver"], waived_by="{ada}"),
    "a floor is waived without a reason": insert("waiver", reason="''"),
    "a floor is waived twice for one transfer": insert("waiver", transfer_id="{waived}", account_id="{late}"),
    "a floor is waived for no transfer": insert("waiver", transfer_id="{new}"),
    "a floor is waived for a transfer of another bank": insert("waiver", bank_id="{other_bank}", account_id="{stranger}"),
    "a floor is waived for an account of another bank": insert("waiver", account_id="{stranger}"),
    "a closed period ends sooner": change("period", ROW_OF["period"], until=LONG_AGO),
    "the figures of a closed period are changed": change("period", ROW_OF["period"], minutes="61"),
    "a period is closed twice": insert("period", until="'2026-02-01 00:00:00.000000'"),
    "a period is closed before it is over": insert("period", until=LATER),
    "a closed period counts less than nothing": insert("period", minutes="-1"),
    "a closed period counts fewer than no transfers": insert("period", transfers="-1"),
    "a block is given another hash": change("block", ROW_OF["block"], hash="{print}"),
    "a block comes twice": insert("block", no="1"),
    "a block has no number": insert("block", no="0"),
    "a block begins before the first": insert("block", first="0"),
    "a block ends before it begins": insert("block", last="8"),
    "a seal covers something else": change("seal", ROW_OF["seal"], leaf="{print}"),
    "a place is sealed twice": insert("seal", no="1"),
    "a transfer is sealed twice": insert("seal", transfer_id="{posted}"),
    "no transfer is sealed": insert("seal", transfer_id="{new}"),
    "a transfer of another bank is sealed": insert("seal", bank_id="{other_bank}"),
    "an account has two bookmarks": insert("sealed_account") * 2,
    "a bookmark lies in an account of another bank": insert("sealed_account", account_id="{stranger}"),
}  # fmt: skip
ATTACKS = ENTRIES | TRANSFERS | ACCOUNTS | BESIDE

REPLACE = "INSERT OR REPLACE"
REPLACEMENTS = {
    "an entry is replaced": insert("entry", verb=REPLACE, seq="1", balance_after="60"),
    "an entry is replaced by another transfer's": insert("entry", verb=REPLACE, transfer_id="{undone}", seq="1", balance_after="60"),
    "an entry is replaced when another transfer is posted": insert(
        "transfer", verb=REPLACE, **SETTLED | {"giver_seq": "1", "giver_balance": "60"}
    ),
    "a transfer is replaced": insert("transfer", verb=REPLACE, id="{held}"),
    "a posted transfer is replaced": insert("transfer", verb=REPLACE, id="{posted}"),
    "a waiting reversal is replaced by another one": insert(
        "transfer", verb=REPLACE, kind="'reversal'", giver_id="{finn}", receiver_id="{eve}", minutes="40",
        reverses_id="{doubted}", reversal_reason="'x'",
    ),
    "an account is replaced": insert("account", verb=REPLACE, id="{dora}", kind="'community'"),
    "an account with hours is replaced": insert("account", verb=REPLACE, id="{ada}"),
    "a waiver is replaced": insert("waiver", verb=REPLACE, transfer_id="{waived}", account_id="{late}"),
    "a period is replaced": insert("period", verb=REPLACE, until="'2026-02-01 00:00:00.000000'"),
    "a block is replaced": insert("block", verb=REPLACE, no="1"),
    "a seal is replaced": insert("seal", verb=REPLACE, no="1"),
    "a seal is replaced by one in another place": insert("seal", verb=REPLACE, transfer_id="{posted}"),
}  # fmt: skip
SQLITE_ATTACKS = REPLACEMENTS | {
    "a balance is a fraction": change("account", "id = {ada}", posted="0.5"),
    "a balance is a word": change("account", "id = {ada}", posted="'much'"),
    "what waits to come in is a fraction": change("account", "id = {ada}", held_in="0.5"),
    "what waits to go out is a fraction": change("account", "id = {ada}", held_out="0.5"),
    "a count of entries is a fraction": change("account", "id = {ada}", seq="0.5"),
    "a floor is a fraction": insert("account", kind="'partner'", hard_floor="-0.5"),
    "a length is a fraction": waiting(minutes="60.5"),
    "a posted length is a fraction": posted(posted_minutes="60.5", giver_balance="120.5", receiver_balance="-120.5"),
}  # fmt: skip
POSTGRESQL_ATTACKS = {
    f"the rows of {table} are emptied": f"TRUNCATE {table} CASCADE" for table in ("account", "transfer", "entry", *KEPT)
}


def attacks_on(engine: str) -> dict[str, str]:
    return ATTACKS | (SQLITE_ATTACKS if engine == "sqlite" else POSTGRESQL_ATTACKS)

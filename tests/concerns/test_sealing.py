"""With the whole database and every secret of the server, and without a passphrase, nothing opens; and nothing opens elsewhere."""

import hashlib
import json
import os
import random
import sys
from collections import Counter
from dataclasses import fields, replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import MetaData, select
from tink import TinkError

from tests.factories import PASSPHRASE, QUICKLY, ConcernFactory, LeadFactory, MemberFactory
from timebank.concerns import letters, sealing
from timebank.concerns.letters import Holder
from timebank.concerns.sealing import ForKey, Place, Unreadable, WrongPassphrase
from timebank.db import Database
from timebank.signin import passwords

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
ATTEMPTS = 500
EDITS = 1000 if IS_FULL else 200
SERVER_KEY = "only-for-tests-" * 3
BODY = {"words": "He keeps her bank card."}


def make(passphrase: str = PASSPHRASE) -> sealing.KeptKey:
    return sealing.make_key(passphrase, key_id=uuid4(), bank_id=uuid4(), slowness=QUICKLY)


@pytest.fixture(scope="module")
def kept() -> sealing.KeptKey:
    return make()


@pytest.fixture(scope="module")
def private(kept):
    return sealing.unlock(kept, PASSPHRASE)


@pytest.fixture(scope="module")
def place() -> Place:
    return Place(bank_id=uuid4(), concern_id=uuid4(), text_id=uuid4(), kind="telling")


@pytest.fixture(scope="module")
def mine(kept) -> ForKey:
    return ForKey(id=kept.id, lead_id=uuid4(), public=kept.public)


@pytest.fixture(scope="module")
def sealed(place, mine) -> sealing.Sealed:
    return sealing.seal(BODY, place=place, keys=[mine])


class TestAKey:
    def test_opens_what_was_sealed_for_it(self, sealed, place, mine, private):
        opened = sealing.open_sealed(
            sealed.text, sealed.wraps[mine.id], place=place, key_id=mine.id, lead_id=mine.lead_id, private=private
        )

        assert opened == BODY

    def test_is_as_slow_to_try_as_the_settings_say(self):
        _, rounds, kibibytes, _ = sealing.SLOWNESS.split(":")

        assert (int(rounds), int(kibibytes)) >= (passwords.ROUNDS, passwords.KIBIBYTES)

    def test_can_be_typed_in_any_spelling_of_the_same_letters(self):
        kept = make("cafe\u0301 by the bridge at noon")

        assert sealing.unlock(kept, "caf\u00e9 by the bridge at noon")

    def test_under_a_new_passphrase_it_is_the_same_key(self, kept, private, sealed, place, mine):
        again = sealing.lock(private, "another one", key_id=kept.id, bank_id=kept.bank_id, slowness=QUICKLY)

        assert again.public == kept.public
        with pytest.raises(WrongPassphrase):
            sealing.unlock(again, PASSPHRASE)
        opened = sealing.open_sealed(
            sealed.text,
            sealed.wraps[mine.id],
            place=place,
            key_id=mine.id,
            lead_id=mine.lead_id,
            private=sealing.unlock(again, "another one"),
        )
        assert opened == BODY

    def test_waits_its_turn_with_the_passwords_of_those_who_sign_in(self, kept, monkeypatch):
        """Slow work is bounded for the whole server, whatever it is for."""
        for _ in range(passwords.AT_ONCE + passwords.WAITING):
            assert passwords._places.acquire(blocking=False)
        try:
            with pytest.raises(passwords.ManySigningIn):
                sealing.unlock(kept, PASSPHRASE)
        finally:
            for _ in range(passwords.AT_ONCE + passwords.WAITING):
                passwords._places.release()


class TestLength:
    def test_tells_little(self, place, mine):
        texts = [sealing.seal({"words": "x" * length}, place=place, keys=[mine]).text for length in (1, 50, 900)]

        assert len({len(text) for text in texts}) == 1


def flipped(data: bytes, chance: random.Random) -> bytes:
    where = chance.randrange(len(data) * 8)
    changed = bytearray(data)
    changed[where // 8] ^= 1 << where % 8
    return bytes(changed)


def test_whatever_was_edited_or_moved_elsewhere_is_refused(kept, private, place, mine, sealed, capsys):
    chance, refused = random.Random(20260302), Counter()
    other = sealing.seal({"words": "another"}, place=replace(place, text_id=uuid4()), keys=[mine])
    good = {
        "text": sealed.text, "wrapped": sealed.wraps[mine.id], "place": place, "key_id": mine.id, "lead_id": mine.lead_id,
    }  # fmt: skip
    for number in range(EDITS):
        kind = ("text", "wrapped", "private", "salt", "cut", "place", "holder", "swapped")[number % 8]
        asked = dict(good)
        if kind in {"private", "salt"}:
            broken = replace(kept, **{kind: flipped(getattr(kept, kind), chance)})
            with pytest.raises(WrongPassphrase):
                sealing.unlock(broken, PASSPHRASE)
            refused[kind] += 1
            continue
        if kind in {"text", "wrapped"}:
            asked[kind] = flipped(good[kind], chance)
        elif kind == "cut":
            asked["text"] = sealed.text[: chance.randrange(len(sealed.text))]
        elif kind == "place":
            name = chance.choice([field.name for field in fields(Place)])
            asked["place"] = replace(place, **{name: "note" if name == "kind" else uuid4()})
        elif kind == "holder":
            asked |= {chance.choice(["key_id", "lead_id"]): chance.choice([uuid4(), None])}
        else:
            asked |= {"text": other.text} if chance.random() < 0.5 else {"wrapped": other.wraps[mine.id]}
        with pytest.raises(Unreadable):
            sealing.open_sealed(**asked, private=private)
        refused[kind] += 1

    sys.stdout.write(f"{sum(refused.values())} edited or moved: all refused {dict(refused)}\n")
    assert sum(refused.values()) == EDITS
    assert len(refused) == 8


def test_a_key_that_was_moved_to_another_person_does_not_open(kept):
    for moved in (replace(kept, id=uuid4()), replace(kept, bank_id=uuid4()), replace(kept, slowness="argon2id:2:64:1")):
        with pytest.raises(WrongPassphrase):
            sealing.unlock(moved, PASSPHRASE)


def test_a_letter_never_prints_its_words():
    letter = letters.Letter(words="He keeps her bank card.", who="the neighbour")

    assert "bank card" not in repr(letter)
    assert (
        "bank card" not in f"{letter} {letters.OpenedText(kind='note', by_id=uuid4(), written_at=None, letter=letter)}"
    )


# Somebody with everything but a passphrase


class Loot:
    """All rows of all tables, and the server's own key."""

    def __init__(self, database: Database) -> None:
        tables = MetaData()
        with database.engine.connect() as connection:
            tables.reflect(connection)
            self.rows = {
                table.name: [row._asdict() for row in connection.execute(select(table))]
                for table in tables.tables.values()
            }
        self.values = [value for rows in self.rows.values() for row in rows for value in row.values()]
        self.values += [SERVER_KEY]
        # Whatever could have been somebody's passphrase; and whatever could be a key of 32 bytes, straight or hashed.
        self.texts = [str(value) for value in self.values if not isinstance(value, bytes | type(None))]
        found = [value for value in self.values if isinstance(value, bytes)] + [text.encode() for text in self.texts]
        self.keys = [one[:32] for one in found if len(one) >= 32] + [hashlib.sha256(one).digest() for one in found]


def try_passphrase(loot: Loot, chance: random.Random) -> bool:
    row = chance.choice(loot.rows["concern_key"])
    kept = sealing.KeptKey(
        id=as_uuid(row["id"]),
        bank_id=as_uuid(row["bank_id"]),
        public=row["public_key"],
        private=row["private_key"],
        salt=row["salt"],
        slowness=row["slowness"],
    )
    try:
        sealing.unlock(kept, chance.choice(loot.texts))
    except WrongPassphrase:
        return False
    return True


def try_key(loot: Loot, chance: random.Random) -> bool:
    """Straight on the words, and on the private keys."""
    row, key = chance.choice(loot.rows["concern_text"]), chance.choice(loot.keys)
    place = place_of(row)
    for data, bound in (
        (row["sealed"], place.as_bytes),
        (chance.choice(loot.rows["concern_key"])["private_key"], b""),
    ):
        try:
            sealing._box(key).decrypt(data, bound)
        except TinkError:
            continue
        return True
    return False


def try_own_key(loot: Loot, chance: random.Random, own) -> bool:
    """The key of a lead who does not receive it, whose passphrase is known: on wraps that are for others."""
    text = chance.choice(loot.rows["concern_text"])
    wrap = chance.choice([row for row in loot.rows["concern_wrap"] if row["text_id"] == text["id"]])
    owner = next(row for row in loot.rows["concern_key"] if row["id"] == wrap["key_id"])
    lead_id = as_uuid(owner["lead_id"]) if owner["lead_id"] else None
    try:
        sealing.open_sealed(
            text["sealed"],
            wrap["wrapped"],
            place=place_of(text),
            key_id=as_uuid(wrap["key_id"]),
            lead_id=lead_id,
            private=own,
        )
    except Unreadable:
        return False
    return True


def as_uuid(value) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


def place_of(row) -> Place:
    return Place(
        bank_id=as_uuid(row["bank_id"]),
        concern_id=as_uuid(row["concern_id"]),
        text_id=as_uuid(row["id"]),
        kind=row["kind"],
    )


def test_with_every_secret_of_the_server_and_no_passphrase_nothing_is_opened(
    session, database, bank, ada, first, second, printed
):
    outsider = LeadFactory(member=MemberFactory(bank=bank, name="Tied Third"))
    for number in range(5):
        ConcernFactory(member=ada, words=f"{number} of what nobody may read", named=(outsider.member,))
    own = sealing.unlock(outsider.key.kept, PASSPHRASE)
    session.commit()
    loot, chance, opened, tried = Loot(database), random.Random(20260302), 0, Counter()
    kept_texts = [text for text in loot.texts if text in {PASSPHRASE, printed}]

    for number in range(ATTEMPTS):
        kind = ("passphrase", "key", "own key")[number % 3]
        opened += {
            "passphrase": lambda: try_passphrase(loot, chance),
            "key": lambda: try_key(loot, chance),
            "own key": lambda: try_own_key(loot, chance, own),
        }[kind]()
        tried[kind] += 1

    sys.stdout.write(f"{sum(tried.values())} attempts {dict(tried)}: {opened} opened\n")
    assert sum(tried.values()) == ATTEMPTS
    assert opened == 0
    assert kept_texts == []
    assert len(loot.rows["concern_wrap"]) == 5 * 3  # two leads and the printed key; none for whoever is named


def test_what_the_look_out_is_worth(session, database, bank, ada, first):
    """The same attempts with the right passphrase, and with a key that is really there, do open."""
    ConcernFactory(member=ada)
    session.commit()
    loot, chance = Loot(database), random.Random(1)
    own = sealing.unlock(first.key.kept, PASSPHRASE)
    loot.texts = [PASSPHRASE]

    assert try_own_key(loot, chance, own)
    assert try_passphrase(loot, chance)


def test_the_body_is_what_was_written(session, ada, first):
    concern = ConcernFactory(member=ada, words="every word")
    holder = Holder(key_id=first.key.id, lead_id=first.id)

    [text] = letters.open_all(
        letters.sealed_texts(concern, holder), holder=holder, private=sealing.unlock(first.key.kept, PASSPHRASE)
    )

    assert text.letter.words == "every word"
    assert json.dumps(text.letter.body)

"""The arithmetic of the sealed history, against a slow and plain reading of RFC 6962."""

import hashlib
import time
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger import chain, packed
from tests.ledger.pure.making import AT

LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)
SALTS = st.binary(min_size=32, max_size=32)
FIELDS = st.lists(st.one_of(st.none(), st.text(max_size=12), st.integers()), max_size=8)


def root_by_the_book(leaves: list[bytes]) -> bytes:
    """Split at the largest power of two smaller than the number of leaves (RFC 6962 section 2.1)."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + root_by_the_book(leaves[:half]) + root_by_the_book(leaves[half:])).digest()


class TestPacking:
    @given(one=FIELDS, other=FIELDS)
    def test_different_fields_are_packed_differently(self, one, other):
        texts = [[None if field is None else str(field) for field in fields] for fields in (one, other)]
        assert (chain.pack(one) == chain.pack(other)) == (texts[0] == texts[1])

    @given(fields=FIELDS)
    def test_what_was_packed_can_be_read_again(self, fields):
        assert packed.unpack(chain.pack(fields)) == [None if field is None else str(field) for field in fields]


class TestTree:
    @given(leaves=LEAVES)
    def test_the_root_is_that_of_the_book(self, leaves):
        assert chain.root(leaves) == root_by_the_book(leaves)

    @given(leaves=LEAVES, place=st.integers(0, 1000))
    def test_the_path_of_each_leaf_leads_to_the_root(self, leaves, place):
        place %= len(leaves)

        assert chain.climb(leaves[place], chain.path(leaves, place)) == chain.root(leaves)

    @given(leaves=LEAVES, place=st.integers(0, 1000), other=st.binary(min_size=32, max_size=32))
    def test_no_other_leaf_gets_there_by_that_path(self, leaves, place, other):
        place %= len(leaves)

        if other != leaves[place]:
            assert chain.climb(other, chain.path(leaves, place)) != chain.root(leaves)


class TestMoment:
    @pytest.fixture(autouse=True)
    def elsewhere(self, monkeypatch):
        """The machine's own clock stands in Kathmandu; the ledger does not mind."""
        with monkeypatch.context() as patched:
            patched.setenv("TZ", "Asia/Kathmandu")
            time.tzset()
            yield
        time.tzset()

    def test_is_packed_in_universal_time_to_the_microsecond(self):
        at = datetime(2026, 3, 2, 1, 5, 6, 78, tzinfo=timezone(timedelta(hours=2)))

        assert chain.moment(at) == "2026-03-01 23:05:06.000078"

    @given(at=st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)), hours=st.integers(-12, 14))  # noqa: DTZ001
    def test_is_the_same_wherever_it_was_noted(self, at, hours):
        there = at.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))

        assert chain.moment(there) == at.isoformat(sep=" ", timespec="microseconds")


def hash_by_the_book(kind: int, *parts: bytes) -> bytes:
    """SHA-256 over what it is of, the version, and the parts."""
    return hashlib.sha256(bytes([kind, 1]) + b"".join(parts)).digest()


class TestLeaf:
    @given(facts=st.text(), giver=st.none() | st.text(), receiver=st.none() | st.text(), salt=SALTS)
    def test_is_that_of_the_book(self, facts, giver, receiver, salt):
        entries = [
            hash_by_the_book(3, half, (entry or "").encode())
            for entry, half in ((giver, salt[:16]), (receiver, salt[16:]))
        ]

        assert chain.seal(facts, giver, receiver, salt) == hash_by_the_book(
            0, hash_by_the_book(2, facts.encode()), *entries
        )

    def test_changes_with_each_of_its_parts(self):
        parts = {"facts": "5:facts,", "giver": "1:1,", "receiver": "1:2,", "salt": bytes(range(32))}
        others = {"facts": "5:Facts,", "giver": "1:3,", "receiver": None, "salt": bytes(32)}

        leaves = {chain.seal(**parts | {name: other}) for name, other in others.items()} | {chain.seal(**parts)}

        assert len(leaves) == 5

    def test_of_the_other_side_a_salt_is_needed_to_guess(self):
        """Balances are small numbers: without the salt, whoever holds a proof could try them all."""
        salts = [bytes([number]) * 32 for number in (1, 2)]

        assert len({chain.entry_hash("2:60,", salt) for salt in salts}) == 2


class TestDigest:
    PARTS = ["[1]", "[2]"], [bytes([1]) * 32, bytes([2]) * 32], [bytes([3]) * 32, bytes([4]) * 32]

    def test_is_that_of_the_book(self):
        records, leaves, salts = self.PARTS
        parts = (b"[1]\n[2]", b"".join(leaves), b"".join(salts))

        by_the_book = hash_by_the_book(5, *(hashlib.sha256(part).digest() for part in parts))

        assert chain.digest(records, leaves, salts) == by_the_book

    def test_changes_with_each_part_and_with_their_order(self):
        digests = {chain.digest(*self.PARTS)}
        for place in range(3):
            turned = [part[::-1] if place == number else part for number, part in enumerate(self.PARTS)]
            digests.add(chain.digest(*turned))

        assert len(digests) == 4

    @pytest.mark.parametrize("place", range(3))
    def test_needs_as_many_of_each(self, place):
        parts = [part[:1] if place == number else part for number, part in enumerate(self.PARTS)]

        with pytest.raises(ValueError, match="for each transfer"):
            chain.digest(*parts)

    @pytest.mark.parametrize("place", [1, 2])
    def test_needs_hashes_of_their_length_so_that_none_borrows_from_the_next(self, place):
        whole = self.PARTS[place]
        shifted = [whole[0] + whole[1][:1], whole[1][1:]]

        with pytest.raises(ValueError, match="32 bytes"):
            chain.digest(*(shifted if place == number else part for number, part in enumerate(self.PARTS)))


class TestBlock:
    def make(self, **other) -> chain.Block:
        facts = {
            "bank_id": uuid4(),
            "no": 2,
            "first": 5,
            "last": 9,
            "root": b"r" * 32,
            "previous": b"p" * 32,
            "sealed_at": AT,
        }
        return chain.Block(**facts | other)

    def test_its_hash_covers_everything_in_it(self):
        block = self.make()
        facts = {name: getattr(block, name) for name in chain.Block.__dataclass_fields__}
        others = {
            "bank_id": uuid4(), "no": 3, "first": 4, "last": 8, "root": b"s" * 32, "previous": b"q" * 32,
            "sealed_at": AT + timedelta(microseconds=1), "digest": b"d" * 32,
        }  # fmt: skip

        hashes = {chain.Block(**facts | {name: other}).hash for name, other in others.items()}

        assert set(others) == set(facts)
        assert len(hashes | {block.hash}) == 9

    def test_its_hash_is_that_of_the_book(self):
        block = self.make()
        said = [block.bank_id.hex, "2", "5", "9", (b"r" * 32).hex(), (b"p" * 32).hex(), chain.moment(AT)]
        packed_by_hand = "".join(f"{len(one)}:{one}," for one in said)

        assert block.hash == hash_by_the_book(4, packed_by_hand.encode())
        assert block.head == chain.Head(no=2, hash=block.hash)

    def test_with_a_digest_it_has_the_second_version(self):
        block = self.make(digest=b"d" * 32)
        said = [
            block.bank_id.hex,
            "2",
            "5",
            "9",
            (b"r" * 32).hex(),
            (b"p" * 32).hex(),
            chain.moment(AT),
            (b"d" * 32).hex(),
        ]
        packed_by_hand = "".join(f"{len(one)}:{one}," for one in said)

        assert block.hash == hashlib.sha256(bytes([4, 2]) + packed_by_hand.encode()).digest()

    def test_its_check_code_can_be_written_down_and_read_again(self):
        head = self.make().head

        assert chain.read_head(f" {head}\n") == head

    @pytest.mark.parametrize(
        "text",
        [
            "", "7", "-" + "a" * 64, "x-" + "a" * 64, "7-" + "a" * 63, "7-" + "a" * 65, "7-" + "z" * 64,
            "7-" + "ab " * 20 + "abcd", "٣-" + "a" * 64,
        ],
    )  # fmt: skip
    def test_what_is_no_check_code_is_refused(self, text):
        with pytest.raises(ValueError, match=r"^a check code is a number, a hyphen, and 64 letters and digits$"):
            chain.read_head(text)

    @given(at=st.datetimes(timezones=st.just(UTC)))
    def test_a_moment_is_read_as_it_was_written(self, at):
        assume(at.year >= 1000)  # earlier ones are written with fewer digits

        assert chain.read_moment(chain.moment(at)) == at

    @pytest.mark.parametrize(
        "text", ["", "2026-03- 2 12:00:00.000000", "2026-03-02 12:00:00.1", "2026-13-02 12:00:00.000000"]
    )
    def test_a_moment_written_in_another_way_is_refused(self, text):
        with pytest.raises(ValueError, match=r"."):
            chain.read_moment(text)

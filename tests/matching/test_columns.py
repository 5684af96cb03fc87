"""People packed for many pairs at once: nothing is lost, nothing grows that need not, and no number is rounded."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import Scheme, columns, facing, wishes
from matching.columns import EXACT_FLOAT32, Columns
from matching.errors import AnswerRefused
from matching.looking import matrices
from matching.packed import lists_of, picked, starts_of
from matching.people import MODES, TIMES
from tests.matching.pools import ON, SCHEMES, seeded_pool, someone
from tests.matching.test_looking import ALL_SCHEMES, EVERYTHING, FORMS, bit, differences

PLAIN = Scheme(name="t", title="T", weights={"goals": 1})


def packed(people, scheme=PLAIN):
    return Columns.of(people, scheme, on=ON)


def mask(one, other, scheme=PLAIN):
    masks, _ = matrices(packed([someone("a", **one), someone("b", **other)], scheme), np.array([0]), np.array([1]))
    return int(masks[0, 0])


class TestExactFloats:
    """What the head of columns.py argues: rounding down a 32-bit quotient gives the whole part, below 2^24."""

    def test_every_rounded_mean_of_up_to_a_hundred_weights(self):
        for weights in range(1, 101):
            totals = np.arange(1000 * weights + 1)
            assert_exact(2 * totals + weights, np.full_like(totals, 2 * weights))

    def test_just_below_and_at_every_whole_number_up_to_the_largest(self):
        # Where a quotient could be rounded up across a whole number: one less than a multiple of the divisor.
        for divisor in (*range(1, 3000), *range(3000, 2**15, 97), 2**20, EXACT_FLOAT32 - 1):
            multiples = np.arange(divisor, EXACT_FLOAT32 + 1, max(divisor, EXACT_FLOAT32 // 3000 // divisor * divisor))
            assert_exact(multiples[:-1], np.full_like(multiples[:-1], divisor))
            assert_exact(multiples - 1, np.full_like(multiples, divisor))

    def test_above_it_the_argument_ends(self):
        numerator, divisor = np.float32(EXACT_FLOAT32 + 1), np.float32(1)

        assert int(np.floor(numerator / divisor)) != EXACT_FLOAT32 + 1

    @given(st.integers(0, EXACT_FLOAT32 - 1), st.integers(1, 2 * EXACT_FLOAT32 - 1))
    def test_any_numbers(self, numerator, divisor):
        # A divisor above 2^24 is twice a number of weights, so it is even and still a float.
        assert_exact(np.array([numerator]), np.array([divisor if divisor < EXACT_FLOAT32 else divisor // 2 * 2]))

    def test_all_schemes_of_ours_are_done_in_them(self):
        for scheme in ALL_SCHEMES.values():
            assert packed(seeded_pool(1, 20), scheme).number is np.float32

    @pytest.mark.parametrize("form", FORMS)
    def test_64_bits_are_taken_where_a_number_could_grow_beyond(self, form):
        kinds = [f"kind{n}" for n in range(400)]
        minds = {"importance": dict.fromkeys([*kinds, "goals"], 5)}
        one = someone("a", identities=[f"{kind}:x" for kind in kinds], goals=("rest", "walk"), **minds)
        other = someone("b", identities=[f"{kind}:{n % 7}" for n, kind in enumerate(kinds)], goals=("walk",))
        third = replace(other, id="c", identities=[*other.identities[:200], "kind399:x"], importance={"kind7": 3})
        heavy = replace(EVERYTHING, identity_weights=dict.fromkeys(kinds, 5))

        assert packed([one, other, third], heavy).number is np.float64
        assert differences([one, other, third], heavy, form) == [0, 0]
        assert packed([one, other, third], EVERYTHING).number is np.float32
        assert differences([one, other, third], EVERYTHING, form) == [0, 0]

    @pytest.mark.parametrize("form", FORMS)
    def test_so_they_are_for_very_many_kinds_or_words(self, form):
        many = someone("a", identities=[f"kind{n}:x" for n in range(1700)], born=1990)
        wordy = someone("b", goals=[f"goal {n}" for n in range(5000)], identities=("kind1:x", "kind2:z"), born=1995)
        also = replace(wordy, id="c", goals=(*wordy.goals[1:], "walk"))

        assert packed([many], EVERYTHING).number is packed([wordy], EVERYTHING).number is np.float64
        assert differences([many, replace(many, id="d"), wordy, also], EVERYTHING, form) == [0, 0]


def assert_exact(numerator, divisor):
    quotient = np.floor(numerator.astype(np.float32) / divisor.astype(np.float32))
    assert np.array_equal(quotient.astype(np.int64), numerator // divisor)


class TestWords:
    def test_a_word_that_one_person_said_takes_no_bit_but_counts(self):
        said = packed([someone("a", goals=("rest", "walk", "fly")), someone("b", goals=("Walk",))]).relations[0].ours

        assert said.size.tolist() == [3, 1]
        assert said.bits.tolist() == [[1, 1]]
        assert (said.rare.item.tolist(), said.rare_words) == ([], 0)

    def test_the_commonest_have_bits_and_the_rest_are_listed(self, monkeypatch):
        monkeypatch.setattr(columns, "BITS_MOST", 2)
        goals = (("all", "two", "few"), ("all", "two", "few"), ("all", "two"), ("all", "one"))
        said = packed([someone(str(n), goals=words) for n, words in enumerate(goals)]).relations[0].ours

        assert said.bits.tolist() == [[0b11, 0b11, 0b11, 0b01]]
        assert (said.rare.start.tolist(), said.rare.item.tolist(), said.rare_words) == ([0, 1, 2, 2, 2], [0, 0], 1)

    def test_a_closed_list_has_its_own_bits(self):
        scheme = replace(PLAIN, weights={"modes": 1, "times": 1})
        times, modes = packed([someone("a", modes=MODES[2:], times=TIMES[-1:])], scheme).relations

        assert (modes.ours.bits.tolist(), times.ours.bits.tolist()) == ([[0b1100]], [[1 << 20]])

    def test_the_room_a_person_takes_does_not_grow_with_what_others_write(self):
        people = [someone(str(n), goals=(f"goal {n}", f"goal {n + 1}", "walk")) for n in range(2000)]
        own = packed(people).ones.own

        assert len(own.bits) == 2000 * columns.BITS_MOST // 32
        assert len(own.rare) < 2 * 2000

    def test_only_what_counts_is_packed(self):
        people = seeded_pool(2, 30)

        assert [len(packed(people, replace(PLAIN, weights=weights)).relations) for weights in ({}, {"goals": 1})] == [
            0,
            1,
        ]
        kinds = {kind for person in people for kind in person.answers.kinds}
        heavy = replace(PLAIN, weights={"identities": 2}, identity_weights={"faith": 0, "gender": 1, "nobody's": 3})
        assert len(packed(people, heavy).relations) == len(kinds - {"faith"})

    def test_a_kind_of_identity_that_few_have_is_kept_for_them_only(self):
        people = [someone(str(n), identities=("faith:x", *(("craft:y",) if n < 3 else ()))) for n in range(40)]
        all_of_them = packed(people, replace(PLAIN, weights={"identities": 2})).facing(np.arange(40)).theirs
        start, end, dense = all_of_them.plan[:3]

        assert (dense.tolist(), (end - start).tolist()) == ([0, 1], [3, 40])
        assert all_of_them.place[:3].tolist() == [0, 1, 2]

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("name", ["everything", "everything among equals", "a shared basis"])
    def test_bits_and_lists_say_the_same(self, monkeypatch, name, form):
        monkeypatch.setattr(columns, "BITS_MOST", 1)
        monkeypatch.setattr(wishes, "MUST_BITS_MOST", 0)
        monkeypatch.setattr(facing, "SPARSE_FROM", 0)

        assert differences(seeded_pool(6, 40), ALL_SCHEMES[name], form) == [0, 0]


class TestMusts:
    def test_musts_that_the_same_people_fail_are_one(self):
        people = [
            someone("a", musts=("same faith",), identities=("faith:Sikh",), share=("faith",)),
            someone("b", musts=("faith: SIKH", "language:Welsh"), identities=("faith:Jain",), share=("faith",)),
            someone("c", musts=("same faith", "mode:letter"), share=("modes",)),
        ]
        columns_of = packed(people)
        bits, musts, words = columns_of.ones.bits, columns_of.ones.musts, columns_of.settings.must_words

        # Nobody shows Welsh or letters, and who has no faith of their own can meet nobody by it: those are one too.
        assert (musts.start.tolist(), musts.item.tolist(), words) == ([0, 1, 3, 4], [0, 0, 1, 1], 1)
        assert bits[1].tolist() == [0b10, 0b11, 0b11]
        assert bits[2].tolist() == [0b01, 0b11, 0b10]

    @pytest.mark.parametrize(
        ("must", "own", "theirs", "unmet"),
        [
            ("older", {"born": 1980}, {"born": 1979}, False),
            ("older", {"born": 1980}, {"born": 1980}, True),
            ("younger", {"born": 1980}, {"born": 1981}, False),
            ("younger", {"born": 1980}, {"born": 1980}, True),
            ("older", {"born": 1980}, {"born": 1979, "share": ("goals",)}, True),
            ("younger", {"born": 1980}, {}, True),
            ("older", {}, {"born": 1979}, True),
            ("different gender", {"identities": ("gender:x",)}, {"identities": ("gender:y",)}, True),
            (
                "different gender",
                {"identities": ("gender:x",)},
                {"identities": ("gender:y",), "share": ("gender",)},
                False,
            ),
            ("different gender", {}, {"identities": ("gender:y",), "share": ("gender",)}, True),
        ],
    )
    def test_both_peoples_are_asked(self, must, own, theirs, unmet):
        expected = bit("must") if unmet else 0

        assert mask({**own, "musts": (must,)}, theirs) == mask(theirs, {**own, "musts": (must,)}) == expected

    def test_both_ends_of_a_span_of_years(self):
        both = {"musts": ("older", "younger"), "born": 1980}

        assert mask(both, {"born": 1975}) == mask(both, {"born": 1985}) == bit("must")


class TestPeople:
    def test_any_people_and_scheme_have_the_same_kinds_of_numbers_so_that_loops_are_compiled_once(self):
        found = set()
        for size in (0, 1, 2, 25):
            for scheme in ALL_SCHEMES.values():
                columns_of = packed(seeded_pool(3, size), scheme)
                read = (columns_of.ones, columns_of.facing(np.arange(size)), columns_of.settings)
                found.add(tuple(kinds_of(read)))

        assert len(found) == 1

    def test_two_people_with_one_id_are_refused(self):
        with pytest.raises(AnswerRefused, match="the same id"):
            packed([someone("a"), someone("b"), someone("a")])

    def test_nobody_at_all_can_be_packed(self):
        for scheme in ALL_SCHEMES.values():
            others = packed([], scheme).facing(np.array([], dtype=np.int64))
            assert others.numbers.shape[1] == others.theirs.said.shape[1] == len(others.seat) == 0

    def test_whoever_said_so_both_are_kept_apart_or_standing(self):
        people = [
            someone("a", not_with=("b", "a", "gone")),
            someone("b", kept_with=("c",)),
            someone("c", ended_with=("a",)),
        ]
        ones = packed(people).ones

        assert (ones.apart.start.tolist(), ones.apart.item.tolist()) == ([0, 2, 3, 4], [1, 2, 0, 0])
        assert (ones.kept.start.tolist(), ones.kept.item.tolist()) == ([0, 0, 1, 2], [2, 1])

    def test_waiting_is_counted_to_the_day_of_the_round(self):
        waiting = packed([someone("a", waiting_since=ON.replace(year=2025)), someone("b")], SCHEMES["one-way"]).waiting

        assert waiting.tolist() == [200, 0]

    def test_stages_are_counted_however_large_they_are(self):
        scheme = replace(PLAIN, shape="one-way", hard=replace(PLAIN.hard, stage="ahead"))
        large = 10**30

        assert mask({"stage": large}, {"stage": large}, scheme) == bit("stage")
        assert mask({"stage": large}, {"stage": large + 1}, scheme) == 0
        assert mask({"stage": large}, {}, scheme) == mask({}, {"stage": 0}, scheme) == 0


def kinds_of(read):
    """The type of everything in tuples of tuples; of an array also whether its rows stand one after another."""
    if isinstance(read, tuple):
        return [kind for part in read for kind in kinds_of(part)]
    if isinstance(read, np.ndarray):
        assert read.flags.c_contiguous
        return [(read.dtype, read.ndim, read.flags.writeable)]
    return [type(read)]


class TestLists:
    @given(st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=6), st.data())
    def test_lists_are_picked_in_any_order(self, rows, data):
        order = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8)) if rows else []
        lists = picked(lists_of(rows), np.array(order, dtype=np.int64))

        assert [lists.item[low:high].tolist() for low, high in zip(lists.start, lists.start[1:], strict=False)] == [
            rows[n] for n in order
        ]

    def test_where_each_begins_and_all_end(self):
        assert starts_of([2, 0, 3]).tolist() == [0, 2, 2, 5]
        assert starts_of([]).tolist() == [0]

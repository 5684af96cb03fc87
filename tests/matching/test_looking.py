"""Many pairs at once: the same rules, fit and choices as two by two, whatever the form, the blocks and the threads.

One file, as all of it is held against the same few functions that look at two people.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import Scheme, looking, rules, scoring
from matching.columns import Columns
from matching.looking import ARRAYS, LOOPS, above, best_of_each, everybody, matrices, points, would_open
from matching.packed import TILE, Around
from tests.matching.pools import ON, SCHEMES, pools, seeded_pool, someone

FORMS = {"loops": LOOPS, "arrays": ARRAYS}
PRESETS = {name: Scheme.named(name) for name in Scheme.names()}
EVERYTHING = Scheme.from_text("""
    name = "t"
    title = "Every rule and every criterion"
    shape = "one-way"
    [eligibility]
    any_of = ["identities", "areas", "age"]
    [hard]
    languages = true
    modes = true
    ways = ["letter", "phone", "online"]
    areas = true
    times = true
    stage = "ahead"
    [weights]
    age = 3
    looking_for = 2
    goals = 4
    experiences = 3
    identities = 5
    languages = 1
    modes = 2
    areas = 1
    times = 2
    interests = 2
    skills = 5
    novelty = 1
    [identity_weights]
    gender = 2
    heritage = 0
    [round]
    minimum_fit = 300
    kept_pairs = "bar"
    waiting_points_a_day = 3
    waiting_points_most = 90
    stay_points = 40
""")
EQUALS_EVERYTHING = replace(EVERYTHING, shape="symmetric", hard=replace(EVERYTHING.hard, stage="any"))
NO_AGE = replace(SCHEMES["a shared basis"], eligibility=replace(EVERYTHING.eligibility, any_of=("identities", "Goals")))
EVERY = {"everything": EVERYTHING, "everything among equals": EQUALS_EVERYTHING, "a basis without age": NO_AGE}
ALL_SCHEMES = {**SCHEMES, **PRESETS, **EVERY}
ONE_WAY, EQUALS = SCHEMES["one-way"], SCHEMES["symmetric"]


def one_by_one(people, scheme):
    """Masks and fits as the functions that look at two people give them; oneself is told apart and has no fit."""
    masks = np.zeros((len(people), len(people)), dtype=np.uint16)
    fits = np.zeros((len(people), len(people)), dtype=np.int16)
    for i, one in enumerate(people):
        for j, other in enumerate(people):
            if i == j:
                masks[i, j] = bit("self")
                continue
            told = {rule(one.answers, other.answers, scheme) for rule in rules.RULES} - {None}
            fits[i, j] = scoring.fit(one.answers, other.answers, scheme)
            if fits[i, j] < scheme.round.minimum_fit:
                told.add("fit")
            masks[i, j] = sum(map(bit, told))
    return masks, fits


def bit(kind):
    return 1 << rules.KINDS.index(kind)


def together(people, scheme, form, **more):
    everyone = np.arange(len(people))
    return matrices(Columns.of(people, scheme, on=ON), everyone, everyone, form=FORMS[form], **more)


def differences(people, scheme, form):
    return [
        int((ours != theirs).sum())
        for ours, theirs in zip(one_by_one(people, scheme), together(people, scheme, form), strict=True)
    ]


def sides(scheme, people):
    """Who stands where: everybody among equals, else two of three on the one side and two of three on the other."""
    if scheme.shape != "one-way":
        return np.arange(people), np.arange(people)
    return (np.array([n for n in range(people) if n % 3 != left], dtype=np.int64) for left in (2, 0))


def possible(people, scheme, extra=None):
    """Points of every pair that may be, by position, in the order of positions."""
    masks, fits = one_by_one(people, scheme)
    equal = scheme.shape != "one-way"
    ones, others = sides(scheme, len(people))
    found = {}
    for i in map(int, ones):
        for j in map(int, others):
            if masks[i, j] or (equal and i > j):
                continue
            total = int(fits[i, j]) + scoring.stay_points(people[i].answers, people[j].answers, scheme)
            for who in (i, j) if equal else (i,):
                total += scoring.waiting_points(people[who], scheme, on=ON)
            found[i, j] = total + (0 if extra is None else int(extra[i] + extra[j]))
    return found


def best_by_hand(worth, k, scheme):
    """Each person's best, of the same worth those who stand first; together."""
    lists = {}
    for (i, j), value in worth.items():
        for end, key in (("one", i), ("other", j)):
            lists.setdefault((end if scheme.shape == "one-way" else "", key), []).append((-value, i + j - key, (i, j)))
    return sorted({pair for ranked in lists.values() for _, _, pair in sorted(ranked)[:k]})


def pairs_of(arcs):
    assert arcs.one.dtype == arcs.other.dtype == np.int32
    assert arcs.fit.dtype == np.int16
    assert len(arcs) == len(arcs.other) == len(arcs.fit)
    return list(zip(arcs.one.tolist(), arcs.other.tolist(), strict=True))


class TestTheSame:
    def test_as_two_by_two_in_every_scheme_and_form(self):
        pairs = 0
        for seed in range(4):
            people = seeded_pool(seed, 24)
            for scheme in ALL_SCHEMES.values():
                expected = one_by_one(people, scheme)
                for form in FORMS:
                    for ours, theirs in zip(together(people, scheme, form), expected, strict=True):
                        assert np.array_equal(ours, theirs)
                pairs += len(people) ** 2
        print(f"\n{pairs} pairs in {len(ALL_SCHEMES)} schemes, both forms: 0 differences")  # noqa: T201 - a promise with a count prints it

    @given(pools(), st.sampled_from(sorted(ALL_SCHEMES)), st.sampled_from(sorted(FORMS)))
    def test_as_two_by_two_in_any_pool(self, people, name, form):
        assert differences(people, ALL_SCHEMES[name], form) == [0, 0]

    @pytest.mark.parametrize("form", FORMS)
    def test_the_first_bit_is_what_parts_two_people_first(self, form):
        people = seeded_pool(5, 20)
        masks, fits = together(people, EVERYTHING, form)

        for i, one in enumerate(people):
            for j, other in enumerate(people):
                first = rules.barred_by(one.answers, other.answers, EVERYTHING)
                too_little = first is None and fits[i, j] < EVERYTHING.round.minimum_fit
                expected = "fit" if too_little else first
                assert next((kind for kind in rules.KINDS if masks[i, j] & bit(kind)), None) == expected

    @pytest.mark.parametrize("form", FORMS)
    def test_among_more_people_than_are_looked_at_in_one_go(self, form):
        few = seeded_pool(7, 12)
        crowd = [replace(few[n % 12], id=f"q{n:05}") for n in range(2 * TILE + 5)]
        packed = Columns.of(crowd, EQUALS_EVERYTHING, on=ON)
        rows = np.array([0, 3, TILE, 2 * TILE + 4])
        masks, fits = matrices(packed, rows, np.arange(len(crowd)), form=FORMS[form])
        expected = {}

        for at, i in enumerate(rows):
            for j in range(len(crowd)):
                same = (i % 12, j % 12, i == j)
                if same not in expected:
                    two = [crowd[i], crowd[j]] if i != j else [crowd[i]]
                    expected[same] = tuple(table[0, -1] for table in one_by_one(two, EQUALS_EVERYTHING))
                assert (masks[at, j], fits[at, j]) == expected[same]


class TestEverybody:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("name", ALL_SCHEMES)
    def test_all_who_may_be_introduced_each_pair_once_with_its_fit_and_points(self, monkeypatch, name, form):
        monkeypatch.setattr(looking, "PAIRS_AT_ONCE", 40)
        people, scheme = seeded_pool(8, 25), ALL_SCHEMES[name]
        packed = Columns.of(people, scheme, on=ON)
        extra = np.arange(25) * 7 - 60
        arcs = everybody(packed, *sides(scheme, 25), threads=2, form=FORMS[form])
        worth = possible(people, scheme, extra)

        assert pairs_of(arcs) == sorted(worth)
        assert points(packed, arcs, extra=extra).tolist() == [worth[pair] for pair in pairs_of(arcs)]
        assert points(packed, arcs).tolist() == list(possible(people, scheme).values())
        assert arcs.fit.tolist() == [
            scoring.fit(people[i].answers, people[j].answers, scheme) for i, j in pairs_of(arcs)
        ]

    @pytest.mark.parametrize("form", FORMS)
    def test_nobody_is_nobodys_partner(self, form):
        packed = Columns.of(seeded_pool(1, 5), ONE_WAY, on=ON)
        nobody, all_five = np.array([], dtype=np.int64), np.arange(5)

        for ones, others in ((nobody, all_five), (all_five, nobody), (nobody, nobody)):
            assert len(everybody(packed, ones, others, form=FORMS[form])) == 0
            assert len(best_of_each(packed, ones, others, 3, form=FORMS[form])) == 0
        alone = Columns.of([], EQUALS, on=ON)
        assert len(everybody(alone, nobody, nobody, form=FORMS[form])) == 0

    def test_who_looks_at_whom_is_said_by_positions_in_order(self):
        packed = Columns.of(seeded_pool(1, 5), ONE_WAY, on=ON)

        for wrong in ([1, 0], [2, 2], [-1, 2], [3, 5], [[1]]):
            with pytest.raises(ValueError, match="ascending, each once"):
                everybody(packed, np.arange(5), np.array(wrong))
        with pytest.raises(ValueError, match="the same people"):
            everybody(Columns.of(seeded_pool(1, 5), EQUALS, on=ON), np.arange(5), np.arange(4))


class TestBestOfEach:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("k", [1, 2, 5, 100])
    @pytest.mark.parametrize("name", ["one-way", "symmetric", "fanon", "penfriend", "best pairs first", "everything"])
    def test_each_ones_best_and_each_others_best(self, monkeypatch, name, k, form):
        monkeypatch.setattr(looking, "PAIRS_AT_ONCE", 70)
        people, scheme = seeded_pool(9, 30), ALL_SCHEMES[name]
        packed = Columns.of(people, scheme, on=ON)
        extra = np.random.default_rng(3).integers(-100, 100, 30)
        for more in (None, extra):
            arcs = best_of_each(packed, *sides(scheme, 30), k, extra=more, form=FORMS[form])

            assert pairs_of(arcs) == best_by_hand(possible(people, scheme, more), k, scheme)
            assert arcs.fit.tolist() == [
                scoring.fit(people[i].answers, people[j].answers, scheme) for i, j in pairs_of(arcs)
            ]

    @given(
        pools(),
        st.integers(1, 4),
        st.sampled_from(["a shared basis", "open", "one-way"]),
        st.sampled_from(sorted(FORMS)),
    )
    def test_of_equal_points_whoever_stands_first(self, people, k, name, form):
        scheme = ALL_SCHEMES[name]
        arcs = best_of_each(Columns.of(people, scheme, on=ON), *sides(scheme, len(people)), k, form=FORMS[form])

        assert pairs_of(arcs) == best_by_hand(possible(people, scheme), k, scheme)

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("name", ["open", "one-way"])
    def test_with_a_salt_equally_good_partners_are_not_the_same_for_everybody(self, name, form):
        crowd = [someone(f"p{n:03}", side="both") for n in range(200)]
        everyone = np.arange(200)
        packed = Columns.of(crowd, ALL_SCHEMES[name], on=ON)
        salt = np.random.default_rng(1).integers(0, 2**32, 200).astype(np.uint32)

        first = best_of_each(packed, everyone, everyone, 5, form=FORMS[form])
        mixed = best_of_each(packed, everyone, everyone, 5, salt=salt, form=FORMS[form])

        partners = np.bincount(np.concatenate([mixed.one, mixed.other]), minlength=200)
        assert np.bincount(np.concatenate([first.one, first.other])).max() > 190
        assert partners.min() >= 5
        assert partners.max() < 60

    @pytest.mark.parametrize("name", ["one-way", "symmetric"])
    def test_any_blocks_threads_and_forms_give_the_same(self, monkeypatch, name):
        people, scheme = seeded_pool(10, 60), ALL_SCHEMES[name]
        packed = Columns.of(people, scheme, on=ON)
        salt = np.random.default_rng(1).integers(0, 2**32, 60).astype(np.uint32)
        found = set()
        for size in (1, 100, 500, 10_000):
            monkeypatch.setattr(looking, "PAIRS_AT_ONCE", size)
            for threads in (1, 2, 5):
                for form in FORMS.values():
                    arcs = best_of_each(packed, *sides(scheme, 60), 3, salt=salt, threads=threads, form=form)
                    found.add((tuple(pairs_of(arcs)), tuple(arcs.fit)))
        assert len(found) == 1

    def test_at_least_the_best_one_is_asked_for(self):
        packed = Columns.of(seeded_pool(1, 5), EQUALS, on=ON)

        with pytest.raises(ValueError, match="at least the best one"):
            best_of_each(packed, np.arange(5), np.arange(5), 0)


class TestAbove:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("name", ["one-way", "symmetric", "everything"])
    @pytest.mark.parametrize(("scale", "slack"), [(1, 0), (1, 5000), (2**40, 2**42 - 1)])
    def test_the_pairs_that_prices_do_not_pay_for(self, monkeypatch, name, form, scale, slack):
        monkeypatch.setattr(looking, "PAIRS_AT_ONCE", 70)
        people, scheme = seeded_pool(11, 30), ALL_SCHEMES[name]
        packed = Columns.of(people, scheme, on=ON)
        ones, others = sides(scheme, 30)
        extra = np.random.default_rng(4).integers(-50, 50, 30)
        price = np.random.default_rng(5).integers(100, 700, 30) * scale + slack // 2
        worth = {pair: value * scale + slack for pair, value in possible(people, scheme, extra).items()}
        unpaid = {(i, j): value - int(price[i] + price[j]) for (i, j), value in worth.items()}
        unpaid = {pair: value for pair, value in unpaid.items() if value > 0}
        ask = {"price_one": price[ones], "price_other": price[others], "scale": scale, "slack": slack}

        assert 0 < len(unpaid) < len(worth)
        for most in (1, 3, 100):
            arcs = above(packed, ones, others, **ask, extra=extra, most=most, form=FORMS[form])
            assert pairs_of(arcs) == best_by_hand(unpaid, most, scheme)

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("line", [[], [4], [7, 3, 9, 1, 12, 20, 15, 29], list(range(30))])
    def test_two_people_of_a_group_pay_for_it_too(self, monkeypatch, form, line):
        monkeypatch.setattr(looking, "PAIRS_AT_ONCE", 70)
        people, scheme, rng = seeded_pool(11, 30), EQUALS, np.random.default_rng(len(line))
        depth = rng.integers(0, 4, max(len(line) - 1, 0)) * 150
        place = np.full(30, -1, dtype=np.int64)
        place[line] = np.arange(len(line))
        price = rng.integers(100, 400, 30)

        def cost(i, j):
            low, high = sorted((place[i], place[j]))
            return int(depth[low:high].min()) if low >= 0 else 0

        unpaid = {(i, j): v - int(price[i] + price[j]) - cost(i, j) for (i, j), v in possible(people, scheme).items()}
        unpaid = {pair: value for pair, value in unpaid.items() if value > 0}
        arcs = above(
            Columns.of(people, scheme, on=ON),
            *sides(scheme, 30),
            price_one=price,
            price_other=price,
            most=100,
            around=Around(np.array(line, dtype=np.int64), place, depth),
            form=FORMS[form],
        )

        assert pairs_of(arcs) == sorted(unpaid)
        assert len(unpaid) > 3

    @pytest.mark.parametrize("form", FORMS)
    def test_a_pair_that_is_paid_for_to_the_point_is_not_among_them(self, form):
        packed = Columns.of([someone("a", goals=("x",)), someone("b", goals=("x",))], ONE_WAY, on=ON)
        one, other = np.array([0]), np.array([1])

        def found(ours, theirs, **more):
            return len(above(packed, one, other, price_one=[ours], price_other=[theirs], form=FORMS[form], **more))

        assert (found(600, 399), found(600, 400), found(600, 400, slack=1)) == (1, 0, 1)
        assert (found(1000 * 2**47 - 1, 0, scale=2**47), found(0, 1000 * 2**47, scale=2**47)) == (1, 0)

    def test_what_could_outgrow_64_bits_is_refused(self):
        packed = Columns.of(seeded_pool(1, 4), ONE_WAY, on=ON)
        one, other = np.arange(2), np.arange(2, 4)
        prices = {"price_one": np.zeros(2, dtype=np.int64), "price_other": np.zeros(2, dtype=np.int64)}
        refused = (
            {"scale": 2**50},
            {"scale": 0},
            {"slack": 2**58},
            {"slack": -(2**58)},
            {"price_one": [0, 2**58]},
            {"price_other": [-(2**70), 0]},
            {"price_one": [0]},
            {"price_one": [0.5, 1]},
            {"extra": np.full(4, np.iinfo(np.int64).min)},
            {"extra": np.zeros(3, dtype=np.int64)},
        )

        for wrong in refused:
            with pytest.raises(ValueError, match=r"64 bits|whole number"):
                above(packed, one, other, **{**prices, **wrong})


class TestForStaff:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("name", ["everything", "everything among equals"])
    def test_what_parts_one_person_from_all_others_on_either_side(self, name, form):
        people, scheme = seeded_pool(12, 30), ALL_SCHEMES[name]
        packed, (masks, _) = Columns.of(people, scheme, on=ON), one_by_one(people, scheme)
        alone, others = np.array([7]), np.arange(3, 30, 2)

        assert np.array_equal(matrices(packed, alone, others, form=FORMS[form])[0], masks[np.ix_(alone, others)])
        assert np.array_equal(matrices(packed, others, alone, form=FORMS[form])[0], masks[np.ix_(others, alone)])

    def test_how_many_would_open_if_one_rule_alone_were_set_aside(self):
        masks = np.array([0, bit("times"), bit("times"), bit("times") | bit("must"), bit("fit")], dtype=np.uint16)

        assert would_open(masks) == {"times": 2, "fit": 1}


class TestInThreads:
    def test_progress_is_told_to_the_end(self, monkeypatch):
        monkeypatch.setattr(looking, "PAIRS_AT_ONCE", 100)
        packed, told = Columns.of(seeded_pool(13, 40), EQUALS, on=ON), []
        everybody(packed, np.arange(40), np.arange(40), threads=3, progress=lambda done, of: told.append((done, of)))

        assert told == [(done, 40) for done in range(2, 41, 2)]

    @pytest.mark.parametrize("look", [everybody, lambda *args, **more: best_of_each(*args, 2, **more)])
    def test_whoever_is_told_can_stop_it(self, monkeypatch, look):
        monkeypatch.setattr(looking, "PAIRS_AT_ONCE", 100)
        packed, told = Columns.of(seeded_pool(13, 40), EQUALS, on=ON), []

        def enough(done, of):
            told.append(done)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            look(packed, np.arange(40), np.arange(40), threads=2, progress=enough)
        assert told == [2]

    def test_what_goes_wrong_in_one_thread_ends_all_and_is_told(self, monkeypatch):
        monkeypatch.setattr(looking, "PAIRS_AT_ONCE", 100)
        packed, looked = Columns.of(seeded_pool(13, 400), EQUALS, on=ON), []

        def fail(columns, rows, *rest):
            looked.append(rows[0])
            if rows[0] == 3:
                raise MemoryError
            LOOPS.look(columns, rows, *rest)

        with pytest.raises(MemoryError):
            everybody(packed, np.arange(400), np.arange(400), threads=2, form=LOOPS._replace(look=fail))
        assert len(looked) < 390

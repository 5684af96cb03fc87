"""Who now: one person is proposed to whom a whole round would propose them to, with everybody else's pairs fixed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import run_round
from matching.checks import broken_rules
from matching.errors import AnswerRefused
from matching.who_now import who_now
from tests.matching.pools import ON, SCHEMES, pools, seeded_pool, someone

ONE_WAY, EQUALS = SCHEMES["one-way"], SCHEMES["symmetric"]
SEVERAL = replace(EQUALS, round=replace(EQUALS.round, places_most=3))
ALL = {**SCHEMES, "several": SEVERAL}


def with_all_others_kept_apart(people, newcomer, fixed, scheme):
    """The same people in whom a whole round can make no other pair than one of the newcomer's."""
    everybody = [person.id for person in people]
    changed = []
    for person in people:
        guided = sum(person.id == other for _, other in fixed)
        supported = any(person.id == one for one, _ in fixed)
        taken = guided if scheme.shape == "one-way" else guided + sum(person.id == one for one, _ in fixed)
        most = scheme.round.places_most
        places = person.capacity if most is None else min(person.capacity, most)
        if scheme.shape == "one-way":
            # Whoever is supported looks for nobody more, and whoever guides enough guides nobody more.
            sides = {"both": {"seek", "offer"}, "": set()}.get(person.side, {person.side})
            sides -= {"seek"} if supported else set()
            sides -= {"offer"} if places - taken < 1 else set()
            side = "both" if len(sides) == 2 else next(iter(sides), "")
            left = max(places - taken, 1) if person.capacity else 0
        else:
            side, left = person.side, max(places - taken, 0)
        apart = () if person.id == newcomer else tuple(name for name in everybody if name != newcomer)
        changed.append(replace(person, side=side, capacity=left, ended_with=(*person.ended_with, *apart)))
    return changed


def ids(pairs):
    return sorted((made.left, made.right) for made in pairs)


class TestAsAWholeRound:
    @given(pools(most=14), st.sampled_from(sorted(ALL)), st.integers(0, 13), st.integers(0, 3))
    def test_with_everybody_else_fixed(self, people, name, number, seed):
        if not people:
            return
        scheme, new = ALL[name], people[number % len(people)].id
        others = [person for person in people if person.id != new]
        fixed = ids(run_round(others, scheme, on=ON).pairs)

        found = who_now(people, scheme, new, on=ON, seed=seed, fixed=fixed)
        whole = run_round(with_all_others_kept_apart(people, new, fixed, scheme), scheme, on=ON, seed=seed)

        assert ids(found.pairs) == ids(whole.pairs)

    def test_somebody_with_the_most_in_common_who_has_a_place(self):
        people = [
            someone("new", side="seek", goals=("walk", "talk")),
            someone("first", side="seek", goals=("walk", "talk")),
            someone("best", side="offer", goals=("walk", "talk")),
            someone("next", side="offer", goals=("walk",)),
            someone("last", side="offer", goals=("rest",)),
        ]

        assert ids(who_now(people, ONE_WAY, "new", on=ON).pairs) == [("new", "best")]
        assert ids(who_now(people, ONE_WAY, "new", on=ON, fixed=[("first", "best")]).pairs) == [("new", "next")]

    def test_a_newcomer_who_guides_is_proposed_to_as_many_as_they_have_places_for(self):
        people = [someone(f"s{number}", side="seek") for number in range(5)] + [
            someone("new", side="offer", capacity=3),
            someone("old", side="offer"),
        ]

        found = who_now(people, ONE_WAY, "new", on=ON, fixed=[("s0", "old")])

        assert len(found.pairs) == 3
        assert "s0" not in {made.left for made in found.pairs}

    def test_it_breaks_no_rule_in_a_large_pool(self):
        people = seeded_pool(5, 200)
        rows = {person.id: person for person in people}
        proposed = 0
        for scheme in ALL.values():
            for person in people[:40]:
                for made in who_now(people, scheme, person.id, on=ON).pairs:
                    assert person.id in {made.left, made.right}
                    assert list(broken_rules(rows[made.left], rows[made.right], scheme, on=ON)) == []
                    proposed += 1
        assert proposed > 50


class TestNobody:
    def test_they_are_told_why_as_in_a_round(self):
        people = [
            someone("new", side="seek", languages=("Somali",)),
            someone("bo", side="offer", languages=("Polish",)),
        ]

        assert who_now(people, ONE_WAY, "new", on=ON).unmatched.rules == ("languages",)
        assert who_now(people[:1], ONE_WAY, "new", on=ON).unmatched.code == "nobody-yet"
        assert who_now([replace(people[0], capacity=0)], ONE_WAY, "new", on=ON).unmatched.code == "no-room"
        assert who_now([replace(people[0], side="")], ONE_WAY, "new", on=ON).unmatched.code == "no-side"

    def test_where_every_place_is_taken_others_came_first(self):
        people = [someone("new", side="seek"), someone("old", side="seek"), someone("bo", side="offer")]

        found = who_now(people, ONE_WAY, "new", on=ON, fixed=[("old", "bo")])

        assert found.pairs == ()
        assert found.unmatched.code == "others-first"

    def test_an_id_that_nobody_has_is_refused(self):
        with pytest.raises(AnswerRefused, match="Nobody in this round has this id"):
            who_now([someone("a")], EQUALS, "b", on=ON)

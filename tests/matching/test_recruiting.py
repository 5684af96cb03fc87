"""Which mentors to look for: what stood alone in somebody's way, what is contested, and nothing about a few people."""

from dataclasses import replace

import pytest

from matching import Scheme, run_round
from matching.checks import broken_rules
from matching.errors import AnswerRefused
from matching.people import CRITERIA
from matching.recruiting import ASKED_IN, Wanted, wanted, wanted_for_staff
from tests.matching.pools import IDENTITIES, ON, SCHEMES, seeded_pool, someone

ONE_WAY = SCHEMES["one-way"]


def scheme_of(*, weights=None, **hard):
    weights = {**dict.fromkeys(ONE_WAY.weights, 0), **(weights or {})}
    return replace(ONE_WAY, weights=weights, hard=replace(ONE_WAY.hard, **{"languages": False, "times": False, **hard}))


LANGUAGE = scheme_of(languages=True)


def looked_for(people, scheme=LANGUAGE, **settings):
    decided = [(made.left, made.right) for made in run_round(people, scheme, on=ON).pairs]
    return wanted(people, scheme, decided, on=ON, **settings)


def asking(count, name="asks", **answers):
    return [someone(f"{name}{number:02}", side="seek", **answers) for number in range(count)]


class TestWhomTheRulesLeaveNobodyFor:
    def test_what_stood_in_the_way_alone_is_looked_for(self):
        people = [*asking(10, languages=("Somali",)), someone("guide", side="offer", languages=("Polish",))]

        assert looked_for(people) == (Wanted("languages", "Somali", 10, None),)

    def test_nothing_is_looked_for_where_two_things_stood_in_the_way_or_a_must(self):
        both = scheme_of(languages=True, areas=True)
        apart = {"languages": ("Somali",), "areas": ("Leeds",)}
        guide = someone("guide", side="offer", languages=("Polish",), areas=("Brent",))

        assert looked_for([*asking(10, **apart), guide], both) == ()
        assert looked_for([*asking(10, languages=("Somali",), musts=("gender:woman",)), guide]) == ()

    def test_each_thing_is_looked_for_that_stood_alone_between_them_and_somebody(self):
        both = scheme_of(languages=True, areas=True)
        people = [
            *asking(10, languages=("Somali",), areas=("Leeds",)),
            someone("near", side="offer", languages=("Polish",), areas=("Leeds",)),
            someone("speaks", side="offer", languages=("Somali",), areas=("Brent",)),
        ]

        assert [(found.criterion, found.value) for found in looked_for(people, both)] == [
            ("languages", "Somali"),
            ("areas", "Leeds"),
        ]

    def test_a_way_of_meeting_that_the_scheme_does_not_have_helps_nobody(self):
        letters = scheme_of(modes=True, ways=("letter", "phone"))
        people = [*asking(10, modes=("letter", "online")), someone("guide", side="offer", modes=("phone",))]

        assert looked_for(people, letters) == (Wanted("modes", "letter", 10, None),)

    def test_with_too_little_in_common_everything_helps_that_the_scheme_weighs(self):
        picky = scheme_of(weights={"skills": 3, "areas": 1}, languages=True)
        picky = replace(picky, round=replace(picky.round, minimum_fit=200, unknown_fit=0))
        said = {"wants": ("Forms",), "areas": ("Leeds",), "languages": ("Somali",)}

        people = [*asking(10, **said), someone("guide", side="offer", skills=("chess",), areas=("Brent",))]

        assert looked_for(people, picky) == (Wanted("areas", "Leeds", 10, None), Wanted("skills", "Forms", 10, None))

    @pytest.mark.parametrize("seed", range(6))
    def test_with_a_mentor_like_that_somebody_left_out_could_have_a_partner(self, seed):
        """Three mentors with a place for everybody: nobody competes, and whoever is left out is so by rules."""
        scheme = scheme_of(languages=True, times=True, areas=True, modes=True)
        said = {"languages": ("Welsh",), "times": ("sun-eve",), "areas": ("York",), "modes": ("letter",)}
        people = []
        for number, person in enumerate(seeded_pool(seed, 15)):
            filled = {column: getattr(person, column) or blank for column, blank in said.items()}
            side = "offer" if number < 3 else "seek"
            people.append(replace(person, side=side, capacity=50, share=tuple(CRITERIA), musts=(), unused=(), **filled))
        mentors = people[:3]
        left = [one for one in people[3:] if all(any(broken_rules(one, other, scheme, on=ON)) for other in mentors)]

        found = looked_for(people, scheme, most=99)

        for kind in found:
            like_that = [replace(person, **{kind.criterion: (kind.value,)}) for person in mentors]
            assert any(not any(broken_rules(one, other, scheme, on=ON)) for one in left for other in like_that)
        assert found

    def test_who_guides_somebody_and_still_looks_for_support_counts_too(self):
        people = [
            someone("both", side="both", languages=("Somali", "Polish")),
            someone("asks", side="seek", languages=("Polish",)),
            someone("guide", side="offer", languages=("English",)),
            someone("zed", side="seek", languages=("Welsh",)),
        ]

        assert [found.value for found in looked_for(people)] == ["Polish", "Somali", "Welsh"]


class TestWhoseTurnItWasNot:
    def test_all_that_the_scheme_counts_is_looked_for_and_nothing_else(self):
        scheme = scheme_of(languages=True, weights={"skills": 2})
        said = {"languages": ("Somali",), "wants": ("Forms",), "areas": ("Leeds",), "times": ("mon-eve",)}

        found = looked_for([*asking(11, **said), someone("guide", side="offer", skills=("forms",))], scheme)

        assert found == (Wanted("skills", "Forms", 10, 1001), Wanted("languages", "Somali", 10, None))

    def test_where_nobody_offers_anything_it_is_all_looked_for(self):
        assert looked_for(asking(10, languages=("Somali",))) == (Wanted("languages", "Somali", 10, None),)

    def test_somebody_who_has_a_partner_or_is_not_in_the_round_asks_for_nothing(self):
        people = [
            *asking(1, languages=("Somali",)),
            someone("out", side="seek", capacity=0, languages=("Polish",)),
            someone("offers", side="offer", languages=("Welsh",)),
            *(someone(name, side="offer", languages=("Somali", "Urdu")) for name in ("spare", "chosen")),
        ]

        assert looked_for(people) == ()

    def test_a_price_is_the_mean_over_the_mentors_who_say_it_halves_up(self):
        scheme = scheme_of(weights={"areas": 1, "goals": 2})
        people = [
            *asking(3, areas=("Leeds",), goals=("walk",)),
            someone("best", side="offer", areas=("Leeds",), goals=("walk",)),
            someone("other", side="offer", areas=("Leeds",), goals=("rest",)),
            someone("elsewhere", side="offer", areas=("Brent",), capacity=0),
        ]

        # A place is worth a pair's points and a little for there being a pair, rounded up: 1001 and 334.
        assert looked_for(people, scheme) == (Wanted("areas", "Leeds", None, 668),)

    @pytest.mark.parametrize("seed", range(8))
    def test_no_place_more_is_ever_worth_more_than_its_price(self, seed):
        """By points alone, one asking after another but for every fourth: one mentor says Leeds, and has a place more."""
        scheme = scheme_of(weights={**ONE_WAY.weights, "areas": 1})
        by_points = replace(scheme, round=replace(scheme.round, most_people_first=False, both_ways=True))
        people = [
            replace(person, side="seek", capacity=1, areas=("Leeds",), share=(), unused=(), musts=())
            for person in seeded_pool(seed, 24)
        ]
        for number in range(0, 24, 4):
            areas = ("Leeds",) if number == 0 else ("Brent",)
            people[number] = replace(people[number], side="offer", areas=areas)
        more = [replace(people[0], capacity=2), *people[1:]]

        (found,) = (found for found in looked_for(people, scheme, most=99) if found.value == "Leeds")

        gain = run_round(more, by_points, on=ON).total - run_round(people, by_points, on=ON).total
        assert 0 < gain <= found.points
        assert found.people is not None

    def test_a_stable_round_is_priced_like_any_other(self):
        stable = replace(LANGUAGE, round=replace(LANGUAGE.round, answer="stable"))
        people = [*asking(3, languages=("Somali",)), someone("guide", side="offer", languages=("Somali",))]

        assert looked_for(people, stable) == looked_for(people) == (Wanted("languages", "Somali", None, 501),)


class TestNothingAboutAFewPeople:
    def test_fewer_than_ten_are_not_counted_and_stand_in_an_order_that_tells_nothing(self):
        guide = someone("guide", side="offer", languages=("English",))
        many, few = [*asking(9, "many", languages=("Somali",))], [*asking(3, "few", languages=("Polish",))]
        others = (
            [replace(person, languages=("Polish",)) for person in many],
            [replace(person, languages=("Somali",)) for person in few],
        )

        found = looked_for([*many, *few, guide])

        assert found == (Wanted("languages", "Polish", None, None), Wanted("languages", "Somali", None, None))
        assert found == looked_for([*others[0], *others[1], guide])

    def test_from_ten_on_more_people_come_first_and_then_more_points(self):
        guide = someone("guide", side="offer", languages=("English",))
        people = [
            *asking(10, "a", languages=("Somali",)),
            *asking(11, "b", languages=("Polish",)),
            *asking(3, "c", languages=("English",)),
            *asking(9, "d", languages=("Welsh",)),
        ]

        assert [(found.value, found.people, found.points) for found in looked_for([*people, guide])] == [
            ("Polish", 11, None),
            ("Somali", 10, None),
            ("English", None, 501),
            ("Welsh", None, None),
        ]
        assert len(looked_for([*people, guide], most=2)) == 2

    def test_identities_experiences_musts_and_roles_are_never_among_it(self):
        everything = scheme_of(weights=dict.fromkeys(ONE_WAY.weights, 3), languages=True, areas=True)
        everything = replace(everything, identity_weights={"gender": 5})
        private = {
            "experiences": ("hearing voices",),
            "identities": IDENTITIES,
            "roles": ("ready",),
            "musts": ("faith:Sikh",),
            "importance": {"faith": 5},
            "share": (*CRITERIA, "faith", "gender"),
            "stage": 2,
        }
        people = [*asking(12, languages=("Somali",), **private), someone("guide", side="offer", **private)]

        found = looked_for(people, everything, most=99)

        assert [(kind.criterion, kind.value, kind.people) for kind in found] == [("languages", "Somali", 11)]
        assert set(ASKED_IN) == {"languages", "times", "areas", "modes", "skills"}

    @pytest.mark.parametrize("kept", [{"share": ("goals",)}, {"unused": ("languages",)}])
    def test_what_somebody_does_not_show_or_set_aside_is_not_told(self, kept):
        shown, hidden = asking(4, "s", languages=("Somali",)), asking(12, "h", languages=("Polish",), **kept)
        guides = [someone(f"guide{n}", side="offer", languages=("Somali", "Polish"), **kept) for n in range(2)]

        assert looked_for([*shown, *hidden, *guides]) == (Wanted("languages", "Somali", None, None),)


class TestTold:
    def test_the_spelling_is_the_commonest_one_of_those_who_ask(self):
        spelled = [
            someone(f"a{n}", side="seek", languages=(word,)) for n, word in enumerate(("SOMALI", "somali", "somali"))
        ]

        assert [found.value for found in looked_for(spelled)] == ["somali"]
        assert [found.value for found in looked_for(spelled[:2])] == ["SOMALI"]

    @pytest.mark.parametrize(
        ("found", "told"),
        [
            (
                Wanted("languages", "Somali", 12, 640),
                "Mentors who speak or sign Somali. Would help 12 of those left out; one more place is worth at most 640 points.",
            ),
            (
                Wanted("times", "mon-eve", None, 1),
                "Mentors who have time on Monday evening. Would help fewer than 10 of those left out; one more place is worth at most 1 point.",
            ),
            (
                Wanted("modes", "in-person", 10, None),
                "Mentors who are happy to meet in person. Would help 10 of those left out; no mentor here says so.",
            ),
            (
                Wanted("areas", "Leeds", 10, 0),
                "Mentors who can be in Leeds. Would help 10 of those left out; one more place is worth at most 0 points.",
            ),
            (
                Wanted("skills", "Forms", 10, None),
                "Mentors who can help with: Forms. Would help 10 of those left out; no mentor here says so.",
            ),
        ],
    )
    def test_every_criterion_has_its_sentence(self, found, told):
        assert wanted_for_staff(found, ONE_WAY) == told

    def test_the_schemes_own_word_for_mentors_is_used(self):
        buddies = replace(ONE_WAY, words={**ONE_WAY.words, "mentors": "peer buddies", "mentor": "peer buddy"})

        told = wanted_for_staff(Wanted("areas", "Leeds", None, None), buddies)

        assert (
            told
            == "Peer buddies who can be in Leeds. Would help fewer than 10 of those left out; no peer buddy here says so."
        )


class TestWhereItIsNotFor:
    @pytest.mark.parametrize("scheme", [SCHEMES["symmetric"], Scheme.named("ward-rota")], ids=["equals", "rota"])
    def test_there_are_no_mentors_to_look_for(self, scheme):
        assert wanted(asking(12, languages=("Somali",)), scheme, [], on=ON) == ()

    def test_nobody_at_all_wants_nothing(self):
        assert wanted([], ONE_WAY, [], on=ON) == ()

    def test_two_people_with_one_id_are_refused(self):
        with pytest.raises(AnswerRefused, match="same id"):
            wanted([someone("a"), someone("a")], ONE_WAY, [], on=ON)

"""The page about a round: what a board may read, no count that tells of a few people, and nothing fetched or run."""

import os
import re
from dataclasses import replace

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import Scheme, run_round
from matching.explain import NO_FIT
from matching.outcome import GroupOutcome, outcome
from tests.matching.pools import ON, SCHEMES, seeded_pool, someone
from tests.matching.test_fairness import DECIDED
from tests.matching.town import town, with_fairness
from timebank.charts import bars
from timebank.matches import report as reporting
from timebank.matches.report import LEAST_SHOWN, WITHHELD, report, withheld

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"

EVEN = with_fairness(**DECIDED)
BOTH = replace(EVEN, round=replace(EVEN.round, waiting_points_a_day=3, waiting_points_most=200))


@pytest.fixture(scope="module")
def people():
    return town(1, 400)


@pytest.fixture(scope="module")
def page(people):
    return report(run_round(people, BOTH, on=ON), people)


def heading(page):
    """Of a page that is whole: html5lib refuses any other."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page).find(".//h1").text


class TestThePage:
    def test_is_whole_and_fetches_and_runs_nothing(self, page):
        assert heading(page) == "A scarce town"
        assert not re.search(r"<script|<link|<img|<iframe|src=|href=|url\(|@import| on[a-z]+=", page)
        assert "default-src 'none'" in page

    def test_names_nobody(self, page, people):
        assert not any(person.id in page for person in people)

    def test_draws_outcome_waiting_and_load_each_beside_its_table(self, page):
        assert page.count("<svg") == 4
        assert page.count("<table>") == 5
        for title in (
            "Who has somebody, by group",
            "Who supports, by group",
            "How long people have waited",
            "is asked",
        ):
            assert title in page
        assert len(re.findall(r'role="img" aria-label="[^"]+"|aria-label="[^"]+"[^>]*role="img"', page)) == 4

    def test_tells_the_two_prices_apart(self, page, people):
        decided = run_round(people, BOTH, on=ON)
        counted = outcome(decided, people)

        assert f"cost {float(counted.waiting_price):.0%} of how well pairs fit" in page
        assert f"cost {reporting._percent(counted.bonus_price)} of all points" in page
        assert 0 < counted.waiting_price < 1
        assert counted.bonus_price == decided.evened.price

    @pytest.mark.parametrize("seed", [5, 6] if IS_FULL else [5])
    def test_one_answer_that_is_not_shown_changes_no_byte_of_it(self, seed):
        """With the pairs held fixed: not the points of what is looked for, nor its order, nor a part of a percent."""
        scheme, pool = Scheme.named("fanon"), seeded_pool(seed, 70)
        decided = run_round(pool, scheme, on=ON, seed=1)
        for person in pool[: 20 if IS_FULL else 2]:
            silent = replace(person, share=("nothing",))
            worlds = [replace(silent, identities=("faith:Sikh",)), replace(silent, experiences=()), silent]

            pages = {report(decided, [one if one.id != new.id else new for one in pool]) for new in worlds}

            assert len(pages) == 1

    def test_says_which_mentors_to_look_for(self, page):
        assert "Which mentors to look for" in page
        assert re.search(r"<li>Mentors who .+ Would help (\d\d+|fewer than 10) of those left out", page)

    def test_shows_no_count_under_ten(self, page):
        shown = re.findall(r"<td>(\d+)</td>", page) + re.findall(r'class="value"[^>]*>(\d+)<', page)

        assert shown
        assert min(map(int, shown)) >= LEAST_SHOWN

    @pytest.mark.parametrize("name", Scheme.names())
    def test_is_made_for_every_preset_and_an_empty_pool(self, name):
        assert heading(report(run_round([], Scheme.named(name), on=ON), [])) == Scheme.named(name).title

    @pytest.mark.parametrize("name", sorted(SCHEMES))
    def test_is_made_for_any_scheme(self, name):
        some = seeded_pool(3, 80)

        assert heading(report(run_round(some, SCHEMES[name], on=ON), some)) == SCHEMES[name].title

    def test_what_people_write_as_a_group_is_shown_as_text(self):
        scheme = replace(EVEN, fairness=replace(EVEN.fairness, groups=("heritage:<b>x</b>",)))
        some = [someone(f"s{n}", side="seek", identities=("heritage:<b>x</b>",)) for n in range(30)]

        page = report(run_round(some, scheme, on=ON), some)

        assert "&lt;b&gt;x" in page
        assert "<b>x" not in page


class TestOutcome:
    def test_adds_up(self, people):
        decided = run_round(people, BOTH, on=ON)
        counted = outcome(decided, people)

        assert counted.asked == 400
        assert counted.paired == len(decided.pairs)
        assert sum(one.paired for one in counted.groups) == len(decided.pairs)
        assert sum(one.partners for one in counted.groups) == len(decided.pairs)
        assert sum(number * count for number, count in enumerate(counted.load)) == len(decided.pairs)
        assert sum(before for _, before, _ in counted.waiting) == 400
        assert sum(after for _, _, after in counted.waiting) == 400 - counted.paired

    def test_those_for_whom_the_rules_leave_nobody_are_told_apart(self):
        people = [*town(1, 40), someone("x", side="seek", musts=("heritage:Nobody",), identities=("heritage:Welsh",))]

        counted = outcome(run_round(people, EVEN, on=ON), people)

        assert counted.groups[0].nobody_possible == 1
        assert ("seek", NO_FIT, 1) in counted.left_out


class TestWithholding:
    @pytest.mark.parametrize("asked", [126, 132, 133])
    @pytest.mark.parametrize("name", ["fanon", "penfriend"])
    def test_how_few_have_nobody_cannot_be_worked_out_from_who_has_somebody(self, name, asked):
        """Found on a page that said: 126 asked, and 124 of them have a mentor."""
        scheme = Scheme.named(name)
        decided = run_round([], scheme, on=ON)
        counted = replace(outcome(decided, []), asked=asked, paired=124, load=(2, 124, 0, 0, 0))

        first, load = reporting._sentences(decided, counted)[0], reporting._load(counted, decided)

        assert first == f"{asked} asked, and fewer than 10 of them have nobody yet."
        assert not load.is_told
        assert load.picture == ""

    @pytest.mark.parametrize(("asked", "has"), [(124, "124 of them have"), (134, "124 of them have")])
    def test_that_all_have_somebody_and_how_many_of_many_have_nobody_is_told(self, asked, has):
        decided = run_round([], Scheme.named("fanon"), on=ON)
        counted = replace(outcome(decided, []), asked=asked, paired=124, load=(0, 124, 0, 0, 0))

        assert has in reporting._sentences(decided, counted)[0]
        assert reporting._load(counted, decided).is_told

    def test_where_nothing_may_be_told_a_sentence_stands_and_no_table(self):
        some = [someone(f"s{n}", side="seek", goals=("walk",)) for n in range(4)]

        page = report(run_round(some, EVEN, on=ON), some)

        assert "There are too few to show any of it." in page
        assert "<table>" not in page

    @given(st.lists(st.integers(0, 40), max_size=8))
    def test_no_withheld_count_can_be_worked_out_from_the_sum(self, counts):
        shown = withheld(counts)

        assert all(
            count is None or (count == own and count >= LEAST_SHOWN) for count, own in zip(shown, counts, strict=True)
        )
        assert shown.count(None) != 1 or len(counts) == 1

    def test_a_group_whose_few_without_anybody_could_be_worked_out_is_not_told(self):
        counted = outcome(run_round([], EVEN, on=ON), [])
        groups = tuple(GroupOutcome(f"g:{n}", 50, 0, paired, 1, 1, 1) for n, paired in enumerate((25, 25, 45)))

        table = reporting.group_tables(replace(counted, groups=groups))[0]

        # Five of the third have nobody; and with two of three told, the sum would tell the third.
        assert [cells[:2] for _, cells in table.rows] == [("50", WITHHELD), ("50", "25"), ("50", WITHHELD)]


class TestBars:
    def test_have_no_script_style_or_colour_and_say_what_they_show(self):
        drawn = bars("Trees & birds", ["oak", "<ash>"], {"tall": [3, None], "small": [1, 2]})

        assert 'aria-label="Trees &amp; birds"' in drawn
        assert "&lt;ash&gt;" in drawn
        assert not re.search(r"style|script|fill=|stroke=|#[0-9a-f]{3}", drawn)
        assert drawn.count('class="value"') == 3

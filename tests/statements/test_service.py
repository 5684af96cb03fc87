"""One's own statement, read from the ledger in posting order."""

from datetime import timedelta

import pytest

from tests.factories import DAY, NOON, HourLogFactory, QueryFactory, confirm, posted
from timebank.hours import service as hours
from timebank.queries import service as queries
from timebank.queries.models import Outcome
from timebank.statements import reads


@pytest.fixture
def many(session, giver, receiver):
    """Fifty-three confirmed hours, one a day, the last one on the earliest day."""
    return [
        confirm(
            HourLogFactory(member=giver, partner=receiver, minutes=number, happened_on=DAY - timedelta(days=number))
        )
        for number in range(1, 54)
    ]


class TestPage:
    def test_is_empty_at_first(self, session, giver):
        page = reads.get_page(session, giver)

        assert (page.lines, page.older, page.balance.posted) == ([], None, 0)

    def test_what_waits_is_no_line(self, session, giver, receiver):
        HourLogFactory(member=giver, partner=receiver, minutes=90)

        page = reads.get_page(session, giver)

        assert page.lines == []
        assert (page.balance.held_in, page.balance.held_out) == (90, 0)

    def test_is_in_posting_order_newest_first_with_the_balance_after_each(self, session, giver, receiver):
        for minutes, days in ((30, 0), (60, 5), (15, 2)):
            confirm(
                HourLogFactory(member=giver, partner=receiver, minutes=minutes, happened_on=DAY - timedelta(days=days))
            )

        lines = reads.get_page(session, giver).lines

        assert [(line.minutes, line.balance_after) for line in lines] == [(15, 105), (60, 90), (30, 30)]
        assert [line.happened_on for line in lines] == [DAY - timedelta(days=days) for days in (2, 5, 0)]

    def test_pages_meet_without_a_gap(self, session, giver, many):
        pages = [reads.get_page(session, giver)]

        while pages[-1].older is not None and len(pages) < len(many):
            pages.append(reads.get_page(session, giver, before=pages[-1].older))

        assert len(pages) == -(-53 // reads.PAGE)
        assert [line.seq for page in pages for line in page.lines] == list(range(53, 0, -1))

    def test_the_other_persons_runs_against_it(self, session, giver, receiver, many):
        gave, got = (reads.get_page(session, member).lines for member in (giver, receiver))

        assert [line.balance_after for line in gave] == [-line.balance_after for line in got]
        assert posted(giver, receiver) == (sum(range(54)), -sum(range(54)))

    def test_hours_with_the_community_say_so(self, session, giver, coordinator):
        log = HourLogFactory(member=giver, partner=None)
        hours.confirm_hours(session, log_id=log.id, member=coordinator, at=NOON)

        assert [line.partner for line in reads.get_page(session, giver).lines] == ["the community"]

    @pytest.mark.parametrize("outcome", [Outcome.VOID, Outcome.NEW_LENGTH, Outcome.MUTUAL, Outcome.COMMUNITY_GIFT])
    def test_after_a_check_it_still_adds_up_for_everybody(self, session, giver, receiver, coordinator, outcome):
        query = QueryFactory(log__member=giver, log__partner=receiver, log__minutes=90, is_posted=True)
        queries.settle_query(
            session, query_id=query.id, coordinator=coordinator, outcome=outcome, minutes=60, words="so", at=NOON
        )

        pages = [reads.get_page(session, member) for member in (giver, receiver)]

        for page in pages:
            assert sum(line.minutes if line.is_given else -line.minutes for line in page.lines) == page.balance.posted
            assert page.lines[0].balance_after == page.balance.posted
            assert page.lines[-1].words == "a walk"

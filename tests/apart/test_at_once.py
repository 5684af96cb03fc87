"""Taking a break, ending, choosing, leaving: one press, at once, no reason is asked, and no page of the other says why."""

import re
from datetime import timedelta

import pytest

from tests.factories import (
    NOON,
    HourLogFactory,
    IntroductionFactory,
    OfferFactory,
    PartFactory,
    RelationshipFactory,
    SchemeFactory,
)
from timebank.introductions import service as introductions
from timebank.introductions.models import NoLongerOpen
from timebank.matches import facts
from timebank.members import service as members
from timebank.members.models import Member, MemberStatus
from timebank.members.service import ledger_of
from timebank.offers import reads as offers
from timebank.schemes.models import BankScheme, Side

WHY = re.compile(r"\b(ended by|left because|reason|blocked|kept apart|chose|break|has left)\b", re.IGNORECASE)
OF_EVERY_PAGE = ("People I am kept apart from", "A break from everything", "Take a break", "No reason is asked")
PAGES = ("/", "/people/", "/hours/", "/introductions/", "/offers/", "/queries/", "/statement/")


@pytest.fixture
def copies(sqlite_copies):
    """Journeys are of pages; what is done by them is tested on both kinds of database where it is done."""
    return sqlite_copies


def own_words(page):
    """Without what stands on the page of everybody."""
    return re.sub("|".join(OF_EVERY_PAGE), "", page.partition("<main")[2].partition("</main>")[0])


@pytest.fixture
def together(session, mentor, supported):
    scheme = SchemeFactory(bank=mentor.bank)
    PartFactory(member=mentor, scheme=scheme, side=Side.OFFER)
    OfferFactory(member=mentor)
    HourLogFactory(member=supported, partner=mentor)
    return RelationshipFactory(guide=mentor, other=supported, scheme=scheme)


class TestAtOnce:
    @pytest.mark.parametrize(
        "act",
        ["/people/{relationship}/end", "/apart/people/{relationship}", "/profile/break/begin", "/my-record/leave"],
    )
    def test_with_nothing_to_fill_in_and_the_other_one_is_not_told_why(
        self, as_, session, together, mentor, supported, act
    ):
        form = {"after": "keep", "is_sure": "yes"} if act.endswith("leave") else {}

        done = as_(mentor).post(act.format(relationship=together.id), form)
        theirs = as_(supported)
        pages = [theirs.get(url).text for url in PAGES]

        assert done.status_code in {200, 303}
        assert [WHY.findall(own_words(page)) for page in pages] == [[]] * len(PAGES)

    def test_the_page_of_somebody_asks_for_no_reason(self, as_, together, mentor):
        page = as_(mentor).get(f"/people/{together.id}").text.partition("<main")[2].partition("</main>")[0]
        asked = as_(mentor).get(f"/apart/people/{together.id}").text.partition("<main")[2].partition("</main>")[0]

        for shown in (page, asked):
            assert re.findall(r"<(?:textarea|select)|<input(?![^>]*csrf_token)", shown) == []


class TestABreak:
    def test_hides_offers_and_proposals_keeps_hours_and_people_and_ends_when_they_say(
        self, as_, session, together, mentor, supported
    ):
        as_(mentor).post("/profile/break/begin")
        on_a_break = session.get_one(Member, mentor.id)
        assert on_a_break.status is MemberStatus.PAUSED
        assert offers.list_open(session, supported) == []
        assert facts.gather(session, _scheme(session, together)) == []
        assert mentor.name in as_(supported).get("/").text
        assert "I am back" in as_(mentor).get("/profile/").text

        as_(mentor).post("/profile/break/end")

        assert session.get_one(Member, mentor.id).status is MemberStatus.ACTIVE
        assert len(offers.list_open(session, supported)) == 1

    def test_twice_is_once_and_the_clock_of_what_waits_stands_still(self, session, mentor):
        for later in (0, 1):
            members.take_break(session, member=mentor, at=NOON + timedelta(days=later))
        account = ledger_of(session, mentor.bank).get_account(id=mentor.account_id)

        assert account.paused_at == NOON

    def test_a_yes_to_a_mentor_on_a_break_starts_nothing(self, session, together, mentor, bystander):
        scheme = _scheme(session, together)
        part = PartFactory(member=bystander, scheme=scheme)
        assert part.capacity
        asked = IntroductionFactory(scheme=scheme, guide_id=mentor.id, other_id=bystander.id)
        session.get_one(type(part), (scheme.id, mentor.id)).capacity = 5
        introductions.answer_introduction(session, introduction_id=asked.id, member=mentor, yes=True, at=NOON)
        members.take_break(session, member=mentor, at=NOON)

        with pytest.raises(NoLongerOpen):
            introductions.answer_introduction(session, introduction_id=asked.id, member=bystander, yes=True, at=NOON)


def _scheme(session, together):
    return session.get_one(BankScheme, together.scheme_id)

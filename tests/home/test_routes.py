"""The first page, and that looking at pages writes nothing anywhere."""

import pytest
from sqlalchemy import MetaData, func, select

from tests.factories import (
    HourLogFactory,
    IntroductionFactory,
    OfferFactory,
    PartFactory,
    QueryFactory,
    RelationshipFactory,
    ReplyFactory,
    SchemeFactory,
    confirm,
)
from timebank import clock
from timebank.schemes import service as schemes


class TestShow:
    def test_what_waits_for_me(self, as_, session, giver, receiver, bystander):
        HourLogFactory(member=receiver, partner=giver, is_given=False, minutes=35)
        confirm(HourLogFactory(member=giver, partner=receiver, minutes=90))
        RelationshipFactory(guide=giver, other=receiver)
        ReplyFactory(offer=OfferFactory(member=giver, title="A lift"), member=bystander, words="yes please")
        QueryFactory(log__member=giver, log__partner=bystander, log__minutes=65)

        page = as_(giver).get("/").text

        assert f"Hello, {giver.name}" in page
        assert "35 min" in page
        assert "1 h 30 min" in page
        assert "more given than received" in page
        assert "yes please" in page
        assert "An hour is being checked" in page
        assert f"{giver.code[:4]}-{giver.code[4:]}" in page

    def test_a_balance_is_its_owners(self, as_, giver, receiver, bystander, coordinator):
        confirm(HourLogFactory(member=giver, partner=receiver, minutes=91))

        for member in (bystander, coordinator):
            assert "1 h 31 min" not in as_(member).get("/").text

    def test_an_introduction_that_waits_names_nobody(self, as_, session, bank, mentor, supported):
        scheme = SchemeFactory(bank=bank)
        PartFactory(member=mentor, scheme=scheme)
        IntroductionFactory(scheme=scheme, guide_id=mentor.id, other_id=supported.id, at=clock.now())

        page = as_(mentor).get("/").text

        assert "See why we thought of you" in page
        assert supported.name not in page

    def test_nothing_waits_at_first(self, as_, giver):
        assert "Nothing waits for you" in as_(giver).get("/").text

    def test_the_signed_out_are_asked_to_sign_in(self, stranger):
        answer = stranger.get("/")

        assert (answer.status_code, answer.location) == (303, "/sign-in/?next=/")
        assert stranger.get("/", htmx=True).status_code == 204


class TestReadingWritesNothing:
    @pytest.fixture
    def counts(self, database):
        """How many rows each table holds, and the highest of everything that counts up."""
        tables = MetaData()
        with database.reading() as reading:
            tables.reflect(reading.connection())

        def count():
            with database.reading() as session:
                return {
                    name: session.execute(select(func.count()).select_from(table)).scalar_one()
                    for name, table in tables.tables.items()
                }

        return count

    def test_on_every_page_that_can_be_looked_at(self, as_, session, giver, receiver, coordinator, counts):
        scheme = SchemeFactory(bank=giver.bank)
        PartFactory(member=giver, scheme=scheme)
        log = HourLogFactory(member=receiver, partner=giver, is_given=False)
        query = QueryFactory(log__member=giver, log__partner=receiver, log__minutes=33)
        together = RelationshipFactory(guide=giver, other=receiver)
        introduction = IntroductionFactory(scheme=scheme, guide_id=giver.id, other_id=receiver.id, at=clock.now())
        offer = OfferFactory(member=receiver)
        schemes.make_coordinator(session, member=giver)
        browser = as_(giver)
        session.commit()
        before = counts()

        urls = [
            "/", "/hours/", "/hours/new", f"/hours/{log.id}", f"/hours/{log.id}/change", "/statement/",
            "/introductions/", f"/introductions/{introduction.id}", f"/people/{together.id}", "/offers/", "/offers/new",
            f"/offers/{offer.id}/reply", "/profile/", "/profile/share", "/queries/", f"/queries/{query.id}",
            f"/queries/new/{log.id}", "/desk/", "/desk/members", "/desk/members/new", "/sign-in/", "/urgent-help",
        ]  # fmt: skip
        statuses = {url: browser.get(url).status_code for url in urls}

        assert set(statuses.values()) == {200}, statuses
        assert counts() == before

    def test_acts_cannot_be_done_by_following_a_link(self, as_, giver, receiver):
        log = HourLogFactory(member=receiver, partner=giver, is_given=False)
        browser = as_(giver)

        statuses = {browser.get(f"/hours/{log.id}/{act}").status_code for act in ("confirm", "take-back")}

        assert statuses == {405}

"""Each page on which somebody reads what is others' leaves one event; without a task it asks why; unnoted it is not shown."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Blueprint, Flask
from sqlalchemy import select

from tests.clients import Browser
from tests.factories import NOON, BankFactory, HourLogFactory, MemberFactory, PartFactory, QueryFactory, SchemeFactory
from tests.guards.test_policy import rules
from tests.guards.world import World, make_world
from tests.races import racing, tell
from timebank import app as composing
from timebank import clock
from timebank.app import create_app
from timebank.audit import looking, reads, service
from timebank.audit.models import Act, AuditEvent, Reason, Record
from timebank.config import Config
from timebank.hours.models import HourLog
from timebank.matches.models import Round
from timebank.members.models import Member
from timebank.queries import service as queries
from timebank.queries.models import Outcome, Query
from timebank.schemes import service as schemes
from timebank.schemes.models import Side
from timebank.web import policy
from timebank.web.policy import LOOKS_ARE_NOTED, POLICY, SHOWS_NOTHING_OF_OTHERS, Who, allow

ASKS = "Why do you need to look?"


@pytest.fixture
def world(session) -> World:
    return make_world(session, rows=2)


def events(session, **wanted) -> list[AuditEvent]:
    found = session.scalars(select(AuditEvent).filter_by(**wanted).order_by(AuditEvent.bank_id, AuditEvent.seq)).all()
    session.expunge_all()
    return list(found)


def looks(session) -> list[AuditEvent]:
    return events(session, act=Act.LOOKED)


def settle(browser: Browser, query_id: UUID | str):
    return browser.post(f"/queries/{query_id}/settle", {"outcome": "as-logged", "words": "It stands."})


class TestEveryPage:
    def test_for_coordinators_says_whether_looks_at_it_are_noted(self, app: Flask):
        for_coordinators = {
            app.view_functions[rule.endpoint].policy_row
            for rule in rules(app, "GET")
            if POLICY[getattr(app.view_functions[rule.endpoint], "policy_row", "static")] is Who.COORDINATOR
        }

        assert len(for_coordinators) >= 4
        assert for_coordinators <= LOOKS_ARE_NOTED | SHOWS_NOTHING_OF_OTHERS
        assert set(POLICY) >= LOOKS_ARE_NOTED | SHOWS_NOTHING_OF_OTHERS
        assert not LOOKS_ARE_NOTED & SHOWS_NOTHING_OF_OTHERS

    def test_that_does_not_say_so_cannot_start(self, database, monkeypatch):
        planted = Blueprint("planted", __name__)
        planted.get("/planted")(allow("desk.planted")(lambda: "everybody's secrets"))
        monkeypatch.setitem(policy.POLICY, "desk.planted", Who.COORDINATOR)
        monkeypatch.setattr(composing, "BLUEPRINTS", (*composing.BLUEPRINTS, planted))

        with pytest.raises(RuntimeError, match="does not say whether looks at it are noted"):
            create_app(Config(secret_key="k" * 40), database)

    def test_leaves_one_event_for_each_look_and_none_for_any_other_page(self, app: Flask, as_, session, world: World):
        browser = as_(world.coordinator)
        browser.say_why("members")
        browser.say_why("member", world.ids["member_id"])
        looked = 0
        for rule in rules(app, "GET"):
            row = getattr(app.view_functions[rule.endpoint], "policy_row", rule.endpoint)
            for how in ({}, {}, {"htmx": True}):
                before = len(looks(session))
                with browser.get(world.url(app, rule), **how) as answer:
                    status = answer.status_code
                fresh = looks(session)[before:]
                expected = 1 if row in LOOKS_ARE_NOTED else 0
                assert len(fresh) == expected, (rule.rule, how, status)
                assert {(event.actor_id, event.bank_id) for event in fresh} <= {
                    (world.coordinator.id, world.coordinator.bank_id)
                }
                looked += expected

        assert looked == 3 * len(LOOKS_ARE_NOTED) == 21

    def test_that_a_member_reads_leaves_none(self, app: Flask, as_, session, world: World):
        before = len(events(session))
        for rule in rules(app, "GET"):
            as_(world.member).get(world.url(app, rule)).close()

        assert len(events(session)) == before

    def test_that_is_not_there_leaves_none(self, as_, session, world: World):
        before = len(events(session))
        for url in ("/queries/{}", "/rounds/{}", "/desk/members/{}/how-to-reach"):
            assert as_(world.coordinator).get(url.format(uuid4())).status_code == 404

        assert len(events(session)) == before

    def test_of_an_act_that_was_refused_is_a_look_too(self, as_, session, world: World):
        before = len(looks(session))
        browser = as_(world.coordinator)

        query = browser.post(f"/queries/{world.ids['query_id']}/settle", {"outcome": "never"})
        proposal = browser.post(f"/rounds/proposals/{world.ids['proposal_id']}/set-aside", {"note": ""})

        assert (query.status_code, proposal.status_code) == (422, 422)
        assert [event.record for event in looks(session)[before:]] == [Record.CHECK, Record.ROUND]


class TestActs:
    def test_every_act_of_a_coordinator_leaves_an_event_with_its_name(self, as_, session, world: World):
        browser, member_id = as_(world.coordinator), uuid4()
        with_community = session.scalar(
            select(HourLog.id)
            .where(HourLog.bank_id == world.coordinator.bank_id, HourLog.receiver_id.is_(None))
            .limit(1)
        )
        proposal, round_ = world.ids["proposal_id"], world.ids["round_id"]
        done = {
            f"/rounds/proposals/{proposal}/set-aside": ({"note": "cousins"}, [Act.SET_ASIDE]),
            f"/rounds/proposals/{proposal}/take-up-again": ({}, [Act.TOOK_UP_AGAIN]),
            f"/rounds/try/{world.ids['scheme_id']}": ({}, [Act.TRIED_ROUND]),
            f"/queries/{world.ids['query_id']}/settle": ({"outcome": "void", "words": "So be it."}, [Act.SETTLED_CHECK]),
            f"/hours/{with_community}/confirm": ({}, [Act.CONFIRMED_HOURS]),
            "/desk/members": (
                {"member_id": str(member_id), "name": "Minh", "side": "seek"}, [Act.ADDED_MEMBER, Act.GAVE_CODE],
            ),
            f"/desk/members/{member_id}/code": ({}, [Act.GAVE_CODE]),
        }  # fmt: skip
        for url, (form, acts) in done.items():
            before = len(events(session))
            answer = browser.post(url, form)
            assert answer.status_code in {200, 303}, (url, answer.text)
            fresh = events(session)[before:]
            assert [event.act for event in fresh] == acts, url
            assert {event.actor_id for event in fresh} == {world.coordinator.id}
        assert session.get(Round, round_) is not None

    def test_sending_a_round_and_calling_it_back_leave_one_each(
        self, as_, session, bank, mentor, supported, coordinator
    ):
        scheme = SchemeFactory(bank=bank)
        PartFactory(member=mentor, scheme=scheme, side=Side.OFFER)
        PartFactory(member=supported, scheme=scheme, side=Side.SEEK)
        browser = as_(coordinator)
        place = browser.post(f"/rounds/try/{scheme.id}").location

        for act in ("send", "send", "call-back"):
            browser.post(f"{place}/{act}")
        asked = browser.get(place)

        assert [event.act for event in events(session, actor_id=coordinator.id)] == [
            Act.TRIED_ROUND, Act.SENT_ROUND, Act.CALLED_ROUND_BACK,
        ]  # fmt: skip
        assert ASKS in asked.text  # nothing waits there any more

    def test_what_is_refused_leaves_none(self, as_, session, world: World):
        before = len(events(session))
        browser = as_(world.coordinator)

        for url in ("/rounds/{}/send", "/rounds/{}/call-back", "/desk/members/{}/code", "/queries/{}/settle"):
            browser.post(url.format(uuid4()), {"outcome": "void", "words": "So be it."})
        browser.post("/desk/members", {"name": ""})

        assert [event for event in events(session)[before:] if event.act is not Act.LOOKED] == []

    def test_confirming_twice_is_noted_once(self, as_, session, giver, coordinator):
        log = HourLogFactory(member=giver, partner=None)
        browser = as_(coordinator)

        for _ in range(2):
            browser.post(f"/hours/{log.id}/confirm")

        assert len(events(session, act=Act.CONFIRMED_HOURS)) == 1

    def test_an_act_that_cannot_be_noted_is_not_done(self, as_, session, world: World, monkeypatch):
        monkeypatch.setattr(service.chain, "digest", lambda *_: "too short")

        answer = settle(as_(world.coordinator), world.ids["query_id"])

        assert answer.status_code in {409, 500}
        assert session.get_one(Query, world.ids["query_id"]).is_open


class TestNotNoted:
    def test_is_not_shown(self, as_, session, world: World, monkeypatch):
        browser = as_(world.coordinator)
        browser.say_why("members")
        urls = ("/desk/", "/desk/members", f"/queries/{world.ids['query_id']}", f"/rounds/{world.ids['round_id']}")
        shown = {url: browser.get(url) for url in urls}
        assert {answer.status_code for answer in shown.values()} == {200}
        assert all("Other" in answer.text or "It was" in answer.text for answer in shown.values())
        monkeypatch.setattr(service.chain, "digest", lambda *_: "too short")

        hidden = {url: browser.get(url) for url in urls}

        assert {answer.status_code for answer in hidden.values()} <= {409, 500}
        for answer in hidden.values():
            assert "Other " not in answer.text
            assert "It was" not in answer.text
            assert "chess" not in answer.text


class TestReasons:
    @pytest.fixture
    def settled(self, as_, session, giver, receiver, coordinator) -> Query:
        query = QueryFactory(log__member=giver, log__partner=receiver, words="a very private word")
        session.commit()
        settle(as_(coordinator), query.id)
        return query

    def test_an_open_check_is_the_reason_itself(self, as_, session, giver, receiver, coordinator):
        query = QueryFactory(log__member=giver, log__partner=receiver, words="a very private word")

        page = as_(coordinator).get(f"/queries/{query.id}").text

        assert "a very private word" in page
        [event] = looks(session)
        assert (event.record, event.record_id, event.reason, event.case_id) == (
            Record.CHECK, query.id, Reason.OPEN_CHECK, query.id,
        )  # fmt: skip

    def test_a_settled_one_asks_and_shows_it_afterwards(self, as_, session, coordinator, settled):
        browser = as_(coordinator)

        asked = browser.get(f"/queries/{settled.id}")
        refused = browser.say_why("check", settled.id, reason="open-check")
        said = browser.say_why("check", settled.id, reason="worried")
        page = browser.get(said.location)

        assert ASKS in asked.text
        assert "private word" not in asked.text
        assert refused.status_code == 422
        assert "Please choose the reason that fits best." in refused.text
        assert said.location == f"/queries/{settled.id}"
        assert "a very private word" in page.text
        [event] = looks(session)
        assert (event.reason, event.case_id) == (Reason.WORRIED, None)

    def test_what_was_said_is_for_that_record_and_sign_in_and_half_an_hour(
        self, as_, session, coordinator, settled, monkeypatch
    ):
        browser = as_(coordinator)
        browser.say_why("check", settled.id)
        browser.say_why("check", uuid4())

        assert ASKS in browser.get("/desk/members").text
        assert ASKS in as_(coordinator).get(f"/queries/{settled.id}").text
        assert ASKS not in browser.get(f"/queries/{settled.id}").text
        later = clock.now() + looking.HOLDS_FOR - timedelta(minutes=1)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert ASKS not in browser.get(f"/queries/{settled.id}").text
        later += timedelta(minutes=2)
        assert ASKS in browser.get(f"/queries/{settled.id}").text

    def test_a_refused_decision_about_a_settled_one_shows_nothing_either(self, as_, session, coordinator, settled):
        answer = as_(coordinator).post(f"/queries/{settled.id}/settle", {"outcome": "never"})

        assert ASKS in answer.text
        assert "private word" not in answer.text
        assert looks(session) == []

    def test_only_the_newest_few_are_kept(self, as_, session, coordinator, settled):
        browser = as_(coordinator)
        browser.say_why("check", settled.id)
        for _ in range(looking.MOST_KEPT):
            browser.say_why("check", uuid4())

        assert ASKS in browser.get(f"/queries/{settled.id}").text

    @pytest.mark.parametrize(
        ("record", "record_id"), [("members", uuid4()), ("check", None), ("member", None), ("nothing", None)]
    )
    def test_for_what_is_no_such_record_is_not_found(self, as_, coordinator, record, record_id):
        assert as_(coordinator).say_why(record, record_id).status_code == 404

    def test_members_are_not_asked(self, as_, giver, stranger):
        assert as_(giver).say_why("members").status_code == 404
        assert stranger.say_why("members").status_code == 303

    def test_whoever_may_not_look_is_not_asked(self, as_, session, bank, bystander, coordinator, settled):
        schemes.make_coordinator(session, member=bystander, scheme=SchemeFactory(bank=bank))

        answer = as_(bystander).get(f"/queries/{settled.id}")

        assert answer.status_code == 404
        assert ASKS not in answer.text


class TestConflicts:
    def test_a_coordinator_who_is_a_party_reads_as_a_party_and_no_more(self, as_, session, giver, coordinator):
        query = QueryFactory(log__member=giver, log__partner=coordinator, words="mine")
        session.commit()

        page = as_(coordinator).get(f"/queries/{query.id}")

        assert "How do you remember it?" in page.text
        assert "Settle it" not in page.text
        assert looks(session) == []
        assert settle(as_(coordinator), query.id).status_code == 404

    def test_whoever_settled_it_and_looks_after_it_no_more_reads_it_no_more(
        self, as_, session, giver, receiver, coordinator
    ):
        query = QueryFactory(log__member=giver, log__partner=receiver)
        session.commit()
        settle(as_(coordinator), query.id)
        coordinator = session.merge(coordinator)
        coordinator.status = "left"

        assert as_(coordinator).get(f"/queries/{query.id}").status_code == 404

    def test_two_coordinators_who_settle_at_once_leave_one_event(
        self, database, session, giver, receiver, coordinator, bank
    ):
        another = MemberFactory(bank=bank)
        schemes.make_coordinator(session, member=another)
        made = [QueryFactory(log__member=giver, log__partner=receiver, log__minutes=20 + turn).id for turn in range(10)]
        session.commit()

        def settling(query_id: UUID, who: Member):
            return lambda own: queries.settle_query(
                own, query_id=query_id, coordinator=own.get_one(Member, who.id), outcome=Outcome.AS_LOGGED, minutes=None,
                words="So be it.", at=NOON,
            )  # fmt: skip

        with racing(database) as race:
            for query_id in made:
                answers = race(settling(query_id, coordinator), settling(query_id, another))
                assert sorted(type(answer).__name__ for answer in answers) == ["AlreadySettled", "Query"]

        settled = events(session, act=Act.SETTLED_CHECK)
        tell(f"{len(made)} checks settled by two at once: {len(settled)} events")
        assert [event.record_id for event in settled] == made
        assert reads.look_over(session, bank.id).broken is None


CANARY = "kingfisher"


class TestWhatIsNotInIt:
    def test_no_word_that_anybody_wrote_and_no_name(self, as_, app, database, session):
        """Everything that is written in words carries the canary; then everything is looked at and done."""
        bank = BankFactory(name=f"{CANARY} bank")
        giver, receiver, coordinator = (MemberFactory(bank=bank, name=f"{CANARY} {name}") for name in ("A", "B", "C"))
        schemes.make_coordinator(session, member=coordinator)
        waiting = HourLogFactory(member=giver, partner=None, words=f"{CANARY} soup")
        query = QueryFactory(log__member=giver, log__partner=receiver, words=f"{CANARY} words")
        session.commit()
        browser = as_(coordinator)
        browser.say_why("members")
        for url in ("/desk/", "/desk/members", f"/queries/{query.id}"):
            assert CANARY in browser.get(url).text
        browser.post(f"/hours/{waiting.id}/confirm")
        browser.post(f"/queries/{query.id}/settle", {"outcome": Outcome.VOID.value, "words": f"{CANARY} end"})
        browser.post("/desk/members", {"member_id": str(uuid4()), "name": f"{CANARY} D", "side": "seek"})

        with database.reading() as reading:
            rows = reading.execute(select(AuditEvent.__table__)).all()
            report = reads.look_over(reading, bank.id)
        assert len(rows) >= 7
        assert report.broken is None
        assert CANARY not in repr(rows)
        assert {type(value).__name__ for row in rows for value in row} <= {
            "UUID", "int", "datetime", "Actor", "Act", "Record", "Reason", "NoneType", "str",
        }  # fmt: skip
        assert all(len(row.digest) == 64 for row in rows)

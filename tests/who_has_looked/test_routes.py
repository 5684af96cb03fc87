"""Everybody reads who has looked at what is theirs, and nothing of anybody else's."""

import csv
import io
import random
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from tests.factories import NOON, HourLogFactory, MemberFactory, QueryFactory, SchemeFactory
from tests.races import tell
from timebank import clock
from timebank.audit import service
from timebank.audit.models import Act, Actor, AlreadyOver, HoldReason, Reason, Record
from timebank.hours import service as hours
from timebank.matches.models import LeftOut, Proposal, Round
from timebank.members.names import tidy
from timebank.schemes import service as schemes
from timebank.who_has_looked import reads


def look(session, coordinator, record=Record.MEMBERS, record_id=None, *, at=NOON, **more):
    said = {"by": coordinator.id, "act": Act.LOOKED, "reason": Reason.OTHER_WORK} | more
    service.note(session, bank_id=coordinator.bank_id, record=record, record_id=record_id, at=at, **said)


def hold(session, about, by, **more):
    said = {"reason": HoldReason.CONCERN_LOOKED_INTO, "days": 30, "at": NOON} | more
    return service.set_hold(session, about=about, by=by, **said)


def lines(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text)))


def looks_of(session, member, *, at=NOON + timedelta(days=1)):
    return list(reads.list_all(session, member, at=at))


class TestPage:
    def test_says_the_day_who_what_and_why(self, as_, session, giver, receiver, coordinator):
        query = QueryFactory(log__member=giver, log__partner=receiver)
        as_(coordinator).get(f"/queries/{query.id}")

        for party in (giver, receiver):
            page = as_(party).get("/who-has-looked/").text

            assert "Coordinator, coordinator" in page
            assert "a check of your hours on 1 March 2026" in page
            assert "to settle this check" in page

    def test_is_linked_from_the_profile_and_kind_when_empty(self, as_, giver):
        assert 'href="/who-has-looked/"' in as_(giver).get("/profile/").text
        assert "Nobody has looked yet" in as_(giver).get("/who-has-looked/").text

    def test_is_of_nobody_else_s(self, as_, session, giver, receiver, bystander, outsider, coordinator):
        query = QueryFactory(log__member=giver, log__partner=receiver)
        look(session, coordinator, Record.CHECK, query.id)

        for other in (bystander, outsider, coordinator):
            assert "Nobody has looked yet" in as_(other).get("/who-has-looked/").text

    def test_shows_fifty_at_a_time_the_newest_first(self, as_, session, giver, coordinator):
        for number in range(120):
            look(session, coordinator, at=NOON + timedelta(days=number))
        browser = as_(giver)

        seen, url = [], "/who-has-looked/"
        while url:
            page = browser.get(url).text
            seen.append(page.count("the list of members"))
            url = page.partition('rel="next"')[0].rpartition('href="')[2].rstrip('" ') if 'rel="next"' in page else None
        found = [line[0] for line in lines(browser.get("/who-has-looked/file"))[1:]]

        assert seen == [50, 50, 20]
        assert found == sorted(found, reverse=True)
        assert len(found) == 120

    def test_strangers_are_asked_to_sign_in(self, stranger):
        assert stranger.get("/who-has-looked/").status_code == 303
        assert stranger.get("/who-has-looked/file").status_code == 303


class TestWhat:
    def test_is_found_for_each_kind_of_record(self, session, bank, giver, receiver, coordinator, bystander):
        query = QueryFactory(log__member=giver, log__partner=receiver)
        waiting = HourLogFactory(member=giver, partner=None)
        round_ = made_round(session, coordinator, giver, receiver, left_out=bystander)
        for record, record_id in (
            (Record.MEMBERS, None), (Record.CHECK, query.id), (Record.WAITING_HOURS, None), (Record.ROUND, round_.id),
            (Record.ROUND, uuid4()), (Record.CHECK, uuid4()),
        ):  # fmt: skip
            look(session, coordinator, record, record_id, at=NOON + timedelta(minutes=1))
        service.note(
            session,
            bank_id=bank.id,
            by=Actor.COMMAND_LINE,
            act=Act.EXPORTED,
            record=Record.BANK,
            at=NOON + timedelta(1),
        )

        found = {
            who.name: {one.record for one in looks_of(session, who, at=NOON + timedelta(2))}
            for who in (giver, receiver, bystander)
        }

        always = {Record.MEMBERS, Record.BANK}
        assert found == {
            "Giver": always | {Record.CHECK, Record.WAITING_HOURS, Record.ROUND},
            "Receiver": always | {Record.CHECK, Record.ROUND},
            "Bystander": always | {Record.ROUND},
        }
        hours.confirm_hours(session, log_id=waiting.id, member=coordinator, at=NOON + timedelta(minutes=2))
        look(session, coordinator, Record.WAITING_HOURS, at=NOON + timedelta(minutes=3))
        assert [one.record for one in looks_of(session, giver)].count(Record.WAITING_HOURS) == 1

    def test_acts_are_no_looks(self, as_, session, giver, coordinator):
        as_(coordinator).post(f"/desk/members/{giver.id}/code")

        assert looks_of(session, giver, at=clock.now()) == []

    def test_what_was_looked_at_before_somebody_joined_is_not_theirs(self, session, bank, coordinator):
        look(session, coordinator, at=NOON - timedelta(days=20))

        assert looks_of(session, MemberFactory(bank=bank)) == []


def made_round(session, coordinator, guide, other, *, left_out) -> Round:
    round_ = Round(
        id=uuid4(), bank_id=coordinator.bank_id, scheme_id=SchemeFactory(bank=coordinator.bank).id, run_by=coordinator.id,
        run_at=NOON, run_on=NOON.date(), seed=1, facts_digest="0" * 64,
    )  # fmt: skip
    session.add(round_)
    round_.proposals = [
        Proposal(
            id=uuid4(),
            place=1,
            guide_id=guide.id,
            other_id=other.id,
            guide_reasons=[],
            other_reasons=[],
            staff_reasons="",
        )
    ]
    round_.left_out = [LeftOut(member_id=left_out.id, reason="")]
    session.flush()
    return round_


class TestFile:
    def test_says_what_the_page_says_and_its_name_nothing(self, as_, session, giver, coordinator):
        look(session, coordinator, reason=Reason.WORRIED)

        answer = as_(giver).get("/who-has-looked/file")

        assert answer.mimetype == "text/csv"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="looks.csv"'
        assert lines(answer) == [
            ["day", "who", "what", "why", "shown late for safety"],
            ["2026-03-02", "Coordinator, coordinator", "the list of members", "something worried them", ""],
        ]

    @pytest.mark.parametrize("name", ["=1+1", "+44", "-x", "@sum", "\t=1", " =1", 'a "b", c'])
    def test_no_name_is_taken_for_a_formula(self, as_, session, bank, giver, name):
        someone = MemberFactory(bank=bank, name=name)
        look(session, someone)

        [_, row] = lines(as_(giver).get("/who-has-looked/file"))

        kept = tidy(name)
        assert row[1] in {f"{kept}, coordinator", f"'{kept}, coordinator"}
        assert not row[1].lstrip().startswith(("=", "+", "-", "@"))


class TestHolds:
    def test_hide_and_then_show_late_in_any_world(self, session, bank, giver, coordinator, bystander):
        """Many looks, many holds, at many moments: compared with a plain telling of the rule."""
        chance, compared = random.Random(31), 0
        holds = [
            hold(
                session, giver, coordinator, days=chance.randint(1, 90), at=NOON + timedelta(days=chance.randint(0, 150)),
                looker=chance.choice([None, coordinator, bystander]),
            )
            for _ in range(4)
        ]  # fmt: skip
        ended = holds[0]
        service.end_hold(session, hold=ended, at=ended.set_at + timedelta(hours=5))
        made = []
        for number in range(100):
            by, at = chance.choice([coordinator, bystander]), NOON + timedelta(days=chance.uniform(0, 260))
            look(session, by, at=at)
            made.append((number, by, at))

        for _ in range(60):
            now = NOON + timedelta(days=chance.uniform(0, 300))
            found = [(one.looker, one.noted_at, one.is_late) for one in looks_of(session, giver, at=now)]
            expected = [
                (by.name, at, bool(ends))
                for _, by, at in reversed(made)
                if (ends := covering(holds, by, at)) is not None and all(end <= now for end in ends)
            ]
            assert found == expected
            compared += len(expected)
        tell(f"{compared} looks compared at 60 moments")
        assert compared > 1000

    def test_the_page_is_the_same_as_if_nobody_had_looked(self, as_, session, giver, coordinator, monkeypatch):
        empty = as_(giver).get("/who-has-looked/").text
        set_at = clock.now()
        hold(session, giver, coordinator, at=set_at, days=10)
        look(session, coordinator, at=set_at + timedelta(minutes=1))
        browser = as_(giver)

        during, file = browser.get("/who-has-looked/").text, browser.get("/who-has-looked/file")
        monkeypatch.setattr(clock, "now", lambda: set_at + timedelta(days=10))
        afterwards = as_(giver).get("/who-has-looked/").text

        assert main_of(during) == main_of(empty)
        assert len(lines(file)) == 1
        assert "shown late for safety" in afterwards

    def test_what_was_shown_before_stays(self, session, giver, coordinator):
        look(session, coordinator, at=NOON - timedelta(minutes=1))
        hold(session, giver, coordinator)

        assert len(looks_of(session, giver)) == 1

    @pytest.mark.parametrize("days", [0, 91, -1])
    def test_last_ninety_days_at_most(self, session, giver, coordinator, days):
        with pytest.raises(service.NotThatLong):
            hold(session, giver, coordinator, days=days)

    def test_nobody_answers_for_one_on_themselves(self, session, coordinator):
        with pytest.raises(service.OnesOwnHold):
            hold(session, coordinator, coordinator)

    def test_one_ends_once(self, session, giver, coordinator):
        made = hold(session, giver, coordinator)
        service.end_hold(session, hold=made, at=NOON + timedelta(days=1))

        with pytest.raises(AlreadyOver):
            service.end_hold(session, hold=made, at=NOON + timedelta(days=2))
        assert made.until == NOON + timedelta(days=1)


def covering(holds, by, at: datetime) -> list[datetime]:
    """When each hold ends that keeps this look back."""
    ends = []
    for one in holds:
        end = min(one.set_at + timedelta(days=one.days), one.ended_at or datetime.max.replace(tzinfo=NOON.tzinfo))
        if one.set_at <= at < end and one.looker_id in {None, by.id}:
            ends.append(end)
    return ends


def main_of(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]


def test_a_coordinator_of_one_scheme_is_named_too(as_, session, bank, giver, bystander):
    schemes.make_coordinator(session, member=bystander, scheme=SchemeFactory(bank=bank))
    HourLogFactory(member=giver, partner=None)
    look(session, bystander, Record.WAITING_HOURS, reason=Reason.HOURS_WAIT, at=NOON + timedelta(minutes=1))

    assert "Bystander, coordinator" in as_(giver).get("/who-has-looked/").text

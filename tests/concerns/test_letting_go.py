"""What was closed years ago is let go: its words open for nobody, its steps stay, and whoever opens it before keeps it."""

import os
import random
from collections import Counter
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from tests.concerns.test_service import kinds, letter, words_of, words_on_paper
from tests.factories import NOON, ConcernFactory
from tests.races import ROUNDS, racing
from timebank import clock, migrating
from timebank.banks.commands import do_what_is_due
from timebank.concerns import reads, service
from timebank.concerns.models import A_YEAR, NOTICE, Concern, ConcernAsked, ConcernText, ConcernWrap, WordsLetGo
from timebank.members.models import Member
from timebank.vault.reads import try_all

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
YEARS = 7
A_SECOND = timedelta(seconds=1)


def close(session, concern: Concern, lead, *, at: datetime = NOON) -> Concern:
    service.note_opened(session, concern_id=concern.id, member=lead.member, letter=letter(), at=at)
    return service.close(session, concern_id=concern.id, text_id=uuid4(), member=lead.member, words="done", at=at)


def run(session, *, at: datetime, years: int = YEARS) -> int:
    """As the worker does, every hour or so."""
    count = service.let_long_closed_go(session, years=years, at=at)
    session.expire_all()
    return count


def let_go(session, *, at: datetime) -> int:
    """With the question to leads a month before."""
    return run(session, at=at - NOTICE) + run(session, at=at)


def ask(session, concern: Concern, *, at: datetime) -> None:
    session.add(ConcernAsked(bank_id=concern.bank_id, concern_id=concern.id, at=at))
    session.flush()


def refuses(session, concern: Concern, *, at: datetime, why: str = "only what was closed a year ago") -> bool:
    """The database, whatever the code says."""
    try:
        with session.begin_nested():
            concern.let_go(at=at)
            session.flush()
    except DBAPIError as error:
        session.expire_all()
        return why in str(error)
    return False


@pytest.fixture
def closed(session, ada, first, printed) -> Concern:
    return close(session, ConcernFactory(member=ada, words="all of it"), first)


class TestLettingGo:
    def test_its_words_open_with_no_key_and_its_steps_stay(self, session, closed, first, printed):
        assert words_of(session, closed, first) == ["all of it", "done"]
        before = kinds(closed)

        assert let_go(session, at=NOON + YEARS * A_YEAR) == 1

        assert words_of(session, closed, first) == [None, None]
        assert words_on_paper(session, closed, printed) == [None, None]
        assert session.scalar(select(func.count()).select_from(ConcernWrap)) == 0
        assert kinds(closed) == before
        assert closed.is_let_go
        assert closed.goes_at(years=YEARS, at=NOON) is None

    def test_not_a_moment_too_early_and_only_once(self, session, closed):
        due = NOON + YEARS * A_YEAR

        moments = (due - NOTICE, due - A_SECOND, due, due + A_YEAR)
        assert [run(session, at=at) for at in moments] == [0, 0, 1, 0]

    def test_whoever_opens_it_again_before_keeps_it(self, session, closed, first):
        due = NOON + YEARS * A_YEAR
        run(session, at=due - NOTICE)
        service.reopen(session, concern_id=closed.id, member=first.member, at=due - A_SECOND)

        assert [run(session, at=at) for at in (due, 3 * (due - NOON) + NOON)] == [0, 0]
        assert words_of(session, closed, first) == ["all of it", "done"]

    def test_the_years_begin_anew_when_it_is_closed_again(self, session, closed, first):
        service.reopen(session, concern_id=closed.id, member=first.member, at=NOON + A_YEAR)
        close(session, closed, first, at=NOON + 2 * A_YEAR)

        assert let_go(session, at=NOON + YEARS * A_YEAR + A_YEAR) == 0
        assert let_go(session, at=NOON + YEARS * A_YEAR + 2 * A_YEAR) == 1

    def test_what_was_told_later_keeps_it_too(self, session, closed, ada, first):
        more = {"concern_id": closed.id, "text_id": uuid4(), "member": ada, "words": "again"}
        service.add(session, at=NOON + A_YEAR, **more)

        assert let_go(session, at=NOON + 3 * YEARS * A_YEAR) == 0

    def test_afterwards_it_takes_nothing_more(self, session, closed, ada, first):
        now = {"concern_id": closed.id, "at": NOON + YEARS * A_YEAR}
        let_go(session, at=NOON + YEARS * A_YEAR)

        with pytest.raises(WordsLetGo):
            service.reopen(session, member=first.member, **now)
        with pytest.raises(WordsLetGo):
            service.add(session, text_id=uuid4(), member=ada, words="more", **now)
        with pytest.raises(WordsLetGo):
            service.note_opened(session, member=first.member, letter=letter(), **now)
        assert session.scalar(select(func.count()).select_from(ConcernText)) == 2

    def test_leads_are_told_a_month_before(self, closed):
        due = NOON + YEARS * A_YEAR

        assert closed.goes_at(years=YEARS, at=NOON) == due
        moments = (due - NOTICE - A_SECOND, due - NOTICE, due + A_YEAR)
        assert [closed.goes_soon(years=YEARS, at=at) for at in moments] == [False, True, True]

    def test_an_open_one_never_goes(self, session, ada, first, printed):
        concern = ConcernFactory(member=ada)

        assert concern.goes_at(years=1, at=NOON + 90 * A_YEAR) is None
        assert not concern.goes_soon(years=1, at=NOON + 90 * A_YEAR)
        assert let_go(session, at=NOON + 90 * A_YEAR) == 0

    def test_nothing_goes_before_leads_were_asked_for_a_month(self, session, closed, first):
        """Found with a bank whose worker had not run for long: words went in the hour in which leads could first read of it."""
        late = NOON + (YEARS + 3) * A_YEAR

        moments = (late, late + NOTICE - A_SECOND, late + NOTICE)
        assert [run(session, at=at) for at in moments] == [0, 0, 1]

    def test_a_smaller_number_of_years_gives_a_month_too(self, session, closed, first):
        now = NOON + 4 * A_YEAR
        assert run(session, at=now) == 0
        assert not closed.goes_soon(years=YEARS, at=now)

        assert run(session, at=now, years=3) == 0
        assert closed.goes_at(years=3, at=now + A_SECOND) == now + NOTICE
        assert closed.goes_soon(years=3, at=now + A_SECOND)
        assert run(session, at=now + NOTICE, years=3) == 1

    def test_a_larger_number_of_years_asks_again(self, session, closed):
        sooner, later = (NOON + years * A_YEAR for years in (YEARS, 10))
        run(session, at=sooner - NOTICE)

        assert [run(session, at=at, years=10) for at in (sooner, later, later + NOTICE)] == [0, 0, 1]

    def test_a_question_about_an_earlier_closing_does_not_count(self, session, closed, first):
        due = NOON + YEARS * A_YEAR
        run(session, at=due - NOTICE)
        service.reopen(session, concern_id=closed.id, member=first.member, at=due - 2 * A_SECOND)
        close(session, closed, first, at=due - A_SECOND)

        assert run(session, at=due, years=1) == 0
        assert closed.goes_at(years=1, at=due) == due - A_SECOND + A_YEAR

    def test_what_goes_waits_for_leads_until_they_keep_it(self, session, closed, first):
        due = NOON + YEARS * A_YEAR
        now = {"years": YEARS, "at": due - NOTICE}

        assert reads.count_waiting(session, first, years=YEARS, at=due - NOTICE - A_SECOND) == 0
        assert reads.count_waiting(session, first, **now) == 1
        service.reopen(session, concern_id=closed.id, member=first.member, at=due - NOTICE)
        assert reads.count_waiting(session, first, **now) == 0

    def test_others_stay_as_they_are(self, session, closed, ada, first, printed):
        """Drawn: some open, some closed at some time; after each year exactly those are gone whose time has come."""
        chance = random.Random(4)
        ends = {ConcernFactory(member=ada, words=f"{n}").id: chance.choice([None, *range(9)]) for n in range(24)}
        for concern_id, year in ends.items():
            if year is not None:
                close(session, session.get_one(Concern, concern_id), first, at=NOON + year * A_YEAR)

        for year in range(20):
            now = NOON + year * A_YEAR
            let_go(session, at=now)
            for concern_id, ended in ends.items():
                is_due = ended is not None and year >= ended + YEARS
                concern = session.get_one(Concern, concern_id)
                assert concern.is_let_go == is_due
                assert [len(text.wraps) for text in concern.texts] == [
                    0 if is_due else 2 for _ in range(1 if ended is None else 2)
                ]
        assert sum(end is not None for end in ends.values()) > 10


class TestTheWorker:
    def test_it_happens_by_itself_and_everything_else_still_opens(self, session, database, closed, keys):
        due = NOON + YEARS * A_YEAR
        session.commit()

        do_what_is_due(database, at=due - NOTICE, concerns_kept_years=YEARS)
        told = do_what_is_due(database, at=due, concerns_kept_years=YEARS)

        assert "the words of 1 concerns let go" in told
        with database.reading() as fresh:
            assert try_all(fresh, keys).bad == 0

    def test_of_two_at_once_it_is_kept_or_gone_and_never_half(self, session, database, ada, first, printed):
        """A lead opens it again at the moment when its time has come."""
        due, seen = NOON + YEARS * A_YEAR, Counter()
        member_id = first.member_id
        with racing(database) as race:
            for number in range(ROUNDS if IS_FULL else 8):
                concern_id = close(session, ConcernFactory(member=ada, words=f"{number}"), first).id
                run(session, at=due - NOTICE)
                session.commit()

                def reopen(acting, concern_id=concern_id):
                    lead = acting.get_one(Member, member_id)
                    return service.reopen(acting, concern_id=concern_id, member=lead, at=due)

                race(lambda acting: service.let_long_closed_go(acting, years=YEARS, at=due), reopen)
                session.expire_all()
                concern = session.get_one(Concern, concern_id)
                seen[concern.is_let_go, concern.is_closed, sum(len(text.wraps) for text in concern.texts)] += 1
                session.commit()

        assert set(seen) <= {(True, True, 0), (False, False, 4)}


class TestTheDatabase:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE concern_let_go SET at = at",
            "DELETE FROM concern_let_go",
            "INSERT INTO concern_let_go (concern_id, bank_id, at) SELECT concern_id, bank_id, at FROM concern_let_go",
            "UPDATE concern_asked SET at = at",
            "DELETE FROM concern_asked",
            "INSERT INTO concern_asked (concern_id, bank_id, at) SELECT concern_id, bank_id, at FROM concern_asked",
        ],
    )
    def test_lets_nobody_change_that_leads_were_asked_and_it_was_let_go(self, session, closed, statement):
        let_go(session, at=NOON + YEARS * A_YEAR)

        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(sql(statement))

    def test_lets_nothing_go_that_is_open(self, session, ada, first, printed):
        concern = ConcernFactory(member=ada)
        ask(session, concern, at=NOON + 80 * A_YEAR)

        assert refuses(session, concern, at=NOON + 90 * A_YEAR, why="concerns: ")

    def test_lets_nothing_go_that_was_opened_again(self, session, closed, first):
        service.reopen(session, concern_id=closed.id, member=first.member, at=NOON + A_SECOND)
        ask(session, closed, at=NOON + 80 * A_YEAR)

        assert refuses(session, closed, at=NOON + 90 * A_YEAR)

    def test_lets_nothing_go_that_nobody_was_asked_about_a_month_before(self, session, closed, first):
        why = "nobody was asked about a month before"
        assert refuses(session, closed, at=NOON + 90 * A_YEAR, why=why)
        ask(session, closed, at=NOON + 2 * A_YEAR)
        service.reopen(session, concern_id=closed.id, member=first.member, at=NOON + 3 * A_YEAR)
        close(session, closed, first, at=NOON + 3 * A_YEAR)
        assert refuses(session, closed, at=NOON + 90 * A_YEAR, why=why)
        session.expire_all()

        asked = NOON + 4 * A_YEAR + timedelta(microseconds=123_457)
        ask(session, closed, at=asked)
        assert refuses(session, closed, at=asked + NOTICE - A_SECOND, why=why)
        session.expire_all()
        closed.let_go(at=asked + NOTICE)
        session.flush()

    def test_lets_nothing_go_within_a_year(self, session, closed):
        ask(session, closed, at=NOON + A_SECOND)
        assert refuses(session, closed, at=NOON + A_YEAR - A_SECOND)
        session.expire_all()

        closed.let_go(at=NOON + A_YEAR)
        session.flush()
        assert reads.get_locked(session, closed.id).is_let_go


def test_what_was_let_go_before_questions_were_written_down_keeps_its_place(session, database, closed):
    """Until then the pages alone asked: a backup of such a bank has to come back under the new rule too."""
    gone_at = NOON + YEARS * A_YEAR + timedelta(microseconds=654_321)
    let_go(session, at=gone_at)
    session.commit()
    session.close()

    migrating.downgrade(database, "0017")
    migrating.migrate(database)

    with database.reading() as fresh:
        concern = fresh.scalars(select(Concern)).one()
        [asked] = concern.asked
        assert timedelta() <= gone_at - NOTICE - asked.at < A_SECOND
        assert concern.closed_at < asked.at
        assert concern.gone.at == gone_at


class TestPages:
    @pytest.fixture
    def closed_id(self, closed):
        return closed.id

    @pytest.fixture
    def told(self, session, closed, monkeypatch):
        session.commit()

        def at(moment: datetime):
            monkeypatch.setattr(clock, "now", lambda: moment)

        return at

    def test_whoever_told_it_reads_how_long_it_is_kept(self, as_, ada, closed_id, told):
        told(NOON)

        assert "stays locked until" in as_(ada).get(f"/tell-someone/{closed_id}").text

    def test_a_lead_reads_a_month_before_that_it_goes_and_keeps_it_by_opening_it(self, as_, first, closed_id, told):
        told(NOON + YEARS * A_YEAR - NOTICE)

        lead = as_(first.member)
        assert "soon no longer kept" in lead.get("/concerns").text
        page = lead.get(f"/concerns/{closed_id}").text
        assert "Soon no longer kept" in page
        assert lead.post(f"/concerns/{closed_id}/reopen").status_code == 303
        assert "Soon no longer kept" not in lead.get(f"/concerns/{closed_id}").text

    def test_afterwards_both_read_that_it_is_no_longer_kept(self, as_, session, ada, first, closed_id, told):
        let_go(session, at=NOON + YEARS * A_YEAR)
        session.commit()
        told(NOON + YEARS * A_YEAR)
        lead, teller = as_(first.member), as_(ada)

        assert "no longer kept" in lead.get("/concerns").text
        page = lead.get(f"/concerns/{closed_id}").text
        assert "its words were thrown away" in page
        assert "passphrase" not in page.split("<main")[1]
        assert lead.post(f"/concerns/{closed_id}/open", {"passphrase": "five words"}).status_code == 409
        assert lead.post(f"/concerns/{closed_id}/reopen").status_code == 409
        mine = teller.get(f"/tell-someone/{closed_id}").text
        assert "tell it anew" in mine
        assert "Send more" not in mine
        refused = teller.post(
            f"/tell-someone/{closed_id}/more",
            {"text_id": str(uuid4()), "words": "It happened again."},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert refused.status_code == 409
        assert "It happened again." in refused.text

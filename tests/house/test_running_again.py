"""Who is sent back for the sake of another comes again by themselves; who waits too long is told so and loses nothing."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html.parser import HTMLParser
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from ledger import retrying
from tests.factories import DAY, held
from tests.races import tell
from timebank.db import Database
from timebank.hours.models import HourLog
from timebank.web.problems import AT_THE_SAME_MOMENT

CLASHES = 40
WAITS_FOR_AN_ACCOUNT = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' AND query LIKE '%FROM account%FOR NO KEY UPDATE%'"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
LOCK = "SELECT id FROM account WHERE id = :id FOR UPDATE"


def filled_in(code: str) -> dict[str, str]:
    return {
        "log_id": str(uuid4()),
        "direction": "given",
        "partner": "code",
        "code": code,
        "length": "1:30",
        "happened_on": DAY.isoformat(),
        "words": "a walk & a “talk”",
    }


def ask(database: Database, question: str) -> int:
    with database.reading() as session:
        return session.scalar(text(question))


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


class InTheWay:
    """Another session that has the second of two accounts, and asks for the first one when somebody waits for the second.

    It is patient, so the other side is the one that is sent back, each time.
    """

    def __init__(self, database: Database, connection: Connection, accounts: list[UUID]) -> None:
        self.database = database
        self.connection = connection
        self.first, self.second = sorted(accounts)
        connection.execute(text("SET LOCAL deadlock_timeout = '60s'"))
        connection.execute(text(LOCK), {"id": self.second})

    def clash(self) -> None:
        wait_until(lambda: ask(self.database, WAITS_FOR_AN_ACCOUNT) > 0)
        with self.connection.begin_nested() as until_here:
            self.connection.execute(text(LOCK), {"id": self.first})
            until_here.rollback()  # lets go of the first account, and keeps the second


@contextmanager
def in_the_way(database: Database, accounts: list[UUID]) -> Iterator[InTheWay]:
    with database.engine.connect() as connection:
        try:
            yield InTheWay(database, connection, accounts)
        finally:
            connection.rollback()


class TestOnPostgresql:
    """Where two may wait for each other. Every clash here is a real one."""

    @pytest.fixture
    def copies(self, postgres_copies):
        return postgres_copies

    def test_a_request_that_was_sent_back_is_run_again_with_the_same_ids(self, as_, database, session, giver, receiver):
        browser, form = as_(giver), filled_in(receiver.code)
        accounts = [giver.account_id, receiver.account_id]
        session.commit()
        with ThreadPoolExecutor(1) as threads:
            with in_the_way(database, accounts) as other:
                answer = threads.submit(browser.post, "/hours/", form)
                other.clash()
                other.clash()
            answered = answer.result(60)

        assert (answered.status_code, answered.headers["Location"]) == (303, "/hours/")
        assert [str(one) for one in session.scalars(select(HourLog.id).where(HourLog.giver_id == giver.id))] == [
            form["log_id"]
        ]
        assert held(giver) == (90, 0)
        assert browser.get("/hours/").text.count("is logged. It counts once the other side has confirmed it.") == 1
        wait_until(lambda: ask(database, DEADLOCKS) == 2)

    def test_a_request_is_run_again_three_times_and_then_says_so(self, as_, database, session, giver, receiver):
        browser, form = as_(giver), filled_in(receiver.code)
        accounts = [giver.account_id, receiver.account_id]
        session.commit()
        with ThreadPoolExecutor(1) as threads, in_the_way(database, accounts) as other:
            answer = threads.submit(browser.post, "/hours/", form)
            for _ in range(retrying.AGAIN + 1):
                other.clash()
            answered = answer.result(60)

        assert answered.status_code == 409
        assert AT_THE_SAME_MOMENT in answered.text
        assert held(giver) == (0, 0)
        wait_until(lambda: ask(database, DEADLOCKS) == retrying.AGAIN + 1)
        assert browser.post("/hours/", form).status_code == 303
        assert held(giver) == (90, 0)

    def test_acts_that_clash_again_and_again_are_all_done_in_the_end(self, database):
        """Two at a time lock two rows in opposite order, each time until both hold one: one of them has to come again."""
        with database.writing() as session:
            session.execute(text("CREATE TABLE tally (id integer PRIMARY KEY, number integer NOT NULL)"))
            session.execute(text("INSERT INTO tally VALUES (1, 0), (2, 0)"))
        runs: Counter[int] = Counter()

        def count_both(both: threading.Barrier, first: int, second: int) -> None:
            meets = [True]

            def act(session: Session) -> None:
                runs[first] += 1
                session.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
                session.execute(text("UPDATE tally SET number = number + 1 WHERE id = :id"), {"id": first})
                if meets:
                    meets.clear()
                    both.wait(30)
                session.execute(text("UPDATE tally SET number = number + 1 WHERE id = :id"), {"id": second})

            database.run_again(act)

        with ThreadPoolExecutor(2) as threads:
            for _ in range(CLASHES):
                both = threading.Barrier(2)
                done = [threads.submit(count_both, both, *order) for order in ((1, 2), (2, 1))]
                assert [one.result(60) for one in done] == [None, None]

        tell(f"{CLASHES} clashes, {runs.total()} runs of {2 * CLASHES} acts")
        assert ask(database, "SELECT min(number) FROM tally") == ask(database, "SELECT max(number) FROM tally")
        assert ask(database, "SELECT min(number) FROM tally") == 2 * CLASHES
        assert runs.total() >= 3 * CLASHES

    def test_an_act_is_not_tried_for_ever(self, database):
        tries: list[int] = []

        def act(session: Session) -> None:
            tries.append(len(tries))
            session.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'sent back'; END $$"))

        with pytest.raises(DBAPIError, match="sent back"):
            database.run_again(act)
        assert len(tries) == retrying.AGAIN + 1

    def test_what_would_be_refused_again_is_not_tried_again(self, database):
        tries: list[int] = []

        def act(session: Session) -> None:
            tries.append(len(tries))
            session.execute(
                text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '23505', MESSAGE = 'there already'; END $$")
            )

        with pytest.raises(IntegrityError):
            database.run_again(act)
        assert tries == [0]


class Fields(HTMLParser):
    """The form of a page, as a browser would send it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.sends = "", {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form" and given.get("method") == "post" and "sign-out" not in given["action"]:
            self.action = given["action"]
            self.sends = {}
        if tag == "input" and given.get("type") == "hidden" and self.action:
            self.sends[given["name"]] = given["value"]


class TestTheLineOfWriters:
    """On SQLite somebody else writes for long, as an import does."""

    @pytest.fixture
    def copies(self, sqlite_copies):
        return sqlite_copies

    @pytest.fixture
    def database(self, copies, keys):
        database = Database(copies.url(), patience=0.2, keys=keys)
        yield database
        copies.discard(database)

    def test_who_waits_too_long_gets_back_all_that_was_typed(self, app, as_, database, session, giver, receiver):
        browser, form = as_(giver), filled_in(receiver.code)
        browser.get("/hours/new")
        session.commit()
        with database.writing_turn():
            answer = browser.post("/hours/", form)

        assert answer.status_code == 503
        assert "Nothing was saved, please try again" in answer.text
        assert int(answer.headers["Retry-After"]) > 0
        page = Fields(answer.text)
        assert {name: words for name, words in page.sends.items() if name != "csrf_token"} == form
        assert browser.post(page.action, page.sends).status_code == 303
        assert held(giver) == (90, 0)

    def test_a_form_on_the_page_stays_as_it_is(self, as_, database, session, giver, receiver):
        browser, form = as_(giver), filled_in(receiver.code)
        session.commit()
        with database.writing_turn():
            answer = browser.post("/hours/", form, htmx=True)

        assert answer.status_code == 503
        assert answer.headers["HX-Retarget"] == "#messages"
        assert "HX-Trigger" not in answer.headers
        assert "<form" not in answer.text

    def test_reading_waits_for_nobody(self, as_, database, session, giver):
        browser = as_(giver)
        session.commit()
        with database.writing_turn():
            assert browser.get("/hours/").status_code == 200

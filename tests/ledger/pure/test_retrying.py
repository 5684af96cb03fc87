"""Only an act that the database sent back for another's sake is done again, a few times, and after a pause."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, IntegrityError

from ledger import retrying

CLASHES = ["40001", "40P01"]


class Refused(Exception):  # noqa: N818 - what a driver raises
    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def from_database(sqlstate: str) -> DBAPIError:
    return DBAPIError("INSERT", {}, Refused(sqlstate))


class Act:
    """Fails as it is told, and then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.times = 0

    def __call__(self) -> str:
        self.times += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"


@pytest.fixture
def pauses(monkeypatch):
    taken: list[int] = []
    monkeypatch.setattr(retrying, "pause", taken.append)
    return taken


class TestAClash:
    @pytest.mark.parametrize("sqlstate", CLASHES)
    def test_is_what_the_database_sent_back_for_the_sake_of_another(self, sqlstate):
        assert retrying.is_clash(from_database(sqlstate))

    @given(sqlstate=st.from_regex(r"[0-9A-Z]{5}", fullmatch=True).filter(lambda state: state not in CLASHES))
    def test_is_no_other_refusal_of_the_database(self, sqlstate):
        assert not retrying.is_clash(from_database(sqlstate))

    @pytest.mark.parametrize(
        "error",
        [
            IntegrityError("INSERT", {}, ValueError("SQLite's errors have no such code")),
            Refused("40001"),
            KeyboardInterrupt(),
        ],
    )
    def test_is_nothing_that_has_no_code_or_comes_from_elsewhere(self, error):
        assert not retrying.is_clash(error)


class TestAgain:
    @pytest.mark.parametrize("clashes", [0, 1, 2, 3])
    def test_an_act_is_done_until_it_succeeds_with_a_longer_pause_each_time(self, pauses, clashes):
        act = Act(*[from_database(CLASHES[number % 2]) for number in range(clashes)])

        assert retrying.again(act) == "done"
        assert act.times == clashes + 1
        assert pauses == [1, 2, 3][:clashes]

    def test_after_three_times_again_the_clash_is_told(self, pauses):
        clashes = [from_database("40P01") for _ in range(5)]
        act = Act(*clashes)

        with pytest.raises(DBAPIError) as told:
            retrying.again(act)

        assert told.value is clashes[3]
        assert act.times == 4

    @pytest.mark.parametrize("error", [from_database("23505"), Refused("40001"), ValueError()])
    def test_whatever_else_goes_wrong_is_told_at_once(self, pauses, error):
        act = Act(error)

        with pytest.raises(type(error)) as told:
            retrying.again(act)

        assert told.value is error
        assert (act.times, pauses) == (1, [])

    def test_what_else_goes_wrong_after_a_clash_is_told_too(self, pauses):
        error = ValueError()
        act = Act(from_database("40001"), error)

        with pytest.raises(ValueError) as told:  # noqa: PT011 - it is this very one
            retrying.again(act)

        assert told.value is error
        assert (act.times, pauses) == (2, [1])


class TestPause:
    @pytest.mark.parametrize("before", [1, 2, 3])
    def test_is_a_chance_part_of_a_twentieth_of_a_second_for_each_time_it_was_tried(self, monkeypatch, before):
        seconds: list[float] = []
        monkeypatch.setattr(time, "sleep", seconds.append)

        for _ in range(500):
            retrying.pause(before)

        assert all(0.005 * before <= one <= 0.05 * before for one in seconds)
        assert min(seconds) < 0.01 * before
        assert max(seconds) > 0.045 * before

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, NoTime, NotWholeMinutes, TooLong, UnclearLength
from ledger.minutes import DAY_MINUTES, parse, show, show_clock

LENGTHS = st.integers(1, DAY_MINUTES)


class TestParse:
    @pytest.mark.parametrize(
        ("text", "minutes"),
        [
            ("1:30", 90),
            ("0:05", 5),
            ("90", 90),
            ("1h30", 90),
            ("1h 05", 65),
            ("1 h 30 min", 90),
            ("1 hour and 30 minutes", 90),
            ("2 hours", 120),
            ("1.5 h", 90),
            ("1,25h", 75),
            ("90 min", 90),
            ("  45 MINS ", 45),
            ("24h", 1440),
        ],
    )
    def test_reads_what_people_write(self, text, minutes):
        assert parse(text) == minutes

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "abc",
            "-5",
            "-1:30",
            "1:60",
            "1:5",
            "1.5",
            "1h 60 min",
            "1h 75 min",
            "1 h 30 h",
            "90 sec",
            "1e3",
            "٣",
            "½ h",
            "1::3",
        ],
    )
    def test_refuses_what_it_cannot_be_sure_of(self, text):
        with pytest.raises(UnclearLength) as refused:
            parse(text)

        assert refused.value.args == (" ".join(text.lower().split()),)

    @pytest.mark.parametrize("text", ["0", "0:00", "0 h", "0h 00 min"])
    def test_refuses_no_time_at_all(self, text):
        with pytest.raises(NoTime) as refused:
            parse(text)

        assert refused.value.args == (text,)

    @pytest.mark.parametrize("text", ["1441", "24:01", "25 h", "999999 h"])
    def test_refuses_more_than_a_day(self, text):
        with pytest.raises(TooLong) as refused:
            parse(text)

        assert refused.value.args == (text,)

    def test_takes_more_than_a_day_where_the_caller_says_so(self):
        assert parse("30 h", longest=10_000) == 1800

    def test_refuses_a_part_of_a_minute(self):
        with pytest.raises(NotWholeMinutes) as refused:
            parse("1.33 h")

        assert refused.value.args == ("1.33 h",)

    def test_says_what_to_do_next(self):
        with pytest.raises(LedgerError) as refusal:
            parse("soon")

        assert refusal.value.sentence.endswith('Write it like "1 h 30 min", "1:30" or "90" for minutes.')

    @given(text=st.text(alphabet="0123456789:., hmin-+", max_size=12))
    def test_answers_with_whole_minutes_of_one_day_or_refuses(self, text):
        try:
            minutes = parse(text)
        except LedgerError:
            return
        assert type(minutes) is int
        assert 1 <= minutes <= DAY_MINUTES


class TestShow:
    @pytest.mark.parametrize(
        ("minutes", "words", "clock"),
        [
            (90, "1 h 30 min", "1:30"),
            (45, "45 min", "0:45"),
            (120, "2 h", "2:00"),
            (0, "0 min", "0:00"),
            (-61, "minus 1 h 1 min", "-1:01"),
        ],
    )
    def test_says_it_as_people_do(self, minutes, words, clock):
        assert show(minutes) == words
        assert show_clock(minutes) == clock

    @given(minutes=LENGTHS)
    def test_what_is_shown_can_be_read_again(self, minutes):
        assert parse(show(minutes)) == minutes
        assert parse(show_clock(minutes)) == minutes

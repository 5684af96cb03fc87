"""The file of numbers: what ships is good, and what is off is refused with its entry and what to do."""

import random
from datetime import date
from pathlib import Path

import pytest

from timebank.helplines.lines import FILE, NATIONS, BadLines, digits, read_file

TODAY = date(2026, 3, 2)
GOOD = {
    "key": '"night"', "nations": '["england"]', "name": '"A night line"', "how": '"Call 116 999"', "link": '"tel:116999"',
    "hours": '"At night"', "source": '"https://example.org/"',
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path):
    """The shipped lines, and after them one entry made of these words."""

    def write(**entry: str) -> Path:
        words = "\n".join(f"{name} = {value}" for name, value in entry.items())
        made = tmp_path / "lines.toml"
        made.write_text(f"{FILE.read_text()}\n[[line]]\n{words}\n")
        return made

    return write


class TestShipped:
    def test_every_nation_has_an_emergency_number_and_somebody_to_talk_to(self):
        for nation in NATIONS:
            there = [line for line in read_file() if nation in line.nations]
            assert {"tel:999", "tel:116123", "sms:85258"} < {line.link for line in there}
            assert len(there) >= 5

    def test_nobody_is_asked_to_call_999_to_try_it(self):
        assert {line.only_look for line in read_file() if digits(line.link) == "999"} == {True}

    def test_no_day_of_a_check_is_made_up(self):
        """Nobody here has called them. Whoever does puts the day into the file, and takes this test's word for it."""
        assert {line.checked for line in read_file()} == {None}


class TestReading:
    def test_a_good_entry_is_taken(self, file):
        assert read_file(file(**GOOD, checked="2026-03-01"), today=TODAY)[-1].checked == date(2026, 3, 1)

    @pytest.mark.parametrize(
        ("field", "value", "fix"),
        [
            ("key", None, "write a short name"),
            ("key", '"Night Line"', "small letters"),
            ("key", '"samaritans"', "write another one"),
            ("nations", '["cornwall"]', "write some of: england, wales"),
            ("nations", "[]", "write some of"),
            ("name", '""', "write who answers"),
            ("how", '"Call 116 998"', "write the same number as in link"),
            ("how", None, "write what to do"),
            ("link", '"javascript:116999"', "write tel: or sms:"),
            ("link", '"tel:116 999"', "write tel: or sms:"),
            ("hours", None, "write when somebody answers"),
            ("source", '"http://example.org/"', "https address"),
            ("checked", '"last week"', "a day without quotes"),
            ("checked", "2026-03-27T10:00:00", "a day without quotes"),
            ("checked", "2026-03-03", "has not come yet"),
            ("colour", '"red"', "Unknown field"),
        ],
    )
    def test_what_is_off_is_named_with_its_entry_and_what_to_do(self, file, field: str, value: str | None, fix: str):
        entry = {name: words for name, words in GOOD.items() if name != field} | ({field: value} if value else {})

        with pytest.raises(BadLines) as refused:
            read_file(file(**entry), today=TODAY)

        (sentence,) = str(refused.value).splitlines()
        assert sentence.startswith(f"lines.toml, entry {len(read_file()) + 1} (")
        assert f"{field}: " in sentence
        assert fix in sentence

    def test_all_that_is_off_is_told_at_once(self, file):
        with pytest.raises(BadLines) as refused:
            read_file(file(**GOOD | {"link": '"tel:1"', "hours": '""', "name": "7"}))

        assert len(str(refused.value).splitlines()) == 3

    def test_a_nation_without_a_line_is_missed(self, tmp_path: Path):
        (tmp_path / "one.toml").write_text(
            "[[line]]\n" + "\n".join(f"{name} = {value}" for name, value in GOOD.items())
        )

        with pytest.raises(BadLines, match="no line for wales: write one"):
            read_file(tmp_path / "one.toml")

    @pytest.mark.parametrize("content", [b"[[line", b"\xff", None])
    def test_what_is_no_such_file_is_said(self, tmp_path: Path, content: bytes | None):
        if content is not None:
            (tmp_path / "lines.toml").write_bytes(content)

        with pytest.raises(BadLines, match=r"lines\.toml, which cannot be read"):
            read_file(tmp_path / "lines.toml")

    def test_a_digit_that_is_changed_on_one_side_only_never_gets_in(self, file):
        """Over many numbers: what is read out and what is dialled are the same, or the file is refused."""
        chance, refused = random.Random(4), 0
        for _ in range(60):
            number = "".join(chance.choices("0123456789", k=chance.randint(3, 11)))
            place = chance.randrange(len(number))
            wrong = number[:place] + str((int(number[place]) + chance.randint(1, 9)) % 10) + number[place + 1 :]
            with pytest.raises(BadLines, match="the same number"):
                read_file(file(**GOOD | {"link": f'"tel:{number}"', "how": f'"Call {" ".join(wrong)}"'}))
            refused += 1
        assert refused == 60

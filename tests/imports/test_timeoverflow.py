"""Reading TimeOverflow's two files: what they mean, and how what is wrong in them is told."""

from pathlib import Path

import pytest

from tests.imports.making import AT, BANK, MEMBERS, TRANSFERS, changed, read
from timebank.imports.cells import FileRefused
from timebank.imports.timeoverflow import Other, read_export

TOM = '"Tomás ""Tom"" Reyes (2)"'


def refusal(tmp_path: Path, which: Path, old: str, new: str, times: int = 1) -> list[tuple[str, int, str, str]]:
    """(file, row, column, value) of every problem after one replacement."""
    copy = changed(which, tmp_path / which.name, old, new, times=times)
    files = {MEMBERS.name: MEMBERS, TRANSFERS.name: TRANSFERS} | {which.name: copy}
    with pytest.raises(FileRefused) as refused:
        read(files[MEMBERS.name], files[TRANSFERS.name])
    assert all(problem.fix for problem in refused.value.problems)
    return [(Path(one.file).name, one.row, one.column, one.value) for one in refused.value.problems]


class TestMeaning:
    def test_from_was_helped_and_to_gave(self):
        first = read().transfers[0]

        assert (first.receiver, first.giver, first.minutes) == (2, 1, 60)

    def test_equal_names_are_told_apart_by_the_number(self):
        third = read().transfers[2]

        assert (third.receiver, third.giver) == (1, 3)

    def test_the_banks_own_account_and_people_who_left_are_no_members(self):
        export = read()

        assert [export.transfers[place].receiver for place in (3, 5, 6)] == [Other.COMMUNITY, Other.LEFT, Other.LEFT]
        assert export.transfers[6].giver is Other.LEFT

    def test_two_rows_alike_have_two_keys(self):
        keys = [transfer.key for transfer in read().transfers]

        assert len(set(keys)) == len(keys) == 9

    def test_balances_in_seconds_are_compared_with_transfers_in_minutes(self, tmp_path):
        assert read().differences() == []

        wrong = changed(MEMBERS, tmp_path / "members.csv", ",1800", ",1830")
        [difference] = read(wrong).differences()
        assert (difference.member.number, difference.transfers_minutes, difference.seconds) == (3, 30, 30)

    def test_a_mark_at_the_start_other_line_ends_and_another_order_of_columns_change_nothing(self, tmp_path):
        text = TRANSFERS.read_text("utf-8").replace("\n", "\r\n")
        marked = tmp_path / "transfers.csv"
        marked.write_bytes(b"\xef\xbb\xbf" + text.encode())
        turned = tmp_path / "members.csv"
        turned.write_text(
            "Balance,Created,Name,N\n5400,2024-01-05 10:00:00 UTC,Asha Lund,1\n"
            '-3600,2024-01-06 10:00:00 UTC,"Tomás ""Tom"" Reyes",2\n'
            "1800,2024-02-01 23:30:00 UTC,Asha Lund,3\n0,2024-02-03 10:00:00 UTC,Wen Ito,7\n",
            encoding="utf-8",
        )

        export = read(turned, marked)

        assert (export.members, export.transfers) == (read().members, read().transfers)

    def test_the_label_of_people_who_left_can_be_another(self, tmp_path):
        other = changed(TRANSFERS, tmp_path / "transfers.csv", "Deleted/inactive user", "Usuaria inactiva")

        export = read_export(MEMBERS, other, bank_name=BANK, now=AT, left_label="Usuaria inactiva")

        assert export.sums() == read().sums()


class TestRefusals:
    @pytest.mark.parametrize(
        ("which", "old", "new", "row", "column", "value"),
        [
            (TRANSFERS, ",2:00", ",2:75", 8, "Quantity", "2:75"),
            (TRANSFERS, ",2:00", ",0:00", 8, "Quantity", "0:00"),
            (TRANSFERS, ",2:00", ",-2:00", 8, "Quantity", "-2:00"),
            (TRANSFERS, ",2:00", ",7200", 8, "Quantity", "7200"),
            (TRANSFERS, ",2:00", ",", 8, "Quantity", ""),
            (TRANSFERS, "2024-03-08", "2024-02-30", 8, "Date", "2024-02-30 09:00:00 UTC"),
            (TRANSFERS, "2024-03-08", "2034-03-08", 8, "Date", "2034-03-08 09:00:00 UTC"),
            (TRANSFERS, "Wen Ito (7)", "Wen Ito (70)", 9, "From", "Wen Ito (70)"),
            (TRANSFERS, "Wen Ito (7)", "Wen Itto (7)", 9, "From", "Wen Itto (7)"),
            (TRANSFERS, "Wen Ito (7)", "Millbrook Timebank", 9, "From", "Millbrook Timebank"),
            (TRANSFERS, "Asha Lund (1),Asha Lund (3)", "Asha Lund (3),Asha Lund (3)", 4, "To", "Asha Lund (3)"),
            (TRANSFERS, "Wen Ito (7),Millbrook", "Millbrook Time Bank,Millbrook", 9, "To", "Millbrook Time Bank"),
            (MEMBERS, ",1800", ",18x0", 4, "Balance", "18x0"),
            (MEMBERS, ",1800", ",1800.5", 4, "Balance", "1800.5"),
            (MEMBERS, "7,Wen", "x7,Wen", 5, "N", "x7"),
            (MEMBERS, "2024-02-03 10:00:00 UTC", "yesterday", 5, "Created", "yesterday"),
        ],
    )  # fmt: skip
    def test_one_bad_cell_is_named_by_file_row_column_and_value(self, tmp_path, which, old, new, row, column, value):
        assert (which.name, row, column, value) in refusal(tmp_path, which, old, new)

    def test_a_number_twice_is_refused(self, tmp_path):
        assert (MEMBERS.name, 5, "N", "3") in refusal(tmp_path, MEMBERS, "7,Wen", "3,Wen")

    def test_a_column_that_is_not_there_is_refused_by_name(self, tmp_path):
        assert refusal(tmp_path, TRANSFERS, "Quantity", "Cantidad") == [(TRANSFERS.name, 1, "Quantity", "")]

    def test_a_row_with_a_cell_too_many_is_refused(self, tmp_path):
        assert refusal(tmp_path, TRANSFERS, "Painting", "Painting, twice")[0][:2] == (TRANSFERS.name, 8)

    def test_every_problem_of_both_files_is_told_at_once(self, tmp_path):
        bad_members = changed(MEMBERS, tmp_path / "members.csv", ",1800", ",x")
        bad_transfers = changed(TRANSFERS, tmp_path / "transfers.csv", "0:10", "ten")

        with pytest.raises(FileRefused) as refused:
            read(bad_members, bad_transfers)

        rows = {(Path(one.file).name, one.row) for one in refused.value.problems}
        assert {("members.csv", 4), ("transfers.csv", 9), ("transfers.csv", 10)} <= rows

    @pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00", b'N,Name\n"open', b"PK\x03\x04"])
    def test_what_is_no_such_file_is_refused_in_a_sentence(self, tmp_path, content):
        file = tmp_path / "members.csv"
        file.write_bytes(content)

        with pytest.raises(FileRefused):
            read(file)

    def test_a_file_that_is_not_there_is_refused_in_a_sentence(self, tmp_path):
        with pytest.raises(FileRefused, match="cannot be opened"):
            read(tmp_path / "nowhere.csv")

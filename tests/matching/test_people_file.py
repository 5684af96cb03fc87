"""The people file: what it reads, what it warns of, and how it says what is wrong."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import Person, peoplefile, tables
from matching.errors import AnswerRefused, PeopleRefused
from matching.formulas import guarded
from matching.people import COLUMNS, parse_must
from matching.peoplefile import parse_people, people_text, read_people, write_people
from matching.words import fold, fold_all, once_each
from tests.matching.pools import DATA, pools, someone, words


def problems_of(text):
    with pytest.raises(PeopleRefused) as refused:
        parse_people(text, source="people.csv")
    return refused.value.problems


class TestWords:
    @given(words)
    def test_folding_twice_is_folding_once(self, text):
        assert fold(fold(text)) == fold(text)

    @given(st.text(st.characters(max_codepoint=127)))
    def test_plain_letters_fold_as_all_others_do(self, text):
        # A letter that is not plain leads the long way round.
        assert fold(text) == fold(f"{text} é").removesuffix("é").strip()

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Muslim", "MUSLIM "),
            ("caf\u00e9", "cafe\u0301"),
            ("Straße", "STRASSE"),
            ("ﬁlling in  forms", "filling in forms"),
            ("می\u200cخواهم", "میخواهم"),  # noqa: RUF001 - Persian, with and without the joiner
        ],
    )
    def test_two_spellings_of_one_word_are_one_answer(self, one, other):
        assert fold(one) == fold(other)

    def test_accents_change_words(self):
        assert fold("résumé") != fold("resume")

    def test_repeats_and_blanks_go_and_the_first_spelling_stays(self):
        assert once_each([" Hearing  voices", "", "hearing voices", "\u200b"]) == ("Hearing voices",)


class TestReading:
    def test_the_sample_reads_with_its_owners_spelling(self):
        people = {person.id: person for person in read_people(DATA / "people.csv").people}

        assert people["bea"].goals == ("Go back to  College".replace("  ", " "),)
        assert people["ayaan"].waiting_since == date(2025, 11, 1)
        assert people["ayaan"].importance == {"identities": 5, "age": 1}
        assert people["ede"].capacity == 0
        assert people["finn"] == Person(id="finn", side="seek")

    def test_blanks_stand_for_nothing_said(self):
        assert parse_people("id\nana\n").people == (Person(id="ana"),)

    def test_a_byte_order_mark_spaces_and_capitals_in_the_header_do_no_harm(self, tmp_path):
        path = tmp_path / "people.csv"
        path.write_bytes(b"\xef\xbb\xbf ID ,Looking For\r\nana,company\r\n\r\n , \r\n")

        assert read_people(path).people == (someone(looking_for=("company",)),)

    def test_unknown_columns_are_named_and_not_read(self):
        read = parse_people("id,shoe size,Notes\nana,9,x\n", source="people.csv")

        assert read.people == (someone(),)
        assert read.warnings == ("people.csv: columns not known and not read: shoe size, Notes.",)

    def test_a_must_about_a_kind_nobody_gives_is_a_warning(self):
        read = parse_people("id,musts,identities\nana,same fiath;same area,faith:Sikh\n")

        assert "fiath" in read.warnings[0]
        assert "area" not in read.warnings[0]

    def test_a_shared_kind_nobody_gives_is_named_and_the_singular_of_a_column_is_understood(self):
        read = parse_people("id,share\nana,language;caste\n", source="people.csv")

        assert read.people[0].share == ("languages", "caste")
        assert read.warnings == ("people.csv: neither criteria nor kinds of identity given here: caste.",)

    @given(pools())
    def test_what_is_written_is_read_back_the_same(self, people):
        assert list(parse_people(people_text(people)).people) == people

    @given(st.lists(words, max_size=4), words)
    def test_any_words_survive_writing_and_reading(self, goals, faith):
        identities = (f"faith:{faith}",) if fold(faith) else ()
        people = [Person(id="ana", goals=tuple(goals), identities=identities)]

        assert list(parse_people(people_text(people)).people) == people

    def test_a_header_alone_is_nobody(self):
        assert parse_people(",".join(COLUMNS)).people == ()

    def test_no_written_cell_is_a_formula(self, tmp_path):
        people = [someone(goals=("=1+1",), interests=("@home",), skills=("-5",), wants=("+44",))]
        write_people(tmp_path / "people.csv", people)

        text = (tmp_path / "people.csv").read_text()
        assert all(f"'{start}" in text for start in "=@-+")
        assert list(read_people(tmp_path / "people.csv").people) == people

    @given(words)
    def test_guarded_cells_never_begin_like_a_formula(self, text):
        assert not guarded(text).startswith(("=", "+", "-", "@"))


class TestProblems:
    def test_every_mistake_is_told_at_once_with_row_column_value_and_fix(self):
        with pytest.raises(PeopleRefused) as refused:
            read_people(DATA / "mistakes.csv")

        told = [(problem.row, problem.column, problem.value) for problem in refused.value.problems]
        assert told == [
            (3, "side", "maybe"),
            (3, "born", "19x0"),
            (3, "modes", "fax"),
            (3, "times", "someday"),
            (3, "musts", "same"),
            (3, "importance", "goals=9"),
            (3, "waiting_since", "1 May"),
            (5, "id", ""),
            (4, "id", "one"),
        ]
        assert all(problem.fix.endswith(".") for problem in refused.value.problems)

    def test_the_sentence_names_file_row_column_value_and_fix(self):
        sentence = problems_of("id,side\nana,helper\n")[0].sentence

        assert sentence == "people.csv, row 2, column side, value 'helper': Write one of these: offer, seek, both."

    def test_the_row_is_the_one_a_spreadsheet_shows(self):
        text = 'id,goals,side\nana,"walk\nand talk",seek\n\nbo,,nowhere\n'

        assert [problem.row for problem in problems_of(text)] == [4]

    @pytest.mark.parametrize(
        ("text", "row", "column", "said"),
        [
            ("", 0, "", "empty"),
            ("\n \n", 0, "", "empty"),
            ("name\nana\n", 1, "id", "no column named id"),
            ("id;side\nana;seek\n", 1, "id", "parted by semicolons"),
            ("id,id\na,b\n", 1, "id", "more than once"),
            ("id,side\nana,seek,extra\n", 2, "C", "more cells"),
            ("id,goals,born\nana,walk\n", 2, "born", "2 cells and the header 3"),
            ("id,goals\nana,walk\nID,Goals\n", 3, "id", "once more"),
            ("id,goals\nana,walk\nid,born\n", 3, "id", "once more"),
            ("id,goals\nana,walk\nMade in May,\n", 3, "id", "note"),
            ("id,goals\n1E+05,walk\n", 2, "id", "in full"),
            ("id,goals\n12.0,walk\n", 2, "id", "in full"),
            ("id,not_with\nana,1E+05\n", 2, "not_with", "in full"),
            ("id,not_with\nana;bo,\n", 2, "id", "semicolon"),
            ("id,waiting_since\nana,20250105\n", 2, "waiting_since", "2026-01-31"),
            ("id,waiting_since\nana,0025-01-05\n", 2, "waiting_since", "2026-01-31"),
            ("id\nana\nana\n", 3, "id", "already used in row 2"),
            ("id,capacity\nana,-1\n", 2, "capacity", "0 or more"),
            ("id,capacity\nana,2.5\n", 2, "capacity", "digits"),
            ("id,capacity\nana,٣\n", 2, "capacity", "digits"),
            ("id,capacity\nana,1-\n", 2, "capacity", "digits"),
            ("id,born\nana,85\n", 2, "born", "1900 to 2100"),
            ("id,stage\nana,-1\n", 2, "stage", "0 or more"),
            ("id,identities\nana,Muslim\n", 2, "identities", "faith:Muslim"),
            ("id,identities\nana,language:Somali\n", 2, "identities", "move it to languages"),
            ("id,identities\nana,age:40s\n", 2, "identities", "move it to born"),
            ("id,musts\nana,same goals\n", 2, "musts", "kind of identity"),
            ("id,musts\nana,same faith:Sikh\n", 2, "musts", "same KIND"),
            ("id,musts\nana,faith:\n", 2, "musts", "same KIND"),
            ("id,importance\nana,;goals\n", 2, "importance", "like goals=3"),
            ("id,importance\nana,goals=1;Goals=2\n", 2, "importance", "twice"),
            ("id,importance\nana,gaols=1\n", 2, "importance", "mean goals?"),
            ("id,unused\nana,identites\n", 2, "unused", "mean identities?"),
            ('id,goals\nana,"walk\n', 2, "goals", "quotation marks"),
            ('id,goals\nana,wa"lk\n', 2, "goals", "quotation marks"),
            ("id,goals\nana,wa\0lk\n", 2, "goals", "cannot be printed"),
        ],
    )
    def test_each_mistake_has_its_place_and_its_cure(self, text, row, column, said):
        problem = problems_of(text)[0]

        assert (problem.row, problem.column) == (row, column)
        assert said in problem.fix

    def test_a_file_that_is_not_there_or_not_utf_8_is_said_plainly(self, tmp_path):
        (tmp_path / "old.csv").write_bytes(b"id,goals\nana,caf\xe9\n")

        with pytest.raises(PeopleRefused, match="not UTF-8"):
            read_people(tmp_path / "old.csv")
        with pytest.raises(PeopleRefused, match="cannot be opened"):
            read_people(tmp_path / "none.csv")

    @pytest.mark.parametrize(
        ("module", "most", "said"),
        [
            (tables, "MOST_BYTES", "The file is larger than"),
            (tables, "MOST_ROWS", "The file has more than 4 rows."),
            (peoplefile, "MOST_PEOPLE", "The file has more than 4 people."),
        ],
    )
    def test_a_file_that_is_far_too_large_is_said_plainly(self, tmp_path, monkeypatch, module, most, said):
        monkeypatch.setattr(module, most, 4)
        file = tmp_path / "people.csv"
        file.write_text("id,side\n" + "".join(f"p{number},seek\n" for number in range(5)))

        with pytest.raises(PeopleRefused) as refused:
            read_people(file)

        [problem] = refused.value.problems
        assert said in problem.fix

    @pytest.mark.parametrize("row", ["p{},sideways", "p{},seek,one cell more"])
    def test_no_more_mistakes_are_told_than_anybody_reads(self, monkeypatch, row):
        for module in (tables, peoplefile):
            monkeypatch.setattr(module, "MOST_PROBLEMS", 7)

        assert len(problems_of("id,side\n" + "".join(row.format(number) + "\n" for number in range(20)))) == 7

    def test_a_text_between_apostrophes_is_told(self):
        assert "between apostrophes" in problems_of("id,goals\nana,'a friend''s house'\n")[0].fix

    def test_no_half_read_file_is_ever_handed_on(self):
        with pytest.raises(PeopleRefused):
            parse_people("id,side\nana,seek\nbo,sideways\n")


class TestPerson:
    def test_a_person_made_by_hand_is_as_strict_as_the_file(self):
        with pytest.raises(AnswerRefused, match="semicolon"):
            Person(id="ana", goals=("walk;talk",))
        with pytest.raises(AnswerRefused, match="Give a list"):
            Person(id="ana", goals="walk")
        with pytest.raises(AnswerRefused, match="Give every person an id"):
            Person(id=" ")
        with pytest.raises(AnswerRefused, match="from 0"):
            Person(id="ana", importance={"goals": 6})

    def test_lists_of_any_kind_become_tidy_tuples(self):
        person = Person(id="ana", modes=["Phone", "phone"], identities=[" faith : Sikh "], not_with=[" bo ", ""])

        assert (person.modes, person.identities, person.not_with) == (("phone",), ("faith:Sikh",), ("bo",))

    def test_a_must_reads_the_column_it_is_about(self):
        assert parse_must("Same Language").kind == "languages"
        assert parse_must("mode:phone").kind == "modes"
        assert parse_must("Heritage: Somali : North").value == "somali : north"

    def test_folded_words_are_a_set(self):
        assert fold_all(("A", "a")) == {"a"}

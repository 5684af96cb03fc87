"""Any real name is a name; hidden signs are none; and nobody is called as a coordinator in other letters."""

# ruff: noqa: RUF001 - letters that look like others are what this is for

import os
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.members.naming import HIDDEN, REAL, STAFF, real_names, swaps
from timebank.members import names
from timebank.members.names import HiddenSigns, LooksLikeAnother, MarksPiledUp, NameRefused

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
NAMES = 20_000 if IS_FULL else 1500
BANK = "Millbrook Time Bank"
BASES = STAFF if IS_FULL else STAFF[:8]


def in_capitals(name: str) -> str:
    """Where these are the same letters; in Turkish, Python has others for them."""
    return name.upper() if name.upper().lower() == name.lower() else name


class TestKept:
    def test_any_real_name_is_kept_as_it_is_spelled_and_hides_no_other(self):
        found = list(real_names(7, NAMES))
        for name in found:
            assert names.checked(name) == unicodedata.normalize("NFC", name), name
            names.refuse_look_alike(name, staff=[in_capitals(name), name, "Cora Lund", "Ngozi"], bank=BANK)

        sys.stdout.write(f"{len(found)} real names kept\n")
        assert len(found) == NAMES

    def test_a_form_or_a_space_more_makes_no_other_name(self):
        for name in REAL:
            for other in (
                f"  {name.replace(' ', '   ')}\t",
                *(unicodedata.normalize(form, name) for form in ("NFC", "NFD")),
            ):
                assert names.checked(other) == names.checked(name)

    @settings(max_examples=2000 if IS_FULL else 300)
    @given(st.text(max_size=130))
    def test_whatever_is_kept_is_kept_once_and_for_all_and_can_be_seen(self, text):
        try:
            kept = names.checked(text)
        except NameRefused:
            return

        assert names.checked(kept) == kept == unicodedata.normalize("NFC", " ".join(text.split()))
        assert not any(unicodedata.category(sign) in {"Cc", "Cs", "Co", "Zl", "Zp"} for sign in kept)
        assert 0 < len(kept) <= names.LONGEST_NAME

    @pytest.mark.parametrize("name", ["", "  ", "\u3000", "'", "...", "🙂", "x" * 121])
    def test_what_is_no_name_is_refused(self, name):
        with pytest.raises(NameRefused, match="in letters"):
            names.checked(name)


class TestHidden:
    @pytest.mark.parametrize("sign", HIDDEN, ids=[f"U+{ord(sign):04X}" for sign in HIDDEN])
    def test_a_sign_that_is_not_seen_or_turns_letters_is_refused_anywhere_in_a_latin_name(self, sign):
        for text in (f"{sign}Cora", f"Co{sign}ra", f"Cora{sign}", f"Cora {sign} Lund"):
            with pytest.raises(NameRefused):
                names.checked(text)

    @pytest.mark.parametrize(
        "name", ["\u2067רות\u2069", "محمد\u200f", "\u061cعلي", "می\u200cخواهم", "ශ්\u200dරී", "ന്\u200d"]
    )
    def test_what_a_script_needs_is_fine_within_it(self, name):
        assert names.checked(name) == name

    @pytest.mark.parametrize(
        "name",
        [
            "\u2067רות",
            "רות\u2069",
            "\u202bרות\u2069",
            "\u202eרות\u202c",
            "\u2069רות\u2067",
            "می\u200c\u200cخواهم",
            "می\u200c",
        ],
    )
    def test_runs_that_do_not_end_and_joiners_that_join_nothing_are_refused(self, name):
        with pytest.raises(HiddenSigns):
            names.checked(name)

    def test_more_than_four_marks_on_one_letter_or_one_on_none_are_refused(self):
        assert names.checked("x" + "\u0323\u0301\u0308\u0332") == "x\u0323\u0332\u0301\u0308"
        for name in ("x" + "\u0301" * 5, "e" + "\u0301" * 200, "\u0301x", "Zoe \u0308x", "x" + "\u20dd" * 9):
            with pytest.raises(MarksPiledUp):
                names.checked(name)


class TestLookAlikes:
    def test_every_swap_of_a_letter_of_a_coordinators_name_is_refused(self):
        tried = slipped = 0
        for staff in BASES:
            for swapped in swaps(staff):
                if names.tidy(swapped).lower() == names.tidy(staff).lower():
                    continue  # the same letters after all: a sign of one form of Unicode
                tried += 1
                try:
                    names.refuse_look_alike(names.checked(swapped), staff=["Ada", staff], bank=BANK)
                    slipped += 1
                except NameRefused:
                    pass

        sys.stdout.write(f"{tried} names with letters swapped, {slipped} of them taken\n")
        assert tried > (3000 if IS_FULL else 1200)
        assert slipped == 0

    def test_every_letter_swapped_at_once_is_refused_too(self):
        for name in (
            "Соrа Lund",
            "СОRА LUND",
            "Ϲοra Lund",
            "𝐂𝐨𝐫𝐚 𝐋𝐮𝐧𝐝",
            "Ｃｏｒａ Ｌｕｎｄ",
            "Ꮯora Lund",
            "Cora 1und",
        ):
            with pytest.raises(LooksLikeAnother):
                names.refuse_look_alike(name, staff=["Cora Lund"], bank=BANK)

    @pytest.mark.parametrize(
        ("name", "staff"),
        [
            ("Ali", "Ali"), ("ALI", "Ali"), ("Zoe", "Zoë"), ("Lan", "Ian"), ("Jose", "José"), ("Cora", "Cora Lund"), ("Lia", "Ila"), ("Élie", "Elie"),
            ("Strauss", "Strauß"), ("Анна", "Anna"), ("Nora", "Ñora"), ("علي", "Ali"), ("Rob", "Bob"), ("Nguyen", "Nguyễn"),
        ],
    )  # fmt: skip
    def test_the_same_name_and_names_that_are_only_like_it_are_fine(self, name, staff):
        names.refuse_look_alike(name, staff=[staff], bank=BANK)

    @pytest.mark.parametrize(
        "name",
        [
            "Timebank", "timebank", "Time Bank", "TIME-BANK", "Tіmebank", "Admin", "ADMIN", "Аdmin", "Adm1n", "Administrator", "Coordinator",
            "Coordınator", "C00rdinator", "Ϲoordinator", "Millbrook Time Bank", "MillbrookTimeBank", "Mi11brook Time Bank", "Millbrook Tirne Bank",
        ],
    )  # fmt: skip
    def test_nobody_is_called_as_the_bank_or_as_the_staff_are(self, name):
        with pytest.raises(LooksLikeAnother):
            names.refuse_look_alike(name, staff=[], bank=BANK)

    def test_a_bank_of_one_word_may_be_called_as_people_are(self):
        names.refuse_look_alike("Hope", staff=[], bank="Hope")
        with pytest.raises(LooksLikeAnother):
            names.refuse_look_alike("Норе", staff=[], bank="Hope")

    @settings(max_examples=300)
    @given(st.text(max_size=30))
    def test_a_skeleton_is_its_own_skeleton_and_knows_no_form(self, text):
        assert names.skeleton(names.skeleton(text)) == names.skeleton(text)
        assert names.skeleton(unicodedata.normalize("NFD", text)) == names.skeleton(unicodedata.normalize("NFC", text))

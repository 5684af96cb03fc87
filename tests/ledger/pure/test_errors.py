"""What the ledger refuses is said in sentences that people can do something with."""

import inspect
from uuid import UUID

import pytest

from ledger import errors
from ledger.errors import LedgerError, TooLong


class TestRefusals:
    @pytest.mark.parametrize(
        "refusal", [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, LedgerError)]
    )
    def test_are_sentences_that_say_what_to_do_next(self, refusal):
        sentence = refusal(UUID(int=7)).sentence

        assert sentence.count(". ") + sentence.count(": ") >= 1
        assert sentence.endswith((".", '"."'))
        assert not {"debt", "owe", "overdrawn", "earn", "UUID", "transfer"} & set(sentence.lower().split())
        assert str(UUID(int=7)) in str(refusal(UUID(int=7)))

    def test_name_their_facts_in_brackets_after_the_sentence(self):
        refusal = TooLong("25 h", 1500)

        assert str(refusal) == f"{refusal.sentence} (25 h, 1500)"

    def test_without_facts_are_the_sentence_alone(self):
        assert str(TooLong()) == TooLong().sentence

    def test_are_one_line_however_the_sentence_is_written_down(self):
        class TooLateError(LedgerError):
            """This is too late.

            Please come
                earlier.
            """

        assert TooLateError().sentence == "This is too late. Please come earlier."

    def test_say_nothing_that_was_not_written_for_them(self):
        class WordlessError(LedgerError):
            __doc__ = None

        assert WordlessError().sentence == ""

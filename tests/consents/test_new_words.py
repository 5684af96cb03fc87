"""When the words change: who is asked anew, and how far an old yes goes until then."""

from datetime import timedelta

import pytest

from tests.consents.saying import say
from tests.factories import NOON
from timebank.consents import reads, service
from timebank.consents.purposes import Purpose
from timebank.consents.reads import may
from timebank.consents.service import OtherWords, Word, words_now
from timebank.consents.wordings import Change

LATER = NOON + timedelta(days=1)


@pytest.fixture
def copies(sqlite_copies):
    """What words mean does not depend on the kind of database."""
    return sqlite_copies


class TestNewWords:
    KEY = (Purpose.USE, "identities")

    def test_of_the_same_meaning_ask_nobody_again(self, session, giver, new_words):
        say(session, giver, self.KEY, Word.YES)

        new_words(*self.KEY, change=Change.SAME, words="We may use it to look for somebody.")

        standing = reads.standing_of(session, giver.id)
        assert (standing.may(*self.KEY), standing.is_asked(*self.KEY)) == (True, False)

    def test_that_ask_for_more_ask_anew_and_until_then_the_old_yes_goes_no_further(self, session, giver, new_words):
        say(session, giver, self.KEY, Word.YES)

        new_words(*self.KEY, change=Change.WIDER, words="And to find groups for me.")

        standing = reads.standing_of(session, giver.id)
        assert standing.is_asked(*self.KEY)
        assert (standing.may(*self.KEY), standing.may(*self.KEY, words_from=2)) == (True, False)

    @pytest.mark.parametrize(
        ("word", "old", "new"), [(Word.YES, True, True), (Word.NO, True, False), (Word.TAKE_BACK, False, False)]
    )
    def test_the_answer_to_them_counts(self, session, giver, new_words, word, old, new):
        say(session, giver, self.KEY, Word.YES)
        new_words(*self.KEY, change=Change.WIDER, words="And to find groups for me.")

        say(session, giver, self.KEY, word, at=LATER)

        standing = reads.standing_of(session, giver.id)
        assert (standing.may(*self.KEY), standing.may(*self.KEY, words_from=2)) == (old, new)
        assert not standing.is_asked(*self.KEY)

    def test_after_a_no_to_them_a_second_no_takes_back_the_old_yes(self, session, giver, new_words):
        say(session, giver, self.KEY, Word.YES)
        new_words(*self.KEY, change=Change.WIDER, words="And to find groups for me.")
        say(session, giver, self.KEY, Word.NO)

        say(session, giver, self.KEY, Word.NO, at=LATER)

        assert not may(session, member_id=giver.id, purpose=self.KEY[0], criterion=self.KEY[1])

    @pytest.mark.parametrize("word", [Word.NO, Word.TAKE_BACK])
    def test_nobody_who_said_no_is_asked_again(self, session, giver, new_words, word):
        say(session, giver, self.KEY, Word.YES)
        say(session, giver, self.KEY, word)

        new_words(*self.KEY, change=Change.WIDER, words="And to find groups for me.")

        assert not reads.standing_of(session, giver.id).is_asked(*self.KEY)

    def test_what_was_read_stays_as_it_was_read(self, session, giver, new_words):
        say(session, giver, self.KEY, Word.YES)
        before = reads.record_of(session, giver.id)[self.KEY][0].words.words
        new_words(*self.KEY, change=Change.WIDER, words="And to find groups for me.")
        say(session, giver, self.KEY, Word.YES, at=LATER)

        first, second = reads.record_of(session, giver.id)[self.KEY]

        assert (first.words.words, second.words.words) == (before, "And to find groups for me.")
        assert (first.version, second.version) == (1, 2)

    def test_a_yes_to_words_that_were_not_read_is_refused(self, new_words):
        read = words_now(Purpose.MAIL, {}).digest
        new_words(Purpose.MAIL, change=Change.SAME, words="A mail now and then.")

        with pytest.raises(OtherWords):
            service.check_words(read, words_now(Purpose.MAIL, {}))

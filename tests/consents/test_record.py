"""The record of what people said: what it covers at each moment, and that nobody can change a line of it."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from tests.consents.saying import say
from tests.factories import NOON, AnswerFactory, MemberFactory, agree, tell
from tests.races import racing
from timebank.consents import reads
from timebank.consents.models import Consent, ConsentWords, Decision
from timebank.consents.purposes import ASKED_FIRST, OF_AN_ANSWER, Purpose
from timebank.consents.reads import may
from timebank.consents.service import Word
from timebank.profiles.criteria import QUESTIONS
from timebank.record import service as record

KEYS = [(purpose, criterion) for criterion in QUESTIONS for purpose in QUESTIONS[criterion].purposes]
KEYS += [(purpose, "") for purpose in Purpose if purpose not in OF_AN_ANSWER]
LATER = NOON + timedelta(days=1)


def covered(session, member):
    return {key for key in KEYS if may(session, member_id=member.id, purpose=key[0], criterion=key[1] or None)}


BY_WRITING = {(Purpose.USE, criterion) for criterion in QUESTIONS if criterion not in ASKED_FIRST}


class TestMay:
    def test_nothing_is_agreed_to_by_silence(self, session, giver):
        assert covered(session, giver) == BY_WRITING
        assert (Purpose.USE, "identities") not in BY_WRITING

    def test_it_can_be_asked_in_plain_words(self, session, giver):
        agree(session, member=giver, purpose=Purpose.MAIL)

        assert may(session, member_id=giver.id, purpose="mail")
        assert not may(session, member_id=giver.id, purpose="figures")

    def test_an_unknown_purpose_is_no_yes(self, session, giver):
        with pytest.raises(ValueError, match="post"):
            may(session, member_id=giver.id, purpose="post")

    def test_whatever_two_people_say_each_is_held_to_their_own_last_word(self, session, giver, receiver):
        """200 words in any order, against the simplest account of them."""
        chance, heard = random.Random(7), 0
        expected = {giver.id: set(BY_WRITING), receiver.id: set(BY_WRITING)}
        for _ in range(200):
            member, key, word = chance.choice([giver, receiver]), chance.choice(KEYS), chance.choice(list(Word))
            (expected[member.id].add if word is Word.YES else expected[member.id].discard)(key)
            heard += say(session, member, key, word)

        assert {member.id: covered(session, member) for member in (giver, receiver)} == expected
        assert session.scalar(select(func.count()).select_from(Consent)) == heard > 50

    @pytest.mark.parametrize("word", list(Word))
    @pytest.mark.parametrize("key", [(Purpose.USE, "identities"), (Purpose.USE, "skills"), (Purpose.MAIL, "")])
    def test_said_twice_is_said_once(self, session, giver, key, word):
        say(session, giver, key, Word.YES)
        say(session, giver, key, word)

        assert not say(session, giver, key, word, at=LATER)

    def test_a_refusal_is_kept_and_changes_nothing(self, session, giver):
        assert say(session, giver, (Purpose.FIGURES, ""), Word.NO)

        (said,) = reads.record_of(session, giver.id)[Purpose.FIGURES, ""]
        assert said.decision is Decision.REFUSED
        assert not may(session, member_id=giver.id, purpose="figures")

    def test_of_two_presses_at_once_one_is_written(self, session, giver, database):
        session.commit()
        key = (Purpose.USE, "identities")

        with racing(database) as race:
            for word in (Word.YES, Word.TAKE_BACK) * 3:
                answers = race(*[lambda other, word=word: say(other, giver, key, word)] * 2)
                assert sorted(answers) == [False, True], answers

        session.expire_all()
        said = reads.record_of(session, giver.id)[key]
        assert [one.seq for one in said] == [1, 2, 3, 4, 5, 6]


CHANGES = {
    "a no made a yes": "UPDATE consent SET decision = 'agreed'",
    "another moment": "UPDATE consent SET said_at = '2020-01-01 00:00:00'",
    "other words": "UPDATE consent_words SET words = 'anything at all'",
    "taken out": "DELETE FROM consent",
    "the words taken out": "DELETE FROM consent_words",
    "put in between": "INSERT INTO consent SELECT bank_id, member_id, purpose, criterion, 7, 'agreed', version, words_digest, source, said_at"
    " FROM consent",
    "about no answer": "INSERT INTO consent SELECT bank_id, member_id, 'show', '', 1, 'agreed', version, words_digest, source, said_at"
    " FROM consent WHERE purpose = 'mail'",
}
ON_SQLITE = {
    "written over": "INSERT OR REPLACE INTO consent SELECT bank_id, member_id, purpose, criterion, seq, 'agreed', version, words_digest,"
    " source, said_at FROM consent",
    "words written over": "INSERT OR REPLACE INTO consent_words SELECT digest, 'anything at all' FROM consent_words",
}
ON_POSTGRESQL = {"emptied": "TRUNCATE consent CASCADE", "words emptied": "TRUNCATE consent_words CASCADE"}


def is_refused(session, act):
    try:
        session.execute(text(act))
    except DBAPIError:
        return True
    finally:
        session.rollback()
    return False


class TestTheDatabase:
    def test_refuses_every_change(self, session, giver, database):
        tell(session, member=giver, criterion="identities", words=["faith:Sikh"], is_used=False)
        agree(session, member=giver, purpose=Purpose.MAIL, is_yes=False)
        session.commit()
        acts = CHANGES | (ON_SQLITE if database.is_sqlite else ON_POSTGRESQL)

        for what, act in acts.items():
            assert is_refused(session, act), what

        assert session.scalars(select(Consent.decision)).all() == [Decision.REFUSED] * 2

    def test_lets_it_go_with_its_person_alone(self, session, giver, receiver):
        for member in (giver, receiver):
            tell(session, member=member, criterion="identities", words=["faith:Sikh"], is_shown=True)
        session.commit()

        record.forget(session, member=giver, at=NOON)
        session.commit()

        assert set(session.scalars(select(Consent.member_id))) == {receiver.id}
        assert may(session, member_id=receiver.id, purpose="show", criterion="identities")

    def test_whoever_has_only_left_is_not_gone_from_it(self, session, giver):
        agree(session, member=giver, purpose=Purpose.FIGURES)
        record.leave(session, member=giver, keeps_hours=True, at=NOON)
        session.commit()

        assert is_refused(session, "DELETE FROM consent")

    def test_keeps_one_text_once(self, session, bank):
        for _ in range(3):
            AnswerFactory(member=MemberFactory(bank=bank), criterion="identities", words=["faith:Sikh"])

        assert session.scalar(select(func.count()).select_from(ConsentWords)) == 1

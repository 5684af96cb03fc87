"""What is told is kept for good, handed on by the clock, and lost with nobody: leads come, forget, and leave."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from tests.factories import NOON, PASSPHRASE, QUICKLY, ConcernFactory, LeadFactory, MemberFactory, RelationshipFactory
from timebank.concerns import reads, sealing, service
from timebank.concerns.letters import Holder, Letter, open_all, sealed_texts
from timebank.concerns.models import AlreadyClosed, Closeness, Concern, ReadFirst, StepKind
from timebank.errors import NotFound
from timebank.members.models import MemberStatus

DAY = timedelta(hours=24)


def words_for(concern: Concern, holder: Holder, private) -> list[str | None]:
    opened = open_all(sealed_texts(concern, holder), holder=holder, private=private)
    return [text.letter and text.letter.words for text in opened]


def words_of(session, concern: Concern, lead) -> list[str | None]:
    """What a lead can open, by the key and the passphrase alone."""
    session.expire_all()
    if lead.key is None:
        return [None] * len(concern.texts)
    private = sealing.unlock(lead.key.kept, PASSPHRASE)
    return words_for(concern, Holder(key_id=lead.key.id, lead_id=lead.id), private)


def words_on_paper(session, concern: Concern, printed: str) -> list[str | None]:
    session.expire_all()
    kept = reads.find_bank_key(session, concern.bank_id).kept
    return words_for(concern, Holder(key_id=kept.id, lead_id=None), sealing.unlock(kept, printed))


def letter(words: str = "x") -> Letter:
    return Letter(words=words)


def kinds(concern: Concern) -> list[str]:
    return [step.kind.value for step in concern.steps]


def new_key(session, lead, passphrase: str = PASSPHRASE) -> None:
    kept = sealing.make_key(passphrase, key_id=uuid4(), bank_id=lead.bank_id, slowness=QUICKLY)
    service.keep_key(session, member=lead.member, kept=kept, at=NOON)
    session.expire_all()


class TestWhoHasIt:
    def test_the_first_at_once_the_second_after_a_day_and_then_the_bank(self, session, ada, first, second):
        concern = ConcernFactory(member=ada)

        def has_it(lead, hours: float) -> bool:
            return concern.is_with(lead, at=NOON + timedelta(hours=hours))

        assert [has_it(first, 0), has_it(second, 0)] == [True, False]
        assert [has_it(first, 23.99), has_it(second, 23.99)] == [True, False]
        assert [has_it(first, 24), has_it(second, 24)] == [True, True]
        assert concern.at_bank_since(at=NOON + 1.99 * DAY) is None
        assert concern.at_bank_since(at=NOON + 2 * DAY) == NOON + 2 * DAY

    def test_what_was_opened_in_time_goes_no_further(self, session, ada, first, second):
        concern = ConcernFactory(member=ada)

        service.note_opened(session, concern_id=concern.id, member=first.member, letter=letter(), at=NOON + 0.9 * DAY)

        assert not concern.is_with(second, at=NOON + 30 * DAY)
        assert concern.at_bank_since(at=NOON + 30 * DAY) is None

    def test_each_step_is_written_down_with_the_moment_it_happened(self, session, ada, first, second):
        concern = ConcernFactory(member=ada)
        third_day = NOON + 2.5 * DAY

        service.note_opened(session, concern_id=concern.id, member=second.member, letter=letter(), at=third_day)
        note = {"concern_id": concern.id, "member": second.member, "at": third_day}
        service.note(session, text_id=uuid4(), words="rang", **note)
        service.close(session, text_id=uuid4(), words="done", **note)
        service.add(session, concern_id=concern.id, text_id=uuid4(), member=ada, words="again", at=third_day + DAY)

        assert kinds(concern) == ["received", "passed-on", "opened", "noted", "closed", "reopened", "added"]
        assert [step.seq for step in concern.steps] == list(range(1, 8))
        assert [step.at for step in concern.steps[:3]] == [NOON, NOON + DAY, third_day]
        assert concern.steps[1].to_id == second.member_id
        assert concern.is_unread

    def test_of_two_who_come_too_early_neither_gets_in(self, session, ada, first, second, bystander):
        concern = ConcernFactory(member=ada)

        with pytest.raises(NotFound):
            service.note_opened(session, concern_id=concern.id, member=second.member, letter=letter(), at=NOON)
        with pytest.raises(NotFound):
            service.note_opened(session, concern_id=concern.id, member=bystander, letter=letter(), at=NOON)

    def test_a_closed_one_takes_no_note_and_an_unread_one_none_by_who_has_not_read_it(self, session, ada, first):
        concern = ConcernFactory(member=ada)
        note = {"concern_id": concern.id, "member": first.member, "at": NOON, "words": "n"}
        with pytest.raises(ReadFirst):
            service.note(session, text_id=uuid4(), **note)
        service.note_opened(session, concern_id=concern.id, member=first.member, letter=letter(), at=NOON)
        service.close(session, text_id=uuid4(), **note)

        with pytest.raises(AlreadyClosed):
            service.note(session, text_id=uuid4(), **note)
        with pytest.raises(AlreadyClosed):
            service.close(session, text_id=uuid4(), **note)

    def test_somebody_who_takes_a_break_holds_nothing_up(self, session, ada, first, second):
        concern = ConcernFactory(member=ada)

        first.member.status = MemberStatus.PAUSED

        assert concern.is_with(second, at=NOON)
        later = ConcernFactory(member=ada)
        assert [reader.lead_id for reader in later.readers] == [second.id]


class TestWhoIsPassedBy:
    @pytest.mark.parametrize("kind", ["partner", "relative", "close"])
    def test_whoever_is_close_to_somebody_named(self, session, ada, named, first, second, kind):
        service.say_close(session, member=named, other=first.member, kind=Closeness(kind), at=NOON)

        concern = ConcernFactory(member=ada, named=(named,))

        assert [reader.lead_id for reader in concern.readers] == [second.id]
        assert words_of(session, concern, first) == [None]

    def test_whoever_supports_or_supported_somebody_named(self, session, ada, named, first, second):
        RelationshipFactory(guide=first.member, other=named).end(at=NOON)

        assert [reader.lead_id for reader in ConcernFactory(member=ada, named=(named,)).readers] == [second.id]

    def test_a_lead_who_is_named_in_words_only(self, session, ada, first, second, printed):
        in_the_box = ConcernFactory(member=ada, who="it is about Lena")
        in_the_text = ConcernFactory(member=ada, words="Yesterday Sam Second and Lena First laughed at me.")

        assert [reader.lead_id for reader in in_the_box.readers] == [second.id]
        assert in_the_text.readers == []
        assert in_the_text.at_bank_since(at=NOON) == NOON
        assert words_on_paper(session, in_the_text, printed) == ["Yesterday Sam Second and Lena First laughed at me."]

    def test_a_partner_of_somebody_who_is_named_in_words_only(self, session, ada, named, first, second):
        service.say_close(session, member=first.member, other=named, kind=Closeness.PARTNER, at=NOON)

        concern = ConcernFactory(member=ada, who="Nico from the allotment")

        assert [reader.lead_id for reader in concern.readers] == [second.id]

    def test_a_lead_who_is_worried_tells_the_others(self, session, first, second):
        assert [reader.lead_id for reader in ConcernFactory(member=first.member).readers] == [second.id]

    def test_without_anybody_nothing_is_taken(self, session, ada, first):
        with pytest.raises(service.NobodyToReceive):
            ConcernFactory(member=ada, named=(first.member,))


class TestLeadsComeAndGo:
    def test_whoever_leaves_opens_nothing_and_the_next_has_it_at_once(self, session, ada, first, second):
        concern = ConcernFactory(member=ada, words="all of it")
        private = sealing.unlock(first.key.kept, PASSPHRASE)
        holder = Holder(key_id=first.key.id, lead_id=first.id)

        service.let_go(session, lead=first, at=NOON + timedelta(hours=1))
        session.expire_all()

        assert words_for(concern, holder, private) == [None]
        assert concern.is_with(second, at=NOON + timedelta(hours=2))
        assert words_of(session, concern, second) == ["all of it"]
        assert kinds(concern)[-1] == "stepped-aside"
        assert reads.find_lead(session, first.member) is None

    def test_what_they_had_read_is_unread_again(self, session, ada, first, second):
        concern = ConcernFactory(member=ada)
        service.note_opened(session, concern_id=concern.id, member=first.member, letter=letter(), at=NOON)

        service.let_go(session, lead=first, at=NOON)
        session.expire_all()

        assert concern.is_unread

    @pytest.mark.parametrize("lost", ["first", "second", "both"])
    def test_losing_leads_loses_nothing(self, session, ada, first, second, printed, lost):
        concern = ConcernFactory(member=ada, words="all of it")
        service.add(session, concern_id=concern.id, text_id=uuid4(), member=ada, words="and more", at=NOON)
        leads = {"first": [first], "second": [second], "both": [first, second]}[lost]

        for lead in leads:
            service.let_go(session, lead=lead, at=NOON)

        whole = ["all of it", "and more"]
        assert words_on_paper(session, concern, printed) == whole
        for lead in {first, second} - set(leads):
            assert words_of(session, concern, lead) == whole

    @pytest.mark.parametrize("by", ["a lead", "the printed key"])
    def test_who_comes_later_opens_what_is_still_open_once_it_is_sealed_for_them(
        self, session, bank, ada, first, printed, by
    ):
        concern = ConcernFactory(member=ada, words="all of it")
        service.add(session, concern_id=concern.id, text_id=uuid4(), member=ada, words="and more", at=NOON)
        closed = ConcernFactory(member=ada)
        service.note_opened(session, concern_id=closed.id, member=first.member, letter=letter(), at=NOON)
        service.close(session, concern_id=closed.id, text_id=uuid4(), member=first.member, words="done", at=NOON)
        new = LeadFactory(member=MemberFactory(bank=bank, name="Nour New"))
        kept = first.key.kept if by == "a lead" else reads.find_bank_key(session, bank.id).kept
        holder = Holder(key_id=kept.id, lead_id=first.id if by == "a lead" else None)
        private = sealing.unlock(kept, PASSPHRASE if by == "a lead" else printed)

        done = [
            service.seal_for_more(session, bank_id=bank.id, holder=holder, private=private, by=None, at=NOON)
            for _ in range(2)
        ]

        assert done == [1, 0]
        assert words_of(session, concern, new) == ["all of it", "and more"]
        assert words_of(session, closed, new) == [None] * 2
        assert [reader.lead_id for reader in concern.readers] == [first.id, new.id]
        assert kinds(concern)[-1] == "sealed-for"

    def test_nobody_who_has_a_part_in_it_gets_it_later_either(self, session, bank, ada, named, first):
        concern = ConcernFactory(member=ada, named=(named,), who="their friend Pat")
        tied = LeadFactory(member=MemberFactory(bank=bank, name="Tied Third"))
        LeadFactory(member=MemberFactory(bank=bank, name="Pat Fourth"))
        LeadFactory(member=named)
        service.say_close(session, member=tied.member, other=named, kind=Closeness.RELATIVE, at=NOON)
        private = sealing.unlock(first.key.kept, PASSPHRASE)

        holder = Holder(key_id=first.key.id, lead_id=first.id)
        done = service.seal_for_more(session, bank_id=bank.id, holder=holder, private=private, by=None, at=NOON)

        assert done == 0
        assert [reader.lead_id for reader in concern.readers] == [first.id]

    def test_a_text_that_was_taken_away_is_never_handed_on_as_if_the_rest_were_all(self, session, bank, ada, first):
        concern = ConcernFactory(member=ada)
        service.add(session, concern_id=concern.id, text_id=uuid4(), member=ada, words="and more", at=NOON)
        session.execute(sql("DELETE FROM concern_wrap WHERE text_id <> :id"), {"id": concern.id.hex})
        session.expire_all()
        new = LeadFactory(member=MemberFactory(bank=bank, name="Nour New"))
        holder, private = Holder(key_id=first.key.id, lead_id=first.id), sealing.unlock(first.key.kept, PASSPHRASE)

        done = service.seal_for_more(session, bank_id=bank.id, holder=holder, private=private, by=None, at=NOON)

        assert done == 0
        assert words_of(session, concern, first) == ["I am worried about how he talks to her.", None]
        assert words_of(session, concern, new) == [None, None]

    def test_whoever_starts_anew_is_behind_the_others_until_it_is_sealed_for_them_again(
        self, session, ada, first, second
    ):
        concern = ConcernFactory(member=ada, words="all of it")

        new_key(session, first)

        assert words_of(session, concern, first) == [None]
        assert not concern.is_with(first, at=NOON)
        assert concern.is_with(second, at=NOON)
        later = ConcernFactory(member=ada, words="and another")
        assert words_of(session, later, first) == ["and another"]

    def test_places_are_in_the_order_of_naming_and_never_shared(self, session, bank, first, second):
        service.let_go(session, lead=first, at=NOON)
        again = service.add_lead(session, bank=bank, member=first.member, at=NOON)

        assert (second.place, again.place) == (2, 3)
        with pytest.raises(service.AlreadyLead):
            service.add_lead(session, bank=bank, member=second.member, at=NOON)


def test_the_database_itself_changes_and_deletes_nothing_that_was_told_or_done(session, ada, first):
    ConcernFactory(member=ada)
    session.commit()
    acts = ["UPDATE {0} SET bank_id = bank_id", "DELETE FROM {0}"]
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    acts.append("INSERT OR REPLACE INTO {0} SELECT * FROM {0}" if is_sqlite else "TRUNCATE {0} CASCADE")

    for table in ("concern", "concern_text", "concern_step"):
        for act in acts:
            with pytest.raises(DBAPIError, match="concerns: what was told"), session.begin_nested():
                session.execute(sql(act.format(table)))


def test_steps_begin_with_the_receipt(session, ada, first):
    concern = ConcernFactory(member=ada)

    assert [(step.seq, step.kind) for step in concern.steps] == [(1, StepKind.RECEIVED)]

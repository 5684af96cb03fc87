"""The people file into a scheme: who joins, what is used and shown, and once only."""

import pytest
from sqlalchemy import select

from matching.errors import PeopleRefused
from tests.imports.making import AT, PEOPLE, TODAY, changed, make_bank
from timebank.consents.models import Consent, Source
from timebank.consents.purposes import Purpose
from timebank.consents.reads import may, standing_of_many
from timebank.db import Database
from timebank.imports import people
from timebank.imports.cells import FileRefused
from timebank.imports.models import ImportBatch
from timebank.imports.undo import undo_import
from timebank.matches import facts
from timebank.members.models import Bank, Member, MemberStatus, NotWith
from timebank.members.service import add_member
from timebank.profiles.models import Answer
from timebank.schemes.models import BankScheme, SchemeMembership
from timebank.schemes.service import make_coordinator


@pytest.fixture
def bank(database: Database) -> Bank:
    with database.writing() as session:
        make_bank(session, "Elsewhere")
        return make_bank(session)


def scheme_of(session, bank, preset):
    found = session.scalars(select(BankScheme).where(BankScheme.bank_id == bank.id))
    return next(scheme for scheme in found if scheme.rules.name == preset)


def bring(database, bank, *, preset="open", path=PEOPLE):
    with database.writing() as session:
        here, scheme = session.get_one(Bank, bank.id), scheme_of(session, bank, preset)
        theirs = people.read_file(path, scheme=scheme, today=TODAY)
        return people.import_people(session, bank=here, scheme=scheme, theirs=theirs, at=AT, today=TODAY)


def read(database, bank, *, preset="open", path=PEOPLE):
    with database.reading() as session:
        return people.read_file(path, scheme=scheme_of(session, bank, preset), today=TODAY)


def members(session, bank):
    return {one.name: one for one in session.scalars(select(Member).where(Member.bank_id == bank.id))}


class TestImport:
    def test_people_become_members_with_their_part_in_the_scheme(self, database, bank):
        plan, _ = bring(database, bank)

        with database.reading() as session:
            olive = members(session, bank)["olive"]
            part = (
                session.scalars(select(SchemeMembership).where(SchemeMembership.member_id == olive.id)).unique().one()
            )
        assert len(plan.new) == 3
        assert (part.side, part.capacity, str(part.waiting_since), part.roles) == ("offer", 2, "2025-01-05", "mentor")

    def test_answers_are_shown_used_and_weighed_as_the_file_says(self, database, bank):
        bring(database, bank)

        with database.reading() as session:
            found = members(session, bank)
            standing = standing_of_many(session, [member.id for member in found.values()])
            said = {
                (name, one.criterion): (
                    one.words,
                    standing[member.id].may(Purpose.SHOW, one.criterion),
                    standing[member.id].may(Purpose.USE, one.criterion),
                    one.importance,
                )
                for name, member in found.items()
                for one in session.scalars(select(Answer).where(Answer.member_id == member.id))
            }
        assert said["olive", "languages"] == (["English", "Welsh"], True, True, 1)
        assert said["olive", "interests"] == (["chess"], True, True, 3)
        assert said["olive", "born"] == (["1970"], False, True, 1)
        assert said["pavel", "languages"] == (["Polish"], True, False, 1)
        assert said["pavel", "musts"] == (["older"], False, False, 1)

    def test_experiences_and_identities_stay_unused_and_unshown_whatever_the_file_says(self, database, bank):
        bring(database, bank)

        with database.reading() as session:
            olive = members(session, bank)["olive"]
            for criterion in ("experiences", "identities"):
                assert session.get_one(Answer, (olive.id, criterion)).words
                assert not any(
                    may(session, member_id=olive.id, purpose=one, criterion=criterion) for one in ("use", "show")
                )
            scheme = scheme_of(session, bank, "open")
            engine_sees = {person.id: person for person in facts.gather(session, scheme)}[str(olive.id)]
        assert (engine_sees.identities, engine_sees.experiences) == ((), ())

    def test_not_with_is_kept(self, database, bank):
        bring(database, bank)

        with database.reading() as session:
            found = members(session, bank)
            assert session.get(NotWith, (found["pavel"].id, found["olive"].id)) is not None

    def test_the_same_file_again_brings_nothing(self, database, bank):
        bring(database, bank)

        plan, batch = bring(database, bank)

        assert batch is None
        assert plan.all == ()
        with database.reading() as session:
            assert len(members(session, bank)) == 3

    def test_the_same_id_in_another_scheme_is_the_same_person_and_keeps_their_own_answers(
        self, database, bank, tmp_path
    ):
        bring(database, bank)
        path = changed(PEOPLE, tmp_path / "people.csv", "English;Welsh", "Dutch")

        plan, _ = bring(database, bank, preset="fanon", path=path)

        assert len(plan.joining) == 3
        with database.reading() as session:
            olive = members(session, bank)["olive"]
            assert session.get_one(Answer, (olive.id, "languages")).words == ["English", "Welsh"]
            assert len(members(session, bank)) == 3

    def test_what_has_no_place_here_is_named(self, database, bank):
        warnings = " ".join(read(database, bank).warnings)

        assert "stage" in warnings
        assert "ended_with" in warnings
        assert "kept_with" not in warnings

    def test_after_undoing_it_they_are_gone_from_lists_and_can_come_again(self, database, bank):
        _, batch = bring(database, bank)
        with database.writing() as session:
            fresh = session.get_one(ImportBatch, batch.id)
            undone = undo_import(session, batch=fresh, bank=session.get_one(Bank, bank.id), at=AT)
        with database.reading() as session:
            assert {one.status for one in members(session, bank).values()} == {MemberStatus.LEFT}
            assert facts.gather(session, scheme_of(session, bank, "open")) == []
            assert session.scalars(select(Answer)).all() == []

        plan, _ = bring(database, bank)

        assert (undone.members_left, undone.parts_stepped_back, len(plan.back)) == (3, 3, 3)
        with database.reading() as session:
            scheme = scheme_of(session, bank, "open")
            waiting = facts.list_waiting_for_their_word(session, scheme)
            assert waiting == [members(session, bank)["pavel"].id]
            assert len(facts.gather(session, scheme)) == 2


class TestAgreed:
    """The column in which a charity says for which answers it holds their owner's yes."""

    @pytest.fixture
    def path(self, tmp_path):
        header, olive, pavel, rana = PEOPLE.read_text().splitlines()
        rows = [f"{header},agreed", f"{olive},Experiences; identities", f"{pavel},musts", f"{rana},", ""]
        (tmp_path / "people.csv").write_text("\n".join(rows))
        return tmp_path / "people.csv"

    def test_is_used_and_still_shown_to_nobody(self, database, bank, path):
        bring(database, bank, path=path)

        with database.reading() as session:
            found = members(session, bank)
            people_ = {one.id: one for one in facts.gather(session, scheme_of(session, bank, "open"))}
            olive, pavel = (people_[str(found[name].id)] for name in ("olive", "pavel"))
            assert (olive.identities, olive.experiences, pavel.musts) == (("faith:Quaker",), ("moved far",), ("older",))
            assert {"identities", "experiences"}.isdisjoint(olive.share)

    def test_says_that_a_file_said_so(self, database, bank, path):
        bring(database, bank, path=path)

        with database.reading() as session:
            assert {one.source for one in session.scalars(select(Consent))} == {Source.FILE}

    def test_is_taken_back_with_the_file(self, database, bank, path):
        _, batch = bring(database, bank, path=path)
        with database.writing() as session:
            fresh = session.get_one(ImportBatch, batch.id)
            undo_import(session, batch=fresh, bank=session.get_one(Bank, bank.id), at=AT)

        with database.reading() as session:
            standing = standing_of_many(session, [one.id for one in members(session, bank).values()])
            assert [one.agreed for one in standing.values()] == [{}] * 3

    def test_an_answer_that_is_not_asked_for_first_is_named_with_its_row(self, database, bank, path):
        path = changed(path, path.with_name("other.csv"), "Experiences; identities", "identities;skils")

        with pytest.raises(FileRefused) as refused:
            read(database, bank, path=path)

        assert [(one.row, one.column, one.value) for one in refused.value.problems] == [(2, "agreed", "skils")]


class TestRefusals:
    @pytest.mark.parametrize(
        ("old", "new", "preset", "row", "column"),
        [
            ("olive,offer", "olive,", "fanon", 2, "side"),
            ("offer,2", "offer,51", "open", 2, "capacity"),
            ("1990", "2010", "open", 3, "born"),
            ("olive,offer", "o" * 121 + ",offer", "open", 2, "id"),
            ("mentor", "m" * 201, "open", 2, "roles"),
            ("olive,offer", "ol\u200bive,offer", "open", 2, "id"),
            ("olive,offer", "olive\u202e,offer", "open", 2, "id"),
        ],
    )
    def test_what_the_bank_cannot_take_is_named_with_its_row(
        self, database, bank, tmp_path, old, new, preset, row, column
    ):
        path = changed(PEOPLE, tmp_path / "people.csv", old, new, times=1)

        with pytest.raises(FileRefused) as refused:
            read(database, bank, preset=preset, path=path)

        assert [(one.row, one.column) for one in refused.value.problems] == [(row, column)]

    def test_who_looks_like_a_coordinator_is_named_with_their_row_and_nobody_comes(self, database, bank, tmp_path):
        with database.writing() as session:
            cora = add_member(session, bank=session.get_one(Bank, bank.id), name="Cora", joined_on=TODAY)
            make_coordinator(session, member=cora)
        path = changed(PEOPLE, tmp_path / "people.csv", "rana,both", "C\u043era,both")

        with pytest.raises(FileRefused) as refused:
            bring(database, bank, path=path)

        assert [(one.row, one.column, one.value) for one in refused.value.problems] == [(4, "id", "C\u043era")]
        with database.reading() as session:
            assert set(members(session, bank)) == {"Cora"}

    def test_a_file_of_nobody_is_refused(self, database, bank, tmp_path):
        path = tmp_path / "people.csv"
        path.write_text("id,side\n\n")

        with pytest.raises(FileRefused, match="nobody under them"):
            read(database, bank, path=path)

    def test_what_the_engine_cannot_read_is_named_by_the_engine(self, database, bank, tmp_path):
        path = changed(PEOPLE, tmp_path / "people.csv", "seek", "perhaps")

        with pytest.raises(PeopleRefused):
            read(database, bank, path=path)

"""Being together, ending, and never being brought together again."""

import pytest

from tests.factories import NOON, RelationshipFactory, SchemeFactory
from timebank.errors import NotFound
from timebank.members import reads as member_reads
from timebank.members import service as members
from timebank.relationships import reads, service
from timebank.relationships.models import AlreadyEnded


@pytest.fixture
def together(session, mentor, supported, bystander):
    RelationshipFactory(guide=mentor, other=bystander)
    return RelationshipFactory(guide=mentor, other=supported, scheme=SchemeFactory(bank=mentor.bank))


class TestEnd:
    @pytest.mark.parametrize("who", ["mentor", "supported"])
    def test_either_may_end_it_without_a_reason(self, session, together, request, who):
        service.end(session, relationship_id=together.id, member=request.getfixturevalue(who), at=NOON)
        session.flush()

        assert together.ended_at == NOON
        assert reads.list_live(session, together.other_id) == []

    def test_others_go_on(self, session, together, mentor, bystander):
        service.end(session, relationship_id=together.id, member=mentor, at=NOON)
        session.flush()

        assert [one.other_id for one in reads.list_live(session, mentor.id)] == [bystander.id]

    def test_twice_is_refused(self, session, together, mentor):
        service.end(session, relationship_id=together.id, member=mentor, at=NOON)

        with pytest.raises(AlreadyEnded):
            service.end(session, relationship_id=together.id, member=mentor, at=NOON)

    @pytest.mark.parametrize("who", ["bystander", "outsider", "coordinator"])
    def test_nobody_else_ends_it(self, session, together, request, who):
        with pytest.raises(NotFound):
            service.end(session, relationship_id=together.id, member=request.getfixturevalue(who), at=NOON)

    def test_it_is_remembered_that_they_were_together(self, session, together, mentor, supported):
        service.end(session, relationship_id=together.id, member=mentor, at=NOON)

        assert supported.id in reads.everyone_ever_with(session, mentor.id)

    def test_it_may_begin_again(self, session, together, mentor, supported):
        service.end(session, relationship_id=together.id, member=mentor, at=NOON)

        again = RelationshipFactory(guide=mentor, other=supported)

        assert again in reads.list_live(session, supported.id)


class TestKeepApart:
    @pytest.mark.parametrize("who", ["mentor", "supported"])
    def test_holds_in_both_directions(self, session, mentor, supported, who):
        one, other = (mentor, supported) if who == "mentor" else (supported, mentor)

        members.keep_apart(session, member=one, other=other, at=NOON)

        assert member_reads.are_kept_apart(session, mentor.id, supported.id)
        assert member_reads.are_kept_apart(session, supported.id, mentor.id)
        assert member_reads.kept_apart_from(session, mentor.id) == {supported.id}
        assert member_reads.kept_apart_from(session, supported.id) == {mentor.id}

    def test_twice_is_once(self, session, mentor, supported):
        members.keep_apart(session, member=mentor, other=supported, at=NOON)

        members.keep_apart(session, member=mentor, other=supported, at=NOON)

        assert member_reads.kept_apart_from(session, mentor.id) == {supported.id}

    def test_keeps_nobody_else_apart(self, session, mentor, supported, bystander):
        members.keep_apart(session, member=mentor, other=supported, at=NOON)

        assert not member_reads.are_kept_apart(session, mentor.id, bystander.id)
        assert not member_reads.are_kept_apart(session, supported.id, bystander.id)


class TestRead:
    def test_the_scheme_that_brought_two_together(self, session, together, mentor, supported, bystander):
        assert reads.find_scheme_between(session, supported.id, mentor.id) == together.scheme_id
        assert reads.find_scheme_between(session, mentor.id, bystander.id) is None

    def test_only_as_a_party(self, session, together, bystander, supported):
        assert reads.get_for_party(session, together.id, supported) is together
        with pytest.raises(NotFound):
            reads.get_for_party(session, together.id, bystander)

    def test_places_count_on_the_guiding_side_only(self, session, together, mentor, supported):
        counted = [
            reads.count_live_as_guide(session, scheme_id=together.scheme_id, member_id=member.id)
            for member in (mentor, supported)
        ]

        assert counted == [1, 0]
        assert reads.count_live(session, scheme_id=together.scheme_id, member_id=supported.id) == 1

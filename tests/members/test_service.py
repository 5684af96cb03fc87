"""Banks, people and their codes."""

import pytest

from tests.factories import NOON, BankFactory, MemberFactory, posted
from timebank.errors import NotFound
from timebank.members import codes, reads, service
from timebank.members.models import AlreadyLeft, MemberStatus


class TestOpenBank:
    def test_has_an_empty_community_account(self, session, bank):
        assert posted(bank) == (0,)

    def test_a_name_that_is_taken_is_refused(self, session, bank):
        with pytest.raises(service.BankNameTaken):
            service.open_bank(session, name=bank.name, at=NOON)


class TestFindBank:
    def test_without_a_name_only_when_there_is_one(self, session, bank):
        assert reads.find_bank(session) is None  # the noise has a bank of its own
        assert reads.find_bank(session, bank.name) is bank

    def test_nothing_under_another_name(self, session):
        assert reads.find_bank(session, "Nowhere") is None


class TestAddMember:
    def test_begins_with_nothing_and_a_code(self, session, giver):
        assert posted(giver) == (0,)
        assert giver.status is MemberStatus.ACTIVE
        assert len(giver.code) == 8
        assert set(giver.code) <= set(codes.ALPHABET)

    def test_two_may_bear_one_name(self, session, bank):
        one, other = (MemberFactory(bank=bank, name="Ada") for _ in range(2))

        assert one.id != other.id
        assert one.code != other.code
        assert one.account_id != other.account_id

    @pytest.mark.parametrize("name", ["Cher", "Nguyễn Thị Minh Khai", "عائشة", "李", "O'Brien-Müller"])
    def test_any_name_is_a_name(self, session, bank, name):
        assert MemberFactory(bank=bank, name=name).name == name


class TestReads:
    def test_a_member_is_found_in_their_own_bank_only(self, session, giver):
        assert reads.get_member(session, giver.bank_id, giver.id) is giver
        with pytest.raises(NotFound):
            reads.get_member(session, BankFactory().id, giver.id)

    def test_the_list_is_the_banks_own(self, session, bank, giver, receiver, outsider):
        assert reads.list_members(session, bank.id) == [giver, receiver]

    def test_nobody_has_no_name(self, session, giver):
        assert reads.names_of(session, {giver.id, None}) == {giver.id: "Giver"}
        assert reads.names_of(session, {None}) == {}


class TestStatus:
    def test_a_pause_ends(self, session, giver):
        giver.pause()

        giver.come_back()

        assert giver.status is MemberStatus.ACTIVE

    @pytest.mark.parametrize("act", ["pause", "come_back"])
    def test_whoever_left_has_left(self, session, giver, act):
        giver.status = MemberStatus.LEFT

        with pytest.raises(AlreadyLeft):
            getattr(giver, act)()


class TestCodes:
    def test_are_read_out_in_groups_and_typed_as_one_likes(self):
        assert codes.spoken("K7QP2MWD") == "K7QP-2MWD"
        assert codes.plain(" k7qp 2m-wd ") == "K7QP2MWD"

    def test_hold_no_letter_that_looks_like_another(self):
        assert not set("01OILU") & set(codes.ALPHABET) - {"L", "U"}

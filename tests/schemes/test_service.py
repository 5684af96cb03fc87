"""Schemes are data, and a part in one hangs on the membership."""

import pytest
from sqlalchemy.exc import IntegrityError

from matching import Scheme
from tests.factories import PartFactory, SchemeFactory
from timebank.errors import NotFound
from timebank.members.models import MemberStatus
from timebank.schemes import reads, service
from timebank.schemes.models import Side

PRESETS = (
    "alumni", "co-counselling", "discharge", "facilitator", "fanon", "group", "hayaan", "horizons", "older-people",
    "open", "penfriend", "ward-rota",
)  # fmt: skip


@pytest.fixture
def scheme(bank):
    SchemeFactory()
    return SchemeFactory(bank=bank, name="Walks")


class TestStart:
    @pytest.mark.parametrize("preset", PRESETS)
    def test_every_preset_can_be_started(self, session, bank, preset):
        made = service.start_scheme(session, bank=bank, preset=preset)

        assert made.rules.name == preset
        assert made.name == Scheme.named(preset).title

    def test_penfriends_are_alike_and_mentors_are_not(self, session, bank):
        assert SchemeFactory(bank=bank, preset="penfriend").is_symmetric
        assert not SchemeFactory(bank=bank, preset="fanon").is_symmetric

    def test_the_same_name_twice_in_one_bank_is_refused(self, session, scheme, bank):
        with pytest.raises(IntegrityError):
            SchemeFactory(bank=bank, name="Walks")


class TestPart:
    def test_stepping_back_keeps_it_and_takes_one_out_of_rounds(self, session, scheme, giver):
        part = PartFactory(member=giver, scheme=scheme, capacity=3)

        service.step_back(session, member=giver, scheme_id=scheme.id)
        session.flush()

        assert reads.list_participants(session, scheme.id) == []
        assert part.capacity == 3

    def test_coming_back_brings_one_in_again(self, session, scheme, giver):
        part = PartFactory(member=giver, scheme=scheme)
        service.step_back(session, member=giver, scheme_id=scheme.id)

        service.come_back(session, member=giver, scheme_id=scheme.id)
        session.flush()

        assert reads.list_participants(session, scheme.id) == [part]

    @pytest.mark.parametrize("status", [MemberStatus.PAUSED, MemberStatus.LEFT])
    def test_those_who_are_not_here_are_in_no_round(self, session, scheme, giver, status):
        PartFactory(member=giver, scheme=scheme)
        giver.status = status
        session.flush()

        assert reads.list_participants(session, scheme.id) == []

    @pytest.mark.parametrize("act", ["step_back", "come_back", "set_capacity"])
    def test_whoever_takes_no_part_changes_nothing(self, session, scheme, giver, receiver, act):
        PartFactory(member=receiver, scheme=scheme)
        more = {"capacity": 2} if act == "set_capacity" else {}

        with pytest.raises(NotFound):
            getattr(service, act)(session, member=giver, scheme_id=scheme.id, **more)

    def test_one_person_may_stand_on_different_sides(self, session, bank, giver):
        one = PartFactory(member=giver, scheme=SchemeFactory(bank=bank), side=Side.OFFER)
        other = PartFactory(member=giver, scheme=SchemeFactory(bank=bank), side=Side.SEEK)

        assert {part.side for part in reads.list_parts(session, giver.id)} == {one.side, other.side}


class TestCoordinates:
    def test_the_whole_bank_means_every_scheme(self, session, scheme, coordinator):
        assert reads.coordinates(session, coordinator, scheme.id)
        assert reads.coordinates(session, coordinator, None)
        assert reads.list_coordinated(session, coordinator) == [scheme]

    def test_one_scheme_means_that_one(self, session, scheme, bank, giver):
        another = SchemeFactory(bank=bank)
        service.make_coordinator(session, member=giver, scheme=scheme)

        assert reads.is_coordinator(session, giver)
        assert reads.coordinates(session, giver, scheme.id)
        assert not reads.coordinates(session, giver, another.id)
        assert not reads.coordinates(session, giver, None)

    def test_another_banks_schemes_are_not_there(self, session, scheme, outsider):
        service.make_coordinator(session, member=outsider)

        with pytest.raises(NotFound):
            reads.get_coordinated(session, scheme_id=scheme.id, coordinator=outsider)

    def test_whoever_left_coordinates_nothing(self, session, scheme, coordinator):
        coordinator.status = MemberStatus.LEFT
        session.flush()

        assert not reads.is_coordinator(session, coordinator)

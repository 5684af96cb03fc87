"""Logging, confirming, changing and taking back, against both databases and without the web.

One file: every act on hours is told here in turn, with the same few people.
"""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from ledger.errors import AlreadyConfirmed, HoursFrozen, SameIdOtherContent
from tests.factories import (
    DAY,
    NOON,
    HourLogFactory,
    MemberFactory,
    RelationshipFactory,
    SchemeFactory,
    confirm,
    faults,
    held,
    posted,
)
from tests.hours_making import LATER, check_between, hand_over, log_one_a_day, open_check, settle
from tests.races import ROUNDS, racing, tell
from timebank.hours import reads, service
from timebank.hours.models import HourLog
from timebank.members import service as members
from timebank.members.models import Member, MemberStatus
from timebank.queries.models import Query
from timebank.schemes import service as schemes
from timebank.statements import reads as statements


def log_again(session, log, member, partner, **other):
    said = {"log_id": log.id, "minutes": log.minutes, "happened_on": log.happened_on, "is_given": True}
    return service.log_hours(session, member=member, partner=partner, at=LATER, **said | other)


class TestLog:
    def test_waits_and_changes_no_balance(self, session, giver, receiver):
        HourLogFactory(member=giver, partner=receiver, minutes=90)

        assert posted(giver, receiver) == (0, 0)
        assert held(giver) == (90, 0)
        assert held(receiver) == (0, 90)

    def test_received_is_derived_from_who_gave_and_not_from_who_clicked(self, session, giver, receiver):
        log = HourLogFactory(member=receiver, partner=giver, is_given=False)

        assert (log.giver_id, log.receiver_id, log.logged_by) == (giver.id, receiver.id, receiver.id)

    def test_the_same_log_twice_is_one(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)

        again = log_again(session, log, giver, receiver)

        assert again is log
        assert held(giver) == (90, 0)

    @pytest.mark.parametrize("other", [{"minutes": 91}, {"is_given": False}, {"happened_on": DAY - timedelta(days=1)}])
    def test_the_same_id_with_other_content_is_refused(self, session, giver, receiver, other):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)

        with pytest.raises(SameIdOtherContent):
            log_again(session, log, giver, receiver, **other)

        assert held(giver) == (90, 0)

    def test_the_same_id_by_somebody_else_is_refused(self, session, giver, receiver, bystander):
        log = HourLogFactory(member=giver, partner=receiver)

        with pytest.raises(SameIdOtherContent):
            log_again(session, log, bystander, receiver)

        assert held(bystander) == (0, 0)

    @pytest.mark.parametrize("already_counts", [False, True])
    def test_what_looks_like_the_same_warns(self, session, giver, receiver, already_counts):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)
        if already_counts:
            confirm(log)

        with pytest.raises(service.MayBeTwice):
            log_again(session, log, giver, receiver, log_id=uuid4())

    def test_the_partner_is_warned_too_when_they_log_the_same(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)

        with pytest.raises(service.MayBeTwice):
            log_again(session, log, receiver, giver, log_id=uuid4(), is_given=False)

    def test_what_looks_like_the_same_is_kept_when_one_is_sure(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)

        log_again(session, log, giver, receiver, log_id=uuid4(), is_sure=True)

        assert held(giver) == (180, 0)

    def test_what_was_taken_back_warns_nobody(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)
        service.take_back(session, log_id=log.id, member=giver, at=NOON)

        log_again(session, log, giver, receiver, log_id=uuid4())

        assert held(giver) == (90, 0)

    def test_twelve_hours_are_a_day_like_any_other(self, session, giver, receiver):
        HourLogFactory(member=giver, partner=receiver, minutes=12 * 60)

        assert held(giver) == (720, 0)

    def test_more_than_twelve_hours_on_a_day_warns(self, session, giver, receiver):
        HourLogFactory(member=giver, partner=receiver, minutes=12 * 60)

        with pytest.raises(service.ManyHours):
            HourLogFactory(member=giver, partner=receiver, minutes=1)

    def test_twenty_four_hours_fit_a_day(self, session, giver, receiver):
        HourLogFactory(member=giver, partner=receiver, minutes=12 * 60)

        HourLogFactory(member=giver, partner=receiver, minutes=12 * 60, is_sure=True)

        assert held(giver) == (1440, 0)

    def test_more_than_twenty_four_hours_on_a_day_is_refused_however_sure(self, session, giver, receiver):
        HourLogFactory(member=giver, partner=receiver, minutes=24 * 60, is_sure=True)

        with pytest.raises(service.TooManyHours):
            HourLogFactory(member=giver, partner=receiver, minutes=1, is_sure=True)

    def test_another_day_is_another_day(self, session, giver, receiver):
        HourLogFactory(member=giver, partner=receiver, minutes=24 * 60, is_sure=True)

        HourLogFactory(member=giver, partner=receiver, minutes=60, happened_on=DAY - timedelta(days=1))

        assert held(giver) == (1500, 0)

    def test_only_ones_own_day_is_looked_at(self, session, giver, receiver, bystander):
        HourLogFactory(member=bystander, partner=receiver, minutes=24 * 60, is_sure=True)

        HourLogFactory(member=giver, partner=receiver, minutes=11 * 60)

        assert held(giver) == (660, 0)

    def test_hours_that_a_check_made_void_leave_room_in_the_day(self, session, giver, receiver, coordinator):
        query = check_between(giver, receiver, log__minutes=20 * 60, log__is_sure=True, is_posted=True)
        settle(session, query, coordinator, "void")

        HourLogFactory(member=giver, partner=receiver, minutes=5 * 60)

        assert held(giver) == (300, 0)

    def test_hours_between_two_of_a_scheme_count_as_that_schemes(self, session, giver, receiver):
        scheme = SchemeFactory(bank=giver.bank)
        RelationshipFactory(guide=giver, other=receiver, scheme=scheme)

        assert service.scheme_between(session, receiver, giver) == scheme.id

    def test_hours_with_anybody_else_belong_to_no_scheme(self, session, giver, receiver, bystander):
        RelationshipFactory(guide=giver, other=receiver, scheme=SchemeFactory(bank=giver.bank))

        assert service.scheme_between(session, giver, bystander) is None
        assert service.scheme_between(session, giver, None) is None


class TestConfirm:
    @pytest.mark.parametrize("giver_logs", [True, False])
    def test_by_the_other_side_moves_both_balances(self, session, giver, receiver, giver_logs):
        sides = (giver, receiver) if giver_logs else (receiver, giver)
        log = HourLogFactory(member=sides[0], partner=sides[1], is_given=giver_logs, minutes=90)

        service.confirm_hours(session, log_id=log.id, member=sides[1], at=LATER)

        assert posted(giver, receiver, giver.bank) == (90, -90, 0)
        assert held(giver) == held(receiver) == (0, 0)
        assert not faults(giver.bank)

    def test_both_statements_agree(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90, words="a walk")

        service.confirm_hours(session, log_id=log.id, member=receiver, at=LATER)

        gave, got = (statements.get_page(session, one).lines[0] for one in (giver, receiver))
        assert (gave.transfer_id, gave.minutes, gave.words, gave.happened_on) == (log.id, 90, "a walk", DAY)
        assert (got.transfer_id, got.minutes, got.words, got.happened_on) == (log.id, 90, "a walk", DAY)
        assert (gave.is_given, got.is_given) == (True, False)
        assert (gave.partner, got.partner) == (receiver.name, giver.name)

    def test_twice_counts_once(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)
        service.confirm_hours(session, log_id=log.id, member=receiver, at=LATER)

        service.confirm_hours(session, log_id=log.id, member=receiver, at=LATER)

        assert posted(giver, receiver) == (90, -90)

    def test_not_by_whoever_logged_it(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        with pytest.raises(service.OtherSideConfirms):
            service.confirm_hours(session, log_id=log.id, member=giver, at=LATER)

    @pytest.mark.parametrize("who", ["bystander", "outsider", "coordinator"])
    def test_not_by_anybody_else(self, session, giver, receiver, request, who):
        log = HourLogFactory(member=giver, partner=receiver)

        with pytest.raises(service.NotYours):
            service.confirm_hours(session, log_id=log.id, member=request.getfixturevalue(who), at=LATER)

        assert posted(giver, receiver) == (0, 0)

    def test_not_while_it_is_being_checked(self, session, giver, receiver):
        query = check_between(giver, receiver)

        with pytest.raises(HoursFrozen):
            service.confirm_hours(session, log_id=query.log_id, member=receiver, at=LATER)

    def test_no_balance_is_too_low_to_receive(self, session, giver, receiver):
        confirm(HourLogFactory(member=giver, partner=receiver, minutes=24 * 60, is_sure=True))

        confirm(HourLogFactory(member=giver, partner=receiver, minutes=60, happened_on=DAY - timedelta(days=1)))

        assert posted(giver, receiver) == (1500, -1500)


class TestChange:
    def change(self, session, log, member, minutes=60, **more):
        said = {"new_log_id": uuid4()} | more
        return service.change_hours(session, log_id=log.id, member=member, minutes=minutes, at=LATER, **said)

    def test_lets_the_old_one_go_and_the_new_one_waits_for_the_other_side(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)

        new = self.change(session, log, receiver)

        assert held(giver) == (60, 0)
        assert (new.replaces_id, new.giver_id, new.receiver_id) == (log.id, giver.id, receiver.id)
        assert reads.view(session, log, giver).release_reason == "changed"
        assert reads.view(session, new, giver).waits_for_me

    def test_keeps_the_day_the_words_and_the_scheme(self, session, giver, receiver):
        scheme = SchemeFactory(bank=giver.bank)
        log = HourLogFactory(member=giver, partner=receiver, words="a walk", scheme_id=scheme.id)

        new = self.change(session, log, receiver)

        assert (new.happened_on, new.words, new.scheme_id) == (DAY, "a walk", scheme.id)

    def test_counts_once_the_first_one_agrees(self, session, giver, receiver):
        new = self.change(session, HourLogFactory(member=giver, partner=receiver, minutes=90), receiver)

        confirm(new)

        assert posted(giver, receiver) == (60, -60)
        assert not faults(giver.bank)

    def test_sent_twice_is_one_change(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)
        new = self.change(session, log, receiver)

        again = self.change(session, log, receiver, new_log_id=new.id)

        assert again is new
        assert held(giver) == (60, 0)

    def test_what_was_changed_already_is_not_changed_into_a_second_one(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)
        self.change(session, log, receiver, minutes=60)

        with pytest.raises(Exception):  # noqa: B017, PT011 - which sentence is for the service to choose
            self.change(session, log, receiver, minutes=45)

        assert held(giver) == (60, 0)

    def test_not_by_whoever_logged_it(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        with pytest.raises(service.OtherSideConfirms):
            self.change(session, log, giver)

    def test_not_once_it_counts(self, session, giver, receiver):
        log = confirm(HourLogFactory(member=giver, partner=receiver, minutes=90))

        with pytest.raises(AlreadyConfirmed):
            self.change(session, log, receiver)

        assert posted(giver) == (90,)

    def test_not_while_it_is_being_checked(self, session, giver, receiver):
        query = check_between(giver, receiver)

        with pytest.raises(service.BeingChecked):
            self.change(session, query.log, receiver)

    def test_a_coordinator_cannot_turn_hours_given_to_the_community_into_hours_given_to_them(
        self, session, giver, coordinator
    ):
        log = HourLogFactory(member=giver, partner=None, minutes=90)

        with pytest.raises(service.NotYours):
            self.change(session, log, coordinator)

        assert held(coordinator) == (0, 0)
        assert held(giver) == (90, 0)


class TestTakeBack:
    def test_leaves_no_trace_in_any_balance(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)

        service.take_back(session, log_id=log.id, member=giver, at=LATER)

        assert held(giver) == held(receiver) == (0, 0)
        assert reads.view(session, log, receiver).release_reason == "taken back"

    def test_twice_is_once(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver)
        service.take_back(session, log_id=log.id, member=giver, at=LATER)

        service.take_back(session, log_id=log.id, member=giver, at=LATER)

        assert held(giver) == (0, 0)

    @pytest.mark.parametrize("who", ["receiver", "bystander", "outsider", "coordinator"])
    def test_only_by_whoever_logged_it(self, session, giver, receiver, request, who):
        log = HourLogFactory(member=giver, partner=receiver)

        with pytest.raises(service.NotYours):
            service.take_back(session, log_id=log.id, member=request.getfixturevalue(who), at=LATER)

    def test_not_once_it_counts(self, session, giver, receiver):
        log = confirm(HourLogFactory(member=giver, partner=receiver))

        with pytest.raises(AlreadyConfirmed):
            service.take_back(session, log_id=log.id, member=giver, at=LATER)

    def test_not_while_it_is_being_checked(self, session, giver, receiver):
        query = check_between(giver, receiver)

        with pytest.raises(service.BeingChecked):
            service.take_back(session, log_id=query.log_id, member=giver, at=LATER)


class TestWithTheCommunity:
    def test_a_coordinator_who_has_no_part_confirms(self, session, giver, coordinator):
        log = HourLogFactory(member=giver, partner=None, minutes=90)

        service.confirm_hours(session, log_id=log.id, member=coordinator, at=LATER)

        assert posted(giver, giver.bank, coordinator) == (90, -90, 0)
        assert not faults(giver.bank)

    def test_the_member_themself_does_not(self, session, giver):
        log = HourLogFactory(member=giver, partner=None)

        with pytest.raises(service.OtherSideConfirms):
            service.confirm_hours(session, log_id=log.id, member=giver, at=LATER)

    def test_coordinators_do_not_confirm_their_own(self, session, coordinator):
        log = HourLogFactory(member=coordinator, partner=None)

        with pytest.raises(service.OtherSideConfirms):
            service.confirm_hours(session, log_id=log.id, member=coordinator, at=LATER)

    @pytest.mark.parametrize("who", ["bystander", "outsider"])
    def test_nobody_else_does(self, session, giver, request, who):
        log = HourLogFactory(member=giver, partner=None)

        with pytest.raises(service.NotYours):
            service.confirm_hours(session, log_id=log.id, member=request.getfixturevalue(who), at=LATER)

    def test_a_coordinator_of_one_scheme_does_not(self, session, giver, bystander):
        schemes.make_coordinator(session, member=bystander, scheme=SchemeFactory(bank=giver.bank))
        log = HourLogFactory(member=giver, partner=None)

        with pytest.raises(service.NotYours):
            service.confirm_hours(session, log_id=log.id, member=bystander, at=LATER)

    def test_a_coordinator_of_another_bank_does_not(self, session, giver, outsider):
        schemes.make_coordinator(session, member=outsider)
        log = HourLogFactory(member=giver, partner=None)

        with pytest.raises(service.NotYours):
            service.confirm_hours(session, log_id=log.id, member=outsider, at=LATER)

    def test_what_waits_is_listed_for_those_who_may_confirm_it(self, session, giver, coordinator):
        log = HourLogFactory(member=giver, partner=None)
        HourLogFactory(member=coordinator, partner=None)

        assert reads.list_waiting_with_community(session, coordinator) == [log]

    def test_a_coordinator_of_one_scheme_is_not_shown_what_they_cannot_confirm(self, session, giver, bystander):
        schemes.make_coordinator(session, member=bystander, scheme=SchemeFactory(bank=giver.bank))
        HourLogFactory(member=giver, partner=None)

        assert reads.list_waiting_with_community(session, bystander) == []


class TestByCode:
    def find(self, session, member, typed):
        return service.find_partner(session, member=member, partner_id=None, code=typed)

    @pytest.mark.parametrize("write", [str, str.lower, lambda code: f" {code[:4]}-{code[4:]} "])
    def test_finds_the_person_however_it_is_written(self, session, giver, receiver, write):
        assert self.find(session, giver, write(receiver.code)).id == receiver.id

    @pytest.mark.parametrize("why", ["unknown", "left", "self", "apart", "apart by them", "other bank", "empty"])
    def test_everybody_else_answers_alike(self, session, giver, receiver, outsider, why):
        if why == "left":
            receiver.status = MemberStatus.LEFT
        if why == "apart":
            members.keep_apart(session, member=giver, other=receiver, at=NOON)
        if why == "apart by them":
            members.keep_apart(session, member=receiver, other=giver, at=NOON)
        typed = {"unknown": "22222222", "self": giver.code, "other bank": outsider.code, "empty": ""}

        with pytest.raises(service.NobodyWithThatCode) as refusal:
            self.find(session, giver, typed.get(why, receiver.code))

        assert refusal.value.sentence == service.NobodyWithThatCode().sentence

    def test_somebody_who_pauses_is_still_found(self, session, giver, receiver):
        receiver.pause()

        assert self.find(session, giver, receiver.code).id == receiver.id

    def test_the_logger_learns_the_name_when_the_other_side_agrees(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, by_code=True)

        before = reads.view(session, log, giver).partner
        confirm(log)
        after = reads.view(session, log, giver).partner

        assert receiver.name not in before
        assert receiver.code[:4] in before
        assert after == receiver.name

    def test_the_other_side_sees_who_logged_it(self, session, giver, receiver):
        log = HourLogFactory(member=giver, partner=receiver, by_code=True)

        assert reads.view(session, log, receiver).partner == giver.name


class TestKnown:
    def test_nobody_at_first(self, session, giver, receiver):
        HourLogFactory(member=giver, partner=receiver)

        assert reads.list_known(session, giver) == []

    def test_those_one_is_together_with(self, session, giver, receiver, bystander):
        RelationshipFactory(guide=giver, other=receiver)

        assert reads.list_known(session, giver) == [receiver]
        assert reads.list_known(session, receiver) == [giver]

    def test_not_those_one_was_together_with(self, session, giver, receiver):
        RelationshipFactory(guide=giver, other=receiver).end(at=NOON)
        session.flush()

        assert reads.list_known(session, giver) == []

    def test_those_with_whom_an_hour_was_confirmed(self, session, giver, receiver, bystander):
        confirm(HourLogFactory(member=giver, partner=receiver))
        confirm(HourLogFactory(member=receiver, partner=bystander))

        assert reads.list_known(session, giver) == [receiver]

    def test_the_community_is_nobody(self, session, giver, coordinator):
        log = HourLogFactory(member=giver, partner=None)
        service.confirm_hours(session, log_id=log.id, member=coordinator, at=NOON)

        assert reads.list_known(session, giver) == []

    @pytest.mark.parametrize("apart_by", ["giver", "receiver"])
    def test_those_kept_apart_vanish_on_both_sides(self, session, giver, receiver, apart_by):
        confirm(HourLogFactory(member=giver, partner=receiver))
        who, other = (giver, receiver) if apart_by == "giver" else (receiver, giver)

        members.keep_apart(session, member=who, other=other, at=NOON)

        assert reads.list_known(session, giver) == reads.list_known(session, receiver) == []

    def test_those_who_left_vanish(self, session, giver, receiver):
        confirm(HourLogFactory(member=giver, partner=receiver))
        receiver.status = MemberStatus.LEFT
        session.flush()

        assert reads.list_known(session, giver) == []

    def test_only_they_can_be_chosen_without_a_code(self, session, giver, receiver, bystander):
        confirm(HourLogFactory(member=giver, partner=receiver))

        assert service.find_partner(session, member=giver, partner_id=receiver.id, code="").id == receiver.id
        with pytest.raises(service.NobodyWithThatCode):
            service.find_partner(session, member=giver, partner_id=bystander.id, code="")


class TestAfterACheck:
    """What a member reads about hours that already counted when they were checked."""

    def test_hours_that_count_are_shown_as_being_checked_while_they_are(self, session, giver, receiver):
        query = check_between(giver, receiver, is_posted=True)

        assert reads.view(session, query.log, giver).is_being_checked

    def test_hours_that_a_check_made_void_are_not_shown_as_confirmed(self, session, giver, receiver, coordinator):
        query = check_between(giver, receiver, is_posted=True)

        settle(session, query, coordinator, "void")

        assert reads.view(session, query.log, giver).is_undone


class TestAtTheSameMoment:
    def test_confirming_and_asking_for_a_check_have_exactly_one_winner(self, database, session, giver, receiver):
        logs = log_one_a_day(giver, receiver)
        member_id, bank = receiver.id, receiver.bank
        hand_over(session)

        def confirm_it(log, session):
            service.confirm_hours(session, log_id=log.id, member=session.get_one(Member, member_id), at=LATER)

        def check_it(log, session):
            open_check(session, log, session.get_one(Member, member_id))

        with racing(database) as race:
            outcomes = [race(partial(confirm_it, log), partial(check_it, log)) for log in logs]

        # Whoever is second meets a rule: a check of hours that count by now waits as a reversal, which is no defeat.
        confirmed = sum(first is None for first, _ in outcomes)
        frozen = sum(isinstance(first, HoursFrozen) for first, _ in outcomes)
        reversals = len(session.scalars(select(Query).where(Query.reversal_id.is_not(None))).all())
        tell(f"{ROUNDS} rounds: {confirmed} confirmed first, {frozen} checked first")
        assert confirmed + frozen == len(outcomes) == ROUNDS
        assert all(second is None for _, second in outcomes)
        assert reversals == confirmed
        assert posted(session.get_one(Member, member_id)) == (-90 * confirmed,)
        assert not faults(bank)

    def test_the_same_log_sent_twice_at_once_is_one_log_and_both_are_thanked(self, database, session, giver, receiver):
        ids, bank = (giver.id, receiver.id), giver.bank
        hand_over(session)
        log_ids = [uuid4() for _ in range(ROUNDS)]

        def log_it(number, session):
            member, partner = (session.get_one(Member, one) for one in ids)
            day = DAY - timedelta(days=number)
            service.log_hours(
                session,
                log_id=log_ids[number],
                member=member,
                partner=partner,
                is_given=True,
                minutes=90,
                happened_on=day,
                at=LATER,
            )

        with racing(database) as race:
            outcomes = [race(partial(log_it, number), partial(log_it, number)) for number in range(ROUNDS)]

        refused = [type(one).__name__ for both in outcomes for one in both if one is not None]
        tell(f"{ROUNDS} logs sent twice at once: {len(refused)} of {2 * ROUNDS} refused {set(refused)}")
        assert session.scalar(select(func.count()).where(HourLog.giver_id == ids[0])) == ROUNDS
        assert held(session.get_one(Member, ids[0])) == (90 * ROUNDS, 0)
        assert not faults(bank)
        assert refused == []

    def test_one_log_sent_a_thousand_times_by_two_is_one_log(self, database, session, giver, receiver):
        ids = (giver.id, receiver.id)
        log = HourLogFactory(member=giver, partner=receiver, minutes=90)
        hand_over(session)

        def send_it_often(session):
            member, partner = (session.get_one(Member, one) for one in ids)
            return [log_again(session, log, member, partner).id for _ in range(500)]

        with racing(database) as race:
            first, second = race(send_it_often, send_it_often)

        tell(f"{len(first) + len(second)} sent, {len({*first, *second})} logged")
        assert len(first) + len(second) == 1000
        assert {*first, *second} == {log.id}
        assert held(session.get_one(Member, ids[0])) == (90, 0)


class TestWithNoiseAbout:
    def test_lists_only_what_one_has_a_part_in(self, session, giver, receiver, bystander):
        HourLogFactory(member=bystander, partner=MemberFactory(bank=giver.bank), words="a neighbour's")
        log = HourLogFactory(member=giver, partner=receiver, words="mine")

        assert [view.log for view in reads.list_waiting(session, giver)] == [log]
        assert [view.log for view in reads.list_waiting(session, receiver)] == [log]

"""Everybody at every door: each route, method, person and thing, as the policy says; and "not yours" reads as "not there"."""

import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from tests.guards.matrix import (
    IN,
    METHODS,
    NO_SUCH_ACT,
    NOT_THERE,
    SIGN_IN,
    Everybody,
    as_compared,
    ask,
    cells,
    close_doors,
    gather,
    outcome,
)
from tests.guards.test_naughty import good_forms
from timebank.db import Database
from timebank.web.policy import POLICY, Who

ADA, OTHER = "Ada", "the other one"
ALL, OF_THIS = "who looks after all", "who looks after this scheme"
OF_ANOTHER, ALL_AND_ONCE = "who looks after another scheme", "who looks after all and was once with Ada"
THERE, COORDINATOR_THERE = "a member of another bank", "who looks after another bank"
LEADS = {ADA, THERE, "who looks into worries"}  # of the worlds' people, those who look into worries
BANK_WIDE = {ALL, ALL_AND_ONCE, COORDINATOR_THERE}
COORDINATORS = {*BANK_WIDE, OF_THIS, OF_ANOTHER}
OUTSIDE = {"a stranger", "who has left", "whose sign-in is closed"}
NEIGHBOURS = {
    ADA, OTHER, "a bystander", "who was once with Ada", "who is kept apart from Ada", "who takes a break",
    "who looks into worries", ALL, OF_THIS, OF_ANOTHER, ALL_AND_ONCE,
}  # fmt: skip
SIGNED_IN = {*NEIGHBOURS, THERE, COORDINATOR_THERE}
BOTH, ROUNDS = {ADA, OTHER}, {ALL, OF_THIS, ALL_AND_ONCE}

# Of things with an id in their address: who of Ada's bank may come to what is Ada's and the other one's.
MAY = {
    "concerns.show": {ADA},
    "concerns.close": {ADA},
    "concerns.note": {ADA},
    "concerns.open_one": {ADA},
    "concerns.reopen": {ADA},
    "concerns.show_told": {ADA},
    "concerns.add": {ADA},
    "desk.give_code": {ALL, ALL_AND_ONCE},
    "desk.how_to_reach": {ALL, ALL_AND_ONCE},
    "desk.show_lost_phone": {ALL, ALL_AND_ONCE},
    "desk.sign_out_everywhere": {ALL, ALL_AND_ONCE},
    "desk.show_second_step": {ALL, ALL_AND_ONCE},
    "desk.take_second_step_away": {ALL, ALL_AND_ONCE},
    "hours.show": BOTH,
    "hours.ask_change": BOTH,
    "hours.change": BOTH,
    "hours.confirm": BOTH,  # whoever logged it is told that the other one does
    "hours.take_back": {OTHER},
    "introductions.show": {ADA},  # one-way: the other one hears of it once Ada has said yes
    "introductions.accept": {ADA},
    "introductions.not_this_time": {ADA},
    "offers.close": {OTHER},
    "offers.ask_reply": NEIGHBOURS,
    "offers.reply": NEIGHBOURS,
    "offers.accept": {ADA},
    "offers.not_this_time": {ADA},
    "relationships.show": BOTH,
    "relationships.end": BOTH,
    "apart.ask_from_hours": BOTH,
    "apart.choose_from_hours": BOTH,
    "apart.ask_from_introduction": set(),  # nobody is named in it yet
    "apart.choose_from_introduction": set(),
    "apart.ask_from_offer": NEIGHBOURS - {OTHER},
    "apart.choose_from_offer": NEIGHBOURS - {OTHER},
    "apart.ask_from_relationship": BOTH,
    "apart.choose_from_relationship": BOTH,
    "apart.ask_from_reply": {ADA},
    "apart.choose_from_reply": {ADA},
    "profiles.come_back": BOTH,
    "profiles.places": BOTH,
    "profiles.step_back": BOTH,
    "queries.show": {*BOTH, ALL},  # the one who may settle it, and not who was once with one of the two
    "queries.settle": {ALL},
    "queries.tell": BOTH,
    "queries.new": BOTH,
    "queries.open_one": BOTH,
    "matches.show": ROUNDS,
    "matches.call_back": ROUNDS,
    "matches.send": ROUNDS,
    "matches.set_aside": ROUNDS - {ALL_AND_ONCE},  # about somebody they were with, another coordinator decides
    "matches.take_up_again": ROUNDS - {ALL_AND_ONCE},
    "matches.run": ROUNDS,
    "mysignin.end_device": {ADA},
    "mysignin.remove_passkey": {ADA},
    "statements.prove": BOTH,
    "two_people.new": {ALL, ALL_AND_ONCE},
    "two_people.ask": {ALL, ALL_AND_ONCE},
    "two_people.show": {ALL},  # what was asked about Ada: not by who was once with her, nor by herself
    "two_people.agree": {ALL},
    "two_people.decline": {ALL},
    "two_people.take_back": set(),  # whoever asked is none of these
    "two_people.say_no": {ADA},
}
# Of pages for coordinators, those about the whole bank.
ABOUT_THE_BANK = {
    "desk.add_member", "desk.show_members", "desk.new_member", "helplines.add", "helplines.take_away",
    "two_people.show_all",
}  # fmt: skip
# In the other bank there is the same, of these two.
AS_THERE = {ADA: THERE, ALL: COORDINATOR_THERE}
BY_ROW = {
    Who.ANYONE: {*SIGNED_IN, *OUTSIDE},
    Who.HALF_IN: set(),
    Who.SIGNED_IN: SIGNED_IN,
    Who.COORDINATOR: COORDINATORS,
    Who.LEAD: LEADS,
    Who.LEAD_OR_COORDINATOR: LEADS | COORDINATORS,
}


@pytest.fixture
def copies(sqlite_copies):
    """Who may come where does not depend on the kind of database."""
    return sqlite_copies


class Kept:
    """The world as it was before anybody did anything, to begin anew from after each act."""

    def __init__(self, database: Database, session: Session) -> None:
        self.database, self.session = database, session
        self.file = Path(str(database.url.database))
        self.copy = self.file.with_suffix(".kept")
        self._let_go()
        shutil.copy(self.file, self.copy)

    def _let_go(self) -> None:
        self.session.commit()
        self.session.close()
        with self.database.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.database.close()

    def put_back(self) -> None:
        self._let_go()
        for ending in ("-wal", "-shm"):
            Path(f"{self.file}{ending}").unlink(missing_ok=True)
        shutil.copy(self.copy, self.file)


def expected(app: Flask, rule: Rule, who: str, thing: str) -> str:
    row = getattr(app.view_functions[rule.endpoint], "policy_row", rule.endpoint)
    if row == "signin.sign_out" and who not in OUTSIDE:
        return SIGN_IN  # where it leads
    may = BY_ROW[POLICY[row]]
    if who in OUTSIDE and who not in may:
        return SIGN_IN
    if rule.endpoint in ABOUT_THE_BANK:
        may = BANK_WIDE
    if rule.endpoint in MAY:
        here = MAY[rule.endpoint]
        there = {AS_THERE[one] for one in here if one in AS_THERE}
        may = {"theirs": here, "another bank's": there, "not there": set()}[thing]
    if POLICY[row] is Who.HALF_IN:
        return SIGN_IN
    return IN if who in may else NOT_THERE


@pytest.mark.timeout(900)
def test_everybody_gets_what_the_policy_says_and_nothing_tells_not_yours_from_not_there(
    app: Flask, database: Database, session: Session, as_
):
    everybody: Everybody = gather(session)
    browsers = {name: as_(member) for name, member in everybody.people.items()}
    close_doors(session, everybody)
    kept, forms = Kept(database, session), good_forms(everybody.here)
    cookies = {name: dict(browser.client._cookies) for name, browser in browsers.items()}
    wrong: list[tuple[str, ...]] = []
    not_there: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    count = 0
    for rule, method, who, thing in cells(app, everybody):
        browser = browsers[who]
        answer = ask(app, browser, rule, method, everybody.ids(thing), forms.get(rule.endpoint, {}))
        got, count = outcome(answer), count + 1
        if got != expected(app, rule, who, thing):
            wrong.append((rule.endpoint, method, who, thing, got))
        if got == NOT_THERE:
            not_there[rule.endpoint, method, who].add(as_compared(answer))
        answer.close()
        if method == "POST" and answer.status_code < 400:
            kept.put_back()
        browser.client._cookies = dict(cookies[who])  # whoever was signed out by an act is signed in again
    for rule in app.url_map.iter_rules():
        for method in set(METHODS) - (rule.methods or set()):
            answer = ask(app, browsers[ADA], rule, method, everybody.ids("theirs"), {})
            another_serves = rule.rule in {other.rule for other in app.url_map.iter_rules() if method in other.methods}
            count += 1
            if not another_serves and outcome(answer) != NO_SUCH_ACT:
                wrong.append((rule.endpoint, method, ADA, "theirs", outcome(answer)))
            if method == "POST":
                kept.put_back()
    print(f"\n{count} cells of the matrix, {len(wrong)} wrong")  # noqa: T201

    assert wrong == []
    assert [door for door, answers in not_there.items() if len(answers) > 1] == []
    assert count > 3000


def test_every_route_with_an_id_in_its_address_says_whose_it_is(app: Flask):
    with_id = {rule.endpoint for rule in app.url_map.iter_rules() if set(rule.arguments) - {"filename", "word"}}

    assert with_id == set(MAY)

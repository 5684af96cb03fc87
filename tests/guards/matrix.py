"""Everybody at every door: who may come to which thing, asked of the running application.

People differ only in what they have to do with one pair, Ada and the other one. Things are theirs, another bank's, or not
there at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.clients import Browser, without_tokens
from tests.factories import NOON, MemberFactory, PartFactory, SchemeFactory
from tests.guards.world import World, make_world
from timebank.concerns.models import Lead
from timebank.members import service as members
from timebank.members.models import Member, MemberStatus
from timebank.relationships import service as relationships
from timebank.schemes import service as schemes
from timebank.schemes.models import BankScheme
from timebank.signin.models import User

THINGS = ("theirs", "another bank's", "not there")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
IN, NOT_THERE, SIGN_IN, NO_SUCH_ACT = "in", "not there", "sign in", "no such act"
# The same for everybody, for what is asked for is not in the address: files, and a page's own words.
NO_IDS = {"filename", "word"}


@dataclass
class Everybody:
    here: World
    elsewhere: World
    people: dict[str, Member | None]

    def ids(self, thing: str) -> dict[str, object]:
        if thing == "theirs":
            return dict(self.here.ids)
        if thing == "another bank's":
            return dict(self.elsewhere.ids)
        return {name: self.here.ids[name] if name in NO_IDS else uuid4() for name in self.here.ids}


def gather(session: Session) -> Everybody:
    elsewhere = make_world(session, rows=1)
    session.execute(update(User).values(sign_in_name=User.sign_in_name + "-elsewhere"))
    here = make_world(session, rows=1)
    ada, bank = here.member, here.member.bank
    other = session.get_one(Member, here.ids["member_id"])

    def somebody(name: str) -> Member:
        return MemberFactory(bank=bank, name=name)

    def once_with_ada(person: Member) -> Member:
        together = relationships.start(
            session, bank_id=bank.id, scheme_id=None, guide_id=ada.id, other_id=person.id, at=NOON
        )
        together.end(at=NOON)
        return person

    def looking_after(person: Member, scheme: BankScheme | None) -> Member:
        schemes.make_coordinator(session, member=person, scheme=scheme)
        return person

    kept_apart = somebody("Kit")
    members.keep_apart(session, member=ada, other=kept_apart, at=NOON)
    scheme = session.get_one(BankScheme, here.ids["scheme_id"])
    another_scheme = SchemeFactory(bank=bank)
    PartFactory(member=somebody("Pat"), scheme=another_scheme)
    people: dict[str, Member | None] = {
        "a stranger": None,
        "Ada": ada,
        "the other one": other,
        "a bystander": somebody("Bo"),
        "who was once with Ada": once_with_ada(somebody("Xan")),
        "who is kept apart from Ada": kept_apart,
        "who takes a break": somebody("Bree"),
        "who has left": somebody("Lev"),
        "whose sign-in is closed": somebody("Cloe"),
        "who looks after all": here.coordinator,
        "who looks after this scheme": looking_after(somebody("Sky"), scheme),
        "who looks after another scheme": looking_after(somebody("Ash"), another_scheme),
        "who looks after all and was once with Ada": once_with_ada(looking_after(somebody("Kim"), None)),
        "who looks into worries": somebody("Lea"),
        "a member of another bank": elsewhere.member,
        "who looks after another bank": elsewhere.coordinator,
    }
    people["who takes a break"].status = MemberStatus.PAUSED  # type: ignore[union-attr]
    session.add(
        Lead(id=uuid4(), bank_id=bank.id, member_id=people["who looks into worries"].id, place=9, appointed_at=NOON)
    )  # type: ignore[union-attr]
    session.commit()
    return Everybody(here=here, elsewhere=elsewhere, people=people)


def close_doors(session: Session, everybody: Everybody) -> None:
    """Once they are signed in: what ends somebody's way in ends it at once."""
    for name in ("who has left", "whose sign-in is closed"):
        member = everybody.people[name]
        assert member is not None
        user = session.scalar(select(User).where(User.member_id == member.id))
        assert user is not None
        user.active = False
    session.commit()


def cells(app: Flask, everybody: Everybody) -> Iterator[tuple[Rule, str, str, str]]:
    """Each route, method, person and thing; where there is no id in the address there is one thing only."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        things = THINGS if set(rule.arguments) - NO_IDS else THINGS[:1]
        methods = (rule.methods or set()) & {"GET", "POST"}
        for who in everybody.people:
            for method in sorted(methods):
                for thing in things:
                    yield rule, method, who, thing


def ask(
    app: Flask, browser: Browser, rule: Rule, method: str, ids: dict[str, object], form: dict[str, str]
) -> TestResponse:
    with app.test_request_context():
        known = {name: ids[name] for name in rule.arguments}
        url = app.url_map.bind("localhost").build(rule.endpoint, known)
    return (
        browser.get(url)
        if method == "GET"
        else browser.open(url, method=method, data=form | {"csrf_token": browser.token})
    )


def outcome(answer: TestResponse) -> str:
    if answer.status_code == 405:
        return NO_SUCH_ACT
    if answer.status_code == 404:
        return NOT_THERE
    if answer.status_code == 303 and (answer.location or "").split("?")[0] in {"/sign-in/", "/sign-in/second-step"}:
        return SIGN_IN
    return IN


def as_compared(answer: TestResponse) -> str:
    return f"{answer.status_code} {without_tokens(answer)}"

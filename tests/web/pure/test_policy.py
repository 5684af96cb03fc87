"""The guard itself, on an application of two pages: who comes in, who is led where, and what is kept of an act.

Without any of our own pages, people or tables, so that a small mistake in it is noticed quickly and here. It stays one file,
for all of it stands in one house.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Blueprint, Flask, Response, g, request
from flask.testing import FlaskClient
from sqlalchemy import text

from timebank.db import Database
from timebank.errors import NotFound
from timebank.web import edge, policy
from timebank.web.policy import POLICY, Who, allow

NOBODY_ELSE = {"is_coordinator": False, "is_lead": False, "has_to_set_up": False, "has_proved_lately": False}
ROWS = {
    "static": Who.ANYONE,
    "open": Who.ANYONE,
    "half": Who.HALF_IN,
    "mine": Who.SIGNED_IN,
    "desk": Who.COORDINATOR,
    "worries": Who.LEAD,
    "either": Who.LEAD_OR_COORDINATOR,
    "signin.sign_out": Who.SIGNED_IN,
}
PEOPLE = {
    "a stranger": None,
    "a member": {},
    "a coordinator": {"is_coordinator": True},
    "a lead": {"is_lead": True},
    "a lead who coordinates": {"is_coordinator": True, "is_lead": True},
}
MAY = {
    "a stranger": {"open"},
    "a member": {"open", "mine"},
    "a coordinator": {"open", "mine", "desk", "either"},
    "a lead": {"open", "mine", "worries", "either"},
    "a lead who coordinates": {"open", "mine", "desk", "worries", "either"},
}


def somebody(**more: bool) -> SimpleNamespace:
    return SimpleNamespace(**NOBODY_ELSE | more)


@dataclass
class House:
    """One room behind each row of the table, and who stands before them."""

    app: Flask
    client: FlaskClient
    asker: SimpleNamespace | None = None
    is_half_in: bool = False
    lookups: int = 0
    asked: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    does: object = staticmethod(lambda: "come in")

    def find_asker(self) -> SimpleNamespace | None:
        self.lookups += 1
        return self.asker

    def ask_who_it_is(self, path: str, typed: list[tuple[str, str]]) -> Response:
        self.asked.append((path, typed))
        return Response("who is it?", status=200)

    def view(self) -> object:
        return self.does()

    def kept(self) -> list[str]:
        with edge_database(self.app).reading() as session:
            return list(session.scalars(text("SELECT words FROM note ORDER BY words")))


def edge_database(app: Flask) -> Database:
    return app.extensions["timebank.database"]


def note(words: str) -> None:
    edge.session().execute(text("INSERT INTO note (words) VALUES (:words)"), {"words": words})


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(policy, "POLICY", ROWS)
    database = Database(f"sqlite:///{tmp_path / 'notes.db'}")
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (words TEXT PRIMARY KEY)"))
    app = Flask("a house", static_folder=str(tmp_path), static_url_path="/static")
    app.register_error_handler(NotFound, lambda _: ("not there", 404))
    edge.plug_in(app, database)
    house = House(app, app.test_client())
    policy.plug_in(
        app, find_asker=house.find_asker, is_half_in=lambda: house.is_half_in, ask_who_it_is=house.ask_who_it_is
    )
    signin, mysignin = Blueprint("signin", __name__), Blueprint("mysignin", __name__)
    signin.get("/sign-in", endpoint="show")(allow("open")(lambda: "sign in"))
    signin.get("/second-step", endpoint="second_step")(allow("open")(lambda: "second step"))
    signin.get("/prove", endpoint="prove")(allow("open")(lambda: "prove"))
    signin.post("/out", endpoint="sign_out")(allow("signin.sign_out")(lambda: "out"))
    mysignin.get("/set-up", endpoint="set_up")(allow("open")(lambda: "set up"))
    app.register_blueprint(signin)
    app.register_blueprint(mysignin)
    for row in ROWS:
        if row == "static":
            continue
        app.add_url_rule(f"/{row}", row.replace(".", "-"), allow(row)(house.view), methods=["GET", "POST"])
        app.add_url_rule(
            f"/{row}/fresh",
            f"{row}/fresh".replace(".", "-"),
            allow(row, fresh=True)(house.view),
            methods=["GET", "POST"],
        )
    app.add_url_rule("/reads", "reads", allow("mine", only_reads=True)(house.view), methods=["GET", "POST"])
    yield house
    database.close()


class TestWhoComesIn:
    @pytest.mark.parametrize("who", PEOPLE)
    @pytest.mark.parametrize("row", sorted(set(ROWS) - {"half", "static"}))
    def test_each_person_at_each_row(self, house: House, who: str, row: str):
        house.asker = None if PEOPLE[who] is None else somebody(**PEOPLE[who])
        may = row in MAY[who] | ({"signin.sign_out"} if house.asker else set())

        answer = house.client.get(f"/{row}")

        if may:
            assert (answer.status_code, answer.text) == (200, "come in")
        elif who == "a stranger":
            assert (answer.status_code, answer.location) == (303, f"/sign-in?next=/{row}")
        else:
            assert (answer.status_code, answer.text) == (404, "not there")

    def test_half_in_is_for_whoever_is_half_in_and_nobody_else(self, house: House):
        house.is_half_in = True
        assert house.client.get("/half").text == "come in"
        assert house.lookups == 0

        house.is_half_in, house.asker = False, somebody()
        assert house.client.get("/half").location == "/sign-in?next=/half"

    def test_whoever_is_half_in_is_led_to_the_second_step_from_everywhere_else(self, house: House):
        house.is_half_in = True

        assert house.client.get("/mine").location == "/second-step"
        assert house.client.get("/open").text == "come in"

    def test_of_an_act_no_page_is_named_to_go_on_to(self, house: House):
        assert house.client.post("/mine").location == "/sign-in"

    def test_the_whole_address_is_gone_on_to(self, house: House):
        for address in ("/mine?of=2", "/mine?of=X"):
            assert parse_qs(urlsplit(house.client.get(address).location).query) == {"next": [address]}

    def test_htmx_is_told_where_to_go_without_a_page(self, house: House):
        answer = house.client.get("/mine", headers={"HX-Request": "true"})

        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers["HX-Redirect"] == "/sign-in?next=/mine"

    def test_whoever_has_to_set_up_first_is_led_there_and_may_sign_out(self, house: House):
        house.asker = somebody(has_to_set_up=True, is_coordinator=True)

        assert (house.client.get("/desk").status_code, house.client.get("/desk").location) == (303, "/set-up")
        assert house.client.get("/mine").location == "/set-up"
        assert house.client.get("/signin.sign_out").text == "come in"
        assert house.client.get("/open").text == "come in"

    def test_whoever_may_not_learns_nothing_by_being_led(self, house: House):
        house.asker = somebody()

        assert house.client.get("/desk/fresh").status_code == 404


class TestAsker:
    def test_is_looked_up_once(self, house: House):
        house.asker = somebody()
        house.does = lambda: str(policy.asker() is policy.asker() is house.asker)

        assert house.client.get("/mine").text == "True"
        assert house.lookups == 1

    def test_that_there_is_none_is_looked_up_once_too(self, house: House):
        house.does = lambda: str(policy.asker() or policy.asker())

        assert house.client.get("/open").text == "None"
        assert house.lookups == 1

    def test_is_looked_up_again_after_it_was_forgotten(self, house: House):
        house.asker = somebody()

        def forgets() -> str:
            g._login_user = "as it stood"
            policy.forget_asker()
            policy.forget_asker()  # nothing is left to forget
            return f"{policy.asker() is house.asker} {'_login_user' in g}"

        house.does = forgets
        assert house.client.get("/mine").text == "True False"
        assert house.lookups == 2


class TestWhatIsKept:
    @pytest.mark.parametrize(
        ("method", "status", "is_kept"),
        [("POST", 200, True), ("POST", 303, True), ("POST", 399, True), ("POST", 400, False), ("POST", 422, False)],
    )
    def test_of_an_act_only_what_it_answers_well(self, house: House, method: str, status: int, is_kept: bool):
        house.asker = somebody()

        def acts() -> tuple[str, int]:
            note("done")
            return "so", status

        house.does = acts
        assert house.client.open("/mine", method=method).status_code == status
        assert house.kept() == (["done"] if is_kept else [])

    def test_nothing_where_something_goes_wrong_and_the_asker_is_read_afresh(self, house: House):
        house.asker = somebody()
        seen = []

        def fails() -> str:
            note("half")
            raise NotFound

        def page_about_it(_: NotFound) -> tuple[str, int]:
            seen.append(("session" in g, "asker" in g))
            return "not there", 404

        house.does = fails
        house.app.register_error_handler(NotFound, page_about_it)
        assert house.client.post("/mine").status_code == 404
        assert house.kept() == []
        assert seen == [(False, False)]

    def test_after_a_good_answer_nothing_is_held_open(self, house: House):
        house.asker = somebody()
        seen = []
        house.app.after_request(lambda answer: (seen.append(("session" in g, "asker" in g)), answer)[1])

        def acts() -> str:
            note("done")
            return "so"

        house.does = acts
        house.client.post("/mine")
        assert seen == [(False, True)]

    @pytest.mark.parametrize(
        ("method", "status", "is_written"), [("GET", 200, True), ("POST", 200, False), ("POST", 422, True)]
    )
    def test_what_belongs_to_reading_is_written_down_unless_the_act_was_done(
        self, house: House, method: str, status: int, is_written: bool
    ):
        house.asker = somebody()

        def looks() -> tuple[str, int]:
            edge.write_before_answering(
                lambda session: session.execute(text("INSERT INTO note (words) VALUES ('looked')"))
            )
            return "so", status

        house.does = looks
        house.client.open("/mine", method=method)
        assert house.kept() == (["looked"] if is_written else [])


class TestOnlyReads:
    def test_an_act_that_only_reads_can_write_nothing(self, house: House):
        house.asker = somebody()

        def tries() -> str:
            note("tried")
            return "so"

        house.does = tries
        house.app.testing = False
        assert house.client.post("/reads").status_code == 500
        assert house.kept() == []

    def test_what_was_looked_up_before_is_looked_up_afresh_and_no_turn_is_held(self, house: House):
        house.asker = somebody()
        seen = []

        def looks_up() -> None:
            if request.args.get("early"):
                edge.session()
                policy.asker()

        def tells() -> str:
            seen.append(g.get("only_reads"))
            return "so"

        house.app.before_request(looks_up)
        house.does = tells
        house.client.post("/reads?early=1")
        assert (house.lookups, seen) == (2, [True])
        house.client.post("/reads")
        assert (house.lookups, seen) == (3, [True, True])

    def test_an_asker_without_a_session_is_kept(self, house: House):
        house.asker = somebody()
        house.app.before_request(lambda: policy.asker() and None)

        house.client.post("/reads")
        assert house.lookups == 1

    def test_any_other_act_may_write(self, house: House):
        house.asker = somebody()
        house.does = lambda: str(g.get("only_reads"))

        assert house.client.post("/mine").text == "None"


class TestFresh:
    def test_whoever_has_just_proved_it_goes_on(self, house: House):
        house.asker = somebody(has_proved_lately=True)

        assert house.client.post("/mine/fresh").text == "come in"

    def test_other_acts_do_not_ask(self, house: House):
        house.asker = somebody()

        assert house.client.post("/mine").text == "come in"

    def test_a_page_is_gone_on_to_afterwards(self, house: House):
        house.asker = somebody()

        answer = house.client.get("/mine/fresh?of=2")

        assert parse_qs(urlsplit(answer.location).query) == {"next": ["/mine/fresh?of=2"]}
        assert urlsplit(answer.location).path == "/prove"
        assert house.asked == []

    def test_what_was_typed_comes_along_without_the_token(self, house: House):
        house.asker = somebody()
        typed = {"words": ["one", "two"], "csrf_token": "secret", "name": "Ada"}

        answer = house.client.post("/mine/fresh?of=2", data=typed)

        assert answer.text == "who is it?"
        assert house.asked == [("/mine/fresh?of=2", [("words", "one"), ("words", "two"), ("name", "Ada")])]
        house.client.post("/mine/fresh")
        house.client.post("/mine/fresh?of=X")
        assert house.asked[1:] == [("/mine/fresh", []), ("/mine/fresh?of=X", [])]

    @pytest.mark.parametrize("name", ["password", "new_password", "password_again"])
    def test_a_password_is_written_into_no_page(self, house: House, name: str):
        house.asker = somebody()

        answer = house.client.post("/mine/fresh", data={"words": "one", name: "secret"})

        assert (answer.status_code, answer.location) == (303, "/prove")
        assert house.asked == []

    def test_htmx_is_led_to_a_page_of_its_own(self, house: House):
        house.asker = somebody()

        answer = house.client.post("/mine/fresh", data={"words": "one"}, headers={"HX-Request": "true"})

        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/prove")
        assert house.asked == []

    @pytest.mark.parametrize(
        ("headers", "back"),
        [
            ({"Referer": "http://localhost/mine?a=b"}, "/mine"),
            ({"HX-Current-URL": "http://localhost/half", "Referer": "http://localhost/mine"}, "/half"),
            ({"Referer": "http://elsewhere.example/mine"}, None),
            ({"Referer": "/mine"}, None),
            ({}, None),
        ],
    )
    def test_of_an_act_the_page_it_came_from_if_it_is_ours(self, house: House, headers: dict, back: str | None):
        house.asker = somebody()

        answer = house.client.post("/mine/fresh", data={"password": "secret"}, headers=headers)

        assert parse_qs(urlsplit(answer.location).query).get("next", [None]) == [back]


class TestRows:
    def test_a_view_says_its_row_and_whether_it_asks_afresh(self):
        def read() -> str:
            """Reads."""
            return ""

        assert (allow("mine")(read).policy_row, allow("mine")(read).is_fresh) == ("mine", False)
        assert allow("mine", fresh=True)(read).is_fresh is True
        assert (allow("mine")(read).__name__, allow("mine")(read).__doc__) == ("read", "Reads.")

    @pytest.mark.parametrize("row", [None, "nobody wrote this"])
    def test_a_route_without_a_row_cannot_start(self, house: House, row: str | None, monkeypatch):
        monkeypatch.setattr(policy, "LOOKS_ARE_NOTED", {"desk"})
        view = allow(row)(house.view) if row else house.view
        house.app.add_url_rule("/planted", "planted", view)

        with pytest.raises(
            RuntimeError, match=r"^the route /planted \(planted\) has no row in timebank/web/policy.py$"
        ):
            policy.check_every_route_is_guarded(house.app)

    def test_the_name_of_a_route_is_no_row(self, house: House, monkeypatch):
        monkeypatch.setitem(ROWS, "planted", Who.ANYONE)
        monkeypatch.setattr(policy, "LOOKS_ARE_NOTED", {"desk"})
        house.app.add_url_rule("/planted", "planted", house.view)

        with pytest.raises(RuntimeError, match="has no row"):
            policy.check_every_route_is_guarded(house.app)

    def test_static_files_have_a_row_of_their_own(self, house: House, monkeypatch):
        only_files = Flask("files", static_folder=str(Path(__file__).parent))
        policy.check_every_route_is_guarded(only_files)

        monkeypatch.delitem(ROWS, "static")
        with pytest.raises(RuntimeError, match="has no row"):
            policy.check_every_route_is_guarded(only_files)

    def test_a_page_for_coordinators_says_whether_looks_are_noted(self, house: House, monkeypatch):
        monkeypatch.setitem(ROWS, "static", Who.ANYONE)
        with pytest.raises(RuntimeError, match=r"^the page /desk \(desk\) does not say whether looks at it are noted$"):
            policy.check_every_route_is_guarded(house.app)

        monkeypatch.setattr(policy, "LOOKS_ARE_NOTED", {"desk"})
        policy.check_every_route_is_guarded(house.app)
        monkeypatch.setattr(policy, "LOOKS_ARE_NOTED", set())
        monkeypatch.setattr(policy, "SHOWS_NOTHING_OF_OTHERS", {"desk"})
        policy.check_every_route_is_guarded(house.app)

    def test_an_act_of_coordinators_need_not_say_so(self, tmp_path: Path, monkeypatch):
        monkeypatch.setattr(policy, "POLICY", {"desk": Who.COORDINATOR})
        acts = Flask("acts", static_folder=None)
        acts.add_url_rule("/desk", "desk", allow("desk")(lambda: ""), methods=["POST"])
        assert policy.check_every_route_is_guarded(acts) is None

        # A rule of werkzeug without methods answers to every one of them.
        acts.url_map.add(acts.url_rule_class("/any", endpoint="desk"))
        assert policy.check_every_route_is_guarded(acts) is None

    def test_is_for_anyone(self, house: House):
        house.app.add_url_rule("/unguarded", "unguarded", lambda: "")
        with house.app.app_context():
            told = {end: policy.is_for_anyone(end) for end in ("open", "mine", "desk", "half", None, "nowhere")}

        assert told == {"open": True, "mine": False, "desk": False, "half": False, None: True, "nowhere": True}

    def test_is_for_anyone_asks_the_row_and_not_the_name_of_the_route(self, house: House, monkeypatch):
        monkeypatch.setitem(ROWS, "static", Who.SIGNED_IN)
        house.app.add_url_rule("/otherwise", "otherwise", allow("mine")(lambda: ""))
        house.app.add_url_rule("/plain", "mine/fresh/plain", lambda: "")
        with house.app.app_context():
            assert policy.is_for_anyone("otherwise") is False
            assert policy.is_for_anyone("static") is False
            assert policy.is_for_anyone("mine/fresh/plain") is True


class TestUnguarded:
    def test_a_route_added_later_answers_to_nobody(self, house: House):
        house.asker = somebody(is_coordinator=True, is_lead=True, has_proved_lately=True)
        house.app.add_url_rule("/late", "late", lambda: "open to all")

        assert house.client.get("/late").status_code == 404
        assert house.client.get("/no/such/page").status_code == 404

    def test_static_files_are_served(self, house: House, tmp_path: Path):
        (tmp_path / "style.css").write_text("a {}")

        with house.client.get("/static/style.css") as answer:
            assert answer.status_code == 200


def test_of_the_real_table_each_row_has_a_kind():
    assert len(POLICY) > 80
    assert all(isinstance(who, Who) for who in POLICY.values())

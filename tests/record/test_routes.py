"""One's own record as pages and files, and leaving by a form."""

import csv
import io
import json
import zipfile

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.clients import Browser
from tests.factories import NOON, HourLogFactory
from tests.guards.world import World, make_world
from timebank.concerns.models import Lead
from timebank.members.models import FORGOTTEN, Member, MemberStatus
from timebank.profiles.models import Answer
from timebank.queries.models import Telling
from timebank.record.reads import PARTS
from timebank.schemes import reads as scheme_reads
from timebank.schemes import service as schemes


@pytest.fixture
def copies(sqlite_copies):
    """Pages do not depend on the kind of database."""
    return sqlite_copies


@pytest.fixture
def world(session: Session) -> World:
    world = make_world(session, rows=2)
    session.execute(update(Lead).values(left_at=NOON))  # whoever looks into worries cannot just leave
    session.add(Answer(member_id=world.member.id, criterion="skills", words=["=cooking", "listening"]))
    for telling in session.scalars(select(Telling)):
        telling.words = "mine" if telling.member_id == world.member.id else "not mine"
    session.commit()
    return world


@pytest.fixture
def me(as_, world: World) -> Browser:
    return as_(world.member)


class TestTakingAlong:
    def test_for_programs_it_holds_every_part(self, me: Browser):
        answer = me.get("/my-record/record.json")

        told = json.loads(answer.text)
        assert answer.mimetype == "application/json"
        assert set(told) == {"made_at", *PARTS}
        assert "=cooking; listening" in [one["words"] for one in told["answers"]]
        assert told["me"][0]["name"] == "Ada"
        assert len(told["hours"]) > 5

    def test_nothing_that_others_told_is_in_it(self, me: Browser, world: World):
        told = me.get("/my-record/record.json").text

        assert "mine" in told
        assert "not mine" not in told
        assert "Other" not in told
        assert "Cora" not in told

    def test_words_that_others_wrote_about_hours_are_theirs(self, me: Browser, world: World, session: Session):
        other = session.get_one(Member, world.ids["member_id"])
        HourLogFactory(member=other, partner=world.member, words="theirs about me")
        HourLogFactory(member=world.member, partner=other, words="mine about us")

        told = me.get("/my-record/record.json").text

        assert "mine about us" in told
        assert "theirs about me" not in told

    def test_as_tables_no_cell_is_a_formula(self, me: Browser):
        bundle = zipfile.ZipFile(io.BytesIO(me.get("/my-record/tables.zip").data))

        assert set(bundle.namelist()) == {f"{name}.csv" for name in PARTS}
        rows = csv.DictReader(io.StringIO(bundle.read("answers.csv").decode("utf-8-sig")))
        assert {row["words"]: row["may_be_used"] for row in rows}["'=cooking; listening"] == "yes"

    def test_on_a_page_it_reads_the_same(self, me: Browser):
        page = me.get("/my-record/all").text

        assert "=cooking; listening" in page
        assert "not mine" not in page

    @pytest.mark.parametrize("name", ["record.json", "tables.zip"])
    def test_its_name_says_nothing_and_it_is_kept_by_no_browser(self, me: Browser, name: str):
        answer = me.get(f"/my-record/{name}")

        assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"
        assert "no-store" in answer.headers["Cache-Control"]

    def test_what_is_kept_and_why_is_told(self, me: Browser):
        page = me.get("/my-record/").text

        assert "What you wrote about yourself in your profile" in page
        assert "until you ask to be forgotten" in page.lower()


class TestLeaving:
    def test_forgets_and_signs_out(self, me: Browser, world: World, session: Session):
        answer = me.post("/my-record/leave", {"after": "forget", "is_sure": "yes"})

        assert answer.status_code == 200
        assert "You have left" in answer.text
        assert "Ada" not in answer.text
        assert session.get_one(Member, world.member.id).name == FORGOTTEN
        assert me.get("/hours/").status_code == 303

    @pytest.mark.parametrize("after", ["give", "keep"])
    def test_or_keeps_for_a_year(self, me: Browser, world: World, session: Session, after: str):
        assert me.post("/my-record/leave", {"after": after, "is_sure": "yes"}).status_code == 200

        left = session.get_one(Member, world.member.id)
        assert (left.name, left.status) == ("Ada", MemberStatus.LEFT)
        assert me.get("/hours/").status_code == 303

    @pytest.mark.parametrize("form", [{}, {"after": "forget"}, {"is_sure": "yes"}, {"after": "all", "is_sure": "yes"}])
    def test_is_not_done_by_a_slip(self, me: Browser, world: World, session: Session, form: dict[str, str]):
        answer = me.post("/my-record/leave", form)

        assert answer.status_code == 422
        assert session.get_one(Member, world.member.id).status is MemberStatus.ACTIVE

    def test_whoever_looks_into_worries_is_told_what_to_do_first(self, me: Browser, session: Session):
        session.execute(update(Lead).values(left_at=None))

        answer = me.post("/my-record/leave", {"after": "forget", "is_sure": "yes"})

        assert answer.status_code == 409
        assert "what worries others" in answer.text

    def test_the_only_coordinator_is_told_what_to_do_first(self, as_, session, world: World):
        for one in scheme_reads.list_coordinators(session, world.coordinator.bank_id):
            if one.id != world.coordinator.id:
                schemes.end_coordinator(session, member=one, scheme_id=None)

        answer = as_(world.coordinator).post("/my-record/leave", {"after": "forget", "is_sure": "yes"})

        assert answer.status_code == 409
        assert "name somebody else first" in answer.text


def test_a_stranger_is_asked_to_sign_in(stranger: Browser):
    assert stranger.get("/my-record/record.json").status_code == 303

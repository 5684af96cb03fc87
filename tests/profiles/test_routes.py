"""The pages of a profile: one decision a screen, stop anywhere."""

import re
from uuid import uuid4

import pytest

from tests.clients import without_tokens
from tests.factories import PartFactory, SchemeFactory
from timebank.profiles import reads
from timebank.profiles.criteria import STEPS
from timebank.schemes.models import SchemeMembership, Side


@pytest.fixture
def part(session, giver):
    return PartFactory(member=giver, scheme=SchemeFactory(bank=giver.bank), side=Side.OFFER, capacity=2)


def kept(session, part):
    return session.get_one(SchemeMembership, (part.scheme_id, part.member_id))


def words_in(page):
    """What somebody reads beside the boxes of a page, by its digests."""
    return re.findall(r'name="read" value="([0-9a-f]{64})"', page.text)


ODD_ANSWERS = (
    ("share", {"skills": "chess \x00 cooking"}),
    ("identity", {"identities": "faith: \x00"}),
    ("age", {"born": "9" * 5000}),
    ("age", {"born": "\u0661\u0669\u0667\u0668"}),
    ("share", {"skills": "chess", "skills_importance": "9" * 5000}),
)

UNREADABLE = (
    ("age", {"born": "nineteen"}, "nineteen"),
    ("identity", {"identities": "Muslim"}, "Muslim"),
    ("musts", {"musts": "older"}, "older"),
    ("musts", {"musts": "women only"}, "women only"),
    ("share", {"skills": "x" * 81}, "x" * 81),
    ("share", {"skills": "chess", "skills_importance": "99"}, "chess"),
    ("meeting", {"modes": ["pigeon"], "languages": "Polish"}, "Polish"),
)


class TestSave:
    def test_leads_on_to_the_next_step(self, as_, session, giver):
        answer = as_(giver).post("/profile/share", {"skills": "chess", "skills_used": "yes"})

        assert (answer.status_code, answer.location) == (303, "/profile/goals")
        assert reads.answers_of(session, giver.id)["skills"].words == ["chess"]

    def test_the_last_step_leads_back_to_the_overview(self, as_, giver):
        assert as_(giver).post(f"/profile/{STEPS[-1].name}", {"musts": ""}).location == "/profile/"

    def test_what_was_saved_is_in_the_form_again(self, as_, giver):
        browser = as_(giver)
        typed = {
            "languages": "Polish",
            "modes": ["phone", "letter"],
            "languages_shown": "yes",
            "languages_kept_out": "yes",
        }
        browser.post("/profile/meeting", typed | {"read": words_in(browser.get("/profile/meeting"))})

        page = browser.get("/profile/meeting").text

        assert "Polish</textarea>" in page
        assert 'value="phone" checked' in page
        assert 'value="letter" checked' in page
        assert 'name="languages_shown" value="yes" checked' in page
        assert 'name="languages_kept_out" value="yes" checked' in page
        assert 'name="modes_kept_out" value="yes" checked' not in page

    @pytest.mark.parametrize("step", [step.name for step in STEPS])
    def test_a_page_starts_with_nothing_ticked(self, as_, giver, step):
        assert " checked" not in as_(giver).get(f"/profile/{step}").text

    def test_what_cannot_be_read_comes_back_as_it_was_typed(self, as_, session, giver):
        browser = as_(giver)

        for step, form, typed in UNREADABLE:
            answer = browser.post(f"/profile/{step}", form)
            assert (answer.status_code, typed in answer.text) == (422, True), form

        assert reads.answers_of(session, giver.id) == {}

    def test_odd_letters_and_numbers_do_not_break_the_page(self, as_, giver):
        browser = as_(giver)

        statuses = {
            f"{step}: {str(form)[:30]}": browser.post(f"/profile/{step}", form).status_code
            for step, form in ODD_ANSWERS
        }

        assert {what: status for what, status in statuses.items() if status not in {303, 422}} == {}
        assert {browser.get(f"/profile/{step}").status_code for step, _ in ODD_ANSWERS} == {200}


class TestPlaces:
    def test_are_saved(self, as_, session, giver, part):
        answer = as_(giver).post(f"/profile/places/{part.scheme_id}", {"capacity": "3"})

        assert (answer.status_code, answer.location) == (303, "/profile/")
        assert kept(session, part).capacity == 3

    def test_a_number_that_cannot_be_changes_nothing(self, as_, session, giver, part):
        browser = as_(giver)

        for typed in ("", "-1", "21", "three", "1.5", "9" * 5000, "1\x000"):
            answer = browser.post(f"/profile/places/{part.scheme_id}", {"capacity": typed})
            assert answer.status_code in {303, 422}, typed[:10]
            assert "Please choose a number from 0 to 20." in answer.text + browser.get("/profile/").text

        assert kept(session, part).capacity == 2


class TestStepBack:
    def test_and_come_back(self, as_, session, giver, part):
        back = as_(giver).post(f"/profile/step-back/{part.scheme_id}")
        stepped_back = kept(session, part).is_stepped_back
        come = as_(giver).post(f"/profile/come-back/{part.scheme_id}")

        assert (back.status_code, come.status_code) == (303, 303)
        assert stepped_back
        assert not kept(session, part).is_stepped_back


class TestAccess:
    def test_a_scheme_one_takes_no_part_in_looks_as_if_it_were_not_there(self, as_, part, receiver):
        for act in ("places", "step-back", "come-back"):
            yours, there = (
                as_(receiver).post(f"/profile/{act}/{one}", {"capacity": "3"}) for one in (part.scheme_id, uuid4())
            )
            assert (yours.status_code, without_tokens(yours)) == (404, without_tokens(there))

    def test_an_unknown_step_is_not_there(self, as_, giver):
        assert as_(giver).get("/profile/secrets").status_code == 404
        assert as_(giver).post("/profile/secrets").status_code == 404

    def test_the_signed_out_are_asked_to_sign_in(self, stranger, part):
        for url in ("/profile/", "/profile/share"):
            assert stranger.get(url).location.startswith("/sign-in/")
        for url in ("/profile/share", f"/profile/places/{part.scheme_id}", f"/profile/step-back/{part.scheme_id}"):
            assert stranger.post(url, htmx=True).headers["HX-Redirect"] == "/sign-in/"

    def test_without_a_token_nothing_is_saved(self, as_, session, giver, part):
        answers = [
            as_(giver).post("/profile/share", {"skills": "chess"}, token=None),
            as_(giver).post(f"/profile/places/{part.scheme_id}", {"capacity": "3"}, token=None),
            as_(giver).post(f"/profile/step-back/{part.scheme_id}", token=None),
        ]

        assert [answer.status_code for answer in answers] == [419] * 3
        assert reads.answers_of(session, giver.id) == {}
        assert kept(session, part).capacity == 2

    def test_every_step_opens(self, as_, giver):
        browser = as_(giver)

        assert {browser.get(f"/profile/{step.name}").status_code for step in STEPS} == {200}

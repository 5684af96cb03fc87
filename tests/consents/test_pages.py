"""The pages on which people are asked: nothing ticked for anybody, a yes and a no of one size, and each counts at once."""

import html
import re
from datetime import timedelta

import pytest

from tests.consents.saying import say
from tests.factories import NOON, agree, tell
from timebank.consents import reads
from timebank.consents.models import Decision
from timebank.consents.purposes import Purpose
from timebank.consents.reads import may
from timebank.consents.service import Word, words_now
from timebank.consents.wordings import Change
from timebank.profiles.criteria import QUESTIONS
from timebank.profiles.reads import answers_of

FORM = re.compile(r'<form method="post" action="/profile/agreed">.*?</form>', re.DOTALL)
BUTTON = re.compile(r'<button class="(?P<look>[^"]+)" type="submit" name="says" value="(?P<says>yes|no)">')
HIDDEN = re.compile(r'<input type="hidden" name="(?P<name>\w+)" value="(?P<value>[^"]*)">')


@pytest.fixture
def copies(sqlite_copies):
    """Pages do not depend on the kind of database."""
    return sqlite_copies


def presses(page):
    """What each button of the page would send, by what it says about what: {(purpose, criterion, says): form}."""
    found = {}
    for form in FORM.findall(page.text):
        fields = {one["name"]: html.unescape(one["value"]) for one in HIDDEN.finditer(form)}
        says = BUTTON.search(form)["says"]
        found[fields["purpose"], fields["criterion"], says] = fields | {"says": says}
    return found


def press(browser, *what):
    form = presses(browser.get("/profile/agreed"))[what]
    return browser.post("/profile/agreed", {name: value for name, value in form.items() if name != "csrf_token"})


def in_step(browser, name):
    """The hidden words of a page of the profile."""
    return re.findall(r'name="read" value="([0-9a-f]{64})"', browser.get(f"/profile/{name}").text)


class TestAgreed:
    def test_each_thing_has_a_yes_and_a_no_of_one_look_and_one_press(self, as_, session, giver):
        for criterion in QUESTIONS:
            tell(session, member=giver, criterion=criterion, words=["1970"], is_used=None)

        page = as_(giver).get("/profile/agreed")

        asked = {key[:2] for key in presses(page)}
        assert len(asked) == 2 * len(QUESTIONS) - 1 + 2
        assert {key[2] for key in presses(page)} == {"yes", "no"}
        assert len(presses(page)) == 2 * len(asked)
        assert {one["look"] for one in BUTTON.finditer(page.text)} == {"button button-second"}

    @pytest.mark.parametrize(
        ("purpose", "criterion"), [("use", "identities"), ("show", "skills"), ("figures", ""), ("mail", "")]
    )
    def test_a_press_counts_at_once_and_so_does_the_next(self, as_, session, giver, purpose, criterion):
        for name in ("identities", "skills"):
            tell(session, member=giver, criterion=name, words=["faith:Sikh"], is_used=None)
        browser, stands = as_(giver), []

        for says in ("yes", "no", "yes", "no"):
            answer = press(browser, purpose, criterion, says)
            assert (answer.status_code, answer.location.split("#")[0]) == (303, "/profile/agreed")
            stands.append(may(session, member_id=giver.id, purpose=purpose, criterion=criterion))

        assert stands == [True, False, True, False]

    def test_what_was_said_can_be_read_again_in_its_words(self, as_, session, giver, new_words):
        agree(session, member=giver, purpose=Purpose.MAIL)
        new_words(Purpose.MAIL, change=Change.WIDER, words="Mail about anything & everything.")

        page = html.unescape(as_(giver).get("/profile/agreed").text)

        assert "Mail about anything & everything." in page
        assert f"The words were: “{words_at(1)}”" in page
        assert "You said yes to earlier words" in page

    def test_nobody_agrees_to_words_that_came_after_the_page(self, as_, session, giver, new_words):
        browser = as_(giver)
        form = presses(browser.get("/profile/agreed"))["mail", "", "yes"] | {"csrf_token": browser.token}
        new_words(Purpose.MAIL, change=Change.WIDER, words="Mail about anything.")

        answer = browser.open("/profile/agreed", method="POST", data=form)

        assert answer.status_code == 409
        assert "Please read them once more" in answer.text
        assert not may(session, member_id=giver.id, purpose="mail")

    def test_but_a_no_needs_no_reading(self, as_, session, giver, new_words):
        agree(session, member=giver, purpose=Purpose.MAIL)
        browser = as_(giver)
        form = presses(browser.get("/profile/agreed"))["mail", "", "no"] | {"csrf_token": browser.token}
        new_words(Purpose.MAIL, change=Change.SAME, words="Mail now and then.")

        assert browser.open("/profile/agreed", method="POST", data=form).status_code == 303
        assert not may(session, member_id=giver.id, purpose="mail")

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({}, 422),
            ({"purpose": "post", "says": "yes"}, 422),
            ({"purpose": "mail", "says": "perhaps"}, 422),
            ({"purpose": "mail", "criterion": "identities", "says": "no"}, 404),
            ({"purpose": "use", "says": "no"}, 404),
            ({"purpose": "use", "criterion": "secrets", "says": "no"}, 404),
            ({"purpose": "show", "criterion": "musts", "says": "no"}, 404),
        ],
    )
    def test_what_nobody_is_asked_is_not_noted(self, as_, session, giver, form, status):
        assert as_(giver).post("/profile/agreed", form).status_code == status
        assert reads.record_of(session, giver.id) == {}

    def test_shows_nothing_of_anybody_else(self, as_, session, giver, receiver):
        tell(session, member=receiver, criterion="identities", words=["faith:kestrel"], is_shown=True)

        page = as_(giver).get("/profile/agreed")

        assert "kestrel" not in page.text
        assert {key[:2] for key in presses(page)} == {("figures", ""), ("mail", "")}


class TestSensitivePages:
    def test_both_answers_are_there_and_neither_is_chosen(self, as_, giver):
        for step, names in (("identity", ["identities_used", "identities_shown"]), ("musts", ["musts_used"])):
            page = as_(giver).get(f"/profile/{step}").text
            for name in names:
                assert re.findall(rf'type="radio" id="[^"]+" name="{name}" value="(\w+)"', page) == ["yes", "no"]
            assert " checked" not in page

    def test_without_a_word_it_is_kept_for_its_owner_alone_and_that_is_said(self, as_, session, giver):
        browser = as_(giver)
        browser.post("/profile/identity", {"identities": "faith: Sikh", "read": in_step(browser, "identity")})

        assert answers_of(session, giver.id)["identities"].words == ["faith:Sikh"]
        assert reads.record_of(session, giver.id) == {}
        assert "Saved for you alone" in browser.get("/profile/").text

    @pytest.mark.parametrize(("says", "covers"), [("yes", True), ("no", False)])
    def test_with_a_word_it_is_noted(self, as_, session, giver, says, covers):
        browser = as_(giver)
        form = {"identities": "faith: Sikh", "identities_used": says, "read": in_step(browser, "identity")}

        browser.post("/profile/identity", form)
        browser.post("/profile/identity", form)

        (said,) = reads.record_of(session, giver.id)[Purpose.USE, "identities"]
        assert said.decision is (Decision.AGREED if covers else Decision.REFUSED)
        assert said.words.words == words_now(Purpose.USE, {}, criterion="identities", label="Words for who I am").text
        assert may(session, member_id=giver.id, purpose="use", criterion="identities") is covers

    def test_a_page_with_older_words_saves_what_was_written_and_no_yes(self, as_, session, giver, new_words):
        browser = as_(giver)
        form = {"identities": "faith: Sikh", "identities_used": "yes", "read": in_step(browser, "identity")}
        new_words(Purpose.USE, "identities", change=Change.WIDER, words="For groups as well.")

        answer = browser.post("/profile/identity", form)

        assert answer.location == "/profile/identity"
        assert "Please read them" in browser.get("/profile/identity").text
        assert answers_of(session, giver.id)["identities"].words == ["faith:Sikh"]
        assert reads.record_of(session, giver.id) == {}

    def test_saving_again_is_no_answer_to_wider_words(self, as_, session, giver, new_words):
        """What stands is chosen on the page; leaving it so says nothing about words that ask for more."""
        tell(session, member=giver, criterion="identities", words=["faith:Sikh"])
        new_words(Purpose.USE, "identities", change=Change.WIDER, words="For groups as well.")
        browser = as_(giver)

        browser.post(
            "/profile/identity",
            {"identities": "faith: Sikh", "identities_used": "yes", "read": in_step(browser, "identity")},
        )

        assert reads.standing_of(session, giver.id).is_asked(Purpose.USE, "identities")

    def test_an_emptied_answer_takes_back_what_was_agreed_to_for_it(self, as_, session, giver):
        tell(session, member=giver, criterion="identities", words=["faith:Sikh"], is_shown=True)

        as_(giver).post("/profile/identity", {"identities": ""})

        assert reads.standing_of(session, giver.id).agreed == {}

    def test_an_empty_page_says_nothing(self, as_, session, giver):
        for step in ("share", "identity", "musts"):
            as_(giver).post(f"/profile/{step}", {})

        assert reads.record_of(session, giver.id) == {}

    def test_musts_without_a_word_come_back_as_they_were_typed(self, as_, session, giver):
        answer = as_(giver).post("/profile/musts", {"musts": "gender: woman"})

        assert answer.status_code == 422
        assert "gender: woman" in answer.text
        assert "Please say yes or no" in answer.text
        assert answers_of(session, giver.id) == {}


class TestEverydayPages:
    def test_an_answer_is_used_because_it_was_written_for_that_and_can_be_kept_out(self, as_, session, giver):
        browser, stands = as_(giver), []
        for more in ({}, {"skills_kept_out": "yes"}, {}):
            browser.post("/profile/share", {"skills": "cooking", "read": in_step(browser, "share")} | more)
            stands.append(may(session, member_id=giver.id, purpose="use", criterion="skills"))

        assert stands == [True, False, True]
        assert "is used to look for somebody for me" in browser.get("/profile/share").text

    def test_it_is_shown_after_a_tick_alone(self, as_, session, giver):
        browser, stands = as_(giver), []
        for more in ({}, {"skills_shown": "yes"}, {}):
            browser.post("/profile/share", {"skills": "cooking", "read": in_step(browser, "share")} | more)
            stands.append(may(session, member_id=giver.id, purpose="show", criterion="skills"))

        assert stands == [False, True, False]


class TestHome:
    ASKED = "There is something about your profile that we would like to ask you"

    def test_asks_when_words_ask_for_more_and_after_the_answer_no_more(self, as_, session, giver, new_words):
        agree(session, member=giver, purpose=Purpose.MAIL)
        browser = as_(giver)
        before = self.ASKED in browser.get("/").text
        new_words(Purpose.MAIL, change=Change.WIDER, words="Mail about anything.")
        asked = self.ASKED in browser.get("/").text

        press(browser, "mail", "", "no")

        assert (before, asked, self.ASKED in browser.get("/").text) == (False, True, False)
        assert may(session, member_id=giver.id, purpose="mail")

    def test_asks_about_what_a_file_brought(self, as_, session, giver):
        tell(session, member=giver, criterion="musts", words=["older"], is_used=None)

        assert self.ASKED in as_(giver).get("/").text

    def test_whoever_said_no_is_left_in_peace(self, as_, session, giver):
        tell(session, member=giver, criterion="musts", words=["older"], is_used=False)
        say(session, giver, (Purpose.MAIL, ""), Word.NO, at=NOON + timedelta(days=1))

        assert self.ASKED not in as_(giver).get("/").text


class TestMyRecord:
    def test_has_all_that_was_said_in_its_words(self, as_, session, giver):
        agree(session, member=giver, purpose=Purpose.MAIL)
        agree(session, member=giver, purpose=Purpose.MAIL, is_yes=False)
        tell(session, member=giver, criterion="identities", words=["faith:Sikh"])

        rows = as_(giver).get("/my-record/record.json").get_json()["agreed"]

        assert [(row["what_for"], row["i_said"], row["to_these_words"]) for row in rows] == [
            ("mail", "yes", words_at(1)),
            ("mail", "taken back", words_at(1)),
            (
                "use",
                "yes",
                "You may use what I wrote under “Words for who I am” to look for somebody for me, and for nothing else.",
            ),
        ]
        assert "What I have agreed to" in as_(giver).get("/my-record/all").text


def words_at(version):
    assert version == 1
    return (
        "You may send me a short mail when something waits for me here. It does not say what waits, and names nobody."
    )

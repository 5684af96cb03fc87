"""Telling someone, page by page: what is typed is never lost, and the words are shown in one place only."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from tests.clients import without_tokens
from tests.factories import PASSPHRASE, ConcernFactory, LeadFactory, MemberFactory, RelationshipFactory
from timebank import clock
from timebank.concerns.models import Concern, ConcernText

WORDS = "She waits for me after the group, every time."
OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}


@pytest.fixture
def copies(sqlite_copies):
    """What depends on the kind of database is tested under the pages; dying, hiding and sealing on both."""
    return sqlite_copies


def filled_in(**more) -> dict:
    return {"concern_id": str(uuid4()), "words": WORDS, "in_danger": "no"} | more


def told_by(browser, **more):
    answer = browser.post("/tell-someone", filled_in(**more))
    assert answer.status_code == 303, answer.text
    return UUID(answer.location.rsplit("/", 1)[1]), browser.get(answer.location)


def count(session, model) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model))


class TestTelling:
    def test_is_one_link_away_from_every_page(self, as_, ada, first):
        browser = as_(ada)

        assert 'href="/tell-someone"' in browser.get("/").text
        page = browser.get("/tell-someone").text
        assert "Lena First" in page
        assert "999" in page

    def test_a_person_who_tells_is_told_where_it_went_and_never_shown_the_words_again(self, as_, ada, first):
        _, page = told_by(as_(ada))

        assert "Nobody has read it yet" in page.text
        assert WORDS not in page.text

    def test_where_somebody_is_in_danger_the_numbers_come_first_and_it_is_kept_all_the_same(
        self, as_, ada, first, session
    ):
        _, page = told_by(as_(ada), in_danger="yes")

        main = page.text.split("<main")[1]
        assert main.index("999") < main.index("Where it is")
        assert count(session, Concern) == 1

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"words": ""}, "Please write a few words."),
            ({"words": WORDS + "x" * 8000}, "Please use at most 8000 letters"),
            ({"in_danger": "perhaps"}, "Please choose yes or no."),
            ({"named": str(uuid4())}, "Please choose people from the list."),
            ({"named": "him"}, "Please choose people from the list."),
            ({"who": "x" * 201}, "Please use at most 200 letters."),
        ],
    )
    def test_what_cannot_be_taken_comes_back_as_it_was_typed(self, as_, ada, first, session, wrong, sentence):
        answer = as_(ada).post("/tell-someone", filled_in(how="by phone, mornings", **{"words": WORDS} | wrong))

        assert answer.status_code == 422
        assert sentence in answer.text
        assert "by phone, mornings" in answer.text
        if wrong.get("words") != "":
            assert WORDS in answer.text
        assert count(session, Concern) == 0

    def test_the_same_form_sent_twice_tells_once_and_loses_nothing(self, as_, ada, first, session):
        browser, form = as_(ada), filled_in()
        browser.post("/tell-someone", form)

        again = browser.post("/tell-someone", form | {"words": WORDS + " And once at my door."})

        assert again.status_code == 200
        assert "it was not sent twice" in again.text
        assert "And once at my door." in again.text
        assert (count(session, Concern), count(session, ConcernText)) == (1, 1)

    def test_the_form_of_somebody_else_is_not_there(self, as_, ada, bystander, first):
        form = filled_in()
        as_(ada).post("/tell-someone", form)

        assert as_(bystander).post("/tell-someone", form).status_code == 404

    def test_who_has_met_somebody_can_tick_them_even_when_they_were_kept_apart_since(self, as_, ada, named, first):
        RelationshipFactory(guide=ada, other=named)
        stranger = MemberFactory(bank=ada.bank, name="Never Met")

        page = as_(ada).get("/tell-someone").text

        assert "Nico Named" in page
        assert stranger.name not in page

    def test_what_was_typed_on_a_page_that_was_open_too_long_comes_back(self, as_, ada, first):
        answer = as_(ada).post("/tell-someone", filled_in(), token="of yesterday", headers=OURS)

        assert answer.status_code == 419
        assert WORDS in answer.text


class TestNobodyThere:
    def test_one_is_told_so_before_one_types(self, as_, ada):
        page = as_(ada).get("/tell-someone").text

        assert "Nobody yet." in page
        assert "<textarea" not in page

    def test_what_is_sent_all_the_same_comes_back_and_is_not_taken(self, as_, ada, session):
        answer = as_(ada).post("/tell-someone", filled_in())

        assert answer.status_code == 409
        assert WORDS in answer.text
        assert count(session, Concern) == 0

    def test_with_a_printed_key_alone_it_is_said_whom_it_waits_for(self, as_, ada, printed):
        browser = as_(ada)

        assert "nobody in this time bank can receive it yet" in browser.get("/tell-someone").text
        assert "to somebody outside who keeps its printed key" in told_by(browser)[1].text

    def test_a_lead_without_a_passphrase_is_nobody_yet(self, as_, ada, bank):
        LeadFactory(member=MemberFactory(bank=bank, name="Lena First"), has_key=False)

        assert "Lena First" not in as_(ada).get("/tell-someone").text.split("<main")[1]


class TestReading:
    def test_a_lead_sees_that_there_is_one_and_no_word_of_it(self, as_, ada, first):
        concern_id, _ = told_by(as_(ada))
        browser = as_(first.member)

        pages = [browser.get(url).text for url in ("/", "/concerns", f"/concerns/{concern_id}")]

        assert "not read yet" in pages[1]
        assert not any(WORDS in page or "Ada Teller" in page for page in pages)

    def test_the_passphrase_opens_it_once_and_the_teller_sees_by_whom_it_was_read(self, as_, ada, first):
        RelationshipFactory(guide=ada, other=MemberFactory(bank=ada.bank, name="Nico Named"))
        concern_id, _ = told_by(as_(ada), who="the man with the dog", may_contact="yes", how="only by phone")
        browser = as_(first.member)

        opened = browser.post(f"/concerns/{concern_id}/open", {"passphrase": PASSPHRASE})

        assert opened.status_code == 200
        for words in (WORDS, "Ada Teller", "the man with the dog", "only by phone"):
            assert words in opened.text
        assert WORDS not in browser.get(f"/concerns/{concern_id}").text
        assert "by Lena First" in as_(ada).get(f"/tell-someone/{concern_id}").text

    @pytest.mark.parametrize("typed", ["", "nine herons under the bridge"])
    def test_another_passphrase_does_not_and_does_not_count_as_read(self, as_, ada, first, typed):
        concern_id, _ = told_by(as_(ada))

        answer = as_(first.member).post(f"/concerns/{concern_id}/open", {"passphrase": typed})

        assert answer.status_code == 422
        assert WORDS not in answer.text
        assert "Nobody has read it yet" in as_(ada).get(f"/tell-someone/{concern_id}").text

    def test_passphrases_cannot_be_tried_for_ever(self, as_, ada, first):
        concern_id, _ = told_by(as_(ada))
        browser = as_(first.member)

        answers = [browser.post(f"/concerns/{concern_id}/open", {"passphrase": "a guess"}) for _ in range(6)]

        assert [answer.status_code for answer in answers] == [422] * 5 + [429]
        assert "Please wait five minutes" in answers[-1].text

    def test_a_note_and_an_outcome_are_for_leads_only_and_the_teller_sees_that_it_is_closed(self, as_, ada, first):
        concern_id, _ = told_by(as_(ada))
        browser = as_(first.member)
        browser.post(f"/concerns/{concern_id}/open", {"passphrase": PASSPHRASE})

        browser.post(f"/concerns/{concern_id}/notes", {"text_id": str(uuid4()), "words": "I rang her."})
        closing = {"text_id": str(uuid4()), "words": "They meet elsewhere now."}
        assert browser.post(f"/concerns/{concern_id}/close", closing).status_code == 303
        assert browser.post(f"/concerns/{concern_id}/close", closing).status_code == 303  # the same form, once

        page = browser.post(f"/concerns/{concern_id}/open", {"passphrase": PASSPHRASE}).text
        assert "I rang her." in page
        assert "They meet elsewhere now." in page
        theirs = as_(ada).get(f"/tell-someone/{concern_id}").text
        assert "and is closed" in theirs
        assert "I rang her." not in theirs
        assert browser.post(f"/concerns/{concern_id}/reopen").status_code == 303
        assert browser.post(f"/concerns/{concern_id}/reopen").status_code == 409

    @pytest.mark.parametrize("act", ["notes", "close"])
    def test_nobody_writes_under_what_they_have_not_read(self, as_, ada, first, act):
        concern_id, _ = told_by(as_(ada))

        answer = as_(first.member).post(
            f"/concerns/{concern_id}/{act}", {"text_id": str(uuid4()), "words": "All is well."}
        )

        assert answer.status_code == 422
        assert "Please open and read it first." in answer.text
        assert "All is well." in answer.text

    def test_what_the_teller_adds_opens_with_the_rest_and_is_unread_again(self, as_, ada, first):
        concern_id, _ = told_by(as_(ada))
        lead, teller = as_(first.member), as_(ada)
        lead.post(f"/concerns/{concern_id}/open", {"passphrase": PASSPHRASE})
        more = {"text_id": str(uuid4()), "words": "It happened again."}

        for _ in range(2):
            assert teller.post(f"/tell-someone/{concern_id}/more", more).status_code == 303

        assert "what came after that is not read yet" in teller.get(f"/tell-someone/{concern_id}").text
        assert "not read yet" in lead.get("/concerns").text
        page = lead.post(f"/concerns/{concern_id}/open", {"passphrase": PASSPHRASE}).text
        assert page.count("It happened again.") == 1


class TestEverybodyElse:
    def test_gets_the_answer_of_what_is_not_there(self, as_, ada, named, first, second, coordinator):
        RelationshipFactory(guide=ada, other=second.member)
        concern_id, _ = told_by(as_(ada), named=str(second.member_id))

        for who in (named, coordinator, second.member, ada):
            for method, path in (
                ("GET", ""),
                ("POST", "/open"),
                ("POST", "/notes"),
                ("POST", "/close"),
                ("POST", "/reopen"),
            ):
                browser, form = as_(who), {"text_id": str(uuid4()), "words": "x", "passphrase": PASSPHRASE}
                ask = browser.get if method == "GET" else lambda url, b=browser, f=form: b.post(url, f)
                there, nowhere = ask(f"/concerns/{concern_id}{path}"), ask(f"/concerns/{uuid4()}{path}")
                assert there.status_code == 404, (who.name, path)
                assert without_tokens(there) == without_tokens(nowhere)
        for who in (named, coordinator, second.member, first.member):
            browser = as_(who)
            there, nowhere = browser.get(f"/tell-someone/{concern_id}"), browser.get(f"/tell-someone/{uuid4()}")
            assert there.status_code == 404
            assert without_tokens(there) == without_tokens(nowhere)

    def test_sees_the_very_same_pages_with_a_concern_as_without(self, as_, ada, named, first, second, coordinator):
        """The person named, whether they have a task or not; and coordinators."""
        RelationshipFactory(guide=ada, other=named)
        people = (named, second.member, coordinator)
        urls = ("/", "/tell-someone", "/tell-someone/told", "/close-to-me", "/concerns", "/desk/")
        browsers = [as_(who) for who in people]
        before = [[without_tokens(browser.get(url)) for url in urls] for browser in browsers]

        told_by(as_(ada), named=[str(named.id), str(second.member_id)])

        after = [[without_tokens(browser.get(url)) for url in urls] for browser in browsers]
        fields = re.compile(r'name="(concern|text)_id" value="[^"]*"')
        assert [[fields.sub("", page) for page in pages] for pages in after] == [
            [fields.sub("", page) for page in pages] for pages in before
        ]


class TestPassphrase:
    def choose(self, browser, **more):
        typed = {"passphrase": PASSPHRASE, "passphrase_again": PASSPHRASE} | more
        return browser.post("/concerns/key", typed)

    @pytest.fixture
    def new_lead(self, bank):
        return LeadFactory(member=MemberFactory(bank=bank, name="Nour New"), has_key=False)

    def test_a_lead_who_has_none_yet_is_asked_for_it_and_then_receives(self, as_, ada, new_lead):
        browser = as_(new_lead.member)
        assert "Choose your passphrase first" in browser.get("/concerns").text

        assert self.choose(browser).status_code == 303

        concern_id, _ = told_by(as_(ada))
        assert WORDS in browser.post(f"/concerns/{concern_id}/open", {"passphrase": PASSPHRASE}).text

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ({"passphrase": "short", "passphrase_again": "short"}, "at least 12 letters"),
            ({"passphrase": "password1234", "passphrase_again": "password1234"}, "easy to guess"),
            ({"passphrase_again": "seven herons over the bridge"}, "not the same"),
        ],
    )
    def test_a_weak_one_is_refused_and_never_shown(self, as_, new_lead, typed, sentence):
        answer = self.choose(as_(new_lead.member), **typed)

        assert answer.status_code == 422
        assert sentence in answer.text
        assert not any(f'value="{one}"' in answer.text for one in [PASSPHRASE, *typed.values()])

    def test_a_new_one_needs_the_old_one_and_opens_what_came_before(self, as_, ada, first):
        concern_id, _ = told_by(as_(ada))
        browser, other = as_(first.member), "nine otters in a borrowed boat"
        new = {"passphrase": other, "passphrase_again": other}

        assert self.choose(browser, **new).status_code == 422
        assert self.choose(browser, old_passphrase=PASSPHRASE, **new).status_code == 303

        assert browser.post(f"/concerns/{concern_id}/open", {"passphrase": PASSPHRASE}).status_code == 422
        assert WORDS in browser.post(f"/concerns/{concern_id}/open", {"passphrase": other}).text

    def test_whoever_forgot_it_starts_anew_and_the_next_lead_has_what_was_theirs_at_once(self, as_, ada, first, second):
        concern_id, _ = told_by(as_(ada))
        browser, other = as_(first.member), "nine otters in a borrowed boat"

        answer = self.choose(browser, start_anew="yes", passphrase=other, passphrase_again=other)

        assert answer.status_code == 303
        assert browser.get(f"/concerns/{concern_id}").status_code == 404
        lead = as_(second.member)
        assert WORDS in lead.post(f"/concerns/{concern_id}/open", {"passphrase": PASSPHRASE}).text
        assert "cannot open these yet" in lead.get("/concerns").text
        assert lead.post("/concerns/seal-again", {"passphrase": "a guess"}).status_code == 422
        assert lead.post("/concerns/seal-again", {"passphrase": PASSPHRASE}).status_code == 303
        assert "cannot open these yet" not in lead.get("/concerns").text


class TestCloseToMe:
    def test_what_a_lead_says_of_themselves_keeps_concerns_from_them(self, as_, ada, named, first, second):
        RelationshipFactory(guide=ada, other=named)
        assert as_(first.member).post("/close-to-me", {"code": named.code, "kind": "partner"}).status_code == 303

        concern_id, _ = told_by(as_(ada), named=str(named.id))

        assert as_(first.member).get(f"/concerns/{concern_id}").status_code == 404
        assert as_(second.member).get(f"/concerns/{concern_id}").status_code == 200

    def test_said_after_it_was_told_it_is_asked_again_when_it_is_opened(self, as_, ada, named, first, second):
        RelationshipFactory(guide=ada, other=named)
        concern_id, _ = told_by(as_(ada), named=str(named.id))
        browser = as_(first.member)
        browser.post("/close-to-me", {"code": named.code, "kind": "relative"})

        answer = browser.post(f"/concerns/{concern_id}/open", {"passphrase": PASSPHRASE})

        assert answer.status_code == 404
        assert WORDS not in answer.text
        assert as_(second.member).get(f"/concerns/{concern_id}").status_code == 200

    @pytest.mark.parametrize("kind", ["partner", "relative", "close", "supervises", "supervised-by"])
    def test_each_kind_is_shown_to_who_said_it(self, as_, named, coordinator, kind):
        browser = as_(coordinator)

        for _ in range(2):
            assert browser.post("/close-to-me", {"code": named.code, "kind": kind}).status_code == 303

        assert browser.get("/close-to-me").text.split("<main")[1].count("Nico Named:") == 1
        assert "/close-to-me" not in as_(named).get("/").text
        assert as_(named).get("/close-to-me").status_code == 404

    @pytest.mark.parametrize("code", ["", "2222-2222", "own"])
    def test_a_code_of_nobody_comes_back(self, as_, coordinator, code):
        typed = coordinator.code if code == "own" else code

        answer = as_(coordinator).post("/close-to-me", {"code": typed, "kind": "close"})

        assert answer.status_code == 422


def test_an_unread_one_is_the_next_lead_s_too_after_a_day(as_, ada, first, second):
    told_at = clock.now() - timedelta(hours=24, seconds=-30)
    early = ConcernFactory(member=ada, at=told_at)
    late = ConcernFactory(member=ada, at=told_at - timedelta(minutes=1))

    browser = as_(second.member)

    assert browser.get(f"/concerns/{early.id}").status_code == 404
    assert "so it is with Sam Second too" in browser.get(f"/concerns/{late.id}").text
    assert "2 people have it by now" in as_(ada).get(f"/tell-someone/{late.id}").text

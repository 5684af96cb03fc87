"""What a message says: to one person, and nothing that tells one kind from another, or whom, what or how much it is about."""

import re
from email.utils import getaddresses

from hypothesis import given
from hypothesis import strategies as st

from matching.schemes import WORDS, Scheme
from tests.factories import NOON
from timebank.config import NEUTRAL_SENDER, NEUTRAL_SUBJECT, Mail
from timebank.members.codes import ALPHABET
from timebank.notices.letters import compose
from timebank.outbox.models import ALIKE, Kind

ADDRESS = "https://b.example.org"
MAIL = Mail(host="mail.example.org", sender="post@example.org")
WITH_A_CODE = {Kind.PASSWORD, Kind.CONFIRM}
# Nobody who holds the phone is to read any of these, in any form.
TELLING = (
    "peer", "mentor", "support", "recover", "mental", "health", "wellbeing", "charity", "community", "member", "coordinator",
    "hour", "minute", "time bank", "timebank", "deposit", "withdraw", "balance", "match", "introduc", "relationship", "meet",
    "check", "dispute", "confirm", "scheme", "crisis", "safe", "concern", "letter",
)  # fmt: skip


def letter_of(kind: Kind, *, to: str = "ada@example.org", code: str | None = "ABCDEFGHJKLM", mail: Mail = MAIL):
    return compose(mail, address=ADDRESS, to=to, kind=kind, code=code if kind in WITH_A_CODE else None, at=NOON)


def without_what_is_its_own(raw: bytes) -> bytes:
    return re.sub(rb"(?m)^(Message-ID|Date): .*\r\n", b"", raw)


class TestAlike:
    def test_all_kinds_read_the_same_to_the_last_byte(self):
        assert len({without_what_is_its_own(letter_of(kind).as_bytes()) for kind in ALIKE}) == 1
        assert len(ALIKE) == 5

    def test_the_two_that_carry_something_begin_like_all_others(self):
        heads = {without_what_is_its_own(letter_of(kind).as_bytes()).split(b"\r\n\r\n")[0] for kind in Kind}

        assert len(heads) == 1

    def test_only_those_two_carry_anything(self):
        assert {kind for kind in Kind if "ABCD" in letter_of(kind).as_string()} == WITH_A_CODE

    def test_no_two_have_the_same_number(self):
        numbers = {letter_of(Kind.CHECK)["Message-ID"] for _ in range(100)}

        assert len(numbers) == 100
        assert all(re.fullmatch(r"<[0-9a-f]{32}@example\.org>", number) for number in numbers)


class TestNeutral:
    def test_no_word_tells_what_this_is(self):
        said = "".join(letter_of(kind).as_string() for kind in Kind).casefold().replace("half an hour", "")

        assert [word for word in TELLING if word in said] == []

    def test_nor_any_word_of_any_scheme(self):
        words = {
            word.casefold()
            for name in Scheme.names()
            for term in (name, Scheme.named(name).name, *WORDS.values(), *Scheme.named(name).words.values())
            for word in re.findall(r"[A-Za-z]{4,}", term)
        } - EVERYDAY
        said = set(re.findall(r"[a-z]{4,}", letter_of(Kind.CHECK).as_string().casefold()))

        assert len(words) > 20
        assert words & said == set()

    def test_subject_and_sender_are_what_the_settings_say(self):
        letter = letter_of(Kind.CHECK)
        said = letter_of(Kind.CHECK, mail=Mail(host="x", sender="a@b.example", sender_name="Post", subject="A note"))

        assert (letter["Subject"], str(letter["From"])) == (NEUTRAL_SUBJECT, f"{NEUTRAL_SENDER} <post@example.org>")
        assert (said["Subject"], str(said["From"])) == ("A note", "Post <a@b.example>")

    def test_it_is_plain_text_and_says_how_to_stop_it(self):
        letter = letter_of(Kind.CHECK)

        assert letter.get_content_type() == "text/plain"
        assert "To get no more of it" in letter.get_content()
        assert set(letter.keys()) == {
            "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
        }  # fmt: skip

    def test_the_address_in_it_leads_to_the_front_door_only(self):
        (address,) = re.findall(r"https?://\S+", letter_of(Kind.CHECK).get_content())

        assert address == f"{ADDRESS}/"

    def test_a_link_stands_on_one_line(self):
        token = "x" * 43

        assert (
            f"\r\n{ADDRESS}/sign-in/new-password?link={token}\r\n"
            in letter_of(Kind.PASSWORD, code=token).as_bytes().decode()
        )


EVERYDAY = {"this", "with", "your", "here", "time", "open", "that", "what", "from"}  # in some scheme's phrases too
LOCAL = st.text("abcXYZ09!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=60)
DOMAIN = st.text("abcxyz09", min_size=1, max_size=30)


@given(local=LOCAL, domain=DOMAIN, kind=st.sampled_from(Kind), code=st.text(ALPHABET, min_size=12, max_size=12))
def test_whatever_the_address_it_goes_to_one_person(local, domain, kind, code):
    to = f"{local}@{domain}.example"

    letter = letter_of(kind, to=to, code=code)

    named = getaddresses([value for name in ("To", "Cc", "Bcc", "Reply-To") for value in letter.get_all(name, [])])
    assert [address for _, address in named] == [to]
    assert letter.as_bytes().count(b"\r\n\r\n") >= 1
    assert letter.as_bytes().isascii()

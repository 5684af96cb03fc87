"""Unsafe settings stop the start, all at once and each with what to do; at this computer alone one may look around."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from environs.exceptions import EnvError

from timebank.app import create_app
from timebank.config import Config, Mail, from_environment
from timebank.safety import is_for_others, unsafe_mail, unsafe_settings

ROOT = Path(__file__).parents[2]
KEY = "fZ1x8mQ0rT5uW2vY7bN4cL9kJ6hG3dSa"
POSTGRESQL = "postgresql://bank@localhost/bank"


@pytest.fixture
def safe(tmp_path: Path) -> Config:
    """As a charity would run it, behind a web server that speaks https."""
    folders = [tmp_path / "data", tmp_path / "keys"]
    for folder in folders:
        folder.mkdir(mode=0o700)
    for file in (folders[0] / "bank.db", folders[1] / "key"):
        file.touch(mode=0o600)
    return Config(
        database_url=f"sqlite:///{folders[0] / 'bank.db'}",
        address="https://bank.example.org",
        secret_key=KEY,
        keys_file=folders[1] / "key",
    )


SETTINGS = {
    "a short key": ({"secret_key": "fZ1x8mQ0rT5uW2vY"}, "key can be guessed"),
    "an empty key": ({"secret_key": ""}, "key can be guessed"),
    "a key that repeats itself": ({"secret_key": "abc" * 20}, "key can be guessed"),
    "a key from an example": ({"secret_key": f"change-me-{KEY}"}, "key looks like one from an example"),
    "a key with the programme's name": ({"secret_key": f"Timebank-{KEY}"}, "key looks like one from an example"),
    "open to others and no address": (
        {"address": None, "host": "0.0.0.0"},
        "Put a web server that speaks https in front",
    ),
    "open to a network and no address": ({"address": None, "host": "192.168.1.20"}, "leave TIMEBANK_HOST out"),
    "open to others by a name": ({"address": None, "host": "bank.local"}, "leave TIMEBANK_HOST out"),
    "open to others on the newer internet": ({"address": None, "host": "::"}, "leave TIMEBANK_HOST out"),
    "an address without https": ({"address": "http://bank.example.org"}, "Passwords would travel openly"),
    "an address of this computer": ({"address": "https://localhost", "host": "0.0.0.0"}, "names this computer"),
    "a source that is a script": ({"source_url": "javascript:alert(1)"}, "not the address of a page"),
    "a database far away": (
        {"database_url": "postgresql://bank@db.example.org/bank"},
        "TIMEBANK_DATABASE_URL names another",
    ),
    "a database far away, perhaps encrypted": (
        {"database_url": "postgresql://bank@db.example.org/bank?sslmode=prefer"},
        "sslmode=verify-full",
    ),
    "an owner's way that is open": (
        {"database_url": POSTGRESQL, "owner_database_url": "postgresql://owner@10.0.0.5/bank"},
        "TIMEBANK_OWNER_DATABASE_URL names another computer",
    ),
    "the master of the server": ({"database_url": "postgresql://postgres@localhost/bank"}, "Make a role of its own"),
}
MAIL = Mail(host="mail.example.org", sender="post@example.org")
MAILS = {
    "mail that could not say where to sign in": ({"address": None}, {}, "Mail could not say where to sign in"),
    "mail that travels openly": ({}, {"tls": "none"}, "Mail would travel openly"),
    "a name without a password": ({}, {"user": "us"}, "belong together"),
    "a password without a name": ({}, {"password_file": Path("x")}, "belong together"),
    "a password in no file": ({}, {"user": "us", "password_file": Path("not-there")}, "names no file"),
}
ENVIRONMENT = {
    "debugging": {"FLASK_DEBUG": "1"},
    "debugging, in a word": {"FLASK_DEBUG": "true"},
    "testing": {"FLASK_TESTING": "yes"},
    "a console for strangers": {"WERKZEUG_DEBUG_PIN": "off"},
    "a prompt after the end": {"PYTHONINSPECT": "1"},
}


def only(config: Config, environment: dict[str, str] | None = None) -> str:
    (found,) = unsafe_settings(config, environment or {})
    return found


class TestMail:
    @pytest.mark.parametrize("name", MAILS)
    def test_stops_the_start_also_at_this_computer_alone(self, safe: Config, name: str):
        settings, of_mail, sentence = MAILS[name]

        found = unsafe_mail(replace(safe, host="127.0.0.1", mail=replace(MAIL, **of_mail), **settings))

        assert [sentence in one for one in found] == [True]

    def test_safe_mail_does_not(self, safe: Config, tmp_path: Path):
        password = tmp_path / "password"
        password.touch(mode=0o600)
        mail = replace(MAIL, user="us", password_file=password)

        assert unsafe_mail(replace(safe, mail=mail)) == unsafe_settings(replace(safe, mail=mail), {}) == ()
        assert unsafe_mail(replace(safe, mail=replace(mail, host="127.0.0.1", tls="none"))) == ()

    def test_a_password_that_others_may_read_does(self, safe: Config, tmp_path: Path):
        password = tmp_path / "password"
        password.touch()
        password.chmod(0o644)

        assert "chmod 600" in only(replace(safe, mail=replace(MAIL, user="us", password_file=password)))


class TestMailSettings:
    @pytest.fixture
    def given(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        def set_to(**settings: str) -> Config:
            monkeypatch.setenv("TIMEBANK_KEYS", str(tmp_path / "keys"))
            for name, value in settings.items():
                monkeypatch.setenv(f"TIMEBANK_MAIL_{name}", value)
            return from_environment()

        yield set_to
        monkeypatch.undo()

    def test_none_is_no_mail(self, given):
        assert given().mail is None

    def test_a_server_and_a_sender_are_enough(self, given):
        mail = given(HOST="mail.example.org", SENDER="post@example.org").mail

        assert (mail.host, mail.port, mail.tls) == ("mail.example.org", 587, "starttls")
        assert (mail.sender_name, mail.subject) == ("Notices", "Something is waiting for you")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"SENDER": "post"}, {"SENDER": "a@b.org, c@d.org"}, {"TLS": "perhaps"}, {"PORT": "0"}, {"SUBJECT": "a\nBcc: b@example.org"},
            {"SENDER_NAME": "x" * 71}, {"SENDER": "a@b.org\nBcc: c@d.org"},
        ],
    )  # fmt: skip
    def test_what_cannot_be_used_is_said(self, given, wrong):
        with pytest.raises(EnvError):
            given(**({"HOST": "mail.example.org", "SENDER": "post@example.org"} | wrong))


class TestForOthers:
    def test_with_safe_settings_it_starts(self, safe: Config):
        assert is_for_others(safe)
        assert unsafe_settings(safe, {"FLASK_DEBUG": "0", "HOME": "/"}) == ()
        assert unsafe_settings(replace(safe, database_url=POSTGRESQL), {}) == ()

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://bank@/bank?host=/run/postgresql",
            "postgresql://bank@db.example.org/bank?sslmode=verify-full",
            "postgresql://bank@127.0.0.1:5433/bank",
        ],
    )
    def test_a_safe_way_to_the_database_is_none_of_them(self, safe: Config, url: str):
        assert unsafe_settings(replace(safe, database_url=url), {}) == ()

    @pytest.mark.parametrize(("changed", "why"), SETTINGS.values(), ids=SETTINGS)
    def test_each_unsafe_setting_stops_the_start_with_what_to_do(self, safe: Config, changed: dict[str, str], why: str):
        assert why in only(replace(safe, **changed))

    @pytest.mark.parametrize("environment", ENVIRONMENT.values(), ids=ENVIRONMENT)
    def test_what_is_for_programmers_stops_it_too(self, safe: Config, environment: dict[str, str]):
        assert f"{next(iter(environment))} is set" in only(safe, environment)

    def test_a_key_that_others_may_read(self, safe: Config):
        assert safe.keys_file is not None
        safe.keys_file.chmod(0o640)

        assert "chmod 600 key" in only(safe)

    def test_a_key_beside_the_database(self, safe: Config):
        data = Path(safe.database_url.removeprefix("sqlite:///")).parent

        assert "another folder" in only(replace(safe, keys_file=data / "key"))

    @pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
    def test_a_database_that_others_may_read(self, safe: Config, mode: int):
        Path(safe.database_url.removeprefix("sqlite:///")).chmod(mode)

        assert "chmod 600 bank.db" in only(safe)

    def test_a_folder_that_anybody_may_write_to(self, safe: Config):
        Path(safe.database_url.removeprefix("sqlite:///")).parent.chmod(0o777)

        assert "chmod 700" in only(safe)

    def test_all_are_told_at_once(self, safe: Config):
        found = unsafe_settings(replace(safe, secret_key="", address="http://bank.example.org"), {"FLASK_DEBUG": "1"})

        assert len(found) == 3

    def test_none_of_them_says_a_secret(self, safe: Config):
        worst = replace(safe, secret_key="hunter2", database_url="postgresql://root:hunter2@db.example.org/bank")

        assert len(unsafe_settings(worst, {})) == 3
        assert "hunter2" not in " ".join(unsafe_settings(worst, {}))


class TestAtThisComputer:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.9"])
    @pytest.mark.parametrize("address", [None, "http://localhost:8000"])
    def test_one_may_look_around_as_it_comes(self, tmp_path: Path, host: str, address: str | None):
        file = tmp_path / "key"
        file.touch(mode=0o600)
        config = Config(host=host, address=address, secret_key=KEY, keys_file=file)

        assert not is_for_others(config)
        assert unsafe_settings(config, {"FLASK_DEBUG": "1"}) == ()

    def test_but_not_with_a_key_that_anybody_knows_or_reads(self, tmp_path: Path):
        file = tmp_path / "key"
        file.touch(mode=0o644)

        assert len(unsafe_settings(Config(secret_key="change-me", keys_file=file), {})) == 2

    def test_with_what_it_makes_itself_it_starts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("TIMEBANK_KEYS", str(tmp_path / "new" / "key"))

        assert unsafe_settings(from_environment(), os.environ) == ()


class TestTheCommand:
    def start(self, tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("TIMEBANK_")}
        paths = {"DATABASE_URL": f"sqlite:///{tmp_path / 'bank.db'}", "KEYS": str(tmp_path / "keys" / "key")}
        given = {f"TIMEBANK_{name}": value for name, value in (paths | settings).items()}
        return subprocess.run(
            [sys.executable, "-m", "timebank.cli", "serve"],
            cwd=ROOT,
            env=known | given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def test_refuses_before_anything_is_made(self, tmp_path: Path):
        done = self.start(tmp_path, HOST="0.0.0.0")

        assert done.returncode == 2
        assert "TIMEBANK_ADDRESS=https://bank.example.org" in done.stderr
        assert not (tmp_path / "bank.db").exists()

    @pytest.mark.parametrize(
        "address", ["bank.example.org", "https://bank.example.org/timebank", "ftp://x", "https://a b"]
    )
    def test_an_address_is_written_in_one_way(self, tmp_path: Path, address: str):
        done = self.start(tmp_path, ADDRESS=address)

        assert done.returncode == 2
        assert "https://bank.example.org, with nothing after the name" in done.stderr

    def test_a_port_is_a_number_that_there_is(self, tmp_path: Path):
        """Found here: the sentence about it came with thirty lines for programmers around it."""
        done = self.start(tmp_path, PORT="99999")

        assert done.returncode == 2
        assert "choose a number from 1 to 65535" in done.stderr
        assert "Traceback" not in done.stderr


class TestNames:
    def test_under_any_other_name_nobody_answers(self, safe: Config, database):
        app = create_app(safe, database)

        status = {
            host: app.test_client().get("/urgent-help", base_url=f"https://{host}").status_code
            for host in ("bank.example.org", "localhost", "evil.example", "bank.example.org.evil.example")
        }

        assert status == {
            "bank.example.org": 200,
            "localhost": 200,
            "evil.example": 400,
            "bank.example.org.evil.example": 400,
        }

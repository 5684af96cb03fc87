"""Settings: read once from TIMEBANK_… variables, frozen, and handed to whoever needs them."""

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from environs import Env, validate

VAR = Path(__file__).parent.parent / "var"
HERE = ("127.0.0.1", "localhost", "::1")
IS_PORT = validate.Range(min=1, max=65535, error="{input} is not a port: choose a number from {min} to {max}")
ARE_YEARS = validate.Range(min=1, max=100, error="{input} is no number of years: choose one from {min} to {max}")
IS_ADDRESS = validate.Regexp(
    re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?\Z", re.IGNORECASE),
    error="{input} is no address: write it like https://bank.example.org, with nothing after the name",
)
DEFAULT_DATABASE_URL = f"sqlite:///{VAR / 'timebank.db'}"


MAIL_TLS = ("starttls", "tls", "none")
NEUTRAL_SUBJECT, NEUTRAL_SENDER = "Something is waiting for you", "Notices"
IS_MAIL_ADDRESS = validate.Regexp(
    re.compile(r"[^\s@<>\",;:\\]+@[a-z0-9.-]+\.[a-z0-9-]+\Z|[^\s@<>\",;:\\]+@localhost\Z", re.IGNORECASE),
    error="{input} is no mail address: write it like post@example.org",
)
IS_ONE_LINE = validate.Regexp(
    re.compile(r"[ -~]{1,70}\Z"),
    error="{input} cannot stand in a message’s first lines: write up to 70 plain letters, in one line",
)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """The server that takes our messages, and the words on each of them, which are the same whatever it is about."""

    host: str
    port: int = 587
    tls: str = "starttls"
    user: str | None = None
    password_file: Path | None = None
    sender: str
    sender_name: str = NEUTRAL_SENDER
    subject: str = NEUTRAL_SUBJECT


@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = DEFAULT_DATABASE_URL
    owner_database_url: str | None = None  # the role that may migrate, PostgreSQL only
    host: str = "127.0.0.1"
    port: int = 8000
    secret_key: str
    keys_file: Path | None = None
    address: str | None = None  # where people find the bank, like https://bank.example.org
    mail: Mail | None = None  # without it, no mail is sent
    concerns_kept_years: int = 7  # after one was closed; a charity's own rule may be another
    source_url: str | None = None  # where the source of this very version is; without it, the bank hands it out itself

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the bank over https only. Without it, it is for people at this computer."""
        return (self.address or "").startswith("https://")

    @property
    def hosts(self) -> list[str] | None:
        """The names under which the bank answers, itself and those who watch over it; None is any, where none is set."""
        return [urlsplit(self.address).hostname or "", *HERE] if self.address else None

    @property
    def is_default_and_local(self) -> bool:
        """Only here may invented people be put into the database."""
        return self.database_url == DEFAULT_DATABASE_URL and self.host in HERE


def from_environment() -> Config:
    env = Env(prefix="TIMEBANK_")
    keys = Path(env.str("KEYS", str(VAR / "keys")))
    config = Config(
        database_url=env.str("DATABASE_URL", DEFAULT_DATABASE_URL),
        owner_database_url=env.str("OWNER_DATABASE_URL", None),
        host=env.str("HOST", Config.host),
        port=env.int("PORT", Config.port, validate=IS_PORT),
        address=env.str("ADDRESS", Config.address, validate=IS_ADDRESS),
        source_url=env.str("SOURCE_URL", Config.source_url),
        concerns_kept_years=env.int("CONCERNS_KEPT_YEARS", Config.concerns_kept_years, validate=ARE_YEARS),
        mail=_mail(env),
        secret_key=_read_or_make_key(keys),
        keys_file=keys,
    )
    env.seal()
    return config


def _mail(env: Env) -> Mail | None:
    host = env.str("MAIL_HOST", "")
    if not host:
        return None
    tls = env.str("MAIL_TLS", Mail.tls, validate=validate.OneOf(MAIL_TLS, error="{input}: choose one of {choices}"))
    password_file = env.str("MAIL_PASSWORD_FILE", "")
    return Mail(
        host=host,
        port=env.int("MAIL_PORT", {"tls": 465, "none": 25}.get(tls, Mail.port), validate=IS_PORT),
        tls=tls,
        user=env.str("MAIL_USER", "") or None,
        password_file=Path(password_file) if password_file else None,
        sender=env.str("MAIL_SENDER", validate=IS_MAIL_ADDRESS),
        sender_name=env.str("MAIL_SENDER_NAME", Mail.sender_name, validate=IS_ONE_LINE),
        subject=env.str("MAIL_SUBJECT", Mail.subject, validate=IS_ONE_LINE),
    )


def _read_or_make_key(path: Path) -> str:
    """The key lives in a file that only its owner may read, never in the database or a backup of it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Opened for this owner only from its first moment, and never over a file another start has just made.
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read_or_make_key(path)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()

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
IS_ADDRESS = validate.Regexp(
    re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?\Z", re.IGNORECASE),
    error="{input} is no address: write it like https://bank.example.org, with nothing after the name",
)
DEFAULT_DATABASE_URL = f"sqlite:///{VAR / 'timebank.db'}"


@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = DEFAULT_DATABASE_URL
    owner_database_url: str | None = None  # the role that may migrate, PostgreSQL only
    host: str = "127.0.0.1"
    port: int = 8000
    secret_key: str
    keys_file: Path | None = None
    address: str | None = None  # where people find the bank, like https://bank.example.org
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
        secret_key=_read_or_make_key(keys),
        keys_file=keys,
    )
    env.seal()
    return config


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

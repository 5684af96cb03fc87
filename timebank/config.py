"""Settings: read once from TIMEBANK_… variables, frozen, and handed to whoever needs them."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from environs import Env

VAR = Path(__file__).parent.parent / "var"
DEFAULT_DATABASE_URL = f"sqlite:///{VAR / 'timebank.db'}"


@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = DEFAULT_DATABASE_URL
    owner_database_url: str | None = None  # the role that may migrate, PostgreSQL only
    host: str = "127.0.0.1"
    port: int = 8000
    secret_key: str
    secure_cookies: bool = False
    source_url: str | None = None  # where the source of this very version is; without it, the bank hands it out itself

    @property
    def is_default_and_local(self) -> bool:
        """Only here may invented people be put into the database."""
        return self.database_url == DEFAULT_DATABASE_URL and self.host in {"127.0.0.1", "localhost", "::1"}


def from_environment() -> Config:
    env = Env(prefix="TIMEBANK_")
    keys = Path(env.str("KEYS", str(VAR / "keys")))
    config = Config(
        database_url=env.str("DATABASE_URL", DEFAULT_DATABASE_URL),
        owner_database_url=env.str("OWNER_DATABASE_URL", None),
        host=env.str("HOST", Config.host),
        port=env.int("PORT", Config.port, validate=_is_port),
        secure_cookies=env.bool("SECURE_COOKIES", Config.secure_cookies),
        source_url=env.str("SOURCE_URL", Config.source_url),
        secret_key=_read_or_make_key(keys),
    )
    env.seal()
    return config


def _is_port(value: int) -> None:
    highest = 65535
    if not 0 < value <= highest:
        raise ValueError(f"{value} is not a port: choose a number from 1 to {highest}")


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

"""A copy of all keys as one file. Whoever has it and the database can read everything, so the two are kept apart."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from timebank.errors import Conflict, Invalid
from timebank.vault.keys import KeyRing, KeysMissing

FORM = 1
KEPT_AT_MOST_DAYS = 30


class NoKeyFile(Invalid):
    """This file is no copy of keys made by 'timebank backup-keys'. Nothing was changed."""


class KeysAreThere(Conflict):
    """There are keys already, and they are never written over. Move them away first if you are sure that no database needs them: TIMEBANK_KEYS names where they are."""  # noqa: E501 - one sentence for people


def as_text(*, file: Path, keys: KeyRing, at: datetime) -> str:
    """`file`: the server's own key."""
    return json.dumps({"form": FORM, "made_at": at.isoformat(), "server": file.read_text(), **keys.copy()})


def put_back(text: str, *, file: Path, keys: KeyRing) -> int:
    """Raises NoKeyFile, KeysAreThere."""
    kept = _read(text)
    if keys.master_file.exists() or keys.count():
        raise KeysAreThere
    try:
        keys.put_back(kept)
    except (KeysMissing, ValueError):
        raise NoKeyFile from None
    # A server's key of today, which any command makes where there is none, gives way to that of then.
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(kept["server"])
    return len(kept["people"])


def _read(text: str) -> dict[str, Any]:
    try:
        kept = json.loads(text)
        if kept["form"] == FORM and isinstance(kept["people"], list) and kept["master"] and kept["server"]:
            kept.setdefault("forgotten", "")
            return dict(kept)
    except (ValueError, KeyError, TypeError):
        pass
    raise NoKeyFile

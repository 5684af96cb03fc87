"""The source code of what is running, offered to everybody who uses it over a network (AGPL-3.0, section 13)."""

import io
import zipfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# Named one by one: whatever else lies beside them (the database, keys, the environment) never goes out.
FOLDERS = (
    "timebank",
    "ledger",
    "matching",
    "templates",
    "static",
    "migrations",
    "tests",
    "benchmarks",
    "docs",
    "requirements",
    ".ci",
)
FILES = (
    "run.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ".gitignore",
)


@cache
def source_zip() -> bytes:
    """Made once per start: the running code does not change while it runs."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(_files()):
            archive.write(path, Path("timebank") / path.relative_to(ROOT))
    return packed.getvalue()


def _files() -> list[Path]:
    found = [ROOT / name for name in FILES if (ROOT / name).is_file()]
    for folder in FOLDERS:
        found += [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return found

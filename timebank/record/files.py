"""One's own record as files: one for programs, and a bundle of tables for spreadsheets. Their names say nothing."""

import csv
import io
import json
import zipfile
from datetime import datetime
from typing import Any

from matching.formulas import guarded

Parts = dict[str, list[dict[str, Any]]]
NOT_BEFORE = datetime(1980, 1, 1)  # noqa: DTZ001 - the first moment that a bundle of files can hold


def as_json(parts: Parts, *, at: datetime) -> str:
    return json.dumps({"made_at": at.isoformat(), **parts}, ensure_ascii=False, indent=2) + "\n"


def as_tables(parts: Parts) -> bytes:
    """A CSV file for each part, in a zip. No cell of them is a formula to any spreadsheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, rows in parts.items():
            bundle.writestr(zipfile.ZipInfo(f"{name}.csv", NOT_BEFORE.timetuple()[:6]), _table(rows))
    return out.getvalue()


def _table(rows: list[dict[str, Any]]) -> bytes:
    """With the mark by which spreadsheets know the letters."""
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({key: guarded(_cell(value)) for key, value in row.items()} for row in rows)
    return ("\ufeff" + text.getvalue()).encode()


def _cell(value: Any) -> str:
    return {None: "", True: "yes", False: "no"}[value] if isinstance(value, bool | None) else str(value)

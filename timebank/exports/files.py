"""A file that goes out stands there whole or not at all: written beside its place first, then put into it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """For its owner's eyes only. When anything goes wrong the old file, if there was one, is as it was. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.resolve().parent, prefix=f".{path.name}.")
    try:
        os.close(handle)
        with Path(name).open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path.resolve())
    finally:
        Path(name).unlink(missing_ok=True)

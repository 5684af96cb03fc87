"""Environments of their own for the packages that we stand beside: their requirements and ours need not agree."""

import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path


def install(folder: Path, package: str, steps: Sequence[Sequence[str]]) -> Path:
    """The Python of the package's own environment, which is made where it is missing. `steps`: what pip is given, in turn."""
    home = folder / package
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        print(f"installing {package} …", flush=True)
        venv.create(home, with_pip=True, clear=True)
        for words in steps:
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words]
            done = subprocess.run(pip, check=False, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"{package} cannot be installed here:\n{done.stdout}{done.stderr}")
        (home / "installed").touch()
    return python

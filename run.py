"""Start Timebank, or test it, on a machine that has nothing but Python.

python3 run.py                  start the bank, with invented people to look around among
python3 run.py --empty          start it without them
python3 run.py test             format, lint, types, import contracts, and the fast form of every test
python3 run.py test ARGS        only pytest, with these arguments
python3 run.py soak NAME        the full form of the tests in tests/NAME
python3 run.py soak mutants     put small mistakes into the ledger, the engine and the policy: do the tests notice them?
  --without-browser             (with test or soak) leave the browser tests out
"""
# Standard library only, and words that Python 3.6 can still read, so that an old one gets a sentence and no traceback.

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def refusal(version: tuple) -> str:
    if version >= (3, 11):
        return ""
    found = ".".join(str(part) for part in version[:2])
    return "Timebank needs Python 3.11 or newer, and this is Python " + found + "."


if refusal(sys.version_info):
    sys.exit(refusal(sys.version_info))

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "timebank-stamp"
# Started from inside .venv we still build with the Python outside it, since .venv may have to be made again.
OUTSIDE = getattr(sys, "_base_executable", sys.executable)

TICK = 4  # seconds of silence at most
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
PACKAGES = {"chromium": ["chromium", "fonts-noto-core"], "hledger": ["hledger"]}


def follow(command: list) -> int:
    """Run a command in the open. It hears Ctrl-C as we do, and gets the time to clean up after itself."""
    with subprocess.Popen(command) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            return process.wait() or 130


def watch(doing: str, command: list, *, verdict: bool = False) -> int:
    """Run a command and say every few seconds what it is at. What it printed is shown when it fails."""
    start = time.monotonic()
    print(f"{doing} ...")
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        with said.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
            status = None
            while status is None:
                try:
                    status = process.wait(timeout=TICK)
                except subprocess.TimeoutExpired:
                    last = said.read_text(errors="replace").split("\n")[-2:-1]
                    print(f"  {time.monotonic() - start:3.0f} s {''.join(last).strip()[:90]}")
        said_all = said.read_text(errors="replace").strip()
    if status:
        print(said_all)
    spent = time.monotonic() - start
    last = said_all.split("\n")[-1] if verdict and not status else ""
    print(f"  {'FAILED' if status else 'done'} in {spent:.1f} s {last}".rstrip())
    return status


def marks(*names: str) -> list:
    """What the stamp says of a whole environment: the Python it is for, and each requirements file it fulfils."""
    files = [ROOT / "requirements" / f"{name}.txt" for name in names]
    digests = [f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files]
    return [f"python {sys.implementation.cache_tag}", *digests]


def has(module: str) -> bool:
    return subprocess.run([OUTSIDE, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def recipe(name: str, *, fresh: bool, uv: "str | None", pip: bool, ensurepip: bool) -> list:
    """The commands that fill .venv with the best there is: uv, else this Python's pip, else a pip put into .venv."""
    wanted = ["--require-hashes", "-r", str(ROOT / "requirements" / f"{name}.txt")]
    quietly = ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--no-compile"]
    make = [OUTSIDE, "-m", "venv", "--without-pip", str(VENV)]
    if uv:
        make = [uv, "venv", "--python", OUTSIDE, str(VENV)]
        fill = [[uv, "pip", "install", "--python", str(PYTHON), *wanted]]
    elif pip:
        fill = [[OUTSIDE, "-m", "pip", "--python", str(PYTHON), "install", *quietly, *wanted]]
    elif ensurepip:
        fill = [[str(PYTHON), "-m", "ensurepip"], [str(PYTHON), "-m", "pip", "install", *quietly, *wanted]]
    else:
        sys.exit("This Python has no pip. Type: sudo apt-get install -y python3-venv")
    return [make, *fill] if fresh else fill


def prepare(*names: str) -> None:
    """Make .venv fulfil these files, of which the last contains the others. The stamp comes last: half is not whole."""
    wanted = marks(*names)
    held = STAMP.read_text().splitlines() if STAMP.exists() and PYTHON.exists() else []
    if set(wanted) <= set(held):
        return
    fresh = wanted[0] not in held
    os.environ["UV_PYTHON_DOWNLOADS"] = "never"
    uv = shutil.which("uv")
    commands = recipe(names[-1], fresh=fresh, uv=uv, pip=has("pip"), ensurepip=has("ensurepip"))
    if fresh and VENV.exists():
        print("The environment in .venv is unfinished or belongs to another Python: making it again.")
        shutil.rmtree(VENV)
    STAMP.unlink(missing_ok=True)
    for command in commands:
        doing = f"Installing requirements/{names[-1]}.txt with {'uv' if uv else 'pip'}"
        if watch(doing if command is commands[-1] else "Preparing the environment in .venv", command):
            sys.exit("The installation did not finish. Is the network there? Type the same command to try again.")
    put_command()
    STAMP.write_text("\n".join(wanted) + "\n")


def put_command() -> None:
    """`timebank` in the environment, for this checkout: the app runs from where it lies and is not installed."""
    lines = ["import sys", f"sys.path.insert(0, {str(ROOT)!r})", "from timebank.cli import main", "main()", ""]
    if os.name == "nt":
        PYTHON.with_name("timebank.cmd").write_text(f'@"{PYTHON}" "{PYTHON.with_name("timebank.py")}" %*\n')
        PYTHON.with_name("timebank.py").write_text("\n".join(lines))
        return
    script = PYTHON.with_name("timebank")
    script.write_text("\n".join([f"#!{PYTHON}", *lines]))
    script.chmod(0o755)


def playwright_browser() -> "str | None":
    """Playwright's own Chromium, when it has been downloaded."""
    path = "p().start().chromium.executable_path"
    ask = f"import os; from playwright.sync_api import sync_playwright as p; print({path}, flush=True); os._exit(0)"
    answer = subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True, check=False).stdout.strip()
    return answer if answer and Path(answer).exists() else None


def browser() -> "str | None":
    given = os.environ.get("TIMEBANK_CHROMIUM")
    if given and not shutil.which(given):
        sys.exit(f"TIMEBANK_CHROMIUM says {given}, and there is no such program.")
    return given or next(filter(None, map(shutil.which, BROWSERS)), None) or playwright_browser()


def missing(wanted: tuple) -> list:
    found = {"chromium": browser, "hledger": lambda: shutil.which("hledger")}
    return [tool for tool in wanted if not found[tool]()]


def install_with_apt(packages: list) -> None:
    """On Debian and its like, as root or where sudo asks nothing; elsewhere do nothing."""
    root = os.name == "posix" and os.geteuid() == 0
    sudo = [] if root else ["sudo", "-n"]
    ask = [*sudo, "true"]
    may = root or (shutil.which("sudo") and subprocess.run(ask, capture_output=True, check=False).returncode == 0)
    if may and shutil.which("apt-get"):
        apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        watch("Reading the list of system packages with apt-get", [*apt, "update"])
        install = ["install", "-y", "--no-install-recommends", *packages]
        watch(f"Installing {', '.join(packages)} with apt-get", [*apt, *install])


def line_to_type(lacking: list) -> str:
    if shutil.which("apt-get"):
        packages = " ".join(package for tool in lacking for package in PACKAGES[tool])
        return f"sudo apt-get update && sudo apt-get install -y --no-install-recommends {packages}"
    hledger = "brew install hledger" if shutil.which("brew") else "(what https://hledger.org/install.html says)"
    lines = {"chromium": f"{PYTHON} -m playwright install --with-deps chromium", "hledger": hledger}
    return " && ".join(lines[tool] for tool in lacking)


def outside_tools(*wanted: str) -> None:
    """Make sure of the programs that no Python package brings. What cannot be had stops the tests: none is skipped."""
    lacking = missing(wanted)
    if lacking:
        print(f"Missing on this machine: {' and '.join(lacking)}.")
        install_with_apt([package for tool in lacking for package in PACKAGES[tool]])
    if "chromium" in missing(lacking):
        watch("Installing Chromium with Playwright", [str(PYTHON), "-m", "playwright", "install", "chromium"])
    still = missing(lacking)
    if still:
        sys.exit(
            f"The tests need {' and '.join(still)}, which could not be installed here. Type: {line_to_type(still)}"
        )


def run_tests(arguments: list, *, checks: dict, form: str) -> int:
    """Set up, run the checks and then pytest, stop at the first that fails, and say how long each took."""
    prepare("run", "dev")
    pytest = [str(PYTHON), "-m", "pytest", "-n", "2", *arguments]
    if "--without-browser" in arguments:
        pytest = [*(word for word in pytest if word != "--without-browser"), "-m", "not browser"]
        print("The browser tests are left out, because --without-browser says so.")
        outside_tools("hledger")
    else:
        outside_tools("chromium", "hledger")
        os.environ["TIMEBANK_CHROMIUM"] = browser()
    os.environ["TIMEBANK_FORM"] = form
    seconds = {}
    status = 0
    for name, command in {**checks, "pytest": pytest}.items():
        start = time.monotonic()
        status = follow(command) if name == "pytest" else watch(name, command, verdict=True)
        seconds[name] = time.monotonic() - start
        if status:
            break
    print("\n" + "\n".join(f"{name:<14}{spent:7.1f} s" for name, spent in seconds.items()))
    print(f"{name} failed." if status else "All passed.")
    return status


def test(arguments: list) -> int:
    module = [str(PYTHON), "-m"]
    checks = {
        "ruff format": [*module, "ruff", "format", "--check", "."],
        "ruff check": [*module, "ruff", "check", "."],
        "mypy": [*module, "mypy"],
        "lint-imports": [str(PYTHON.with_name("lint-imports"))],
    }
    only_pytest = [word for word in arguments if word != "--without-browser"]
    return run_tests(arguments, checks={} if only_pytest else checks, form="fast")


def soak(arguments: list) -> int:
    names = sorted([*(file.parent.name for file in ROOT.glob("tests/*/__init__.py")), "mutants"])
    if not arguments or arguments[0] not in names:
        print(f"run.py soak wants one of these names: {', '.join(names)}", file=sys.stderr)
        return 2
    if arguments[0] == "mutants":
        prepare("run", "dev")
        os.environ["TIMEBANK_FORM"] = "fast"  # each of a thousand mistakes is met by the tests anew
        os.environ["NUMBA_DISABLE_JIT"] = "1"  # or all of the engine would be compiled for each of them
        return follow([str(PYTHON), "-m", "tests.mutants", *arguments[1:]])
    # The full counts are what a soak is for, so what the tests print is shown, and no time limit cuts them short.
    shown = ["-rP", "--timeout=0", f"tests/{arguments[0]}", *arguments[1:]]
    return run_tests(shown, checks={}, form="full")


def start(arguments: list) -> int:
    if arguments not in ([], ["--empty"]):
        print(__doc__, file=sys.stderr)
        return 2
    prepare("run")
    command = [str(PYTHON), "-m", "timebank.cli", "serve", *([] if arguments else ["--demonstration"])]
    if os.name == "nt":
        return follow(command)
    return os.execv(command[0], command)


def main(arguments: list) -> int:
    os.chdir(ROOT)
    sys.stdout.reconfigure(line_buffering=True)
    # Our own environment keeps its compiled files, whatever the shell asks: without them every start compiles for seconds.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if arguments in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    parts = {"test": test, "soak": soak}
    try:
        return parts[arguments[0]](arguments[1:]) if arguments and arguments[0] in parts else start(arguments)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

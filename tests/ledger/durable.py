"""A PostgreSQL that writes as it does for people: what it acknowledged is on the disk. It may be killed, and rises again."""

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.postgres import ThrowawayPostgres

PATIENCE_SECONDS = 60


class DurablePostgres(ThrowawayPostgres):
    def __init__(self) -> None:
        super().__init__(settings="-c fsync=on -c synchronous_commit=on -c full_page_writes=on")

    def live_on(self, disk: Path) -> None:
        """Before it is started: where its data are."""
        self.data = disk / "data"

    @property
    def is_there(self) -> bool:
        """Whether it answers."""
        status = subprocess.run([self.binaries / "pg_isready", "-q", "-h", self.data, "-U", "timebank"], check=False)
        return status.returncode == 0

    def kill(self) -> None:
        """The postmaster; its children notice and leave."""
        os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def rise(self) -> None:
        """With the settings of before. The first tries come while the old children still hold on to what they share."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self._run("pg_ctl", "-w", "-l", str(self.data / "log"), "restart")
            except subprocess.CalledProcessError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
            else:
                return

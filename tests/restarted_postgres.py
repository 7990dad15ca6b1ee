"""A PostgreSQL server of a test's own, which may be stopped, crashed, and made a replica; loopback only."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from tests.postgres_server import PASSWORD, PostgresServer, _as_nobody_special, _binaries, _free_port, absent


class RestartedPostgres:
    """`server`: where it listens, the same after every start."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self._folder, self._binaries = folder, binaries
        self._change, uid = _as_nobody_special()
        self.server = PostgresServer(_free_port(), folder)
        (folder / "password").write_text(PASSWORD)
        if uid is not None:
            for path in (folder, folder / "password"):
                os.chown(path, uid, -1)
        self._do("initdb", "-U", "tester", "-E", "UTF8", "--locale=C", "--auth=scram-sha-256", "--no-sync",
                 f"--pwfile={folder / 'password'}")  # fmt: skip

    def start(self) -> None:
        options = f"-k {self._folder} -h 127.0.0.1 -p {self.server.port} -c fsync=off -c shared_buffers=16MB"
        self._do("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self, how: Literal["fast", "immediate"] = "fast") -> None:
        """`immediate`: as a crash."""
        self._do("pg_ctl", "-w", "-m", how, "stop")

    def crash(self) -> None:
        self.stop("immediate")
        self.start()

    def become_replica(self) -> None:
        self.stop()
        (self._folder / "data" / "standby.signal").touch()
        self.start()

    def _do(self, program: str, *arguments: str) -> None:
        command = [*self._change, str(self._binaries / program), "-D", str(self._folder / "data"), *arguments]
        with (self._folder / "talk").open("ab") as talk:  # a pipe would stay open as long as the server
            done = subprocess.run(command, stdout=talk, stderr=talk, cwd=self._folder, timeout=60)
        assert done.returncode == 0, (self._folder / "talk").read_text()[-2000:]


@pytest.fixture
def restarted() -> Iterator[RestartedPostgres]:
    binaries = _binaries()
    if binaries is None:
        absent()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        made = RestartedPostgres(folder, binaries)
        made.start()
        yield made
        if (folder / "data" / "postmaster.pid").exists():
            made.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)

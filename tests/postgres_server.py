"""A real PostgreSQL server from the system's packages, for tests: its own folder, loopback only, nothing kept.

Name it as `pytest_plugins = ["tests.postgres_server"]` in the test's file and ask for the fixture `postgres_server`;
import its types under TYPE_CHECKING only (pytest wants to load a plug-in first). Where PostgreSQL is not installed the
tests are skipped; with CI=true they fail, so that nobody ships without having run them.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import asyncpg
import pytest

PASSWORD = "canary-Pg/99+pass"


@dataclass(frozen=True)
class PostgresServer:
    """Where it listens, and its superuser. `folder`: of its Unix socket."""

    port: int
    folder: Path
    host: str = "127.0.0.1"
    user: str = "tester"
    password: str = PASSWORD
    database: str = "postgres"

    async def connect(self, database: str | None = None) -> asyncpg.Connection:
        return await asyncpg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=database or self.database,
        )

    async def create_database(self, name: str) -> str:
        """An empty database of this name, in place of one that was there."""
        link = await self.connect()
        try:
            await link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await link.execute(f'CREATE DATABASE "{name}"')
        finally:
            await link.close()
        return name


def _binaries() -> Path | None:
    """The newest installed server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def _as_nobody_special() -> tuple[list[str], int | None]:
    """PostgreSQL refuses to run as root: the command that changes the user, and that user's id."""
    if os.geteuid() != 0:
        return [], None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], user.pw_uid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            if b"ready to accept connections" in log.read_bytes():
                return
            time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")


def absent() -> NoReturn:
    """Skips, saying so; in CI a missing part fails."""
    sentence = "PostgreSQL is not installed: apt-get install postgresql"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    binaries = _binaries()
    if binaries is None:
        absent()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    change, uid = _as_nobody_special()
    (folder / "password").write_text(PASSWORD)
    if uid is not None:
        for path in (folder, folder / "password"):
            os.chown(path, uid, -1)
    port, log = _free_port(), folder / "log"
    try:
        initdb = [*change, str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "tester", "-E", "UTF8"]
        flags = ["--locale=C", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync"]
        subprocess.run([*initdb, *flags], check=True, capture_output=True, cwd=folder)
        with log.open("wb") as output:
            settings = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "40", "autovacuum": "off"}
            process = subprocess.Popen(
                [*change, str(binaries / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
                + ["-h", "127.0.0.1", "-p", str(port)]
                + [part for name, value in settings.items() for part in ("-c", f"{name}={value}")],
                stdout=output,
                stderr=output,
                cwd=folder,
            )
        try:
            _wait_until_ready(process, port, log)
            yield PostgresServer(port, folder)
        finally:
            process.send_signal(signal.SIGINT)  # fast shutdown: does not wait for clients
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

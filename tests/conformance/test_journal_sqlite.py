"""The SQLite journal holds the journals' contract."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.conformance.journal_machine import MachineContract, Stores
from tests.conformance.journals import JournalContract

from pointsman.clock import Clock, FixedClock
from pointsman.journal.port import Journal
from pointsman.journal.seal import Sealer
from pointsman.journal.sqlite import SqliteJournal

KEYS = {"k1": bytes(range(32))}


class SqliteStore:
    """Several journals on one file, on a clock that is moved."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.db"
        self.clock = FixedClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))
        self.opened: list[SqliteJournal] = []

    async def journal(self, *, most: int = 2**26) -> Journal:
        made = SqliteJournal(self.path, Sealer(KEYS, "k1"), self.clock, most=most)
        await made.open()
        self.opened.append(made)
        return made

    async def advance(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)

    async def raw(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.path.parent.iterdir())


@asynccontextmanager
async def a_store() -> AsyncIterator[SqliteStore]:
    with tempfile.TemporaryDirectory() as folder:
        made = SqliteStore(Path(folder))
        yield made
        for journal in made.opened:
            await journal.close()


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    async with a_store() as made:
        yield made


@pytest.fixture
def stores() -> Stores:
    return a_store


@pytest.fixture
def store_clock(store: SqliteStore) -> Clock:
    return store.clock


class TestSqliteJournal(JournalContract, MachineContract):
    pass

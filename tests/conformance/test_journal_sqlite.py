"""The SQLite journal holds the journals' contract."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.conformance.journal_machine import MachineContract, Stores
from tests.conformance.journal_store import LEASE, all_claims, claims, done, new_run, started
from tests.conformance.journals import JournalContract

from pointsman.clock import Clock, FixedClock
from pointsman.journal.port import Fenced, Journal, Limit
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
    async def test_a_clock_that_is_set_back_keeps_nothing_waiting(self, store: SqliteStore) -> None:
        one, other = await store.journal(), await store.journal()
        dead, living = await started(one), await started(one, "w2")
        await store.advance(-3600)
        await one.renew("w2", LEASE)
        assert [(run.id, run.epoch) for run in await claims(other, "w3")] == [(dead.id, 2)]
        await one.record(living.id, living.epoch, [done("a")])
        assert await claims(other, "w3") == []
        await store.advance(LEASE + 1)
        assert {run.id for run in await claims(other, "w4")} == {dead.id, living.id}

    async def test_a_clock_that_jumps_ahead_ends_leases_but_lets_no_zombie_write(self, store: SqliteStore) -> None:
        one, other = await store.journal(), await store.journal()
        run = await started(one)
        await store.advance(3600)
        (taken,) = await claims(other, "w2")
        with pytest.raises(Fenced):
            await one.record(run.id, run.epoch, [done("a")])
        await other.record(taken.id, taken.epoch, [done("a")])

    async def test_a_rate_forgets_starts_that_are_in_the_future(self, store: SqliteStore) -> None:
        journal = await store.journal()
        await journal.create([new_run() for _ in range(4)])
        limit = Limit(per_second=2)
        assert len(await all_claims(journal, at_risk=limit)) == 2
        await store.advance(-3600)
        again = await journal.claim("w2", lease=LEASE, most=9, limits={"at-risk": limit})
        assert sum(run.epoch == 1 for run in again) == 2

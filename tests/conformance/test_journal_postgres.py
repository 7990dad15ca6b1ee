"""The PostgreSQL journal holds the journals' contract."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import orjson
import pytest
from tests.conformance.journal_machine import MachineContract, Stores
from tests.conformance.journal_store import LEASE, all_claims, claims, done, new_run, started
from tests.conformance.journals import JournalContract
from tests.journal_database import JournalDatabase

from pointsman.clock import Clock
from pointsman.errors import Broken
from pointsman.journal.port import Limit
from pointsman.journal.postgres import PostgresJournal
from pointsman.journal.postgres.queries import migrations, queries
from pointsman.journal.seal import Sealer

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

pytest_plugins = ["tests.postgres_server"]
_numbers = itertools.count()


@asynccontextmanager
async def a_store(server: "PostgresServer") -> AsyncIterator[JournalDatabase]:
    name = await server.create_database(f"journal_{next(_numbers)}")
    made = JournalDatabase(server, name)
    await made.make_clock()
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def store(postgres_server: "PostgresServer") -> AsyncIterator[JournalDatabase]:
    async with a_store(postgres_server) as made:
        yield made


@pytest.fixture
def stores(postgres_server: "PostgresServer") -> Stores:
    return lambda: a_store(postgres_server)


@pytest.fixture
def store_clock(store: JournalDatabase) -> Clock:
    return store.clock


class TestPostgresJournal(JournalContract, MachineContract):
    sequences = 15  # each act is a trip to the server

    async def test_a_clock_that_is_set_back_keeps_nothing_waiting(self, store: JournalDatabase) -> None:
        one, other = await store.journal(), await store.journal()
        dead, living = await started(one), await started(one, "w2")
        await store.advance(-3600)
        await one.renew("w2", LEASE)
        assert [(run.id, run.epoch) for run in await claims(other, "w3")] == [(dead.id, 2)]
        await one.record(living.id, living.epoch, [done("a")])
        assert await claims(other, "w3") == []

    async def test_a_rate_forgets_starts_that_are_in_the_future(self, store: JournalDatabase) -> None:
        journal = await store.journal()
        await journal.create([new_run() for _ in range(4)])
        limit = Limit(per_second=2)
        assert len(await all_claims(journal, at_risk=limit)) == 2
        await store.advance(-3600)
        again = await journal.claim("w2", lease=LEASE, most=9, limits={"at-risk": limit})
        assert sum(run.epoch == 1 for run in again) == 2


async def scans(database: JournalDatabase, name: str, *values: object) -> tuple[set[str], int]:
    """The indexes that a query goes by, and the pages that it touches. It is planned as the journal's links plan it."""
    link = await database.place().connect()
    try:
        ((text,),) = await link.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {queries()[name]}", *values)
    finally:
        await link.close()
    (plan,) = orjson.loads(text)
    assert "Seq Scan" not in text
    top = plan["Plan"]
    return set(re.findall(r'"Index Name": "(\w+)"', text)), top["Shared Hit Blocks"] + top["Shared Read Blocks"]


@pytest.mark.parametrize("analyzed", [False, True], ids=["no statistics", "statistics"])
async def test_ten_thousand_waiting_runs_cost_a_claim_nothing(store: JournalDatabase, analyzed: bool) -> None:
    journal = await store.opened_at(store.place())
    await journal.create([new_run() for _ in range(10_000)])
    while held := await journal.claim("w1", lease=300, most=2500, limits={}):
        await asyncio.gather(*[journal.park(run.id, run.epoch, reason="approval") for run in held])
    await store.execute("VACUUM pointsman.run")
    if analyzed:
        await store.execute("ANALYZE pointsman.run")
    await journal.create([new_run(priority=1)])
    wish = ("w2", 30.0, 10, uuid4(), None, [], None)
    for limits in ((["at-risk"], [3], [5], [1.0]), ([], [], [], [])):
        used, pages = await scans(store, "claim", *wish, *limits)
        assert "run_ready" in used and used <= {"run_ready", "run_lease", "run_pkey", "blob_pkey", "start_at"}
        assert pages < 100
    used, pages = await scans(store, "promote", None)
    assert "run_due" in used and pages < 100


async def test_a_database_of_a_newer_schema_is_refused_and_left_alone(store: JournalDatabase) -> None:
    await (await store.journal()).create([new_run()])
    await store.execute("INSERT INTO pointsman.migration VALUES (9999, 'from the future', now())")
    before = await store.fetch("SELECT * FROM pointsman.migration")
    with pytest.raises(
        Broken, match=r"of schema version 9999, and this program knows versions up to \d+.*newer version"
    ):
        await store.journal()
    assert await store.fetch("SELECT * FROM pointsman.migration") == before


async def test_processes_that_start_at_once_make_one_schema(store: JournalDatabase) -> None:
    await asyncio.gather(*[store.journal() for _ in range(4)])
    assert len(await store.fetch("SELECT * FROM pointsman.migration")) == len(migrations())


async def test_another_key_is_told_at_once(store: JournalDatabase) -> None:
    await store.journal()
    other = PostgresJournal(store.place(), Sealer({"k1": bytes(32)}, "k1"), links=1)
    store.opened.append(other)
    with pytest.raises(Broken, match="does not open with the key 'k1'"):
        await other.open()


async def test_a_wrong_password_is_for_an_operator(store: JournalDatabase) -> None:
    with pytest.raises(Broken, match="does not let user tester in"):
        await store.opened_at(replace(store.place(), password=lambda: "wrong"))


async def test_a_run_whose_input_does_not_open_waits_and_keeps_nobody(store: JournalDatabase) -> None:
    journal = await store.journal()
    spoiled, sound = new_run(), new_run()
    await journal.create([spoiled, sound])
    await store.execute(f"UPDATE pointsman.run SET input = substr(input, 1, 60) WHERE id = '{spoiled.id}'")
    held = await journal.claim("w1", lease=30, most=5, limits={})
    assert [run.id for run in held] == [sound.id]
    assert await journal.renew("w1", 30) == {sound.id}
    ((waits,),) = await store.fetch("SELECT state FROM pointsman.run WHERE id = $1", spoiled.id)
    assert waits == "waiting"


async def test_a_write_that_cannot_be_made_fails_alone(store: JournalDatabase) -> None:
    journal = await store.journal()
    runs = [await started(journal) for _ in range(5)]
    writes = [journal.record(run.id, run.epoch, [done("a")]) for run in runs]
    writes.insert(2, journal.record(runs[0].id, runs[0].epoch, [done("no\0text")]))
    given = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(one) for one in given] == [type(None)] * 2 + [Broken] + [type(None)] * 3
    assert [len(await journal.steps(run.id)) for run in runs] == [1] * 5


async def test_a_claim_whose_asker_is_gone_is_not_kept_alive(store: JournalDatabase) -> None:
    journal = await store.journal()
    await journal.create([new_run()])
    locked = await store.server.connect(store.name)
    try:
        async with locked.transaction():
            await locked.execute("LOCK TABLE pointsman.run IN SHARE MODE")
            claim = asyncio.ensure_future(journal.claim("w1", lease=30, most=1, limits={}))
            await asyncio.sleep(0.1)
            claim.cancel()
    finally:
        await locked.close()
    assert await journal.renew("w1", 30) == set()
    await store.advance(31)
    assert len(await journal.claim("w1", lease=30, most=1, limits={})) == 1

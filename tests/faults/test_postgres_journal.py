"""The PostgreSQL journal while its server crashes, is away, becomes a replica, or an answer is lost on the way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.conformance.journal_approvals import yes
from tests.conformance.journal_store import PAGE, done, new_approval, new_run, started, state
from tests.cut_link import CutLink
from tests.journal_database import JournalDatabase

from pointsman.errors import Broken, Later
from pointsman.journal.port import Schedule
from pointsman.journal.postgres import PostgresJournal

if TYPE_CHECKING:
    from tests.restarted_postgres import RestartedPostgres

pytest_plugins = ["tests.postgres_server", "tests.restarted_postgres"]


@pytest.fixture
async def database(restarted: "RestartedPostgres") -> AsyncIterator[JournalDatabase]:
    await restarted.server.create_database("journal")
    made = JournalDatabase(restarted.server, "journal")
    yield made
    await made.close()


async def test_crashes_under_load_lose_nothing_and_repeat_nothing(
    restarted: "RestartedPostgres", database: JournalDatabase
) -> None:
    journal = await database.opened_at(database.place(), patience=20.0)
    runs = [new_run() for _ in range(20)]
    await journal.create(runs)
    confirmed: dict[str, list[str]] = {}
    crashed = asyncio.Event()

    async def work(run: str, epoch: int) -> None:
        number = 0
        while not crashed.is_set() or number < 20:
            await journal.record(run, epoch, [done(f"s{number}", b"%d" % number)])
            confirmed.setdefault(run, []).append(f"s{number}")
            number += 1
            await asyncio.sleep(0.005)
        await journal.finish(run, epoch, "done", None)

    async def crash() -> None:
        for _ in range(3):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(restarted.crash)
        crashed.set()

    held = await journal.claim("w1", lease=300, most=50, limits={})
    assert len(held) == 20
    await asyncio.gather(crash(), *[work(run.id, run.epoch) for run in held])
    for run in runs:
        assert [step.key for step in await journal.steps(run.id)] == confirmed[run.id]
        view = await journal.view(run.id, "default")
        assert view and (view.state, view.claims) == ("done", 1)


async def test_a_server_that_stays_away_is_later_and_then_all_goes_on(
    restarted: "RestartedPostgres", database: JournalDatabase
) -> None:
    journal = await database.opened_at(database.place(), patience=0.3)
    run = await started(journal)
    changes = journal.changed()
    await anext(changes)
    await asyncio.to_thread(restarted.stop)
    for call in (
        journal.view(run.id, "default"),
        journal.record(run.id, run.epoch, [done("a")]),
        journal.claim("w1", lease=1, most=1, limits={}),
        journal.renew("w1", 30),
    ):
        with pytest.raises(Later):
            await call
    loop = asyncio.get_running_loop()
    before = loop.time()
    many = [journal.create([new_run(input=b"x" * 2**20)]) for _ in range(40)]  # more than one commit takes
    given = await asyncio.gather(*many, return_exceptions=True)
    assert {type(one) for one in given} == {Later}
    assert len({id(one) for one in given}) == 40, "each may say where it was met"
    assert loop.time() - before < 2, "one outage is waited through once"
    await asyncio.wait_for(anext(changes), 2)  # who waits looks all the same
    await asyncio.to_thread(restarted.start)
    await journal.record(run.id, run.epoch, [done("a")])
    assert [step.key for step in await journal.steps(run.id)] == ["a"]
    for _ in range(4):  # listening again: told sooner than it would look by itself
        await anext(changes)
        waiting = asyncio.ensure_future(anext(changes))
        before = loop.time()
        await journal.create([new_run()])
        await waiting
        if loop.time() - before < 0.5:
            break
    else:
        raise AssertionError("it never listened again")
    await changes.aclose()  # type: ignore[attr-defined]


async def test_a_replica_is_not_read(restarted: "RestartedPostgres", database: JournalDatabase) -> None:
    journal = await database.opened_at(database.place(), patience=0.3)
    run = await started(journal)
    await asyncio.to_thread(restarted.become_replica)
    with pytest.raises(Broken, match=r"only follows another server.*Name the primary"):
        await journal.view(run.id, "default")
    with pytest.raises(Broken, match="only follows another server"):
        await database.opened_at(database.place(), patience=0.3)


Ready = Callable[[PostgresJournal], Awaitable[Callable[[PostgresJournal], Awaitable[None]]]]
"""Prepares over a good link; gives what is done over the one that is cut, and asserts what became of it."""


async def creates(journal: PostgresJournal) -> Any:
    run = new_run(dedup_key="order-1", subjects=["anna"], input=b"x" * 70_000)

    async def act(cut: PostgresJournal) -> None:
        assert await cut.create([run, new_run(id=run.id + "b", dedup_key="order-1")]) == [run.id, run.id]
        assert [view.id for view in await journal.newest(PAGE)] == [run.id]
        assert await journal.runs_of("anna") == [(run.id, "$input")]

    return act


async def claims_once(journal: PostgresJournal) -> Any:
    runs = [new_run() for _ in range(3)]
    await journal.create(runs)

    async def act(cut: PostgresJournal) -> None:
        got = await cut.claim("w1", lease=30, most=2, limits={})
        assert [(run.id, run.epoch) for run in got] == [(run.id, 1) for run in runs[:2]]
        assert await journal.renew("w1", 30) == {run.id for run in got}
        assert [run.id for run in await journal.claim("w2", lease=30, most=9, limits={})] == [runs[2].id]

    return act


async def records(journal: PostgresJournal) -> Any:
    run = await started(journal)

    async def act(cut: PostgresJournal) -> None:
        await cut.record(run.id, run.epoch, [done("a", b"x" * 70_000, subjects=["anna"]), done("b")])
        assert [(step.key, step.mark) for step in await journal.steps(run.id)] == [("a", "done"), ("b", "done")]

    return act


async def parks(journal: PostgresJournal) -> Any:
    run = await started(journal)

    async def act(cut: PostgresJournal) -> None:
        await cut.park(run.id, run.epoch, reason="approval")
        assert await state(journal, run.id) == "waiting"

    return act


async def finishes(journal: PostgresJournal) -> Any:
    run = await started(journal)

    async def act(cut: PostgresJournal) -> None:
        await asyncio.gather(cut.reply(run.id, run.epoch, b"yes"), cut.finish(run.id, run.epoch, "failed", "no"))
        view = await journal.view(run.id, "default")
        assert view and (view.state, view.error, view.answer) == ("failed", "no", b"yes")

    return act


async def cancels_and_retries(journal: PostgresJournal) -> Any:
    run = await started(journal)

    async def act(cut: PostgresJournal) -> None:
        assert await cut.cancel(run.id, "default", "no")
        assert await cut.retry(run.id, "default")
        assert await state(journal, run.id) == "queued"

    return act


async def asks_and_decides(journal: PostgresJournal) -> Any:
    run = await started(journal)
    item = new_approval(run.id)

    async def act(cut: PostgresJournal) -> None:
        await cut.ask(run.id, run.epoch, [item])
        decided = await cut.decide(yes(item.id), "default")
        assert decided and decided.decision == "approved"
        assert await journal.approvals_of(run.id, "review") == [decided]

    return act


async def expires(journal: PostgresJournal) -> Any:
    run = await started(journal)
    await journal.ask(run.id, run.epoch, [new_approval(run.id, within=0.0)])
    await journal.park(run.id, run.epoch, reason="approval")

    async def act(cut: PostgresJournal) -> None:
        assert [item.decision for item in await cut.expire()] == ["expired"]
        assert await state(journal, run.id) == "queued"

    return act


async def fires(journal: PostgresJournal) -> Any:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    schedule = Schedule("a", "at-risk", at)
    await journal.schedule([schedule])
    run = new_run(dedup_key="a@1")

    async def act(cut: PostgresJournal) -> None:
        assert await cut.fire(schedule, at + timedelta(days=9999), run)
        assert [view.id for view in await journal.newest(PAGE)] == [run.id]
        (found,) = await journal.schedules()
        assert found == replace(schedule, next=at + timedelta(days=9999), last=at)

    return act


_ALL: list[Ready] = [
    creates,
    claims_once,
    records,
    parks,
    finishes,
    cancels_and_retries,
    asks_and_decides,
    expires,
    fires,
]


@pytest.mark.parametrize("ready", _ALL, ids=lambda ready: ready.__name__)
async def test_an_answer_lost_at_any_point_changes_nothing(
    restarted: "RestartedPostgres", database: JournalDatabase, ready: Ready
) -> None:
    link = CutLink(restarted.server.port)
    await link.open()
    good = await database.opened_at(database.place())
    cut = await database.opened_at(replace(database.place(), port=link.port))
    try:
        for piece in range(1, 40):
            await database.empty()
            act = await ready(good)
            link.lose(piece)
            await act(cut)
            if not link.cut:
                break
        assert 1 < piece < 39, "every piece was lost once, and there are some"
    finally:
        await link.close()

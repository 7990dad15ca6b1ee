"""What keeping costs: steps a second, CPU a step, how soon a new run is claimed, and 10,000 runs that wait.

    python -m benchmarks.journal                                   SQLite, a table
    python -m benchmarks.journal --json
    python -m benchmarks.journal --postgres postgresql://…         PostgreSQL too; the database is filled

Expected before the first run: a prototype without sealing made 32 k steps a second on SQLite and 25-60 k on PostgreSQL,
at 0.014 ms CPU a step; with sealing, fences and checks a third of that. The aims: 5,000 steps a second, 0.2 ms CPU a
step, enqueue to claim 10 ms at p95 when idle, 10,000 waiting runs at most 1 % of a core. CPU is
of this process, all threads; of PostgreSQL the server's is not in it.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from pointsman.journal.port import Journal, NewRun, StepWrite
from pointsman.journal.seal import Sealer
from pointsman.journal.sqlite import SqliteJournal

SEALER: Final = Sealer({"bench": bytes(range(32))}, "bench")
OUTPUT: Final = b'{"account":"001A000001","name":"Customer 17","score":0.4182,"reasons":["recency","returns"]}' * 3
LEASE: Final = 3600.0


@asynccontextmanager
async def sqlite(_: str) -> AsyncIterator[Journal]:
    with tempfile.TemporaryDirectory() as folder:
        journal = SqliteJournal(Path(folder) / "journal.db", SEALER)
        await journal.open()
        try:
            yield journal
        finally:
            await journal.close()


@asynccontextmanager
async def postgres(dsn: str) -> AsyncIterator[Journal]:
    from pointsman.journal.postgres import Place, PostgresJournal

    journal = PostgresJournal(Place.from_url(dsn), SEALER)
    await journal.open()
    try:
        yield journal
    finally:
        await journal.close()


def runs(prefix: str, count: int) -> list[NewRun]:
    return [
        NewRun(f"{prefix}-{time.time_ns()}-{number}", prefix, 1, "d1", OUTPUT, "bench", "anna")
        for number in range(count)
    ]


async def claimed(journal: Journal, flow: str, count: int) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    while len(found) < count:
        got = await journal.claim("bench", lease=LEASE, most=500, limits={}, flows=[flow])
        found += [(run.id, run.epoch) for run in got]
        if not got:
            break
    return found


async def steps(journal: Journal, at_once: int, each: int) -> dict[str, float]:
    """`at_once` runs that record `each` steps, one after the other, each confirmed before the next."""
    flow = f"steps{at_once}-{time.time_ns()}"
    await journal.create(runs(flow, at_once))
    held = await claimed(journal, flow, at_once)

    async def work(run: str, epoch: int) -> None:
        for number in range(each):
            await journal.record(run, epoch, [StepWrite(f"s{number}", "done", output=OUTPUT)])

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*[work(run, epoch) for run, epoch in held])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    count = at_once * each
    return {"steps/s": count / wall, "CPU ms/step": 1000 * cpu / count, "ms/step in a run": 1000 * wall / each}


async def enqueue_to_claim(journal: Journal, rounds: int) -> dict[str, float]:
    """A worker that sleeps until `changed` tells, and a run made now and then."""
    arrived: asyncio.Queue[float] = asyncio.Queue()

    async def worker() -> None:
        changes = journal.changed()
        async for _ in changes:
            for _run in await journal.claim("bench", lease=LEASE, most=10, limits={}, flows=["idle"]):
                arrived.put_nowait(time.perf_counter())

    task = asyncio.create_task(worker())
    await asyncio.sleep(0.2)
    taken: list[float] = []
    for run in runs("idle", rounds):
        before = time.perf_counter()
        await journal.create([run])
        taken.append(1000 * (await arrived.get() - before))
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return {"p50 ms": statistics.median(taken), "p95 ms": statistics.quantiles(taken, n=20)[-1]}


async def enqueue(journal: Journal, count: int) -> dict[str, float]:
    made = runs("many", count)
    wall = time.perf_counter()
    await asyncio.gather(*[journal.create([run]) for run in made])
    created = time.perf_counter() - wall
    wall = time.perf_counter()
    held = await claimed(journal, "many", count)
    taken = time.perf_counter() - wall
    assert len(held) == count
    wall = time.perf_counter()
    await asyncio.gather(*[journal.finish(run, epoch, "done", None) for run, epoch in held])
    return {
        "created/s": count / created,
        "claimed/s": count / taken,
        "finished/s": count / (time.perf_counter() - wall),
    }


async def waiting(journal: Journal, count: int, seconds: float) -> dict[str, float]:
    """Parked runs, and what a worker does beside them: a claim at each tick, a heartbeat, a look at approvals."""
    await journal.create(runs("wait", count))
    for run, epoch in await claimed(journal, "wait", count):
        await journal.park(run, epoch, reason="approval")
    idle = await journal.claim("bench", lease=LEASE, most=10, limits={})
    assert idle == []
    cpu, until = time.process_time(), time.perf_counter() + seconds
    async for _ in journal.changed():
        await journal.claim("bench", lease=LEASE, most=10, limits={})
        await journal.expire()
        await journal.due()
        if time.perf_counter() >= until:
            break
    return {"% of a core": 100 * (time.process_time() - cpu) / seconds}


async def measure(journal: Journal, quick: bool) -> dict[str, dict[str, float]]:
    each = 50 if quick else 300
    found = {f"{n} runs at once": await steps(journal, n, each if n > 1 else 4 * each) for n in (1, 16, 128)}
    found["enqueue to claim, idle"] = await enqueue_to_claim(journal, 30 if quick else 200)
    found["many runs"] = await enqueue(journal, 1000 if quick else 10_000)
    found["10,000 waiting"] = await waiting(journal, 1000 if quick else 10_000, 3 if quick else 10)
    return found


async def compare(dsn: str | None, quick: bool) -> dict[str, dict[str, dict[str, float]]]:
    found = {}
    async with sqlite("") as journal:
        found["SQLite"] = await measure(journal, quick)
    if dsn:
        async with postgres(dsn) as journal:
            found["PostgreSQL"] = await measure(journal, quick)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", metavar="DSN")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, for a look")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    found = asyncio.run(compare(options.postgres, options.quick))
    if options.json:
        json.dump(found, sys.stdout, indent=2)
        return
    for store, measured in found.items():
        print(store)
        for what, figures in measured.items():
            print(
                f"  {what:24}",
                "   ".join(
                    f"{value:,.3g} {name}" if value < 100 else f"{value:,.0f} {name}" for name, value in figures.items()
                ),
            )


if __name__ == "__main__":
    main()

"""Workers are killed at any moment (`kill -9`): nothing is lost, nothing is done twice, and what nobody can know is
asked."""

import asyncio
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.length import KILLS, LONG, tell
from tests.faults.trial import Trial, trying

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

pytest_plugins = ["tests.postgres_server"]
SHORT = 8
SEED = 20261120


async def test_on_sqlite_with_one_worker_that_is_started_again(tmp_path: Path) -> None:
    async with trying(tmp_path, SEED) as trial:
        await kill_again_and_again("kill -9, SQLite", trial, 1)


async def test_on_postgres_with_two_workers(tmp_path: Path, postgres_server: "PostgresServer") -> None:
    async with trying(tmp_path, SEED + 1, postgres_server) as trial:
        await kill_again_and_again("kill -9, PostgreSQL", trial, 2)


async def kill_again_and_again(name: str, trial: Trial, count: int) -> None:
    chance, began = random.Random(SEED), time.monotonic()
    workers = [await trial.workers.start() for _ in range(count)]
    kills = KILLS or SHORT
    for kill in range(kills):
        await trial.make(2)
        await asyncio.sleep(chance.uniform(0.2, 0.9))
        victim = workers[kill % count]
        await victim.kill()
        await victim.start()
    await trial.tell_the_truth(120.0 if LONG else 30.0)
    tell(
        name,
        kills=kills,
        runs=len(trial.made),
        deliveries=len(trial.receivers.mails) + len(trial.receivers.orders),
        duplicates=trial.repeated().total() + len(trial.receivers.repeated_mails()),
        lost=trial.lost().total(),
        uncertain=trial.uncertain,
        seconds=round(time.monotonic() - began, 1),
    )
    await trial.holds()

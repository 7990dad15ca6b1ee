"""The journal's PostgreSQL server crashes while runs are on their way: all of them end, each write happens once."""

import asyncio
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.length import LONG, tell
from tests.faults.trial import trying

if TYPE_CHECKING:
    from tests.restarted_postgres import RestartedPostgres

pytest_plugins = ["tests.postgres_server", "tests.restarted_postgres"]
CRASHES, RUNS = (20, 20) if LONG else (3, 16)
"""Crashes in all, and runs begun before each."""


async def test_crashes_of_the_server_lose_nothing_and_repeat_nothing(
    tmp_path: Path, restarted: "RestartedPostgres"
) -> None:
    chance, began = random.Random(11), time.monotonic()
    async with trying(tmp_path, 11, restarted.server) as trial:
        for _ in range(2):
            await trial.workers.start()
        for _ in range(CRASHES):
            await trial.make(RUNS)
            await asyncio.sleep(chance.uniform(0.2, 1.2))
            await asyncio.to_thread(restarted.crash)
        await trial.tell_the_truth(60.0 if LONG else 30.0)
        tell(
            "PostgreSQL -m immediate",
            kills=CRASHES,
            runs=len(trial.made),
            deliveries=len(trial.receivers.mails) + len(trial.receivers.orders),
            duplicates=trial.repeated().total() + len(trial.receivers.repeated_mails()),
            lost=trial.lost().total(),
            uncertain=trial.uncertain,
            seconds=round(time.monotonic() - began, 1),
        )
        await trial.holds()
        assert all(worker.runs for worker in trial.workers.all)

"""A run that ends its worker each time: it fails, with the reason, and the others go on."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import shop
from tests.faults.length import on
from tests.faults.trial import Trial, trying, until

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

pytest_plugins = ["tests.postgres_server", "tests.faults.both"]


@on("sqlite")
async def test_a_run_that_kills_its_workers_fails_and_the_queue_goes_on(
    tmp_path: Path, journal_server: "PostgresServer | None"
) -> None:
    async with trying(tmp_path, 3, journal_server, poison=shop.POISON) as trial:
        assert trial.door.durable is not None
        trial.workers.lease = 0.6
        await trial.make(1)
        poison = await trial.door.durable.make("poison", {}, door="test")
        await trial.make(1)
        keeping = asyncio.create_task(trial.workers.keep_one())
        try:
            await until(lambda: has_failed(trial, poison), 60.0, trial.report)
            await trial.tell_the_truth(30.0)
        finally:
            keeping.cancel()
        assert "ended its worker each time" in ((await trial.run(poison)).error or "")
        # Those that were begun beside it are not taken for it.
        await trial.holds()


async def has_failed(trial: Trial, run: str) -> bool:
    return (await trial.run(run)).state == "failed"

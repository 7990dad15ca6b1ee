"""A worker that stood still past its lease and wakes up: its runs are another's, and it does no more for them."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.trial import Trial, trying, until
from tests.faults.workers import LEASE

from pointsman.journal.port import Kept

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

pytest_plugins = ["tests.postgres_server", "tests.faults.both"]
SEED = 7


async def test_a_worker_that_wakes_up_late_keeps_nothing_and_sends_nothing_new(
    tmp_path: Path, journal_server: "PostgresServer | None"
) -> None:
    async with trying(tmp_path, SEED, journal_server) as trial:
        trial.receivers.longest = 0.3
        zombie = await trial.workers.start()
        await trial.make(4)
        await until(lambda: has_mails(trial, 3), 15.0, trial.report)
        zombie.pause()
        trial.receivers.longest = 0.02
        await trial.workers.start()
        await trial.settled(25.0)
        asked = {f"{trial.made[one.run]}/{one.item.partition('/')[2].partition('#')[0]}" for one in await trial.asked()}
        mails, kept = len(trial.receivers.mails), await everything(trial)
        assert asked  # it stood still amid its writes

        zombie.go_on()
        await asyncio.sleep(LEASE + 0.5)
        assert zombie.runs
        late = {subject for _, subject, _ in trial.receivers.mails[mails:]}
        assert late <= asked  # only what was under way, about which people are asked
        assert await everything(trial) == kept
        await trial.tell_the_truth(20.0)
        await trial.holds()


async def has_mails(trial: Trial, count: int) -> bool:
    return len(trial.receivers.mails) >= count


async def everything(trial: Trial) -> dict[str, list[Kept]]:
    assert trial.door.durable is not None
    return {run: await trial.door.durable.journal.steps(run) for run in trial.made}

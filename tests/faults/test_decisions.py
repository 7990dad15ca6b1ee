"""Many people decide on the same items at once, in two processes, while a worker is killed: each item is done at most
once, and only what was approved."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from tests.faults import deciders, shop
from tests.faults.length import on, tell
from tests.faults.trial import Trial, trying, until

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

pytest_plugins = ["tests.postgres_server", "tests.faults.both"]


@on("postgres")
async def test_of_many_who_decide_at_once_one_counts_and_only_that_is_done(
    tmp_path: Path, journal_server: "PostgresServer | None"
) -> None:
    async with trying(tmp_path, 13, journal_server, approved=shop.APPROVED) as trial:
        assert trial.door.durable is not None
        worker = await trial.workers.start()
        await trial.make(1, "approved")
        (run,) = trial.made
        await until(lambda: waits(trial, run), 20.0, trial.report)
        deciding = asyncio.create_task(decided(trial))
        await asyncio.sleep(1.0)
        await worker.kill()
        await worker.start()
        won = {one["id"]: one for one in await deciding}
        await trial.tell_the_truth(30.0)

        items = await trial.door.durable.journal.approvals_of(run, "approval")
        assert len(items) == len(won) == shop.ALL_ITEMS
        approved = {}
        for item in items:
            assert item.decided_by == won[item.id]["by"]
            assert item.decision == ("rejected" if won[item.id]["choice"] == "reject" else "approved")
            if item.decision == "approved":
                (effect,) = orjson.loads(item.effect)["effects"]
                approved[effect["with"]["subject"]] = effect["with"]["body"]
        assert len(trial.receivers.mails) == len(approved)
        assert {subject: text for _, subject, text in trial.receivers.mails} == approved
        assert any(text.startswith("Edited by") for text in approved.values())
        mails = [subject for _, subject, _ in trial.receivers.mails]
        duplicates, lost = len(mails) - len(set(mails)), len(approved.keys() - set(mails))
        tell("decisions", runs=1, deliveries=len(mails), duplicates=duplicates, lost=lost, uncertain=trial.uncertain)


async def waits(trial: Trial, run: str) -> bool:
    return (await trial.run(run)).state == "waiting"


async def decided(trial: Trial) -> list[dict[str, str]]:
    """What each of the eight decided first; all of them begin at once."""
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, deciders.__file__, str(trial.root), str(seed), stdin=pipe, stdout=pipe,
            env=trial.workers.environ,
        )
        for seed in (1, 2)
    ]  # fmt: skip
    try:
        for process in processes:
            assert process.stdout is not None
            assert await asyncio.wait_for(process.stdout.readline(), 20.0) == b"ready\n"
        said = await asyncio.wait_for(asyncio.gather(*(one.communicate(b"now\n") for one in processes)), 40.0)
        return [choice for out, _ in said for choice in orjson.loads(out)]
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()

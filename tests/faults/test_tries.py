"""A worker is killed between two tries of a write: the tries that are left are made by the next one."""

from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import shop
from tests.faults.length import on
from tests.faults.trial import Trial, trying, until

from pointsman.assemble import worker_name

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

pytest_plugins = ["tests.postgres_server", "tests.faults.both"]
PATIENT = shop.FULFIL.replace(
    "call: books.book", "retry: {attempts: 2, first: 20s}, on_error: collect, call: books.book"
)


@on("postgres")
async def test_a_kill_between_two_tries_does_not_end_them(
    tmp_path: Path, journal_server: "PostgresServer | None"
) -> None:
    async with trying(tmp_path, 17, journal_server, fulfil=PATIENT) as trial:
        trial.receivers.away = True
        first = await trial.workers.start()
        await trial.make(1)
        await until(lambda: has_failed_once(trial), 15.0, trial.report)
        await first.kill()
        trial.receivers.away = False
        await trial.workers.start()
        await trial.tell_the_truth(20.0)
        await trial.holds()


async def has_failed_once(trial: Trial) -> bool:
    """Whether the journal knows of a try that failed."""
    assert trial.door.durable is not None
    (run,) = trial.made
    return any(kept.mark == "failed" for kept in await trial.door.durable.journal.steps(run))


def test_no_worker_has_the_name_of_another_that_had_its_place() -> None:
    # It would renew the leases of that one's runs, and nobody would go on with them.
    assert worker_name() != worker_name()

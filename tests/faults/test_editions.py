"""The project's files change while runs wait: these end as they began, new ones as the files are now."""

from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import shop
from tests.faults.length import on
from tests.faults.trial import ALL, ANYONE, Trial, opened, trying, until

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

pytest_plugins = ["tests.postgres_server", "tests.faults.both"]
BEFORE, AFTER = 'body: "${{ one.value.text }}"', 'body: "Now: ${{ one.value.text }}"'
FEW = shop.APPROVED.replace("FROM orders ORDER", "FROM orders WHERE id <= 3 ORDER")


@on("sqlite")
async def test_runs_end_on_the_files_that_they_began_with(
    tmp_path: Path, journal_server: "PostgresServer | None"
) -> None:
    async with trying(tmp_path, 5, journal_server, approved=FEW) as trial:
        first = await trial.workers.start()
        await trial.make(2, "approved")
        await until(lambda: all_asked(trial, 6), 20.0, trial.report)
        await first.kill()
        assert FEW.count(BEFORE) == 1
        (tmp_path / "flows/approved.yaml").write_text(FEW.replace(BEFORE, AFTER))
        changed = shop.FUNCTIONS.replace("costs {id * 10}", "now costs {id * 11}")
        (tmp_path / "functions.py").write_text(changed)
        await trial.workers.start()

        async with opened(tmp_path, trial.secrets) as door:
            assert door.durable is not None
            new = await door.durable.make("approved", {"batch": "new"}, door="test")
        trial.made[new] = "new"
        await until(lambda: all_asked(trial, 9), 20.0, trial.report)
        await approve_all(trial)
        await until(lambda: all_done(trial), 20.0, trial.report)
        old = {f"batch {batch}/{id}": f"Order {id} costs {id * 10}" for batch in (0, 1) for id in (1, 2, 3)}
        late = {f"new/{id}": f"Now: Order {id} now costs {id * 11}" for id in (1, 2, 3)}
        assert {subject: text for _, subject, text in trial.receivers.mails} == old | late
        assert len(trial.receivers.mails) == 9


async def all_asked(trial: Trial, count: int) -> bool:
    assert trial.door.durable is not None
    return len(await trial.door.durable.journal.approvals(ALL)) == count


async def all_done(trial: Trial) -> bool:
    return (await trial.states()) == {"done": len(trial.made)}


async def approve_all(trial: Trial) -> None:
    assert trial.door.decisions is not None and trial.door.durable is not None
    for one in await trial.door.durable.journal.approvals(ALL):
        await trial.door.decisions.decide(one.id, "approve", ANYONE, hash=one.hash)

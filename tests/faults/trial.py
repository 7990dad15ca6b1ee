"""One trial: a project on one of the two journals, its receivers, its workers, and what must hold in the end."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import shop
from tests.faults.receivers import Receivers, receiving
from tests.faults.workers import Workers, working

from pointsman.assemble import Pointsman, assemble, journal_of
from pointsman.flows.decisions import Decider
from pointsman.flows.kept import UNCERTAIN
from pointsman.folder import examine
from pointsman.journal.port import Approval, Page, RunView

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

ALL = Page(limit=1000)
ANYONE = Decider("ana")


@dataclass
class Trial:
    """`door`: this process, which makes runs and decides, and works on none."""

    root: Path
    receivers: Receivers
    workers: Workers
    door: Pointsman
    secrets: dict[str, str]
    made: dict[str, str] = field(default_factory=dict)
    """Batch by run."""
    uncertain: int = 0
    """Writes about which people were asked."""

    async def make(self, count: int, flow: str = "fulfil") -> None:
        assert self.door.durable is not None
        for _ in range(count):
            batch = f"batch {len(self.made)}"
            self.made[await self.door.durable.make(flow, {"batch": batch}, door="test")] = batch

    async def run(self, run: str) -> RunView:
        assert self.door.durable is not None
        found = await self.door.durable.journal.view(run, "default")
        assert found is not None
        return found

    async def states(self) -> Counter[str]:
        return Counter([(await self.run(run)).state for run in self.made])

    async def asked(self) -> list[Approval]:
        """What is asked about writes whose end is unknown."""
        assert self.door.durable is not None
        return [one for one in await self.door.durable.journal.approvals(ALL) if one.step == UNCERTAIN]

    async def settled(self, seconds: float) -> None:
        """Until each run has ended or waits for a person, of which none is done without asking."""
        await until(self._is_settled, seconds, self.report)

    async def _is_settled(self) -> bool:
        states = await self.states()
        asking = {one.run for one in await self.asked()}
        waiting = [run for run in self.made if (await self.run(run)).state == "waiting"]
        return states["queued"] + states["running"] == 0 and set(waiting) <= asking

    async def tell_the_truth(self, seconds: float) -> None:
        """A person looks at the mail server's log and says what happened, until every run has ended."""
        assert self.door.decisions is not None
        until_then = time.monotonic() + seconds
        while True:
            await self.settled(until_then - time.monotonic())
            asked = await self.asked()
            if not asked:
                return
            self.uncertain += len(asked)
            for one in asked:
                key = one.item.partition("/")[2].rpartition("#")[0]
                happened = self.receivers.subjects()[f"{self.made[one.run]}/{key}"] > 0
                await self.door.decisions.decide(one.id, "approve" if happened else "reject", ANYONE)

    def wanted(self) -> Counter[str]:
        """The subjects of the mails that the runs are to send."""
        return Counter(f"{batch}/{id}" for batch in self.made.values() for id in range(1, shop.ITEMS + 1))

    def lost(self) -> Counter[str]:
        return self.wanted() - self.receivers.subjects()

    def repeated(self) -> Counter[str]:
        return self.receivers.subjects() - self.wanted()

    async def report(self) -> str:
        views = [await self.run(run) for run in self.made]
        open_ones = [f"{view.id} {view.state} {view.claims} {view.owner} {view.reason} {view.error}" for view in views]
        log = self.root / "worker.log"
        said = log.read_text()[-3000:] if log.exists() else ""
        return "\n".join([str(await self.states()), *open_ones, said])

    async def holds(self) -> None:
        """Every item was booked and mailed once, as the receivers logged it."""
        states = await self.states()
        assert states == {"done": len(self.made)}, await self.report()
        assert self.lost() == Counter()
        assert self.repeated() == Counter()
        assert self.receivers.repeated_mails() == []
        ordered = self.receivers.ordered()
        assert set(ordered) == {f"{run}:booked:{id}" for run in self.made for id in range(1, shop.ITEMS + 1)}
        assert [key for key, bodies in ordered.items() if len(bodies) > 1] == []


@asynccontextmanager
async def trying(root: Path, seed: int, postgres: "PostgresServer | None" = None, **flows: str) -> AsyncIterator[Trial]:
    """A trial of the flow `fulfil` and of more flows by name."""
    secrets: dict[str, str] = {}
    if postgres is not None:
        await postgres.create_database("journal")
        secrets = {shop.PASSWORD_NAME: postgres.password, shop.KEYS_NAME: shop.KEYS}
    async with receiving(root, seed) as receivers:
        shop.project(root, receivers, postgres, **{"fulfil": shop.FULFIL, **flows})
        async with opened(root, secrets) as door, working(root, secrets) as workers:
            yield Trial(root, receivers, workers, door, secrets)


@asynccontextmanager
async def opened(root: Path, secrets: dict[str, str]) -> AsyncIterator[Pointsman]:
    """The project as it stands now."""
    examined = examine(root)
    assert [problem.sentence() for problem in examined.problems if problem.severity == "error"] == []
    journal = journal_of(examined.project, root, secrets)
    async with assemble(examined, root, environ=secrets, journal=journal) as pointsman:
        yield pointsman


async def until(
    condition: Callable[[], Awaitable[bool]], seconds: float, report: Callable[[], Awaitable[str]] | None = None
) -> None:
    end = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s\n{await report() if report else ''}")
        await asyncio.sleep(0.1)

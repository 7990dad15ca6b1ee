"""Schedules in the PostgreSQL journal: each fire happens once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pointsman.journal.port import NewRun, Schedule
from pointsman.journal.postgres.links import Link
from pointsman.journal.postgres.queries import queries
from pointsman.journal.postgres.runs import Runs, create
from pointsman.journal.postgres.writer import keep_beside


class Schedules(Runs):
    async def schedule(self, schedules: Sequence[Schedule]) -> None:
        named = {(one.tenant, one.name): one for one in sorted(schedules, key=lambda one: one.next, reverse=True)}
        tenants, names = [tenant for tenant, _ in named], [name for _, name in named]
        flows, times = [one.flow for one in named.values()], [one.next for one in named.values()]

        async def work(link: Link, _: bool) -> None:
            async with link.transaction():
                await link.execute(queries()["drop_schedules"], tenants, names)
                await link.execute(queries()["keep_schedules"], tenants, names, flows, times)

        await self._links.run(work)

    async def schedules(self) -> list[Schedule]:
        return [_schedule(row) for row in await self._fetch("schedules")]

    async def due(self) -> list[Schedule]:
        return [_schedule(row) for row in await self._fetch("due")]

    async def fire(self, schedule: Schedule, next: datetime, run: NewRun | None) -> bool:
        packed = self._packed(run) if run else None
        moved = (schedule.tenant, schedule.name, schedule.next, next)

        async def work(link: Link, repeated: bool) -> bool:
            async with link.transaction():
                if await link.fetchval(queries()["fire"], *moved) is None:
                    return repeated and bool(await link.fetchval(queries()["fired"], *moved))
                if packed:
                    (name,) = await create(link, [packed])
                    await keep_beside(link, [packed.beside] if name == packed.run.id else [])
                return True

        return await self._links.run(work)


def _schedule(row: Any) -> Schedule:
    return Schedule(row["name"], row["flow"], row["next"], row["last"], row["tenant"])

"""Schedules in the SQLite journal."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

import orjson

from pointsman.journal.port import NewRun, Schedule
from pointsman.journal.sqlite.runs import Runs, create
from pointsman.journal.sqlite.sql import sql
from pointsman.journal.sqlite.times import maybe, micros, moment


class Schedules(Runs):
    async def schedule(self, schedules: Sequence[Schedule]) -> None:
        def job(link: sqlite3.Connection, _: int) -> None:
            names = orjson.dumps([one.name for one in schedules]).decode()
            link.execute(sql("drop_schedules"), {"names": names})
            for one in schedules:
                values = {"name": one.name, "flow": one.flow, "tenant": one.tenant, "next": micros(one.next)}
                link.execute(sql("put_schedule"), values)

        await self._write(job)

    async def schedules(self) -> list[Schedule]:
        return await self._read(lambda link: [_schedule(row) for row in link.execute(sql("schedules")).fetchall()])

    async def due(self) -> list[Schedule]:
        values = {"now": micros(self._clock.now())}
        return await self._read(lambda link: [_schedule(row) for row in link.execute(sql("due"), values).fetchall()])

    async def fire(self, schedule: Schedule, next: datetime, run: NewRun | None) -> bool:
        packed = self._packed(run) if run else None
        values = {"name": schedule.name, "was": micros(schedule.next), "next": micros(next)}

        def job(link: sqlite3.Connection, now: int) -> bool:
            fired = link.execute(sql("fire"), values).rowcount == 1
            if fired and packed:
                create(link, now, packed)
            return fired

        fired = await self._write(job)
        self._tell()
        return fired


def _schedule(row: sqlite3.Row) -> Schedule:
    return Schedule(row["name"], row["flow"], moment(row["next"]), maybe(row["last"]), row["tenant"])

"""Claiming in the SQLite journal: who works on what, and until when."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from pointsman.journal.port import INPUT, Claimed, Limit
from pointsman.journal.sqlite.sql import sql
from pointsman.journal.sqlite.store import Store
from pointsman.journal.sqlite.times import after, moment

_NEW = 1
"""`ready` of a run that has never started; 2 is one that goes on."""


@dataclass(slots=True)
class _Room:
    """What limits still let through in one claim, counted as it goes."""

    link: sqlite3.Connection
    now: int
    limits: Mapping[str, Limit]
    running: dict[tuple[str, bytes | None], int] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)

    def starts_left(self, flow: str) -> bool:
        limit = self.limits.get(flow)
        if limit is None or limit.per_second is None:
            return True
        if flow not in self.starts:
            since = after(self.now, -max(1.0, 1 / limit.per_second))
            (self.starts[flow],) = self.link.execute(
                sql("started_since"), {"flow": flow, "since": since, "now": self.now}
            ).fetchone()
        return self.starts[flow] < max(1, int(limit.per_second))

    def take(self, row: sqlite3.Row) -> bool:
        """Whether this run may go; if so, it is counted."""
        flow, key = row["flow"], row["concurrency"]
        if row["ready"] == _NEW and not self.starts_left(flow):
            return False
        limit = self.limits.get(flow)
        if limit and limit.concurrent is not None and row["state"] != "running":
            if self._running(flow, key) >= limit.concurrent:
                return False
            self.running[flow, key] += 1
        if row["ready"] == _NEW and flow in self.starts:
            self.starts[flow] += 1
        return True

    def _running(self, flow: str, key: bytes | None) -> int:
        if (flow, key) not in self.running:
            values = {"flow": flow, "concurrency": key}
            (self.running[flow, key],) = self.link.execute(sql("running_with_key"), values).fetchone()
        return self.running[flow, key]


class Claims(Store):
    async def claim(
        self,
        worker: str,
        *,
        lease: float,
        most: int,
        limits: Mapping[str, Limit],
        flows: Collection[str] | None = None,
        only: str | None = None,
    ) -> list[Claimed]:
        def job(link: sqlite3.Connection, now: int) -> list[tuple[sqlite3.Row, bytes, bytes | None]]:
            link.execute(sql("promote"), {"now": now})
            link.execute(sql("promote_after_clock_went_back"), {"now": now})
            room = _Room(link, now, limits)
            found = _one(link, only, flows) if only else _best(link, room, most, flows)
            chosen: list[sqlite3.Row] = []
            for row in found:
                if len(chosen) < most and room.take(row):
                    chosen.append(_claim(link, worker, row["seq"], now, lease))
            return [(row, *self._sealed_input(link, row["seq"])) for row in chosen]

        return [self._claimed(row, column, blob) for row, column, blob in await self._write(job)]

    async def renew(self, worker: str, lease: float) -> set[str]:
        def job(link: sqlite3.Connection, now: int) -> set[str]:
            rows = link.execute(sql("renew"), {"owner": worker, "now": now, "lease": after(0, lease)}).fetchall()
            return {row["id"] for row in rows}

        return await self._write(job)

    def _sealed_input(self, link: sqlite3.Connection, seq: int) -> tuple[bytes, bytes | None]:
        column = link.execute(sql("payload"), {"run": seq, "part": INPUT}).fetchone()["content"]
        digest = self._payloads.digest_of(column)
        row = link.execute(sql("blob"), {"digest": digest}).fetchone() if digest else None
        return column, row["content"] if row else None

    def _claimed(self, row: sqlite3.Row, column: bytes, blob: bytes | None) -> Claimed:
        return Claimed(
            id=row["id"],
            epoch=row["epoch"],
            flow=row["flow"],
            version=row["version"],
            definition=row["definition"],
            tenant=row["tenant"],
            principal=row["principal"],
            door=row["door"],
            input=self._payloads.unpack(column, blob, "run", row["id"], INPUT),
            claims=row["claims"],
            created=moment(row["created"]),
        )


def _one(link: sqlite3.Connection, run: str, flows: Collection[str] | None) -> Iterator[sqlite3.Row]:
    row = link.execute(sql("candidate"), {"id": run}).fetchone()
    if row and (flows is None or row["flow"] in flows):
        yield row


def _best(link: sqlite3.Connection, room: _Room, most: int, flows: Collection[str] | None) -> list[sqlite3.Row]:
    """Candidates of all flows, the first to be claimed first. A flow that may start none is not even looked through."""
    found: list[sqlite3.Row] = []
    for ready, flow in link.execute(sql("ready_flows")).fetchall():
        if (flows is not None and flow not in flows) or (ready == _NEW and not room.starts_left(flow)):
            continue
        limit = room.limits.get(flow)
        values = {"ready": ready, "flow": flow, "most": most, "concurrent": limit.concurrent if limit else None}
        found += link.execute(sql("candidates"), values).fetchall()
    return sorted(found, key=lambda row: (-row["priority"], row["seq"]))


def _claim(link: sqlite3.Connection, worker: str, seq: int, now: int, lease: float) -> sqlite3.Row:
    values = {"seq": seq, "owner": worker, "now": now, "lease": after(0, lease)}
    row: sqlite3.Row = link.execute(sql("claim"), values).fetchone()
    return row

"""Runs in the SQLite journal: made, parked, woken, ended, and shown."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pointsman.errors import Refused, way_out
from pointsman.journal.payload import Packed
from pointsman.journal.port import ANSWER, INPUT, NewRun, Page, RunView
from pointsman.journal.sqlite.sql import sql
from pointsman.journal.sqlite.store import Store, held, put_beside, put_subjects
from pointsman.journal.sqlite.times import after, maybe, moment

_FILTERS: Final = ("principal", "door", "parent")


@dataclass(frozen=True, slots=True)
class PackedRun:
    """A new run, sealed and ready to be written."""

    run: NewRun
    input: Packed
    dedup: list[bytes]
    """Under each key: one made before a rotation is found too."""
    concurrency: bytes | None
    subjects: list[bytes]


class Runs(Store):
    async def keep_definition(self, digest: str, content: bytes) -> None:
        sealed = self._payloads.whole(content, "definition", digest)
        await self._write(
            lambda link, _: link.execute(sql("keep_definition"), {"digest": digest, "content": sealed}).rowcount
        )

    async def definition(self, digest: str) -> bytes | None:
        def read(link: sqlite3.Connection) -> bytes | None:
            row = link.execute(sql("definition"), {"digest": digest}).fetchone()
            return self._unpack(link, row["content"], "definition", digest) if row else None

        return await self._read(read)

    async def create(self, runs: Sequence[NewRun]) -> list[str]:
        packed = [self._packed(run) for run in runs]
        made = await self._write(lambda link, now: [create(link, now, one) for one in packed])
        self._tell()
        return made

    async def reply(self, run: str, epoch: int, answer: bytes, subjects: Collection[str] = ()) -> None:
        packed = self._payloads.pack(answer, "run", run, ANSWER)
        hashes = [self._sealer.subject_hash(subject) for subject in subjects]

        def job(link: sqlite3.Connection, now: int) -> None:
            seq = held(link, run, epoch)["seq"]
            link.execute(sql("replied"), {"seq": seq, "now": now})
            link.execute(sql("put_payload"), {"run": seq, "part": ANSWER, "content": packed.column})
            put_beside(link, seq, ANSWER, packed)
            put_subjects(link, seq, ANSWER, hashes)

        await self._write(job)

    async def park(self, run: str, epoch: int, *, reason: str, ready_in: float | None = None) -> None:
        sealed = self._payloads.text(reason, "run", run, "reason")

        def job(link: sqlite3.Connection, now: int) -> None:
            seq = held(link, run, epoch)["seq"]
            due = None if ready_in is None else after(now, ready_in)
            link.execute(sql("park"), {"seq": seq, "due": due, "reason": sealed})

        await self._write(job)
        self._tell()

    async def finish(
        self, run: str, epoch: int, state: Literal["done", "failed", "cancelled"], error: str | None
    ) -> None:
        sealed = self._payloads.text(error, "run", run, "error")

        def job(link: sqlite3.Connection, now: int) -> None:
            seq = held(link, run, epoch)["seq"]
            link.execute(sql("finish"), {"seq": seq, "state": state, "error": sealed, "now": now})
            link.execute(sql("withdraw"), {"seq": seq, "now": now})

        await self._write(job)
        self._tell()

    async def wake(self, run: str) -> None:
        def job(link: sqlite3.Connection, _: int) -> bool:
            row = link.execute(sql("seq_of_run"), {"id": run}).fetchone()
            return row is not None and link.execute(sql("wake"), {"seq": row["seq"]}).rowcount == 1

        if await self._write(job):
            self._tell()

    async def cancel(self, run: str, tenant: str, reason: str) -> bool:
        sealed = self._payloads.text(reason, "run", run, "reason")

        def job(link: sqlite3.Connection, now: int) -> bool:
            values = {"id": run, "tenant": tenant, "reason": sealed, "now": now}
            row = link.execute(sql("cancel"), values).fetchone()
            if row:
                link.execute(sql("withdraw"), {"seq": row["seq"], "now": now})
            return row is not None

        ended = await self._write(job)
        self._tell()
        return ended

    async def retry(self, run: str, tenant: str) -> bool:
        values = {"id": run, "tenant": tenant}
        again = await self._write(lambda link, _: link.execute(sql("retry"), values).rowcount == 1)
        self._tell()
        return again

    async def view(self, run: str, tenant: str) -> RunView | None:
        def read(link: sqlite3.Connection) -> RunView | None:
            row = link.execute(sql("view"), {"id": run, "tenant": tenant}).fetchone()
            return self._view(link, row) if row else None

        return await self._read(read)

    async def newest(self, page: Page) -> list[RunView]:
        values = filters(page, _FILTERS) | {"state": page.state}
        return await self._read(
            lambda link: [self._view(link, row) for row in link.execute(sql("newest"), values).fetchall()]
        )

    def _packed(self, run: NewRun) -> PackedRun:
        hashed = self._sealer.hashed
        return PackedRun(
            run,
            self._payloads.pack(run.input, "run", run.id, INPUT),
            [] if run.dedup_key is None else self._sealer.hashes("dedup", run.dedup_key.encode()),
            None if run.concurrency_key is None else hashed("concurrency", run.concurrency_key.encode()),
            [self._sealer.subject_hash(subject) for subject in run.subjects],
        )

    def _view(self, link: sqlite3.Connection, row: sqlite3.Row) -> RunView:
        name = row["id"]
        return RunView(
            id=name,
            flow=row["flow"],
            version=row["version"],
            state=row["state"],
            tenant=row["tenant"],
            principal=row["principal"],
            door=row["door"],
            created=moment(row["created"]),
            started=maybe(row["started"]),
            replied=maybe(row["replied"]),
            ended=maybe(row["ended"]),
            error=self._payloads.opened(row["error"], "run", name, "error"),
            reason=self._payloads.opened(row["reason"], "run", name, "reason"),
            claims=row["claims"],
            owner=row["owner"],
            input=self._opened(link, row["input"], "run", name, INPUT),
            answer=self._unpack(link, row["answer"], "run", name, ANSWER),
            parent=row["parent"],
        )


def create(link: sqlite3.Connection, now: int, packed: PackedRun) -> str:
    """The id of the run that there is now: this one, or an earlier one with its deduplication key."""
    run = packed.run
    for dedup in packed.dedup:
        row = link.execute(sql("run_with_dedup"), {"tenant": run.tenant, "flow": run.flow, "dedup": dedup}).fetchone()
        if row:
            return str(row["id"])
    row = link.execute(sql("insert_run"), _values(packed, now)).fetchone()
    if row:
        link.execute(sql("put_payload"), {"run": row["seq"], "part": INPUT, "content": packed.input.column})
        put_beside(link, row["seq"], INPUT, packed.input)
        put_subjects(link, row["seq"], INPUT, packed.subjects)
    return run.id


def _values(packed: PackedRun, now: int) -> dict[str, Any]:
    run = packed.run
    delayed = run.ready_in > 0
    return {
        "id": run.id,
        "flow": run.flow,
        "version": run.version,
        "definition": run.definition,
        "tenant": run.tenant,
        "principal": run.principal,
        "door": run.door,
        "parent": run.parent,
        "ready": 0 if delayed else 1,
        "due": after(now, run.ready_in) if delayed else None,
        "priority": run.priority,
        "concurrency": packed.concurrency,
        "dedup": packed.dedup[0] if packed.dedup else None,
        "now": now,
    }


def filters(page: Page, known: Collection[str]) -> dict[str, Any]:
    """A page as values of its query. Raises Refused for a filter that is not known."""
    for name in page.filters:
        if name not in known:
            raise Refused(f"the list has no filter {name!r}", way_out=way_out(name, known))
    given: Mapping[str, str | None] = {name: page.filters.get(name) for name in known}
    return {**given, "tenant": page.tenant, "before": page.before, "flow": page.flow, "limit": page.limit}

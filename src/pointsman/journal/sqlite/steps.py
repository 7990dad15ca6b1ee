"""Steps in the SQLite journal, and taking people out of what was kept."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.journal.payload import Packed
from pointsman.journal.port import ANSWER, INPUT, Kept, StepWrite
from pointsman.journal.sqlite.sql import sql
from pointsman.journal.sqlite.store import Store, held, put_beside, put_subjects
from pointsman.journal.sqlite.times import after, maybe, moment

_NOTHING = Packed(b"")


@dataclass(frozen=True, slots=True)
class _PackedWrite:
    write: StepWrite
    output: Packed
    usage: bytes | None
    error: bytes | None
    subjects: list[bytes]


class Steps(Store):
    async def steps(self, run: str) -> list[Kept]:
        def read(link: sqlite3.Connection) -> list[Kept]:
            return [self._kept(link, run, row) for row in link.execute(sql("steps"), {"id": run}).fetchall()]

        return await self._read(read)

    async def record(self, run: str, epoch: int, writes: Sequence[StepWrite]) -> None:
        packed = [self._packed_write(run, write) for write in writes]

        def job(link: sqlite3.Connection, now: int) -> None:
            row = held(link, run, epoch)
            for one in packed:
                _record(link, now, row["seq"], one)
            if row["claims"] > 1 and any(write.mark == "done" for write in writes):
                link.execute(sql("got_on"), {"seq": row["seq"]})

        await self._write(job)

    async def runs_of(self, subject: str) -> list[tuple[str, str]]:
        hashes = self._sealer.subject_hashes(subject)

        def read(link: sqlite3.Connection) -> list[tuple[str, str]]:
            rows = [row for one in hashes for row in link.execute(sql("runs_of_subject"), {"hash": one}).fetchall()]
            return [(row["id"], row["key"]) for row in rows]

        return await self._read(read)

    async def rewrite(self, run: str, key: str, output: bytes, *, without: str) -> None:
        packed = self._payloads.pack(output, *_place(run, key))
        hashes = self._sealer.subject_hashes(without)

        def job(link: sqlite3.Connection, _: int) -> None:
            row = link.execute(sql("seq_of_run"), {"id": run}).fetchone()
            if row:
                _rewrite(link, row["seq"], key, packed)
                for value in hashes:
                    link.execute(sql("drop_subject"), {"hash": value, "run": row["seq"], "key": key})

        await self._write(job)

    def _packed_write(self, run: str, write: StepWrite) -> _PackedWrite:
        key = write.key
        return _PackedWrite(
            write,
            _NOTHING if write.output is None else self._payloads.pack(write.output, *_place(run, key)),
            None if write.usage is None else self._payloads.whole(write.usage, "step", run, key, "usage"),
            self._payloads.text(write.error, "step", run, key, "error"),
            [self._sealer.subject_hash(subject) for subject in write.subjects],
        )

    def _kept(self, link: sqlite3.Connection, run: str, row: sqlite3.Row) -> Kept:
        key = row["key"]
        return Kept(
            key=key,
            mark=row["mark"],
            attempt=row["attempt"],
            output=self._unpack(link, row["output"], *_place(run, key)),
            error=self._payloads.opened(row["error"], "step", run, key, "error"),
            started=moment(row["started"]),
            ended=maybe(row["ended"]),
            usage=self._unpack(link, row["usage"], "step", run, key, "usage"),
            effect=row["effect"],
        )


def _record(link: sqlite3.Connection, now: int, seq: int, packed: _PackedWrite) -> None:
    write = packed.write
    values = {
        "run": seq,
        "key": write.key,
        "mark": write.mark,
        "attempt": write.attempt,
        "effect": write.effect,
        "started": after(now, -write.took),
        "ended": None if write.mark == "started" else now,
        "output": packed.output.column or None,
        "usage": packed.usage,
        "error": packed.error,
    }
    if link.execute(sql("record"), values).rowcount:
        put_beside(link, seq, write.key, packed.output)
        put_subjects(link, seq, write.key, packed.subjects)


def _rewrite(link: sqlite3.Connection, seq: int, key: str, packed: Packed) -> None:
    where = {"run": seq, "key": key}
    before = link.execute(sql("uses_of"), where).fetchall()
    link.execute(sql("drop_uses"), where)
    if key in (INPUT, ANSWER):
        query = "rewrite_payload"
    elif key.startswith("$approval/"):
        query = "rewrite_approval"
    else:
        query = "rewrite_step"
    if link.execute(sql(query), {**where, "output": packed.column}).rowcount:
        put_beside(link, seq, key, packed)
    for row in before:
        link.execute(sql("drop_unused_blob"), {"digest": row["digest"]})


def _place(run: str, key: str) -> tuple[str, ...]:
    """What a payload is sealed for: of a run's own key, an approval's or a step's."""
    if key in (INPUT, ANSWER):
        return ("run", run, key)
    return ("approval", run, key, "effect") if key.startswith("$approval/") else ("step", run, key, "output")

"""Steps in the PostgreSQL journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pointsman.journal.port import Fenced, Kept, StepWrite
from pointsman.journal.postgres.links import Link
from pointsman.journal.postgres.store import Store, fenced_or_none, place_of
from pointsman.journal.postgres.writer import Beside, Call, Handler

_COLUMNS: Final = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCall(Call[None]):
    """`rows`: as the query `record` takes them."""

    rows: list[tuple[Any, ...]]


class Steps(Store):
    async def steps(self, run: str) -> list[Kept]:
        return [self._kept(run, row) for row in await self._fetch("steps", run)]

    async def record(self, run: str, epoch: int, writes: Sequence[StepWrite]) -> None:
        beside = Beside(run)
        last = _last(writes)
        rows = [self._row(run, epoch, write, beside) for write in last]
        await self._writer.write(
            RecordCall(
                touches=frozenset([(run, write.key) for write in last]),
                held=(run, epoch),
                size=sum(len(write.output or b"") for write in last),
                beside=(beside,) if beside else (),
                rows=rows,
            )
        )

    def _handlers(self) -> dict[type, Handler]:
        return {RecordCall: _record} | super()._handlers()

    def _row(self, run: str, epoch: int, write: StepWrite, beside: Beside) -> tuple[Any, ...]:
        key = write.key
        packed = None if write.output is None else self._payloads.pack(write.output, *place_of(run, key))
        if write.subjects or (packed and packed.digest):
            self._beside(run, key, packed, write.subjects, beside)
        return (
            run,
            epoch,
            key,
            write.mark,
            write.attempt,
            write.effect,
            packed and packed.column,
            packed and packed.digest,
            self._payloads.text(write.error, "step", run, key, "error"),
            None if write.usage is None else self._payloads.whole(write.usage, "step", run, key, "usage"),
            write.took,
        )

    def _kept(self, run: str, row: Any) -> Kept:
        key = row["key"]
        usage = row["usage"]
        return Kept(
            key=key,
            mark=row["mark"],
            attempt=row["attempt"],
            output=self._unpacked(row, "output", *place_of(run, key)),
            error=self._payloads.opened(row["error"], "step", run, key, "error"),
            started=row["started"],
            ended=row["ended"],
            usage=None if usage is None else self._payloads.unpack(usage, None, "step", run, key, "usage"),
            effect=row["effect"],
        )


async def _record(link: Link, calls: Sequence[RecordCall], again: bool) -> list[Fenced | None]:
    pairs = {call.held for call in calls if call.held}
    rows = [row for call in calls for row in call.rows]
    columns = list(zip(*rows, strict=True)) or [()] * _COLUMNS
    return await fenced_or_none(link, "record", calls, *zip(*pairs, strict=True), *columns, again)


def _last(writes: Sequence[StepWrite]) -> list[StepWrite]:
    """What a series of writes comes to: the last one of each key, or the first that is done."""
    found: dict[str, StepWrite] = {}
    for write in writes:
        before = found.get(write.key)
        if before is None or before.mark != "done":
            found[write.key] = write
    return list(found.values())

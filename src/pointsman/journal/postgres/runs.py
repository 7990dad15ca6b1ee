"""Runs in the PostgreSQL journal: made, parked, woken, ended, and shown."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pointsman.journal.port import ANSWER, INPUT, Fenced, NewRun, Page, RunView
from pointsman.journal.postgres.links import Link
from pointsman.journal.postgres.queries import queries
from pointsman.journal.postgres.store import Store, fenced_or_none, filters, place_of
from pointsman.journal.postgres.writer import Beside, Call, Handler

_FILTERS: Final = ("principal", "door", "parent")


@dataclass(frozen=True, slots=True)
class PackedRun:
    """A new run, sealed. `row`: as the query `create` takes it."""

    run: NewRun
    row: tuple[Any, ...]
    dedup: list[bytes]
    """Under each key: one made before a rotation is found too."""
    beside: Beside


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCall(Call[list[str]]):
    runs: list[PackedRun]

    def kept(self, outcome: list[str]) -> list[Beside]:
        """Of those that were made; of the others, what there is belongs to an earlier run."""
        pairs = zip(self.runs, outcome, strict=True)
        return [packed.beside for packed, name in pairs if packed.beside and packed.run.id == name]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyCall(Call[None]):
    column: bytes
    digest: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkCall(Call[None]):
    reason: bytes | None
    ready_in: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishCall(Call[None]):
    state: str
    error: bytes | None


class Runs(Store):
    async def keep_definition(self, digest: str, content: bytes) -> None:
        await self._execute("keep_definition", digest, self._payloads.whole(content, "definition", digest))

    async def definition(self, digest: str) -> bytes | None:
        sealed = await self._value("definition", digest)
        return None if sealed is None else self._payloads.unpack(sealed, None, "definition", digest)

    async def create(self, runs: Sequence[NewRun]) -> list[str]:
        if not runs:
            return []
        packed = [self._packed(run) for run in runs]
        beside = tuple(one.beside for one in packed if one.beside)
        size = sum(len(run.input) for run in runs)
        return await self._writer.write(CreateCall(runs=packed, beside=beside, size=size))

    async def reply(self, run: str, epoch: int, answer: bytes, subjects: Collection[str] = ()) -> None:
        packed = self._payloads.pack(answer, *place_of(run, ANSWER))
        beside = Beside(run)
        self._beside(run, ANSWER, packed, subjects, beside)
        await self._writer.write(
            ReplyCall(
                touches=frozenset([(run, ANSWER)]),
                held=(run, epoch),
                size=len(answer),
                beside=(beside,) if beside else (),
                column=packed.column,
                digest=packed.digest,
            )
        )

    async def park(self, run: str, epoch: int, *, reason: str, ready_in: float | None = None) -> None:
        sealed = self._payloads.text(reason, "run", run, "reason")
        await self._writer.write(ParkCall(ends=True, held=(run, epoch), reason=sealed, ready_in=ready_in))

    async def finish(
        self, run: str, epoch: int, state: Literal["done", "failed", "cancelled"], error: str | None
    ) -> None:
        sealed = self._payloads.text(error, "run", run, "error")
        await self._writer.write(FinishCall(ends=True, held=(run, epoch), state=state, error=sealed))

    async def wake(self, run: str) -> None:
        await self._execute("wake", run)

    async def cancel(self, run: str, tenant: str, reason: str) -> bool:
        sealed = self._payloads.text(reason, "run", run, "reason")
        text = queries()["cancel"]
        return bool(await self._links.run(lambda link, again: link.fetchval(text, run, tenant, sealed, again)))

    async def retry(self, run: str, tenant: str) -> bool:
        text = queries()["retry"]
        return bool(await self._links.run(lambda link, again: link.fetchval(text, run, tenant, again)))

    async def view(self, run: str, tenant: str) -> RunView | None:
        rows = await self._fetch("view", run, tenant)
        return self._view(rows[0]) if rows else None

    async def newest(self, page: Page) -> list[RunView]:
        given = filters(page, _FILTERS)
        rows = await self._fetch("newest", page.tenant, page.limit, page.before, page.flow, page.state, *given)
        return [self._view(row) for row in rows]

    def _handlers(self) -> dict[type, Handler]:
        mine: dict[type, Handler] = {CreateCall: _create, ReplyCall: _reply, ParkCall: _park, FinishCall: _finish}
        return super()._handlers() | mine

    def _packed(self, run: NewRun) -> PackedRun:
        input = self._payloads.pack(run.input, *place_of(run.id, INPUT))
        dedup = [] if run.dedup_key is None else self._sealer.hashes("dedup", run.dedup_key.encode())
        key = run.concurrency_key
        beside = Beside(run.id)
        self._beside(run.id, INPUT, input, run.subjects, beside)
        row = (
            run.id,
            run.tenant,
            run.flow,
            run.version,
            run.definition,
            run.door,
            run.principal,
            run.parent,
            dedup[0] if dedup else None,
            b"" if key is None else self._sealer.hashed("concurrency", key.encode()),
            run.priority,
            run.ready_in,
            input.column,
            input.digest,
        )
        return PackedRun(run, row, dedup, beside)

    def _view(self, row: Any) -> RunView:
        run = row["id"]
        return RunView(
            id=run,
            flow=row["flow"],
            version=row["version"],
            state=row["state"],
            tenant=row["tenant"],
            principal=row["principal"],
            door=row["door"],
            created=row["created"],
            started=row["started"],
            replied=row["replied"],
            ended=row["ended"],
            error=self._payloads.opened(row["error"], "run", run, "error"),
            reason=self._payloads.opened(row["reason"], "run", run, "reason"),
            claims=row["claims"],
            owner=row["owner"],
            input=self._unpacked(row, "input", *place_of(run, INPUT)) or b"",
            answer=self._unpacked(row, "answer", *place_of(run, ANSWER)),
            parent=row["parent"],
        )


async def create(link: Link, runs: Sequence[PackedRun]) -> list[str]:
    """The ids of the runs that there are now: these, or earlier ones with their deduplication keys."""
    named = queries()
    known: dict[int, str] = {}
    if any(len(packed.dedup) > 1 for packed in runs):
        known = await _known(link, dict(enumerate(runs)))
    new = {index: packed for index, packed in enumerate(runs) if index not in known}
    made: set[str] = set()
    if new:
        columns = zip(*(packed.row for packed in new.values()), strict=True)
        made = {row["id"] for row in await link.fetch(named["create"], *columns)}
    seen: set[str] = set()
    others: dict[int, PackedRun] = {}
    for index, packed in new.items():
        if packed.dedup and (packed.run.id not in made or packed.run.id in seen):
            others[index] = packed
        seen.add(packed.run.id)
    if others:
        known |= await _known(link, others)
    return [known.get(index, packed.run.id) for index, packed in enumerate(runs)]


async def _known(link: Link, runs: dict[int, PackedRun]) -> dict[int, str]:
    asked = [(index, one.run.tenant, one.run.flow, hashed) for index, one in runs.items() for hashed in one.dedup]
    if not asked:
        return {}
    return dict(await link.fetch(queries()["known_runs"], *zip(*asked, strict=True)))


async def _create(link: Link, calls: Sequence[CreateCall], _: bool) -> list[list[str]]:
    names = iter(await create(link, [packed for call in calls for packed in call.runs]))
    return [[next(names) for _ in call.runs] for call in calls]


async def _reply(link: Link, calls: Sequence[ReplyCall], again: bool) -> list[Fenced | None]:
    columns = [call.column for call in calls], [call.digest for call in calls]
    return await fenced_or_none(link, "reply", calls, *_held(calls), *columns, again)


async def _park(link: Link, calls: Sequence[ParkCall], again: bool) -> list[Fenced | None]:
    columns = [call.reason for call in calls], [call.ready_in for call in calls]
    return await fenced_or_none(link, "park", calls, *_held(calls), *columns, again)


async def _finish(link: Link, calls: Sequence[FinishCall], again: bool) -> list[Fenced | None]:
    columns = [call.state for call in calls], [call.error for call in calls]
    return await fenced_or_none(link, "finish", calls, *_held(calls), *columns, again)


def _held(calls: Sequence[Call[None]]) -> tuple[list[str], list[int]]:
    pairs = [call.held for call in calls if call.held]
    return [run for run, _ in pairs], [epoch for _, epoch in pairs]

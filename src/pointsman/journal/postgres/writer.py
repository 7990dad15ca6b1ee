"""One writer a process: what is asked while a commit is under way shares the next one; each waits only for its own.

A commit whose answer was lost is tried again. Every query of the writer is made so that repeating it is harmless.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from pointsman.errors import Broken, Fault
from pointsman.journal.postgres.links import Link, Links
from pointsman.journal.postgres.queries import queries

T = TypeVar("T")
_MOST_CALLS: Final = 500
_MOST_BYTES: Final = 8 * 2**20


@dataclass(slots=True)
class Beside:
    """What is kept of a run beside its rows: large payloads by digest, and (hash, key) of its subjects."""

    run: str
    blobs: dict[bytes, bytes] = field(default_factory=dict)
    subjects: list[tuple[bytes, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.blobs or self.subjects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """A write that waits. `touches`: what no other write of the same commit may touch. `held`: the run and epoch that
    it is fenced by. `ends`: later writes of its run wait for the next commit. `size` in bytes."""

    touches: frozenset[tuple[str, str]] = frozenset()
    held: tuple[str, int] | None = None
    ends: bool = False
    size: int = 0
    beside: tuple[Beside, ...] = ()

    def kept(self, outcome: T) -> Sequence[Beside]:
        """What must be kept beside, given what became of the write."""
        return () if isinstance(outcome, Fault) else self.beside


Handler = Callable[[Link, Sequence[Any], bool], Awaitable[Sequence[Any]]]
"""Writes calls of one kind, perhaps again; gives what became of each, a Fault for one that failed alone."""


@dataclass(slots=True)
class _Waiting:
    call: Call[Any]
    future: asyncio.Future[Any]
    since: float


class _Seen:
    """What the writes of a commit, and those that wait for the next one, touch."""

    def __init__(self) -> None:
        self._touched: set[tuple[str, str]] = set()
        self._ended: set[str] = set()

    def fits(self, call: Call[Any]) -> bool:
        if call.held and call.held[0] in self._ended:
            return False
        return self._touched.isdisjoint(call.touches)

    def add(self, call: Call[Any]) -> None:
        self._touched |= call.touches
        if call.held and call.ends:
            self._ended.add(call.held[0])


class Writer:
    """`handlers`: by kind of call, in the order in which they are written within a commit."""

    def __init__(self, links: Links, handlers: Mapping[type, Handler]) -> None:
        self._links, self._handlers = links, handlers
        self._queue: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, call: Call[T]) -> T:
        """Returns when it is committed. Raises what became of it, Later or Broken."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(call, loop.create_future(), loop.time())
        self._queue.append(waiting)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all(), name="journal writer")
        outcome = await waiting.future
        if isinstance(outcome, Fault):
            raise outcome
        result: T = outcome
        return result

    async def close(self) -> None:
        """Waits for what was asked."""
        while (task := self._writing) is not None:
            await asyncio.wait([task])

    async def _write_all(self) -> None:
        try:
            while batch := self._next():
                try:
                    await self._commit(batch)
                except BaseException as fault:
                    _tell(batch, _unexpected(fault))
                    raise
        finally:
            self._writing = None
            if self._queue:  # only after a defect: the others still deserve their turn
                self._writing = asyncio.create_task(self._write_all(), name="journal writer")

    def _next(self) -> list[_Waiting]:
        """As many as fit one commit. Writes that do not go together are left for the next one, in their order."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        seen = _Seen()
        size = 0
        for index, waiting in enumerate(self._queue):
            if len(batch) == _MOST_CALLS or size > _MOST_BYTES:
                later += self._queue[index:]
                break
            if waiting.future.done():  # cancelled
                continue
            if seen.fits(waiting.call):
                batch.append(waiting)
                size += waiting.call.size
            else:
                later.append(waiting)
            seen.add(waiting.call)
        self._queue = later
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        calls = [waiting.call for waiting in batch]
        try:
            outcomes = await self._links.run(lambda link, again: self._together(link, calls, again))
        except Broken as fault:
            if len(batch) == 1:
                _tell(batch, fault)
            else:  # one of them cannot be written: the others must not suffer
                for waiting in batch:
                    await self._commit([waiting])
        except Fault as fault:
            _tell(batch, fault)
            self._give_up(fault)
        else:
            for waiting, outcome in zip(batch, outcomes, strict=True):
                if not waiting.future.done():
                    waiting.future.set_result(outcome)

    def _give_up(self, fault: Fault) -> None:
        """Who has waited through the same outage need not wait for a try of its own."""
        until = asyncio.get_running_loop().time() - self._links.patience
        _tell([waiting for waiting in self._queue if waiting.since <= until], fault)

    async def _together(self, link: Link, calls: Sequence[Call[Any]], again: bool) -> list[Any]:
        kinds = {type(call) for call in calls}
        if len(kinds) == 1 and not any(call.beside for call in calls):
            return list(await self._handlers[kinds.pop()](link, calls, again))
        async with link.transaction():
            if held := {call.held for call in calls if call.held}:
                # All at once and in one order: locked one after the other, two writers could wait for each other.
                runs, epochs = zip(*held, strict=True)
                await link.fetch(queries()["hold"], runs, epochs, again)
            outcomes: dict[int, Any] = {}
            for kind, handler in self._handlers.items():
                indexes = [index for index, call in enumerate(calls) if type(call) is kind]
                if indexes:
                    given = await handler(link, [calls[index] for index in indexes], again)
                    outcomes.update(zip(indexes, given, strict=True))
            await keep_beside(link, [part for index, call in enumerate(calls) for part in call.kept(outcomes[index])])
        return [outcomes[index] for index in range(len(calls))]


async def keep_beside(link: Link, parts: Sequence[Beside]) -> None:
    """Within the transaction of what refers to it."""
    blobs = {digest: payload for part in parts for digest, payload in part.blobs.items()}
    if blobs:
        await link.execute(queries()["keep_blobs"], list(blobs), list(blobs.values()))
    subjects = [(subject, part.run, key) for part in parts for subject, key in part.subjects]
    if subjects:
        await link.execute(queries()["keep_subjects"], *zip(*subjects, strict=True))


def _tell(batch: Sequence[_Waiting], outcome: Fault) -> None:
    for waiting in batch:
        if not waiting.future.done():
            waiting.future.set_result(copy(outcome))  # whoever gets it may put its place before it


def _unexpected(fault: BaseException) -> Fault:
    return Broken(f"the journal's writer stopped: {type(fault).__name__}.", where="journal")

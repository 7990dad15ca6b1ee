"""One run on its way: a finished step goes on with the first step that it freed, and starts the others beside it.

Linear flows so stay in one task; independent steps run at once. The reply is sent as soon as what it reads exists.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pointsman.clock import Clock
from pointsman.errors import DeadlinePassed, Fault, Uncertain
from pointsman.flows.keeping import Keeping, LetGo
from pointsman.flows.note import ModelNote, SourceNote
from pointsman.frame import Frame, Output
from pointsman.journal.record import RunRecord, RunStatus, StepRecord
from pointsman.shape import Value


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step that a person must decide on; what needs it stays pending.

    `output`: what is known of it so far; steps that go over its items may begin with those.
    """

    reason: str
    output: Output = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A step whose `when` is false; its output is null."""

    reason: str


@dataclass(frozen=True, slots=True)
class Degraded:
    """A step that failed and went on with something else, as its `on_error` says."""

    output: Output
    reason: str


Outcome = Output | Waiting | Skipped | Degraded


@dataclass(frozen=True, slots=True)
class Part:
    """A step, bound to what it acts with. `go` does it, modifiers and all; it raises Fault when the run must fail."""

    needs: frozenset[str]
    go: Callable[["Run", StepRecord], Awaitable[Outcome]]
    follows: str | None = None
    """The approval whose items it goes over, one by one as they are approved."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A flow, ready to run: its steps by name, and what its reply reads."""

    flow: str
    version: int
    title: str
    timeout: float
    parts: Mapping[str, Part]
    reply_needs: frozenset[str]
    reply: "Reply"
    frees: Mapping[str, tuple[str, ...]]
    """By step: the steps that need it."""
    records: Callable[[], dict[str, StepRecord]]
    """A fresh record for each step."""


class Reply(Protocol):
    """Makes the answer envelope from what a run has; `partial` = from what it has so far, for a run that failed."""

    def __call__(self, run: "Run", *, partial: bool) -> dict[str, Any]: ...


class Run:
    """One execution. `answered()` waits for the reply, `ended()` for everything."""

    def __init__(
        self,
        bound: Bound,
        record: RunRecord,
        inputs: dict[str, Value],
        clock: Clock,
        kept: "Callable[[Run], None]",
        previous: RunRecord | None = None,
        keeping: Keeping | None = None,
    ) -> None:
        self.bound, self.record, self.clock = bound, record, clock
        self.outputs: dict[str, Output] = {}
        self.scope: dict[str, Value] = {"input": inputs}
        self.sources: list[SourceNote] = []
        self.models: list[ModelNote] = []
        self.deadline: float | None = clock.monotonic() + bound.timeout
        self._kept = kept
        self.keeping = keeping
        """Where it is kept, when it is durable."""
        self.let_go = False
        """Whether it stopped because the journal could not keep it."""
        self.previous = previous
        """The last run that answered the same flow with the same input."""
        self._missing = {name: len(part.needs) for name, part in bound.parts.items()}
        self._reply_missing = set(bound.reply_needs)
        self._tasks: set[asyncio.Task[None]] = set()
        self._reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._over = False
        """How it ends is decided; steps may still be stopping."""
        self._end = asyncio.Event()
        self._timer = asyncio.get_running_loop().call_later(bound.timeout, self._out_of_time)

    @property
    def left(self) -> bool:
        """Whether nothing of it is running any more."""
        return self._end.is_set()

    def start(self) -> None:
        self._reply_when_ready()
        if not self._over:
            self._spawn(tuple(name for name, count in self._missing.items() if count == 0))

    async def answered(self) -> dict[str, Any]:
        """The answer envelope. Raises what failed the run; a caller that leaves cancels a run that nobody keeps."""
        try:
            return await asyncio.shield(self._reply)
        except asyncio.CancelledError:
            if not self._reply.done() and self.keeping is None:
                self.cancel("the caller left")
            raise

    async def replied(self) -> None:
        """Until there is a reply, or it is known that there will be none: it failed, or waits for a person first."""
        ended = asyncio.ensure_future(self._end.wait())
        try:
            either: set[asyncio.Future[Any]] = {self._reply, ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()

    async def ended(self) -> None:
        """Until no step is running any more, those that were stopped included; a run that waits for a person has ended
        here too."""
        await self._end.wait()

    def cancel(self, reason: str) -> None:
        """Stops every step that is running."""
        self._finish("cancelled", reason)
        for task in self._tasks:
            task.cancel()

    def _spawn(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._add(asyncio.create_task(self._walk(name)))

    def _add(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self._finish("waiting" if self._is_waiting() else "done", "")
            self._leave()

    def _is_waiting(self) -> bool:
        return any(step.status == "waiting" for step in self.record.steps.values())

    async def _walk(self, first: str) -> None:
        name: str | None = first
        while name is not None and await self._step(name):
            freed = self._free(name)
            self._spawn(freed[1:])
            name = freed[0] if freed else None

    async def _step(self, name: str) -> bool:
        """Does one step and records how it went; False when nothing may follow it."""
        part, record = self.bound.parts[name], self.record.steps[name]
        record.status, record.started = "running", self.clock.now()
        try:
            outcome = await part.go(self, record)
        except asyncio.CancelledError:
            record.status, record.reason, record.ended = "cancelled", self.record.error or "cancelled", self.clock.now()
            raise
        except LetGo as gone:
            self.let_go = True
            record.status, record.reason, record.ended = "cancelled", str(gone), self.clock.now()
            self.cancel(str(gone))
            return False
        except Fault as fault:
            if isinstance(fault, Uncertain) and self.keeping is not None:
                record.status, record.reason = "waiting", fault.sentence
                return False
            record.status, record.reason, record.ended = "failed", fault.sentence, self.clock.now()
            self._give_up(fault.at(f"step {name}"))
            return False
        return self._settle(name, record, outcome)

    def _settle(self, name: str, record: StepRecord, outcome: Outcome) -> bool:
        output: Output = None
        match outcome:
            case Waiting():
                record.status, record.reason = "waiting", outcome.reason
                if outcome.output is not None:
                    self.scope[name] = _value(outcome.output)
                    self._spawn_followers(name)
                return False
            case Skipped():
                record.status, record.reason = "skipped", outcome.reason
            case Degraded():
                record.status, record.reason, output = "degraded", outcome.reason, outcome.output
            case _:
                record.status, record.reason, output = "done", "", outcome
        record.ended = self.clock.now()
        record.rows = _count(output)
        self.outputs[name] = output
        self.scope[name] = _value(output)
        return True

    def _spawn_followers(self, approval: str) -> None:
        """Steps that go over the items of an approval begin with those that are decided."""
        for name in self.bound.frees.get(approval, ()):
            if self.bound.parts[name].follows == approval and self._missing[name] == 1:
                self._add(asyncio.create_task(self._follow(name, approval)))

    async def _follow(self, name: str, approval: str) -> None:
        record = self.record.steps[name]
        if await self._step(name):
            # More may be approved yet: what it did so far stands, and its followers wait.
            del self.outputs[name], self.scope[name]
            record.status, record.reason, record.ended = "waiting", f"goes on as {approval} does", None

    def _free(self, name: str) -> tuple[str, ...]:
        freed = []
        for follower in self.bound.frees.get(name, ()):
            self._missing[follower] -= 1
            if self._missing[follower] == 0:
                freed.append(follower)
        if name in self._reply_missing:
            self._reply_missing.discard(name)
            self._reply_when_ready()
        return tuple(freed)

    def _reply_when_ready(self) -> None:
        if self._reply_missing or self._reply.done():
            return
        try:
            self.record.answer = self.bound.reply(self, partial=False)
        except Fault as fault:
            self._give_up(fault.at("reply"))
            return
        # What goes on after the reply has its own time.
        self.deadline = None
        self._timer.cancel()
        self.record.replied = self.clock.now()
        self._reply.set_result(self.record.answer)
        self._kept(self)

    def _out_of_time(self) -> None:
        running = [step.name for step in self.record.steps.values() if step.status == "running"]
        self._give_up(
            DeadlinePassed(
                f"no reply within {self.bound.timeout:g} s; still running: {', '.join(running) or 'nothing'}.",
                where=self.bound.flow,
                way_out="Give the flow a longer `timeout`, or let a slow step go on with `on_error: empty`.",
            )
        )

    def _give_up(self, fault: Fault) -> None:
        if self._over:
            return
        self._finish("failed", fault.sentence)
        if not self._reply.done():
            # What was fetched stays in the answer, which says what is missing.
            self.record.answer = self.bound.reply(self, partial=True)
            self._reply.set_exception(fault)
            self._reply.exception()  # marked as seen: a caller that has left asks no more
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    def _finish(self, status: RunStatus, reason: str) -> None:
        if self._over:
            return
        self._over = True
        self._timer.cancel()
        self.record.status, self.record.error = status, reason or None
        if status != "waiting":
            self.record.ended = self.clock.now()
        if status == "cancelled" and not self._reply.done():
            self._reply.cancel()
        if self._tasks:
            self._kept(self)
        else:
            self._leave()

    def _leave(self) -> None:
        if not self._end.is_set():
            self._end.set()
            self._kept(self)


def _value(output: Output) -> Value:
    """What expressions see of an output."""
    return output.rows if isinstance(output, Frame) else output


def _count(output: Output) -> int | None:
    match output:
        case Frame() | list():
            return len(output)
        case {"ok": list() as ok, "failed": list()}:
            return len(ok)
    return None

"""Every run that this process can see: those in memory, and those that a journal keeps."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from pointsman.errors import Refused
from pointsman.flows.durable import Durable
from pointsman.flows.engine import Engine
from pointsman.flows.kept import notes_of
from pointsman.frame import Frame, Output
from pointsman.journal import codec
from pointsman.journal.memory import Outputs
from pointsman.journal.port import Kept, Page, RunView, State
from pointsman.journal.record import Attempt, RunRecord, RunStatus, StepRecord, StepStatus
from pointsman.spec.flow import FlowHead

TENANT: Final = "default"


@dataclass(frozen=True, slots=True)
class Started:
    """A run on its way. `record` is there when it is worked on in this process. `leave`: what its caller's leaving
    does; a durable run goes on."""

    id: str
    answered: Callable[[], Awaitable[dict[str, Any]]]
    leave: Callable[[], None]
    record: RunRecord | None


class Runs:
    """Starts runs, in memory or durable as their flow says, and finds them again."""

    def __init__(self, engine: Engine, durable: Durable | None, heads: Mapping[str, FlowHead]) -> None:
        self._engine, self._durable, self._heads = engine, durable, heads

    async def start(
        self,
        flow: str,
        given: Mapping[str, Any],
        *,
        door: str,
        principal: str = "local",
        reading: dict[str, Any] | None = None,
        dedup_key: str | None = None,
    ) -> Started:
        """Raises Refused for a flow that is not there and an input that does not fit."""
        head = self._heads.get(flow)
        if self._durable is None or head is None or not head.durable:
            run = self._engine.start(flow, given, door=door, principal=principal, reading=reading)
            return Started(run.record.id, run.answered, lambda: run.cancel("the caller left"), run.record)
        durable = self._durable
        made = await durable.make(flow, given, door=door, principal=principal, dedup_key=dedup_key, reading=reading)
        held = await durable.begin(made)
        record = held.record if held is not None else None
        return Started(made, lambda: durable.answered(made), lambda: None, record)

    async def get(self, run: str) -> RunRecord:
        """A run with its steps. Raises Refused (404)."""
        view = None if self._durable is None else await self._durable.journal.view(run, TENANT)
        kept = self._engine.journal.get(run)
        if view is None:
            if kept is None:
                raise Refused(f"no run {run!r} is kept.", way_out="See /runs for those that are.", status=404)
            return kept
        if kept is not None and kept.status == "running" and view.state == "running":
            return kept
        assert self._durable is not None
        return self._record(view, await self._durable.journal.steps(run))

    async def newest(
        self, *, limit: int = 50, before: str | None = None, flow: str | None = None, status: str | None = None
    ) -> list[RunRecord]:
        """The newest runs first; `before` = the id of the last one already seen."""
        if status is not None and status not in get_args(RunStatus):
            raise Refused(f"no status named {status!r}.", way_out=f"One of: {', '.join(get_args(RunStatus))}.")
        found = {
            record.id: record
            for record in self._engine.journal.newest(limit=limit, before=before, flow=flow, status=status)  # type: ignore[arg-type]
        }
        if self._durable is not None:
            state: State | None = status  # type: ignore[assignment]
            page = Page(limit=limit, before=before, flow=flow, state=state, tenant=TENANT)
            for view in await self._durable.journal.newest(page):
                found[view.id] = self._record(view, [], found.get(view.id))
        return sorted(found.values(), key=lambda record: record.id, reverse=True)[:limit]

    async def cancel(self, run: str, reason: str) -> None:
        """Ends a run. Raises Refused: 404, or 409 when it has ended."""
        record = await self.get(run)
        kept = self._engine.cancel(run, reason)
        if not kept and not (self._durable is not None and await self._durable.cancel(run, reason)):
            raise Refused(f"run {run} has ended already: {record.status}.", status=409)

    async def retry(self, run: str) -> None:
        """A failed or cancelled durable run goes on where it stood. Raises Refused: 404, 409."""
        record = await self.get(run)
        if self._durable is None or not await self._durable.journal.retry(run, TENANT):
            why = f"run {run} cannot be retried: it is {record.status}, or not a durable one."
            raise Refused(why, way_out="Start it again.", status=409)
        await self._durable.begin(run)

    async def outputs(self, run: str) -> Outputs:
        """What the steps of a run gave. Raises Refused (404) when that is no longer kept."""
        kept = self._engine.journal.outputs(run)
        if kept is not None:
            return kept
        if self._durable is not None:
            steps = await self._durable.journal.steps(run)
            return {
                step.key: codec.loads(step.output) for step in steps if step.output is not None and "/" not in step.key
            }
        raise Refused(f"the rows of run {run} are no longer kept.", way_out="Ask again.", status=404)

    def _record(self, view: RunView, kept: list[Kept], seen: RunRecord | None = None) -> RunRecord:
        assert self._durable is not None
        said: Any = codec.loads(view.input)
        bound = self._durable.current.bound.get(view.flow)
        record = RunRecord(
            id=view.id,
            flow=view.flow,
            version=view.version,
            door=view.door,
            principal=view.principal,
            input=said["input"],
            reading=said["reading"],
            started=view.started or view.created,
            steps=(seen.steps if seen else bound.records() if bound else {}),
            status="running" if view.state == "queued" else view.state,
            replied=view.replied,
            ended=view.ended,
            answer=codec.loads(view.answer) if view.answer is not None else None,  # type: ignore[arg-type]
            error=view.error,
        )
        for step in kept:
            _add(record, step)
        if kept and view.state in ("waiting", "done"):
            _mark_approvals(record, view.reason or "")
        return record


def _add(record: RunRecord, kept: Kept) -> None:
    """A kept key, as part of its step's record."""
    name, _, item = kept.key.partition("/")
    step = record.steps.setdefault(name, StepRecord(name, "step", name))
    notes = notes_of(kept.usage)
    step.started = min(filter(None, (step.started, kept.started)), default=None)
    step.ended = max(filter(None, (step.ended, kept.ended)), default=None)
    step.input_tokens += notes.input_tokens
    step.output_tokens += notes.output_tokens
    step.dollars += notes.dollars
    if kept.error is not None:
        step.attempts.append(Attempt(kept.started, kept.ended, kept.error))
    if item:
        step.status = "done"
        step.rows = (step.rows or 0) + (kept.mark == "done")
        step.failed_items += kept.mark == "failed"
        return
    step.rows = _count(None if kept.output is None else codec.loads(kept.output))
    step.reason = notes.degraded or notes.skipped or kept.error or ""
    step.status = "degraded" if notes.degraded else "skipped" if notes.skipped else _STATUS[kept.mark]


_STATUS: Final[Mapping[str, StepStatus]] = {
    "done": "done",
    "failed": "failed",
    "started": "running",
    "uncertain": "waiting",
}


def _count(output: Output) -> int | None:
    return len(output) if isinstance(output, Frame | list) else None


def _mark_approvals(record: RunRecord, reason: str) -> None:
    """An approval keeps no output: it waits as its run does, and is done when that is."""
    for step in record.steps.values():
        if step.verb == "approve" and step.status == "pending":
            waits = record.status == "waiting"
            step.status, step.reason = ("waiting", reason) if waits else ("done", "")

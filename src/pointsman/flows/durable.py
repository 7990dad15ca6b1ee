"""Durable runs: made in the journal, worked on by whoever claims them, taken up again where they stood."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pointsman.clock import Clock
from pointsman.errors import Broken, DeadlinePassed, Fault, Later, Refused, way_out
from pointsman.flows.approval import effects
from pointsman.flows.engine import UnfitInput, run_id
from pointsman.flows.kept import UNCERTAIN, KeptRun
from pointsman.flows.run import Bound, Run
from pointsman.frame import Frame
from pointsman.journal import codec
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.port import Approval, Claimed, Fenced, Journal, Limit, NewRun, RunView
from pointsman.journal.record import RunRecord
from pointsman.plan.node import Plan
from pointsman.shape import Value
from pointsman.spec.field import Field
from pointsman.spec.value import accept

MOST_CLAIMS: Final = 5
"""A run claimed so often without a step finishing in between kills its workers; it fails, and the queue goes on."""
SUSPECT: Final = 3
"""A run claimed so often is worked on alone, so that what was begun beside it is not taken for what ends workers."""
ALONE: Final = 5.0
"""Seconds for which it is alone at most."""
POLL: Final = 0.1
GRACE: Final = 10.0
"""Seconds that runs under way have to end when a worker closes: a write that is cut off leaves its fate unknown."""
EXPIRE_EVERY: Final = 1.0
"""Seconds between two looks for approvals whose time is over."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A project's flows as of one digest of its files. Runs stay on the edition that they began with."""

    digest: str
    content: bytes
    bound: Mapping[str, Bound]
    plans: Mapping[str, Plan]
    inputs: Mapping[str, Mapping[str, Field]]


@dataclass(slots=True)
class _Held:
    """A run that this worker holds."""

    claimed: Claimed
    run: Run
    watch: "asyncio.Task[None] | None" = None
    drained: bool = False
    lost: bool = False
    """Another worker has it now, or it was cancelled: nothing more is kept of it here."""


@dataclass(slots=True)
class Durable:
    """One worker of a journal. `load` builds an edition from the files that a run began with."""

    journal: Journal
    memory: MemoryJournal
    """Where the runs of this process can be looked at while they go on."""
    current: Edition
    load: Callable[[str, bytes], Edition]
    clock: Clock
    worker: str
    lease: float = 30.0
    at_once: int = 64
    limits: Mapping[str, Limit] = field(default_factory=dict)
    _editions: dict[str, Edition] = field(default_factory=dict)
    _held: dict[str, _Held] = field(default_factory=dict)
    _to_return: dict[str, Claimed] = field(default_factory=dict)
    """Runs that are not worked on here although the journal says so; it was away when they stopped, say. Their leases
    would be renewed as long as this worker lives, so they are given back."""
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _draining: bool = False

    async def open(self) -> None:
        """Opens the journal and keeps the present edition in it. Raises Broken when it cannot be used."""
        await self.journal.open()
        await self.journal.keep_definition(self.current.digest, self.current.content)
        self._editions[self.current.digest] = self.current
        self._start(self._beat())

    async def make(
        self, flow: str, given: Mapping[str, Any], *, door: str, principal: str = "local",
        dedup_key: str | None = None, reading: dict[str, Any] | None = None, parent: str | None = None,
    ) -> str:  # fmt: skip
        """A new run's id, or that of the run that has this `dedup_key`. Raises Refused for an input that is unfit."""
        bound = self.current.bound.get(flow)
        if bound is None:
            raise Refused(f"no flow named {flow!r}.", way_out=way_out(flow, self.current.bound, "Flows"), status=404)
        values, faults = accept(self.current.inputs[flow], given)
        if faults:
            raise UnfitInput(flow, faults)
        made = NewRun(
            id=run_id(int(self.clock.now().timestamp() * 1000)),
            flow=flow,
            version=bound.version,
            definition=self.current.digest,
            input=codec.dumps({"input": values, "reading": reading}),
            door=door,
            principal=principal,
            dedup_key=dedup_key,
            parent=parent,
        )
        return (await self.journal.create([made]))[0]

    async def begin(self, run: str) -> Run | None:
        """Works on a run at once, here, if it can be claimed."""
        claimed = await self.journal.claim(self.worker, lease=self.lease, most=1, limits=self.limits, only=run)
        return await self._take_up(claimed[0]) if claimed else None

    async def answered(self, run: str, tenant: str = "default") -> dict[str, Any]:
        """The answer of a run, wherever it is worked on. Raises what failed it; DeadlinePassed when it takes longer
        than the flow's timeout, while the run goes on."""
        held = self._held.get(run)
        if held is not None:
            await held.run.replied()
            if held.run.record.replied is not None or held.run.record.status == "failed":
                return await held.run.answered()
        view = await self._view(run, tenant)
        until = self.clock.monotonic() + self.current.bound[view.flow].timeout
        while view.answer is None and view.state not in ("done", "failed", "cancelled"):
            if self.clock.monotonic() > until:
                raise DeadlinePassed(f"run {run} has not replied yet; it goes on.", way_out=f"See /api/runs/{run}.")
            await asyncio.sleep(POLL)
            view = await self._view(run, tenant)
        if view.answer is None:
            raise Refused(view.error or f"run {run} was {view.state}.")
        answer = codec.loads(view.answer)
        assert isinstance(answer, dict)
        return answer

    async def cancel(self, run: str, reason: str, tenant: str = "default") -> bool:
        """Ends a run, wherever it is worked on. False when it has ended already."""
        ended = await self.journal.cancel(run, tenant, reason)
        if ended and run in self._held:
            self._held[run].run.cancel(reason)
        return ended

    async def render(self, approval: Approval, item: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What will be done for an item as a person changed it. What is done is held to it when it is done."""
        view = await self._view(approval.run, approval.tenant)
        said: Any = codec.loads(view.input)
        scope: dict[str, Value] = {"input": said["input"]}
        for kept in await self.journal.steps(approval.run):
            if kept.output is not None and "/" not in kept.key:
                output = codec.loads(kept.output)
                scope[kept.key] = output.rows if isinstance(output, Frame) else output
        return effects(self.current.plans[view.flow], approval.step, item, scope)

    async def work(self) -> None:
        """Claims and works on runs, and lets time decide what nobody decided, until it is cancelled."""
        self._start(self._let_expire())
        async for _ in self.journal.changed():
            with suppress(Later):  # the store is away; the next round looks again
                while not self._draining and await self._claim_some():
                    pass

    async def _claim_some(self) -> bool:
        """Whether there may be more to claim."""
        room = self.at_once - len(self._held)
        if room <= 0:
            return False
        claimed = await self.journal.claim(self.worker, lease=self.lease, most=room, limits=self.limits)
        suspects = [one for one in claimed if one.claims >= SUSPECT]
        if suspects:
            await self._take_up_alone(max(suspects, key=lambda one: one.claims), claimed)
        else:
            for one in claimed:
                await self._take_up(one)
        return bool(claimed)

    async def _take_up_alone(self, suspect: Claimed, claimed: Sequence[Claimed]) -> None:
        """Gives the others back, and claims nothing more until it has ended or was alone for a while."""
        self._to_return.update({one.id: one for one in claimed if one is not suspect})
        with suppress(Later):  # the next beat tries it again
            await self._give_back()
        await self._take_up(suspect)
        held = self._held.get(suspect.id)
        if held is not None and held.watch is not None:
            await asyncio.wait({held.watch}, timeout=ALONE)

    async def drain(self, seconds: float) -> None:
        """Claims nothing more, lets what is under way end for a while, and gives the rest back to be taken up."""
        self._draining = True
        watches = [held.watch for held in self._held.values() if held.watch is not None]
        if watches:
            await asyncio.wait(watches, timeout=seconds)
        for held in list(self._held.values()):
            held.drained = True
            held.run.cancel("the worker is stopping")
        await asyncio.gather(*(held.watch for held in list(self._held.values()) if held.watch), return_exceptions=True)
        with suppress(Later):  # the store is away; their leases end by themselves
            await self._give_back()

    async def close(self) -> None:
        await self.drain(GRACE)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.journal.close()

    async def _take_up(self, claimed: Claimed) -> Run | None:
        try:
            return await self._go_on(claimed)
        except (Refused, Broken) as fault:
            # A run that cannot even begin must not stop the others: it fails, with the reason.
            await self._fail(claimed, fault.sentence)
        except Later:
            self._to_return[claimed.id] = claimed
        return None

    async def _fail(self, claimed: Claimed, sentence: str) -> None:
        try:
            await self.journal.finish(claimed.id, claimed.epoch, "failed", sentence)
        except (Fenced, Later):
            self._to_return[claimed.id] = claimed

    async def _go_on(self, claimed: Claimed) -> Run | None:
        if claimed.claims > MOST_CLAIMS:
            sentence = f"it was begun {claimed.claims - 1} times and ended its worker each time."
            await self.journal.finish(claimed.id, claimed.epoch, "failed", sentence)
            return None
        edition = await self._edition(claimed.definition)
        bound = edition.bound[claimed.flow]
        kept = await self.journal.steps(claimed.id)
        told = await self.journal.approvals_of(claimed.id, UNCERTAIN)
        keeping = KeptRun(self.journal, claimed, kept, told, edition.plans.get(claimed.flow), self._new_id, self.clock)
        said: Any = codec.loads(claimed.input)
        values: dict[str, Value] = said["input"]
        record = RunRecord(
            id=claimed.id,
            flow=claimed.flow,
            version=claimed.version,
            door=claimed.door,
            principal=claimed.principal,
            input=values,
            started=claimed.created,
            steps=bound.records(),
            reading=said["reading"],
        )
        previous = self.memory.last_answered(claimed.flow, claimed.version, values)
        previous = None if previous is not None and previous.id == claimed.id else previous
        self.memory.keep(record)
        run = Run(bound, record, values, self.clock, self._remember, previous, keeping)
        held = self._held[claimed.id] = _Held(claimed, run)
        run.start()
        held.watch = self._start(self._watch(held))
        return run

    def _remember(self, run: Run) -> None:
        self.memory.keep_outputs(run.record.id, dict(run.outputs))

    async def _watch(self, held: _Held) -> None:
        """Keeps the reply when it is there, and what became of the run when its steps have ended."""
        claimed, run, settled = held.claimed, held.run, False
        try:
            await run.replied()
            if run.record.replied is not None:
                await self.journal.reply(claimed.id, claimed.epoch, codec.dumps(run.record.answer))
            await run.ended()
            if not run.let_go and not held.lost:
                await self._settle(held)
                settled = True
        except (Fenced, Later) as fault:
            # Whoever claims it goes on where it stood.
            run.cancel(fault.sentence)
        finally:
            self._held.pop(claimed.id, None)
            if not settled:
                self._to_return[claimed.id] = claimed

    async def _settle(self, held: _Held) -> None:
        claimed, record = held.claimed, held.run.record
        if held.drained:
            await self.journal.park(claimed.id, claimed.epoch, reason="its worker stopped", ready_in=0.0)
        elif record.status == "waiting":
            reason = "; ".join(step.reason for step in record.steps.values() if step.status == "waiting")
            await self.journal.park(claimed.id, claimed.epoch, reason=reason)
        else:
            states: dict[str, Literal["done", "failed", "cancelled"]] = {"done": "done", "cancelled": "cancelled"}
            await self.journal.finish(claimed.id, claimed.epoch, states.get(record.status, "failed"), record.error)

    async def _let_expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_EVERY)
            with suppress(Later):  # the store is away; the next round looks again
                await self.journal.expire()

    async def _beat(self) -> None:
        """Renews the leases; a run that this worker no longer holds is let go, and records nothing more."""
        while True:
            await asyncio.sleep(self.lease / 3)
            with suppress(Fault):  # the store is away; the leases end by themselves, and the next beat tells
                await self._give_back()
                await self._renew()

    async def _give_back(self) -> None:
        for one in list(self._to_return.values()):
            with suppress(Fenced):  # somebody has it already, or it has ended
                await self.journal.park(one.id, one.epoch, reason="its worker gave it back", ready_in=0.0)
            if self._to_return.get(one.id) is one:
                del self._to_return[one.id]

    async def _renew(self) -> None:
        if not self._held:
            return
        # Only these: what is claimed while the answer is on its way is not in it.
        asked = list(self._held.values())
        still = await self.journal.renew(self.worker, self.lease)
        for held in asked:
            if held.claimed.id not in still:
                held.lost = True
                held.run.cancel("another worker has taken it over")

    async def _edition(self, digest: str) -> Edition:
        if digest not in self._editions:
            content = await self.journal.definition(digest)
            if content is None:
                raise Refused(f"the files that this run began with ({digest[:12]}) are no longer kept.")
            self._editions[digest] = self.load(digest, content)
        return self._editions[digest]

    async def _view(self, run: str, tenant: str) -> RunView:
        view = await self.journal.view(run, tenant)
        if view is None:
            raise Refused(f"no run {run!r}.", status=404)
        return view

    def _new_id(self) -> str:
        return run_id(int(self.clock.now().timestamp() * 1000))

    def _start(self, work: Any) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

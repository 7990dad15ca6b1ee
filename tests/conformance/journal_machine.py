"""Any sequence of what two workers do to a journal agrees with a simple model of it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.conformance.journal_store import LEASE, JournalStore, new_run

from pointsman.journal.port import Fenced, Journal, StepWrite

Stores = Callable[[], AbstractAsyncContextManager[JournalStore]]
WORKERS = st.sampled_from([0, 1])
ANY = st.integers(0, 30)


@dataclass
class Run:
    id: str
    priority: int
    ready_at: float | None
    """When time alone makes it claimable: a delay, a sleep's end, a lease's end."""
    state: str = "queued"
    epoch: int = 0
    owner: int | None = None
    woken: bool = False
    steps: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def ready(self, now: float) -> bool:
        timed = self.ready_at is not None and self.ready_at <= now
        return (self.state == "queued" and self.ready_at is None) or (
            self.state in ("queued", "waiting", "running") and timed
        )


def machine(stores: Stores) -> type[RuleBasedStateMachine]:
    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.runner = asyncio.Runner()
            self.context = stores()
            self.store = self.runner.run(self.context.__aenter__())
            self.journals: list[Journal] = [self.runner.run(self.store.journal()) for _ in range(2)]
            self.now = 0.0
            self.runs: list[Run] = []
            self.held: list[list[tuple[Run, int]]] = [[], []]
            """What each worker believes that it holds, zombies included."""
            self.outputs = 0

        def teardown(self) -> None:
            self.runner.run(self.context.__aexit__(None, None, None))
            self.runner.close()

        @rule(worker=WORKERS, priority=st.integers(-1, 1), delay=st.sampled_from([0.0, 0.0, 20.0]))
        def create(self, worker: int, priority: int, delay: float) -> None:
            made = new_run(priority=priority, ready_in=delay)
            assert self.runner.run(self.journals[worker].create([made])) == [made.id]
            self.runs.append(Run(made.id, priority, self.now + delay if delay else None))

        @rule(worker=WORKERS, most=st.integers(1, 3))
        def claim(self, worker: int, most: int) -> None:
            got = self.runner.run(self.journals[worker].claim(f"w{worker}", lease=LEASE, most=most, limits={}))
            ready = [run for run in self.runs if run.ready(self.now)]
            ready.sort(key=lambda run: -run.priority)
            assert [run.id for run in got] == [run.id for run in ready[:most]]
            for run, claimed in zip(ready, got, strict=False):
                assert claimed.epoch > run.epoch
                run.state, run.owner, run.epoch, run.woken = "running", worker, claimed.epoch, False
                run.ready_at = self.now + LEASE
                self.held[worker].append((run, claimed.epoch))

        def choose(self, worker: int, pick: int) -> tuple[Run, int, bool]:
            run, epoch = self.held[worker][pick % len(self.held[worker])]
            return run, epoch, run.state == "running" and run.epoch == epoch

        def write(self, coroutine: object, living: bool) -> bool:
            try:
                self.runner.run(coroutine)  # type: ignore[arg-type]
            except Fenced:
                assert not living
                return False
            assert living, "a zombie wrote"
            return True

        @precondition(lambda self: any(self.held))
        @rule(
            worker=WORKERS, pick=ANY, keys=st.lists(st.sampled_from("abc"), min_size=1, max_size=3), done=st.booleans()
        )
        def record(self, worker: int, pick: int, keys: list[str], done: bool) -> None:
            if not self.held[worker]:
                return
            run, epoch, living = self.choose(worker, pick)
            self.outputs += 1
            output = b"%d" % self.outputs
            writes = [StepWrite(key, "done" if done else "failed", output=output) for key in keys]
            if self.write(self.journals[worker].record(run.id, epoch, writes), living):
                for one in writes:
                    if run.steps.get(one.key, ("", b""))[0] != "done":
                        run.steps[one.key] = (one.mark, output)

        @precondition(lambda self: any(self.held))
        @rule(worker=WORKERS, pick=ANY, sleep=st.sampled_from([None, 0.0, 10.0]))
        def park(self, worker: int, pick: int, sleep: float | None) -> None:
            if not self.held[worker]:
                return
            run, epoch, living = self.choose(worker, pick)
            if self.write(self.journals[worker].park(run.id, epoch, reason="x", ready_in=sleep), living):
                run.owner = None
                run.state = "queued" if run.woken else "waiting"
                run.ready_at = None if run.woken or sleep is None else self.now + sleep
                run.woken = False

        @precondition(lambda self: any(self.held))
        @rule(worker=WORKERS, pick=ANY, end=st.sampled_from(["done", "failed"]))
        def finish(self, worker: int, pick: int, end: str) -> None:
            if not self.held[worker]:
                return
            run, epoch, living = self.choose(worker, pick)
            if self.write(self.journals[worker].finish(run.id, epoch, end, None), living):  # type: ignore[arg-type]
                run.state, run.owner, run.ready_at = end, None, None

        @precondition(lambda self: self.runs)
        @rule(worker=WORKERS, pick=ANY)
        def wake(self, worker: int, pick: int) -> None:
            run = self.runs[pick % len(self.runs)]
            self.runner.run(self.journals[worker].wake(run.id))
            if run.state == "waiting":
                run.state, run.ready_at = "queued", None
            run.woken = run.woken or run.state == "running"

        @precondition(lambda self: self.runs)
        @rule(worker=WORKERS, pick=ANY)
        def cancel(self, worker: int, pick: int) -> None:
            run = self.runs[pick % len(self.runs)]
            living = run.state in ("queued", "running", "waiting")
            assert self.runner.run(self.journals[worker].cancel(run.id, "default", "x")) == living
            if living:
                run.state, run.owner, run.ready_at = "cancelled", None, None

        @precondition(lambda self: self.runs)
        @rule(worker=WORKERS, pick=ANY)
        def retry(self, worker: int, pick: int) -> None:
            run = self.runs[pick % len(self.runs)]
            ended = run.state in ("failed", "cancelled")
            assert self.runner.run(self.journals[worker].retry(run.id, "default")) == ended
            if ended:
                run.state, run.ready_at, run.woken = "queued", None, False

        @rule(worker=WORKERS)
        def renew(self, worker: int) -> None:
            mine = [run for run in self.runs if run.state == "running" and run.owner == worker]
            assert self.runner.run(self.journals[worker].renew(f"w{worker}", LEASE)) == {run.id for run in mine}
            for run in mine:
                run.ready_at = self.now + LEASE

        @rule(seconds=st.sampled_from([1.0, 11.0, 31.0]))
        def advance(self, seconds: float) -> None:
            self.runner.run(self.store.advance(seconds))
            self.now += seconds

        @invariant()
        def agrees(self) -> None:
            for run in self.runs:
                view = self.runner.run(self.journals[0].view(run.id, "default"))
                assert view and view.state == run.state
                assert view.owner == (None if run.owner is None else f"w{run.owner}")
                kept = self.runner.run(self.journals[1].steps(run.id))
                assert {step.key: (step.mark, step.output) for step in kept} == run.steps

    return Machine


class MachineContract:
    """Besides `store`: a fixture `stores` that gives what makes empty stores, for use on an event loop of their own."""

    sequences = 50

    def test_any_sequence_agrees_with_the_model(self, stores: Stores) -> None:
        run_state_machine_as_test(
            machine(stores),
            settings=settings(
                max_examples=self.sequences,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )

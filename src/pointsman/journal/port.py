"""The port to what is kept: runs, their finished steps, decisions of people, and schedules.

Rules that every implementation holds, and one conformance suite checks:
- A write names the epoch under which its worker claimed the run; an older epoch writes nothing (`Fenced`).
- What a method confirmed is on the disk (SQLite: WAL with full sync; PostgreSQL: committed), also after a kill -9.
- Many writes of one process share one commit; each waits only for its own.
- Payloads and texts (errors, reasons, titles) are sealed before they reach SQL and opened after: SQL sees ids, states,
  times and hashes only. `dedup_key`, `concurrency_key` and subjects are kept as keyed hashes.
- Leases and ready times are compared by the store's own clock (PostgreSQL: the database's), never by a worker's.
- Nothing is ever read from a replica.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

from pointsman.errors import Fault, Refused
from pointsman.spec.effect import Effect

State = Literal["queued", "running", "waiting", "done", "failed", "cancelled"]
"""`waiting` holds no coroutine: a signal, an approval or its `ready_at` makes it `queued` again."""
Mark = Literal["started", "done", "failed", "uncertain"]
"""`started`: an outside write was begun; if its end is never recorded its fate is unknown."""
Decision = Literal["waiting", "approved", "rejected", "redraft", "expired", "withdrawn"]
"""`redraft`: a person wants another draft; the run asks the item again. `expired`: nobody decided in time, and that
means no. `withdrawn`: its run ended first."""

INPUT: Final = "$input"
ANSWER: Final = "$answer"
"""Keys of a run's own payloads in the subject index, beside its step keys and `$approval/step/item`."""


def approval_key(step: str, item: str) -> str:
    """The key of an approval's payloads in the subject index."""
    return f"$approval/{step}/{item}"


class Fenced(Fault):
    """Another worker has claimed the run since; whoever gets this stops working on it and records nothing."""

    status = 409


class TooLarge(Refused):
    """A payload above the store's limit; nothing was written."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be done. `definition`: digest of the project's files that it runs, kept while a run refers to it."""

    id: str
    flow: str
    version: int
    definition: str
    input: bytes
    """Payload (plain here; the journal seals it), as are all `bytes` below."""
    door: str
    principal: str
    tenant: str = "default"
    dedup_key: str | None = None
    """A second run of the same tenant and flow with this key is not made."""
    ready_in: float = 0.0
    """Seconds until it may be claimed."""
    priority: int = 0
    """Higher is claimed first."""
    concurrency_key: str | None = None
    """At most `Limit.concurrent` runs with this key are running at once."""
    parent: str | None = None
    subjects: Collection[str] = ()
    """Raw values of people and accounts in `input`, for the erasure index."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A run that this worker may work on until its lease ends, under this epoch."""

    id: str
    epoch: int
    flow: str
    version: int
    definition: str
    tenant: str
    principal: str
    door: str
    input: bytes
    claims: int
    """How often it was claimed, this time included, without a finished step or a park in between: a run that kills its
    workers is seen by it."""
    created: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A step, or one item of it, as the journal has it. `key`: `step` or `step/item`."""

    key: str
    mark: Mark
    attempt: int
    output: bytes | None
    error: str | None
    started: datetime
    ended: datetime | None
    usage: bytes | None = None
    """Tokens, cost and notes, as JSON."""
    effect: Effect = "none"


@dataclass(frozen=True, slots=True)
class StepWrite:
    """What is to be recorded of a step. `subjects`: raw values of people and accounts in it, for the erasure index
    (kept as keyed hashes only)."""

    key: str
    mark: Mark
    attempt: int = 1
    output: bytes | None = None
    error: str | None = None
    usage: bytes | None = None
    effect: Effect = "none"
    subjects: Collection[str] = ()
    took: float = 0.0
    """Seconds since it began. `started` of a key is that long before its first write, and stays."""


@dataclass(frozen=True, slots=True)
class RunView:
    """A run, for lists and pages."""

    id: str
    flow: str
    version: int
    state: State
    tenant: str
    principal: str
    door: str
    created: datetime
    started: datetime | None
    replied: datetime | None
    ended: datetime | None
    error: str | None
    reason: str | None
    """What it waits for, or why it is where it is."""
    claims: int
    owner: str | None
    input: bytes
    answer: bytes | None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """How fast runs of one flow may be claimed. A running one whose lease has ended is counted already."""

    concurrent: int | None = None
    """At once, for each concurrency key (all runs without a key count as one)."""
    per_second: float | None = None
    """Starts (first claims) of the flow: at most `per_second` in the last second; below 1, one in `1 / per_second`."""


@dataclass(frozen=True, slots=True)
class NewApproval:
    """An item that a person must decide on. `effect`: exactly what will be done; `hash`: of that, SHA-256 in hex."""

    id: str
    run: str
    step: str
    item: str
    effect: bytes
    hash: str
    role: str
    requester: str
    title: str
    within: float
    """Seconds until `otherwise` happens by itself."""
    otherwise: Literal["reject", "approve"]
    four_eyes: bool = False
    """The requester may not decide."""
    subjects: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """An item and what became of it."""

    id: str
    run: str
    tenant: str
    step: str
    item: str
    effect: bytes
    hash: str
    role: str
    requester: str
    title: str
    decision: Decision
    expires: datetime
    created: datetime
    four_eyes: bool
    otherwise: Literal["reject", "approve"]
    snoozed_until: datetime | None = None
    decided_by: str | None = None
    decided: datetime | None = None
    reason: str | None = None
    edit: bytes | None = None
    """The difference that the person made before approving."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A person's decision. `hash`: of the effect that the person saw; it must still be that one.

    `edited`, `edited_hash`: the effect as the person changed it, which replaces the first. `edit`: the difference.
    """

    id: str
    hash: str
    decision: Literal["approved", "rejected", "redraft"]
    by: str
    reason: str | None = None
    edited: bytes | None = None
    edited_hash: str | None = None
    edit: bytes | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a flow starts by the clock. `next`: its next fire time."""

    name: str
    flow: str
    next: datetime
    last: datetime | None = None
    tenant: str = "default"


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list. `before`: the id of the last one already seen. `state` is of runs.

    `filters`, by equality: of runs `principal`, `door`, `parent`; of approvals `role`, `run`, `requester`. Others are
    Refused.
    """

    limit: int = 50
    before: str | None = None
    flow: str | None = None
    state: State | None = None
    tenant: str = "default"
    filters: Mapping[str, str] = field(default_factory=dict)


class Journal(Protocol):
    """What is kept. All methods raise Later when the store is away (the caller tries again) and Broken when it cannot
    be used (a corrupted file, a schema of a newer version: both are left untouched)."""

    async def open(self) -> None:
        """Connects, and brings the schema to this version (forward only)."""

    async def close(self) -> None:
        """Waits for the writes under way, then lets go."""

    # Definitions: the projects' files that runs refer to.
    async def keep_definition(self, digest: str, content: bytes) -> None: ...
    async def definition(self, digest: str) -> bytes | None: ...

    # Runs.
    async def create(self, runs: Sequence[NewRun]) -> list[str]:
        """Each run's id, in order: its own, or that of the run that already has its `dedup_key` (or its id). All or
        none. Raises TooLarge."""

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
        """Queued runs whose time has come, waiting ones that were woken or whose `ready_at` has passed, and running
        ones whose lease has ended; best priority, then oldest, first. Each is given to one worker only. With limits it
        may give fewer than there are; asked again, it gives the others.

        `flows`: only runs of these. `only`: this run alone, if it can be claimed (who made it works on it at once).
        """

    async def renew(self, worker: str, lease: float) -> set[str]:
        """The heartbeat: the runs that this worker still holds, their leases renewed."""

    async def steps(self, run: str) -> list[Kept]:
        """Everything recorded of a run, in the order in which it started."""

    async def record(self, run: str, epoch: int, writes: Sequence[StepWrite]) -> None:
        """Records steps, all or none. A key that is `done` stays as it is. Raises Fenced (also for a run that is not
        running), TooLarge."""

    async def reply(self, run: str, epoch: int, answer: bytes, subjects: Collection[str] = ()) -> None:
        """Keeps the answer, sent or to be sent. Raises Fenced."""

    async def park(self, run: str, epoch: int, *, reason: str, ready_in: float | None = None) -> None:
        """Waiting, without an owner. A signal that came meanwhile wakes it at once. Raises Fenced."""

    async def finish(
        self, run: str, epoch: int, state: Literal["done", "failed", "cancelled"], error: str | None
    ) -> None:
        """The end of a run; its undecided approvals are withdrawn. Raises Fenced."""

    async def wake(self, run: str) -> None:
        """Something that it waits for has happened. Remembered until it parks, when it is running."""

    async def cancel(self, run: str, tenant: str, reason: str) -> bool:
        """Ends a run that has not ended, as `finish` does; a worker that holds it is fenced. False when it is unknown
        or has ended."""

    async def retry(self, run: str, tenant: str) -> bool:
        """A failed or cancelled run goes on where it stood: same run, finished steps kept. False when it cannot."""

    async def view(self, run: str, tenant: str) -> RunView | None: ...
    async def newest(self, page: Page) -> list[RunView]:
        """Runs, the youngest first."""

    async def changed(self) -> AsyncIterator[None]:
        """Something may be claimable: now and then at the least every second, at once where the store can tell."""
        yield

    # Approvals.
    async def ask(self, run: str, epoch: int, approvals: Sequence[NewApproval]) -> None:
        """Adds items; one that is there already (same run, step and item) stays as it is, unless it was withdrawn or
        sent back for another draft: then it is asked anew, under its first id. Raises Fenced, TooLarge."""

    async def decide(self, verdict: Verdict, tenant: str) -> Approval | None:
        """Decides an item that still waits, with that hash, and wakes its run: the first of two racers wins. None when
        it is unknown, decided already, past its time or changed; `approval` tells which. Refused (403) when it wants
        four eyes and `by` is its requester."""

    async def snooze(self, approval: str, tenant: str, seconds: float) -> bool:
        """Takes an item that waits off the list for a while; it can be decided, and expires, all the same."""

    async def expire(self) -> list[Approval]:
        """Lets time decide what is past its time, and wakes the runs: `approved` by "time" where `otherwise` says so,
        else `expired`. Each is given to one caller only."""

    async def approval(self, approval: str, tenant: str) -> Approval | None: ...
    async def approvals(self, page: Page, *, decision: Decision | None = "waiting") -> list[Approval]:
        """Those that end soonest first; waiting ones without the snoozed."""

    async def approvals_of(self, run: str, step: str) -> list[Approval]: ...

    # Schedules.
    async def schedule(self, schedules: Sequence[Schedule]) -> None:
        """The schedules that there are now, by name; `next` of one that is known stays unless it is in the arguments
        earlier. Those not named are removed."""

    async def schedules(self) -> list[Schedule]: ...
    async def due(self) -> list[Schedule]: ...
    async def fire(self, schedule: Schedule, next: datetime, run: NewRun | None) -> bool:
        """Moves a schedule from `schedule.next` to `next` and makes the run in the same commit. False when another
        scheduler did it first."""

    # Erasure.
    async def runs_of(self, subject: str) -> list[tuple[str, str]]:
        """(run, key) pairs whose payloads hold a subject: step keys, INPUT, ANSWER, `approval_key`."""

    async def rewrite(self, run: str, key: str, output: bytes, *, without: str) -> None:
        """Replaces a payload (of a step its output, of an approval its effect, whose edit goes) and takes the subject
        `without` out of the index for it: for erasure, and for nothing else."""

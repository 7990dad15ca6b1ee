"""What the journals' contract needs of a store, and short words for what its tests do again and again."""

import hashlib
import itertools
from dataclasses import replace
from typing import Any, Protocol

from pointsman.journal.port import Claimed, Journal, Limit, NewApproval, NewRun, Page, StepWrite

LEASE = 30.0


class JournalStore(Protocol):
    """One store that several processes may use. The fixture `store` of a contract's subclass gives an empty one."""

    async def journal(self, *, most: int = 2**26) -> Journal:
        """Opened, as another process would open it; closed by the fixture. `most`: bytes of its largest payload."""

    async def advance(self, seconds: float) -> None:
        """Time passes on the store's clock."""

    async def raw(self) -> bytes:
        """Everything that is kept, as someone sees it who has the disk, but no key."""


_numbers = itertools.count()


def new_run(**over: Any) -> NewRun:
    made = NewRun(
        id=f"run-{next(_numbers):06d}",
        flow="at-risk",
        version=1,
        definition="d1",
        input=b'{"region":"EMEA"}',
        door="http",
        principal="anna",
    )
    return replace(made, **over)


async def claims(journal: Journal, worker: str = "w1", *, most: int = 100, **limits: Limit) -> list[Claimed]:
    named = {name.replace("_", "-"): limit for name, limit in limits.items()}
    return await journal.claim(worker, lease=LEASE, most=most, limits=named)


async def all_claims(journal: Journal, worker: str = "w1", **limits: Limit) -> list[Claimed]:
    """Until there is none left."""
    found: list[Claimed] = []
    while more := await claims(journal, worker, **limits):
        found += more
    return found


async def started(journal: Journal, worker: str = "w1", **over: Any) -> Claimed:
    """A run that this worker works on."""
    run = new_run(**over)
    await journal.create([run])
    (claimed,) = await journal.claim(worker, lease=LEASE, most=1, limits={}, only=run.id)
    return claimed


async def state(journal: Journal, run: str) -> str:
    view = await journal.view(run, "default")
    assert view
    return view.state


def done(key: str, output: bytes = b"1", **over: Any) -> StepWrite:
    return StepWrite(key=key, mark="done", output=output, **over)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def new_approval(run: str, item: str = "A1", **over: Any) -> NewApproval:
    effect = b'{"to":"a@acme.example"}'
    made = NewApproval(
        id=f"ap-{next(_numbers):06d}",
        run=run,
        step="review",
        item=item,
        effect=effect,
        hash=sha256(effect),
        role="sales-manager",
        requester="anna",
        title="Mail to Acme",
        within=3600.0,
        otherwise="reject",
    )
    return replace(made, **over)


PAGE = Page()

"""Claiming in the PostgreSQL journal: who works on what, and until when."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from pointsman.errors import Broken
from pointsman.journal.port import Claimed, Limit
from pointsman.journal.postgres.links import Link
from pointsman.journal.postgres.queries import queries
from pointsman.journal.postgres.runs import Runs
from pointsman.journal.postgres.store import place_of
from pointsman.journal.postgres.writer import Call, Handler

_LOST_KEPT: Final = 1000
_UNREADABLE_AGAIN: Final = 60.0
"""Seconds after which a run whose input did not open is tried again, here or where the key is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewCall(Call[set[str]]):
    """`lost`: calls of `claim` whose answer never came; nobody works on what they took, so its lease ends."""

    worker: str
    lease: float
    lost: Collection[UUID]


@dataclass(frozen=True, slots=True)
class _Wish:
    worker: str
    lease: float
    most: int
    call: UUID
    limits: Mapping[str, Limit]
    flows: list[str] | None
    only: str | None


class Claims(Runs):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._lost: deque[UUID] = deque(maxlen=_LOST_KEPT)

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
        wish = _Wish(worker, lease, most, uuid4(), limits, None if flows is None else list(flows), only)
        try:
            rows = await self._links.run(lambda link, repeated: _claim(link, wish, repeated))
        except BaseException:  # also when who asked is cancelled: the commit may have been made
            self._lost.append(wish.call)
            raise
        return await self._opened(rows)

    async def renew(self, worker: str, lease: float) -> set[str]:
        touches = frozenset([("worker", worker)])
        return await self._writer.write(RenewCall(touches=touches, worker=worker, lease=lease, lost=tuple(self._lost)))

    def _handlers(self) -> dict[type, Handler]:
        return {RenewCall: _renew} | super()._handlers()

    async def _opened(self, rows: Sequence[Any]) -> list[Claimed]:
        """Runs whose input does not open wait, with the reason, so that one of them does not keep the others."""
        found: list[Claimed] = []
        broken: Broken | None = None
        for row in rows:
            try:
                found.append(self._claimed(row))
            except Broken as fault:
                broken = fault
                await self.park(row["id"], row["epoch"], reason=fault.sentence, ready_in=_UNREADABLE_AGAIN)
        if broken and not found:
            raise broken
        return found

    def _claimed(self, row: Any) -> Claimed:
        return Claimed(
            id=row["id"],
            epoch=row["epoch"],
            flow=row["flow"],
            version=row["version"],
            definition=row["definition"],
            tenant=row["tenant"],
            principal=row["principal"],
            door=row["door"],
            input=self._unpacked(row, "input", *place_of(row["id"], "$input")) or b"",
            claims=row["claims"],
            created=row["created"],
        )


async def _claim(link: Link, wish: _Wish, repeated: bool) -> list[Any]:
    named = queries()
    if repeated and (taken := await link.fetch(named["claimed_by_call"], wish.worker, wish.call)):
        return list(taken)
    await link.fetchval(named["promote"], wish.only)
    return await _ready(link, wish)


async def _ready(link: Link, wish: _Wish) -> list[Any]:
    """What is ready, under the limits. Claims count only when there is something that a limit may hold back."""
    named = queries()
    limited = [flow for flow in wish.limits if wish.flows is None or flow in wish.flows]
    if not limited or not await link.fetchval(named["any_ready"], limited):
        return await _take(link, wish, skip=limited)
    async with link.transaction():
        await link.execute(named["one_claim_at_a_time"])
        return await _take(link, wish, skip=[])


async def _take(link: Link, wish: _Wish, *, skip: list[str]) -> list[Any]:
    flows: list[str] = []
    concurrent: list[int | None] = []
    starts: list[int | None] = []
    seconds: list[float] = []
    for flow, limit in wish.limits.items():
        rate = limit.per_second
        flows.append(flow)
        concurrent.append(limit.concurrent)
        starts.append(None if rate is None else max(1, int(rate)))
        seconds.append(1.0 if rate is None else max(1.0, 1 / rate))
    values = (wish.worker, wish.lease, wish.most, wish.call, wish.flows, skip, wish.only)
    rows: list[Any] = await link.fetch(queries()["claim"], *values, flows, concurrent, starts, seconds)
    return rows


async def _renew(link: Link, calls: Sequence[RenewCall], _: bool) -> list[set[str]]:
    lost = {call for one in calls for call in one.lost}
    workers, leases = [one.worker for one in calls], [one.lease for one in calls]
    renewed: dict[str, set[str]] = {worker: set() for worker in workers}
    for run, owner in await link.fetch(queries()["renew"], workers, leases, lost):
        renewed[owner].add(run)
    return [renewed[worker] for worker in workers]

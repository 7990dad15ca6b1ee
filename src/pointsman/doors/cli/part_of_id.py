"""Ids as people type them: a beginning or an end that only one of them has.

Ids begin with the time at which they were made (UUIDv7), so those of one moment differ at their ends: that is the part
which lists show.
"""

from collections.abc import AsyncIterator, Iterable
from typing import Final

from pointsman.assemble import Pointsman
from pointsman.errors import Refused
from pointsman.flows.decisions import Decisions
from pointsman.flows.runs import TENANT
from pointsman.journal.port import Approval, Decision, Page
from pointsman.journal.record import RunRecord

SHOWN: Final = 8
"""Letters of an id's end in lists: 32 random bits."""
LOOKED_THROUGH: Final = 5000
"""The newest runs, or the approvals, that a part of an id is looked for in."""
_LEAST: Final = 4
_PAGE: Final = 500


def short(identity: str) -> str:
    return identity[-SHOWN:]


async def approval_of(decisions: Decisions, part: str) -> Approval:
    """The approval that is meant, best one that waits. Raises Refused for none and for several."""
    found = await decisions.journal.approval(part, TENANT)
    if found is not None:
        return found
    by_id: dict[str, Approval] = {}
    wanted: tuple[Decision | None, ...] = ("waiting", None)
    for decision in wanted:
        by_id = {one.id: one async for one in _approvals(decisions, decision) if _fits(one.id, part)}
        if by_id:
            break
    return by_id[_only(by_id, part, "approval", "pointsman approve lists those that wait.")]


async def run_of(pointsman: Pointsman, part: str) -> str:
    """The id of the run that is meant. Raises Refused for none and for several."""
    if pointsman.durable is not None and await pointsman.durable.journal.view(part, TENANT) is not None:
        return part
    found = [record.id async for record in _runs(pointsman) if _fits(record.id, part)]
    return _only(found, part, "run", "pointsman runs lists the newest.")


def _fits(identity: str, part: str) -> bool:
    part = part.lower()
    return len(part) >= _LEAST and (identity.startswith(part) or identity.endswith(part))


def _only(found: Iterable[str], part: str, noun: str, way_out: str) -> str:
    ids = list(found)
    if len(ids) == 1:
        return ids[0]
    if not ids:
        least = f" (at least {_LEAST} letters)" if len(part) < _LEAST else ""
        raise Refused(f"no {noun} whose id begins or ends with {part!r}{least}.", way_out=way_out, status=404)
    some = ", ".join(ids[:3]) + (", …" if len(ids) > 3 else "")
    raise Refused(f"{part!r} is part of {len(ids)} ids: {some}.", way_out="Type more of it.")


async def _approvals(decisions: Decisions, decision: Decision | None) -> AsyncIterator[Approval]:
    before: str | None = None
    for _ in range(LOOKED_THROUGH // _PAGE):
        page = await decisions.journal.approvals(Page(limit=_PAGE, before=before), decision=decision)
        for one in page:
            yield one
        if len(page) < _PAGE:
            return
        before = page[-1].id


async def _runs(pointsman: Pointsman) -> AsyncIterator[RunRecord]:
    before: str | None = None
    for _ in range(LOOKED_THROUGH // _PAGE):
        page = await pointsman.runs.newest(limit=_PAGE, before=before)
        for record in page:
            yield record
        if len(page) < _PAGE:
            return
        before = page[-1].id

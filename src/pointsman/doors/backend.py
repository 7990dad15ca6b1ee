"""What the console asks for, answered by an assembled project."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pointsman.assemble import Pointsman
from pointsman.doors.console.backend import Choice, Evidence, FlowCard
from pointsman.errors import Fault, Refused
from pointsman.flows.decisions import Decider, shown
from pointsman.flows.runs import Started
from pointsman.journal.port import Page
from pointsman.journal.record import RunRecord
from pointsman.shape import Value

LOCAL: Final = Decider("local")
"""Nobody is authenticated yet: whoever reaches this machine's loopback is its user, with every role."""
_PAGE: Final = 500


class ConsoleBackend:
    """The console's view of a project."""

    def __init__(self, pointsman: Pointsman) -> None:
        self._pointsman = pointsman

    @property
    def notice(self) -> str | None:
        return self._pointsman.notice

    @property
    def person(self) -> str:
        return LOCAL.name

    @property
    def keeps_approvals(self) -> bool:
        return self._pointsman.decisions is not None

    def now(self) -> datetime:
        return self._pointsman.clock.now()

    def flows(self) -> Sequence[FlowCard]:
        heads = self._pointsman.heads.values()
        forms = self._pointsman.reader.forms
        return [FlowCard(head.flow, head.version, head.title, forms(head.flow), head.input) for head in heads]

    async def ask(self, question: str) -> RunRecord:
        return await self._replied(await self._pointsman.start_question(question, door="console"))

    async def start(self, flow: str, values: Mapping[str, Value]) -> RunRecord:
        return await self._replied(await self._pointsman.runs.start(flow, values, door="console"))

    async def runs(
        self, limit: int, *, before: str | None = None, flow: str | None = None, status: str | None = None
    ) -> Sequence[RunRecord]:
        return await self._pointsman.runs.newest(limit=limit, before=before, flow=flow, status=status)

    async def run(self, run_id: str) -> RunRecord | None:
        try:
            return await self._pointsman.runs.get(run_id)
        except Refused:
            return None

    async def evidence(self, run_id: str, key: str, feature: str) -> Sequence[Evidence]:
        return [
            Evidence(
                found.step,
                found.connection,
                found.query,
                found.columns,
                found.rows,
                None if found.as_of is None else datetime.fromisoformat(found.as_of),
            )
            for found in await self._pointsman.evidence(run_id, key, feature)
        ]

    async def approvals(
        self, limit: int, *, before: str | None = None, role: str | None = None, run: str | None = None
    ) -> Sequence[dict[str, Any]]:
        if self._pointsman.decisions is None:
            return []
        given = {"role": role, "run": run}
        filters = {name: value for name, value in given.items() if value is not None}
        return await self._pointsman.decisions.waiting(Page(limit=limit, before=before, filters=filters))

    async def asked(self, run: str) -> Sequence[dict[str, Any]]:
        if self._pointsman.decisions is None:
            return []
        journal, found, before = self._pointsman.decisions.journal, list[dict[str, Any]](), None
        while True:
            page = await journal.approvals(Page(limit=_PAGE, before=before, filters={"run": run}), decision=None)
            found += map(shown, page)
            if len(page) < _PAGE:
                return found
            before = page[-1].id

    async def approval(self, approval: str) -> dict[str, Any] | None:
        if self._pointsman.decisions is None:
            return None
        try:
            return shown(await self._pointsman.decisions.one(approval))
        except Refused:
            return None

    async def decide(
        self, approval: str, choice: Choice, *, hash: str | None = None, reason: str | None = None,
        edit: Mapping[str, str] | None = None, seconds: float | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        if self._pointsman.decisions is None:
            raise Refused("Nothing is kept here, so nothing waits.", way_out="Serve the project with pointsman up.")
        decided = await self._pointsman.decisions.decide(
            approval, choice, LOCAL, hash=hash, reason=reason, edit=edit, seconds=seconds
        )
        return shown(decided)

    async def _replied(self, started: Started) -> RunRecord:
        """The record once it has an answer, or has failed: the page shows which."""
        try:
            await started.answered()
        except Fault:
            pass  # the record says what failed, and keeps what there is
        except asyncio.CancelledError:
            if started.record is None or started.record.status != "cancelled":
                raise
        return started.record or await self._pointsman.runs.get(started.id)

"""What the console asks for, answered by an assembled project."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pointsman.assemble import Pointsman
from pointsman.doors.console.backend import Evidence, FlowCard
from pointsman.errors import Fault
from pointsman.flows.run import Run
from pointsman.journal.record import RunRecord
from pointsman.shape import Value


class ConsoleBackend:
    """The console's view of a project."""

    def __init__(self, pointsman: Pointsman) -> None:
        self._pointsman = pointsman

    @property
    def notice(self) -> str | None:
        return self._pointsman.notice

    def now(self) -> datetime:
        return self._pointsman.clock.now()

    def flows(self) -> Sequence[FlowCard]:
        heads = self._pointsman.heads.values()
        forms = self._pointsman.reader.forms
        return [FlowCard(head.flow, head.version, head.title, forms(head.flow), head.input) for head in heads]

    async def ask(self, question: str) -> RunRecord:
        return await _replied(await self._pointsman.start_question(question, door="console"))

    async def start(self, flow: str, values: Mapping[str, Value]) -> RunRecord:
        return await _replied(self._pointsman.engine.start(flow, values, door="console"))

    async def runs(
        self, limit: int, *, before: str | None = None, flow: str | None = None, status: str | None = None
    ) -> Sequence[RunRecord]:
        known: Any = status
        return self._pointsman.journal.newest(limit=limit, before=before, flow=flow, status=known)

    async def run(self, run_id: str) -> RunRecord | None:
        return self._pointsman.journal.get(run_id)

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
            for found in self._pointsman.evidence(run_id, key, feature)
        ]


async def _replied(run: Run) -> RunRecord:
    """The record once it has an answer, or has failed: the page shows which."""
    try:
        await run.answered()
    except Fault:
        pass  # the record says what failed, and keeps what there is
    except asyncio.CancelledError:
        if run.record.status != "cancelled":
            raise
    return run.record

"""What the console asks for, answered by an assembled project."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from pointsman.assemble import Pointsman
from pointsman.doors.console.backend import Evidence, FlowCard
from pointsman.errors import Fault, Refused
from pointsman.flows.runs import Started
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

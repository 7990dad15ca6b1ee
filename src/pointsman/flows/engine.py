"""Starts runs of flows, in memory: for request and reply."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from pointsman.clock import Clock
from pointsman.errors import Refused, way_out
from pointsman.flows.run import Bound, Run
from pointsman.flows.turn import Turn
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.record import RunRecord
from pointsman.shape import Value
from pointsman.spec.field import Field
from pointsman.spec.value import Unfit, accept


class UnfitInput(Refused):
    """An input that its flow does not take; `faults` are all of them."""

    def __init__(self, flow: str, faults: list[Unfit]) -> None:
        self.faults = faults
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}", where=f"input of {flow}", code="PM301")


class Engine:
    """Runs flows by name. `bound` is filled while the flows are bound, because flows may run each other."""

    def __init__(self, journal: MemoryJournal, clock: Clock) -> None:
        self.bound: dict[str, Bound] = {}
        self.inputs: dict[str, Mapping[str, Field]] = {}
        self.journal = journal
        self._clock = clock
        self._running: set[Run] = set()

    def start(
        self,
        flow: str,
        given: Mapping[str, Any],
        *,
        door: str,
        principal: str = "local",
        reading: dict[str, Any] | None = None,
    ) -> Run:
        """A run on its way. Raises Refused for a flow that is not there and an input that does not fit."""
        bound = self.bound.get(flow)
        if bound is None:
            raise Refused(
                f"no flow named {flow!r}.", way_out=way_out(flow, self.bound, "Flows"), status=404, code="PM302"
            )
        values, faults = accept(self.inputs[flow], given)
        if faults:
            raise UnfitInput(flow, faults)
        now = self._clock.now()
        record = RunRecord(
            id=run_id(int(now.timestamp() * 1000)),
            flow=flow,
            version=bound.version,
            door=door,
            principal=principal,
            input=values,
            started=now,
            steps=bound.records(),
            reading=reading,
        )
        previous = self.journal.last_answered(flow, bound.version, values)
        self.journal.keep(record)
        run = Run(bound, record, values, self._clock, self._keep, previous)
        self._running.add(run)
        run.start()
        return run

    def cancel(self, run: str, reason: str) -> bool:
        """Stops a run in memory; False when none with this id is on its way."""
        found = next((running for running in self._running if running.record.id == run), None)
        if found is not None:
            found.cancel(reason)
        return found is not None

    async def call_flow(self, flow: str, given: dict[str, Value], turn: Turn) -> Value:
        """The reply of another flow, for a `run` step; it is cancelled with the step."""
        run = self.start(flow, given, door="flow")
        answer = await run.answered()
        return answer["result"]  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Stops what is still running, and waits until it has let go of what it was using."""
        running = list(self._running)
        for run in running:
            run.cancel("the process is stopping")
        for run in running:
            await run.ended()

    def _keep(self, run: Run) -> None:
        self.journal.keep_outputs(run.record.id, dict(run.outputs))
        if run.left:
            self._running.discard(run)


def run_id(milliseconds: int, random_bits: Callable[[int], int] = secrets.randbits) -> str:
    """A UUIDv7 (RFC 9562 section 5.7): sorts by time, and cannot be guessed."""
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | random_bits(12) << 64 | 0b10 << 62 | random_bits(62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

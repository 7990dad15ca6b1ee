"""What one step may take from a system: requests at once, rows, bytes, time. Around every connector."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pointsman.clock import Clock
from pointsman.connectors import typed
from pointsman.connectors.port import Action, Call, Connector, Facts, Page, Tables
from pointsman.errors import DeadlinePassed, Fault, Refused, Uncertain, way_out
from pointsman.frame import Frame, Row
from pointsman.shape import Value
from pointsman.spec.connection import Limits


class Limited:
    """A connector inside its limits; one for each connection, so that its concurrency counts over all runs."""

    def __init__(self, connector: Connector, limits: Limits, clock: Clock) -> None:
        self.connector, self.limits, self._clock = connector, limits, clock
        self._slots = asyncio.Semaphore(limits.concurrent)

    @property
    def connection(self) -> str:
        return self.connector.connection

    @property
    def actions(self) -> Mapping[str, Action]:
        return self.connector.actions

    async def fetch(self, action: str, args: Mapping[str, Any], call: Call) -> tuple[Frame, Facts]:
        """All rows of a reading action, and what is known about them.

        With `call.columns`, rows are brought to exactly these names and types. Refused above the limit of rows or
        bytes (the rest is not fetched), DeadlinePassed after the limit of time or `call.deadline`, whichever is
        nearer; either way, and when the caller is cancelled, the request ends at the system too.
        """
        self._accepts(action, args)
        async with self._slot(call) as bounded:
            facts = Facts()
            rows = await self._collect(self.connector.read(action, args, bounded, facts), call)
        if facts.as_of is None:
            facts.as_of = self._clock.now().isoformat(timespec="seconds")
        return (Frame(call.columns, rows) if call.columns else typed.frame_of(rows)), facts

    async def write(self, action: str, args: Mapping[str, Any], call: Call) -> Value:
        """Does a writing action inside the limits of time and concurrency; what the system answered.

        When the time is over while an action is under way that must not be done twice, that is Uncertain, not for
        later: a person has to look whether it was done.
        """
        self._accepts(action, args)
        async with self._slot(call) as bounded:
            if self.actions[action].effect == "once":
                return await self._once(action, args, bounded)
            return await self.connector.write(action, args, bounded)

    async def _once(self, action: str, args: Mapping[str, Any], call: Call) -> Value:
        """The connector knows best how far it got, so its own DeadlinePassed stays: nothing was done.

        A cancellation at the deadline is the deadline's, whoever's timer was the first: left as it is, an outer timer
        would call it late and try again.
        """
        try:
            return await self.connector.write(action, args, call)
        except asyncio.CancelledError:
            if call.deadline is None or self._clock.monotonic() < call.deadline:
                raise
            raise Uncertain(
                f"`{action}` was not done when the time was over.", where=f"connection {self.connection}"
            ) from None

    async def describe(self) -> Tables:
        async with self._slot(Call()):
            return await self.connector.describe()

    async def check(self) -> str:
        async with self._slot(Call()):
            return await self.connector.check()

    async def close(self) -> None:
        await self.connector.close()

    def _accepts(self, name: str, args: Mapping[str, Any]) -> None:
        """Refuses what the connector never offered, before anything is asked of the system."""
        known = self.connector.actions
        where = f"connection {self.connection}"
        if name not in known:
            raise Refused(f"no action named `{name}`.", where=where, way_out=way_out(name, known), code="PM021")
        action = known[name]
        if missing := sorted(action.required - set(args)):
            raise Refused(f"`{name}` needs `{missing[0]}`.", where=where, way_out=f"Add `{missing[0]}:` under `with:`.")
        names = action.required | action.optional
        if not action.open and (extra := sorted(set(args) - names)):
            raise Refused(f"`{name}` takes no `{extra[0]}`.", where=where, way_out=way_out(extra[0], names))

    @asynccontextmanager
    async def _slot(self, call: Call) -> AsyncIterator[Call]:
        """A place at the system and the call with its nearer deadline; waiting for the place counts as time."""
        started = self._clock.monotonic()
        deadline = started + self.limits.timeout
        if call.deadline is not None:
            deadline = min(deadline, call.deadline)
        try:
            async with asyncio.timeout(deadline - started), self._slots:
                yield replace(call, deadline=deadline)
        except TimeoutError:
            raise self._late(deadline - started, deadline == call.deadline) from None
        except Fault as fault:
            # What was raised below the connector, such as for a secret that is missing, does not know where it is.
            fault.at(f"connection {self.connection}")
            raise

    def _late(self, waited: float, callers: bool) -> DeadlinePassed:
        whose = "the time that the caller gave" if callers else "the connection's limit"
        return DeadlinePassed(
            f"no full answer within {max(waited, 0):.3g} s, {whose}.",
            where=f"connection {self.connection}",
            way_out="Ask for less at once, or give it more time (`timeout:` of the step, `limits.timeout`).",
        )

    async def _collect(self, pages: AsyncIterator[Page], call: Call) -> list[Row]:
        rows: list[Row] = []
        taken = 0
        try:
            async for page in pages:
                taken += _size(page)
                self._within("rows", len(rows) + len(page), self.limits.rows, f"{self.limits.rows:,} rows")
                self._within("bytes", taken, self.limits.bytes, f"{self.limits.bytes:,} bytes")
                if call.columns:
                    rows += typed.rows(page, call.columns, self.connection)
                else:
                    rows += typed.found(page, self.connection)
        finally:
            # A `for` that is left early keeps a generator's query open until it is collected; close it now.
            close = getattr(pages, "aclose", None)
            if close:
                await close()
        return rows

    def _within(self, limit: str, got: int, most: int, text: str) -> None:
        if got > most:
            raise Refused(
                f"the answer has more than {text}, the limit of one step.",
                where=f"connection {self.connection}",
                way_out=f"Ask for less, or raise `limits.{limit}` in connections/{self.connection}.yaml.",
                code="PM031",
            )


def _size(value: object) -> int:
    """Bytes that a value stands for: the letters of a text, 8 for a number or a date."""
    match value:
        case str() | bytes():
            return len(value)
        case list() | tuple():
            return sum(map(_size, value))
        case dict():
            return sum(map(_size, value.values()))
    return 8

"""Hears from the database that something may be claimable, over a link of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import asyncpg

from pointsman.journal.postgres.links import Link, Place, Replica

CHANNEL: Final = "pointsman_journal"
POLL: Final = 1.0
"""Seconds after which a listener looks by itself: a notice may be lost with its link."""
_RECONNECT: Final = 1.0
_CHECK: Final = 10.0
"""Seconds after which a silent link is asked whether it is still there."""


class Notices:
    """One listening link for all who wait in this process; made when the first one waits."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._waiting: set[asyncio.Event] = set()
        self._listening: asyncio.Task[None] | None = None

    async def changed(self) -> AsyncIterator[None]:
        """At once when the database tells, and at the least every second."""
        mine = asyncio.Event()
        self._waiting.add(mine)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name="journal notices")
        try:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(mine.wait(), POLL)
                mine.clear()
                yield
        finally:
            self._waiting.discard(mine)

    async def close(self) -> None:
        task, self._listening = self._listening, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        while True:
            # Whatever it is, those who wait look every second all the same.
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, Replica):
                await self._hear()
            await asyncio.sleep(_RECONNECT)

    async def _hear(self) -> None:
        """Until the link is gone."""
        link = await self._place.connect()
        gone = asyncio.Event()
        try:
            link.add_termination_listener(lambda _: gone.set())
            await link.add_listener(CHANNEL, self._tell)
            self._tell()  # what was said before the link was there
            while not gone.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(gone.wait(), _CHECK)
                    break
                await link.fetchval("SELECT 1")
        finally:
            link.terminate()

    def _tell(self, *_: Link) -> None:
        for event in self._waiting:
            event.set()

"""What must still be tidied up at the other side after a caller has left; nobody waits for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from pointsman.errors import Fault


class Leftovers:
    """Short requests that run on their own."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(self._quietly(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Waits for those under way; each has its own deadline."""
        await asyncio.gather(*self._running)

    async def _quietly(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except Fault:
            return  # Salesforce drops what is left after seven days; nobody is there to act on it

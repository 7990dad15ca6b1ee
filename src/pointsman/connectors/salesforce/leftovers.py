"""What must still be tidied up at the other side after a caller has left; nobody waits for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from pointsman.errors import Fault

_PATIENCE: Final = 2.0


class Leftovers:
    """Short requests that run on their own."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(self._quietly(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Gives those under way two seconds more, then leaves them."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=_PATIENCE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _quietly(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except Fault:
            return  # Salesforce drops what is left after seven days; nobody is there to act on it

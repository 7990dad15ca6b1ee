"""Readers: a few threads with connections of their own; in WAL mode they neither wait for the writer nor stop it."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from pointsman.journal.sqlite.faults import fault
from pointsman.journal.sqlite.file import open_for_reading
from pointsman.journal.sqlite.sql import sql

T = TypeVar("T")
_THREADS: Final = 2


class Readers:
    """Runs reads beside the event loop; opening what was sealed happens there too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="journal-reader")
        self._own = threading.local()
        self._links: list[sqlite3.Connection] = []
        self._watch: sqlite3.Connection | None = None

    async def do(self, read: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, read)

    async def version(self) -> int:
        """Changes when another process has committed."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._version)

    async def close(self) -> None:
        await asyncio.to_thread(self._pool.shutdown)
        for link in self._links:
            link.close()

    def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        try:
            link: sqlite3.Connection | None = getattr(self._own, "link", None)
            if link is None:
                link = self._own.link = self._opened()
            return read(link)
        except sqlite3.Error as error:
            raise fault(error, self._path) or error from None

    def _version(self) -> int:
        """Of one connection, because the number has no meaning between two."""
        try:
            if self._watch is None:
                self._watch = self._opened()
            (version,) = self._watch.execute(sql("data_version")).fetchone()
            return int(version)
        except sqlite3.Error as error:
            raise fault(error, self._path) or error from None

    def _opened(self) -> sqlite3.Connection:
        link = open_for_reading(self._path)
        self._links.append(link)
        return link

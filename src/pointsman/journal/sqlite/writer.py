"""The one writer of a process: a thread that commits many jobs at once, so that a commit's sync is shared by all."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pointsman.clock import Clock
from pointsman.errors import Fault, Later
from pointsman.journal.sqlite.faults import fault
from pointsman.journal.sqlite.sql import sql
from pointsman.journal.sqlite.times import micros

T = TypeVar("T")
Job = Callable[[sqlite3.Connection, int], T]
"""Writes through the connection. `now` in microseconds. What it raises undoes this job alone."""

MOST_AT_ONCE: Final = 500


@dataclass(slots=True)
class _Asked:
    job: Job[Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Takes jobs from one event loop; a job is confirmed when its commit is on the disk."""

    def __init__(self, link: sqlite3.Connection, path: Path, clock: Clock) -> None:
        self._link, self._path, self._clock = link, path, clock
        self._loop = asyncio.get_running_loop()
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="journal-writer", daemon=True)
        self._thread.start()

    async def do(self, job: Job[T]) -> T:
        if self._closed:
            raise Later("the journal is closed", where=str(self._path))
        future: asyncio.Future[T] = self._loop.create_future()
        self._asked.put(_Asked(job, future))
        return await future

    async def close(self) -> None:
        """After the jobs that were asked before."""
        if not self._closed:
            self._closed = True
            self._asked.put(None)
            await asyncio.to_thread(self._thread.join)
            self._link.close()

    def _work(self) -> None:
        while True:
            batch = self._next()
            if batch:
                self._commit(batch)
                self._loop.call_soon_threadsafe(_settle, batch)
            else:
                return

    def _next(self) -> list[_Asked]:
        """What waits now, at least one; nothing at the end."""
        first = self._asked.get()
        batch = [first] if first else []
        while batch and len(batch) < MOST_AT_ONCE:
            try:
                more = self._asked.get_nowait()
            except queue.Empty:
                break
            if more is None:
                self._asked.put(None)
                break
            batch.append(more)
        return batch

    def _commit(self, batch: list[_Asked]) -> None:
        try:
            self._link.execute(sql("begin"))
            for asked in batch:
                self._try(asked)
            self._link.execute(sql("commit"))
        except sqlite3.Error as error:
            self._undo()
            for asked in batch:
                asked.error = fault(error, self._path) or error

    def _try(self, asked: _Asked) -> None:
        """Raises sqlite3.Error when the whole transaction is gone."""
        execute = self._link.execute
        execute(sql("mark"))
        try:
            asked.result = asked.job(self._link, micros(self._clock.now()))
        except sqlite3.Error as error:
            if not self._link.in_transaction:
                raise
            asked.error = fault(error, self._path) or error
        except Exception as error:  # noqa: BLE001 - what a job raises belongs to who asked; the thread must live
            asked.error = error
        if asked.error is not None:
            execute(sql("undo"))
        execute(sql("keep"))

    def _undo(self) -> None:
        if self._link.in_transaction:
            try:
                self._link.execute(sql("rollback"))
            except sqlite3.Error:
                # Some faults end the transaction by themselves; then there is nothing left to undo.
                return


def _settle(batch: list[_Asked]) -> None:
    for asked in batch:
        if asked.future.done():
            continue
        if asked.error is None:
            asked.future.set_result(asked.result)
        else:
            asked.future.set_exception(_own(asked.error))


def _own(error: BaseException) -> BaseException:
    """A fault may go to several callers; each gets its own, because each adds its place."""
    if isinstance(error, Later):
        return Later(error.rule, delay=error.delay, where=error.where, way_out=error.way_out, code=error.code)
    if type(error).__init__ is Fault.__init__ and isinstance(error, Fault):
        return type(error)(error.rule, where=error.where, way_out=error.way_out, code=error.code, status=error.status)
    return error

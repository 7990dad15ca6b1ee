"""What all parts of the SQLite journal stand on: the file, its writer and readers, and the sealing of payloads."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Final, TypeVar

from pointsman.clock import Clock, SystemClock
from pointsman.errors import Later
from pointsman.journal.payload import MOST, Packed, Payloads
from pointsman.journal.port import Fenced
from pointsman.journal.seal import Sealer
from pointsman.journal.sqlite.faults import fault
from pointsman.journal.sqlite.file import open_for_writing
from pointsman.journal.sqlite.readers import Readers
from pointsman.journal.sqlite.sql import sql
from pointsman.journal.sqlite.writer import Job, Writer

T = TypeVar("T")
_LOOK_EVERY: Final = 0.1
_LOOKS: Final = 10
"""Looks for another process's commits between two ticks of `changed`: a tick a second."""


class Store:
    """`clock`: what leases and ready times go by, for all processes on this machine. `most`: bytes of a payload."""

    def __init__(self, path: Path, sealer: Sealer, clock: Clock | None = None, *, most: int = MOST) -> None:
        self.path = path
        self._sealer, self._clock = sealer, clock or SystemClock()
        self._payloads = Payloads(sealer, most=most)
        self._writer: Writer | None = None
        self._readers = Readers(path)
        self._waiting: set[asyncio.Event] = set()

    async def open(self) -> None:
        """Connects, and brings the schema to this version (forward only). Raises Broken, Later."""
        try:
            link = await asyncio.to_thread(open_for_writing, self.path)
        except sqlite3.Error as error:
            raise fault(error, self.path) or error from None
        self._writer = Writer(link, self.path, self._clock)
        await self._prove_key()

    async def close(self) -> None:
        if self._writer:
            await self._writer.close()
        await self._readers.close()

    async def changed(self) -> AsyncIterator[None]:
        """At once after a write of this process that made something claimable, within a tenth of a second after one of
        another, and every second."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            seen = await self._readers.version()
            while True:
                for _ in range(_LOOKS):
                    try:
                        await asyncio.wait_for(event.wait(), _LOOK_EVERY)
                        break
                    except TimeoutError:
                        if await self._readers.version() != seen:
                            break
                event.clear()
                seen = await self._readers.version()
                yield
        finally:
            self._waiting.discard(event)

    async def _write(self, job: Job[T]) -> T:
        if self._writer is None:
            raise Later("the journal is not open", where=str(self.path))
        return await self._writer.do(job)

    def _tell(self) -> None:
        """Something may be claimable now, or a place under a limit is free."""
        for event in self._waiting:
            event.set()

    async def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        return await self._readers.do(read)

    async def _prove_key(self) -> None:
        """The first process leaves a proof of its key; without that key nobody goes on."""
        proof = self._payloads.whole(b"journal", "proof")

        def prove(link: sqlite3.Connection, _: int) -> bytes:
            link.execute(sql("put_meta"), {"name": "proof", "value": proof})
            return bytes(link.execute(sql("meta"), {"name": "proof"}).fetchone()["value"])

        found = await self._write(prove)
        self._payloads.unpack(found, None, "proof")

    def _unpack(self, link: sqlite3.Connection, column: bytes | None, *place: str) -> bytes | None:
        return None if column is None else self._opened(link, column, *place)

    def _opened(self, link: sqlite3.Connection, column: bytes, *place: str) -> bytes:
        digest = self._payloads.digest_of(column)
        row = link.execute(sql("blob"), {"digest": digest}).fetchone() if digest else None
        return self._payloads.unpack(column, row["content"] if row else None, *place)


def held(link: sqlite3.Connection, run: str, epoch: int) -> sqlite3.Row:
    """The run's `seq` and `claims`. Raises Fenced when it is not running under this epoch."""
    row: sqlite3.Row | None = link.execute(sql("held"), {"id": run, "epoch": epoch}).fetchone()
    if row is None:
        raise Fenced(f"the run {run} is not held under epoch {epoch} any more")
    return row


def put_beside(link: sqlite3.Connection, run: int, key: str, packed: Packed) -> None:
    """The large part of a payload, and that this key uses it."""
    if packed.digest is not None:
        link.execute(sql("put_blob"), {"digest": packed.digest, "content": packed.blob})
        link.execute(sql("use_blob"), {"run": run, "key": key, "digest": packed.digest})


def put_subjects(link: sqlite3.Connection, run: int, key: str, hashes: Collection[bytes]) -> None:
    for value in hashes:
        link.execute(sql("put_subject"), {"hash": value, "run": run, "key": key})

"""SQLite files, read only: the standard library's driver in threads of its own."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Never, TypeVar
from urllib.parse import quote

import orjson

from pointsman.clock import Clock
from pointsman.connectors.port import Action, Call, Facts, FoundColumn, Page, Tables
from pointsman.connectors.query import ACTIONS, PAGE, Asked, asked, distinct
from pointsman.errors import Broken, DeadlinePassed, Fault, Later, Refused
from pointsman.shape import Value
from pointsman.spec.connection import SqliteConnection

T = TypeVar("T")

_BUSY_WAIT: Final = 0.5
"""Seconds to wait for a writer's lock; SQLite cannot be interrupted meanwhile, so the engine's retries do the rest."""
_OPERATIONS: Final = 5_000
"""Steps of SQLite's machine between two looks at the clock: some tens of microseconds."""
_ALLOWED: Final = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_INNER: Final = {
    (sqlite3.SQLITE_PRAGMA, "data_version"),  # full-text tables ask for it while they are read
    (sqlite3.SQLITE_UPDATE, "sqlite_master"),  # json_each declares its columns so; the file itself is read only
}
_BARRED_FUNCTIONS: Final = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"}


class SqliteConnector:
    """One SQLite file. `root`: the folder that the file's path starts from."""

    def __init__(self, spec: SqliteConnection, root: Path, clock: Clock) -> None:
        self.connection = spec.connection
        self._path = root / spec.path
        self._spec, self._clock = spec, clock
        self._threads: ThreadPoolExecutor | None = None

    @property
    def actions(self) -> Mapping[str, Action]:
        return ACTIONS

    async def read(self, action: str, args: Mapping[str, Any], call: Call, facts: Facts) -> AsyncIterator[Page]:
        query = _Query(self, asked(self.connection, action, args), call.deadline, self._clock)
        try:
            await self._in_thread(query.start)
            facts.as_of = self._last_written()
            while page := await self._in_thread(query.page):
                yield page
        finally:
            query.stop()
            # Under cancellation too: a query that nobody waits for must not keep its thread and its lock.
            await asyncio.shield(self._in_thread(query.close))

    async def write(self, action: str, args: Mapping[str, Any], call: Call) -> Value:
        raise Refused("a sqlite connection only reads.", where=f"connection {self.connection}")

    async def describe(self) -> Tables:
        return await self._in_thread(lambda: self._guarded(_tables))

    async def check(self) -> str:
        tables = await self.describe()
        return f"SQLite {sqlite3.sqlite_version} opened {self._spec.path} with {len(tables)} tables."

    async def close(self) -> None:
        threads, self._threads = self._threads, None
        if threads:
            threads.shutdown(wait=False, cancel_futures=True)

    def open(self) -> sqlite3.Connection:
        """The file, opened so that nothing can be written, attached or loaded."""
        if not self._path.is_file():
            raise Broken(
                f"the file {self._spec.path} is not there.",
                where=f"connection {self.connection}",
                way_out=f"Put it there, or correct `path` in connections/{self.connection}.yaml.",
            )
        link = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode=ro", uri=True, timeout=_BUSY_WAIT, check_same_thread=False
        )
        link.execute("PRAGMA query_only = on")
        link.execute("PRAGMA trusted_schema = off")
        return link

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._threads is None:
            name = f"sqlite {self.connection}"
            self._threads = ThreadPoolExecutor(self._spec.limits.concurrent, thread_name_prefix=name)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        link: sqlite3.Connection | None = None
        try:
            link = self.open()
            return work(link)
        except sqlite3.Error as fault:
            refuse(fault, self.connection)
        finally:
            if link:
                link.close()

    def _last_written(self) -> str:
        """A file's data are as old as its last change (that of its write-ahead log, where there is one)."""
        log = self._path.with_name(self._path.name + "-wal")
        written = max(path.stat().st_mtime for path in (self._path, log) if path.exists())
        return min(datetime.fromtimestamp(written, UTC), self._clock.now()).isoformat(timespec="seconds")


class _Query:
    """One query on a link of its own; `start`, `page` and `close` run in threads, one at a time."""

    def __init__(self, connector: SqliteConnector, asked: Asked, deadline: float | None, clock: Clock) -> None:
        self._connector, self._asked, self._deadline, self._clock = connector, asked, deadline, clock
        self._connection = connector.connection
        self._lock = threading.Lock()
        self._stopped = False
        self._link: sqlite3.Connection | None = None
        self._rows: sqlite3.Cursor | None = None
        self._names: list[str] = []

    def start(self) -> None:
        with self._lock:
            try:
                self._link = self._connector.open()
                self._link.set_progress_handler(self._over, _OPERATIONS)
                self._link.set_authorizer(_may)
                params = {name: _bound(name, value, self._connection) for name, value in self._asked.params.items()}
                self._rows = self._link.execute(self._asked.sql, params)
            except (sqlite3.Error, sqlite3.Warning) as fault:
                raise self._fault(fault) from None
            if self._rows.description is None:
                raise Refused("the SQL is not a query.", where=f"connection {self._connection}")
            self._names = [column[0] for column in self._rows.description]
            distinct(self._names, self._connection)

    def page(self) -> Page:
        with self._lock:
            if self._rows is None or self._stopped:
                return []
            try:
                rows = self._rows.fetchmany(PAGE)
            except sqlite3.Error as fault:
                raise self._fault(fault) from None
            return [dict(zip(self._names, row, strict=True)) for row in rows]

    def stop(self) -> None:
        self._stopped = True

    def close(self) -> None:
        with self._lock:
            if self._link:
                self._link.close()

    def _over(self) -> bool:
        return self._stopped or (self._deadline is not None and self._clock.monotonic() >= self._deadline)

    def _fault(self, fault: Exception) -> Fault:
        if getattr(fault, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            return DeadlinePassed("the query was ended at its deadline.", where=f"connection {self._connection}")
        try:
            refuse(fault, self._connection)
        except Fault as mapped:
            return mapped


def refuse(fault: Exception, connection: str) -> Never:
    """Raises what a driver's error means for its reader (SQLite's result codes, sqlite.org/rescode.html)."""
    where = f"connection {connection}"
    match getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            raise Later("the database is locked by a writer.", delay=_BUSY_WAIT, where=where) from None
        case sqlite3.SQLITE_AUTH | sqlite3.SQLITE_READONLY:
            raise Refused(
                "the SQL does more than read.", where=where, way_out="Only one SELECT is allowed here."
            ) from None
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_IOERR:
            raise Broken(
                f"the file cannot be read: {fault}.",
                where=where,
                way_out=f"Put a sound copy there, or correct `path` in connections/{connection}.yaml.",
            ) from None
    said = str(fault).rstrip(".")
    way_out = "Correct the query."
    if said.startswith("no such"):
        way_out = f"Run `pointsman describe {connection}` and look at what changed."
    raise Refused(f"SQLite refuses the query: {said}.", where=where, way_out=way_out) from None


def _may(operation: int, first: str | None, second: str | None, *_: str | None) -> int:
    """SQLite asks this for each thing a statement would do."""
    if operation == sqlite3.SQLITE_FUNCTION and second in _BARRED_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    if (operation, first) in _INNER:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if operation in _ALLOWED else sqlite3.SQLITE_DENY


def _bound(name: str, value: object, connection: str) -> int | float | str | None:
    """A value as SQLite holds it: dates as ISO 8601 text, lists as JSON text for `json_each(:name)`."""
    match value:
        case bool():
            return int(value)
        case int() if not -(2**63) <= value < 2**63:
            raise Refused(f"`params.{name}` does not fit into 64 bits.", where=f"connection {connection}")
        case None | int() | float() | str():
            return value
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case list() | tuple() | dict():
            return orjson.dumps(value).decode()
    raise Refused(f"`params.{name}` cannot be bound: {type(value).__name__}.", where=f"connection {connection}")


_AFFINITIES: Final = (  # in this order: sqlite.org/datatype3.html section 3.1, after the names that people use
    ("BOOL", "boolean"),
    ("DATETIME", "timestamp"),
    ("TIMESTAMP", "timestamp"),
    ("DATE", "date"),
    ("INT", "integer"),
    ("CHAR", "string"),
    ("CLOB", "string"),
    ("TEXT", "string"),
    ("REAL", "number"),
    ("FLOA", "number"),
    ("DOUB", "number"),
    ("NUM", "number"),
    ("DEC", "number"),
)


def _type(declared: str) -> str:
    return next((kind for part, kind in _AFFINITIES if part in declared.upper()), "any")


def _tables(link: sqlite3.Connection) -> Tables:
    names = link.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "ORDER BY name"
    ).fetchall()
    return {name: _columns(link, name) for (name,) in names}


def _columns(link: sqlite3.Connection, table: str) -> dict[str, FoundColumn]:
    foreign = dict(link.execute('SELECT "from", "table" FROM pragma_foreign_key_list(?)', (table,)).fetchall())
    found = link.execute('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (table,)).fetchall()
    keys = [name for name, _, _, key in found if key]
    return {
        name: FoundColumn(
            type=_type(declared),
            # Only a rowid alias is a key that can never be null; SQLite allows null in all others.
            nullable=not (required or (keys == [name] and declared.upper() == "INTEGER")),
            references=foreign.get(name),
        )
        for name, declared, required, _ in found
    }

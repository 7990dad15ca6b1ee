"""The records of the stand-in, in a SQLite file: one table an object, `_sequence` in the order of creation."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pointsman.clock import Clock
from pointsman.sandbox.salesforce.objects import Objects, complete, key_prefix, record_id
from pointsman.sandbox.salesforce.refusal import Refusal
from pointsman.sandbox.salesforce.values import SQLITE_TYPES, Cell, kept, moment

T = TypeVar("T")
Record = Mapping[str, object]


def create(path: Path, objects: Objects, records: Mapping[str, Iterable[Record]], at: datetime | None = None) -> None:
    """Writes a new file with these records. An `Id` that a record has is kept; the others are numbered.

    `at`: when they were created, if they do not say so. Raises Refusal for a value of another type than its field's.
    """
    with closing(sqlite3.connect(path)) as database, database:
        prepare(database, objects)
        for name, rows in records.items():
            writer = Writer(database, objects, name, at or datetime.now(UTC))
            for row in rows:
                writer.insert(row, {field for field in row if field in complete(objects)[name]})


def prepare(database: sqlite3.Connection, objects: Objects) -> None:
    """Makes the tables that are not there yet."""
    for name, fields in complete(objects).items():
        columns = ", ".join(f'"{field}" {SQLITE_TYPES.get(spec.type, "TEXT")}' for field, spec in fields.items())
        database.execute(
            f'CREATE TABLE IF NOT EXISTS "{name}" (_sequence INTEGER PRIMARY KEY AUTOINCREMENT, {columns})'
        )
        for field, spec in fields.items():
            if field == "Id" or spec.external_id:
                database.execute(f'CREATE UNIQUE INDEX IF NOT EXISTS "{name}.{field}" ON "{name}" ("{field}")')
            elif spec.references:
                database.execute(f'CREATE INDEX IF NOT EXISTS "{name}.{field}" ON "{name}" ("{field}")')


class Writer:
    """Writes records of one object. Names of tables and columns come from the description, never from a caller."""

    def __init__(self, database: sqlite3.Connection, objects: Objects, name: str, now: datetime) -> None:
        self._database, self._name, self._now = database, name, moment(now)
        self._fields = complete(objects)[name]
        self._prefix = key_prefix(objects, name)

    def insert(self, record: Record, also: Iterable[str] = ()) -> str:
        """The new record's Id. `also`: fields of the system that may be given."""
        cells = self._cells(record, also)
        missing = [field for field, spec in self._fields.items() if spec.required and cells.get(field) is None]
        if named := [field for field in missing if field not in ("Id", "CreatedDate", "LastModifiedDate")]:
            raise Refusal("REQUIRED_FIELD_MISSING", f"Required fields are missing: {named}", fields=tuple(named))
        booleans = {field: 0 for field, spec in self._fields.items() if spec.type == "boolean"}
        cells = {"CreatedDate": self._now, "LastModifiedDate": self._now, **booleans, **cells}
        if "Id" not in cells:
            cells["Id"] = record_id(self._prefix, self._next_number())
        names = ", ".join(f'"{field}"' for field in cells)
        marks = ", ".join("?" * len(cells))
        self._execute(f'INSERT INTO "{self._name}" ({names}) VALUES ({marks})', tuple(cells.values()))  # noqa: S608
        return str(cells["Id"])

    def update(self, record_id: str, record: Record) -> None:
        cells = {**self._cells(record), "LastModifiedDate": self._now}
        for field, value in cells.items():
            if self._fields[field].required and value is None:
                raise Refusal("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{field}]", fields=(field,))
        sets = ", ".join(f'"{field}" = ?' for field in cells)
        changed = self._execute(
            f'UPDATE "{self._name}" SET {sets} WHERE "Id" = ?',  # noqa: S608
            (*cells.values(), record_id),
        )
        if not changed:
            raise Refusal("NOT_FOUND", "Provided external ID field does not exist or is not accessible", status=404)

    def upsert(self, field: str, key: object, record: Record) -> tuple[str, bool]:
        """The record's Id, and whether it is new."""
        found = self.find(field, kept(key, field, self._fields[field]))
        if found is not None:
            self.update(found, record)
            return found, False
        return self.insert({**record, field: key}), True

    def find(self, field: str, key: Cell) -> str | None:
        query = f'SELECT "Id" FROM "{self._name}" WHERE "{field}" = ? COLLATE NOCASE'  # noqa: S608
        row = self._database.execute(query, (key,)).fetchone()
        return None if row is None else str(row[0])

    def _cells(self, record: Record, also: Iterable[str] = ()) -> dict[str, Cell]:
        folded = {field.casefold(): field for field in self._fields}
        cells: dict[str, Cell] = {}
        for name, value in record.items():
            if name == "attributes":
                continue
            field = folded.get(name.casefold())
            if field is None:
                raise Refusal("INVALID_FIELD", f"No such column '{name}' on sobject of type {self._name}")
            if field in ("Id", "CreatedDate", "LastModifiedDate") and field not in also:
                message = f"Unable to create/update fields: {field}."
                raise Refusal("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=(field,))
            cells[field] = kept(value, field, self._fields[field])
        return cells

    def _next_number(self) -> int:
        row = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (self._name,)).fetchone()
        return 1 if row is None else int(row[0]) + 1

    def _execute(self, sql: str, params: tuple[Cell, ...]) -> int:
        try:
            return self._database.execute(sql, params).rowcount
        except sqlite3.IntegrityError as error:
            raise Refusal("DUPLICATE_VALUE", f"duplicate value found: {error}") from None


class Store:
    """Reads and writes the file, in a thread of its own: one thing at a time, also when a caller leaves meanwhile."""

    def __init__(self, path: Path, objects: Objects, clock: Clock) -> None:
        self._path, self._objects, self._clock = path, objects, clock
        self._database: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="stand-in")

    async def rows(self, sql: str, params: tuple[Cell, ...]) -> list[tuple[Cell, ...]]:
        return await self._do(lambda database: database.execute(sql, params).fetchall())

    async def write(self, name: str, work: Callable[[Writer], T]) -> T:
        """Does `work` in one transaction; all of it or, when it raises, nothing."""

        def transaction(database: sqlite3.Connection) -> T:
            with database:
                return work(Writer(database, self._objects, name, self._clock.now()))

        return await self._do(transaction)

    async def delete(self, name: str, record_id: str) -> bool:
        """Whether it was there."""

        def transaction(database: sqlite3.Connection) -> bool:
            with database:
                query = f'DELETE FROM "{name}" WHERE "Id" = ?'  # noqa: S608
                return database.execute(query, (record_id,)).rowcount > 0

        return await self._do(transaction)

    async def close(self) -> None:
        """Waits for what is under way: SQLite crashes when a link is closed that a thread still reads from."""
        await asyncio.to_thread(self._thread.shutdown)
        if self._database is not None:
            self._database.close()
            self._database = None

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, work)

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._database is None:
            self._database = sqlite3.connect(self._path, check_same_thread=False)
            prepare(self._database, self._objects)
        return work(self._database)

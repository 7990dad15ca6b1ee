"""Runs SELECTs over frames.

One in-memory database serves the process. Each query has a cursor of its own and temporary tables only, which other
cursors do not see; so no query reads another's rows, and step names may be table names.
"""

import asyncio
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb

from pointsman.errors import Broken, DeadlinePassed, Later, Refused, way_out
from pointsman.frame import Column, Frame, Row
from pointsman.sets import values
from pointsman.sets.database import Statement, open_database, read_statement, sentence
from pointsman.shape import Value

_BATCH: Final = 20_000
"""Rows converted at once: between two batches a query can be stopped, and memory stays flat."""
_FIRST_BATCH: Final = 500
"""Rows until it is known how long their texts are: DuckDB's memory limit does not count what Python holds."""
_MOST_LETTERS: Final = 128 * 2**20
_INTERRUPT_EVERY: Final = 0.02
_STATEMENTS_KEPT: Final = 256


class Sets:
    """SQL with rows, time and memory bounded.

    `memory` belongs to all queries together; `rows` is what may go into one query, `seconds` its longest time.
    """

    def __init__(
        self, *, memory: str = "1GiB", threads: int | None = None, rows: int = 500_000, seconds: float = 60.0
    ) -> None:
        self._memory, self._rows, self._seconds = memory, rows, seconds
        self._threads = threads or os.cpu_count() or 1
        self._workers = ThreadPoolExecutor(self._threads, thread_name_prefix="sets")
        self._lock = threading.Lock()
        self._database: Any = None
        self._statements: dict[str, Statement] = {}
        self._running = 0

    async def query(
        self,
        sql: str,
        tables: Mapping[str, Frame],
        params: Mapping[str, Value],
        *,
        timeout: float | None = None,
        max_rows: int = 100_000,
    ) -> Frame:
        """The rows of one SELECT over `tables`, with `params` for its `$name`s; its columns carry no labels.

        Raises Refused (not a SELECT, unknown name, wrong type, too many rows, too much memory), DeadlinePassed after
        `timeout` seconds (waiting for a worker counts), Later when other queries hold the memory.
        """
        seconds = self._seconds if timeout is None else min(timeout, self._seconds)
        query = _Query(sql, tables, params, max_rows)
        work = self._workers.submit(self._run, query)
        answer = asyncio.wrap_future(work)
        try:
            await asyncio.wait({answer}, timeout=seconds)
        except asyncio.CancelledError:
            await _stop(query, work, answer)
            raise
        if not answer.done():
            await _stop(query, work, answer)
            raise DeadlinePassed(f"SQL: stopped after {seconds:g} s.", way_out="Narrow it, or give it more time.")
        return answer.result()

    async def close(self) -> None:
        """Waits for running queries and forgets the database; no query comes after it."""
        await asyncio.to_thread(self._workers.shutdown, cancel_futures=True)
        if self._database is not None:
            self._database.close()
            self._database = None

    def _run(self, query: "_Query") -> Frame:
        """In a worker thread."""
        with self._cursor() as cursor:
            try:
                return query.run(cursor, self._statement(query.sql, cursor), self._rows)
            except duckdb.InterruptException as error:
                raise DeadlinePassed("SQL: stopped.") from error
            except duckdb.OutOfMemoryException as error:
                raise self._out_of_memory() from error
            except (duckdb.InternalException, duckdb.FatalException) as error:
                self._database = None  # an engine that failed inside answers nothing more; the next query opens anew
                raise Broken("SQL: the engine failed inside.", way_out="Report it with the SQL.") from error
            except duckdb.Error as error:
                raise Refused(sentence(error, query.sql)) from error

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        with self._lock:
            if self._database is None:
                self._database = open_database(self._memory, self._threads)
            cursor = self._database.cursor()
            self._running += 1
        try:
            yield cursor
        finally:
            cursor.close()
            with self._lock:
                self._running -= 1

    def _statement(self, sql: str, cursor: Any) -> Statement:
        """Reading a statement takes longer than a small join, and a project has few of them."""
        if (found := self._statements.get(sql)) is None:
            found = read_statement(sql, cursor)
            with self._lock:
                if len(self._statements) >= _STATEMENTS_KEPT:
                    self._statements.clear()
                self._statements[sql] = found
        return found

    def _out_of_memory(self) -> Refused | Later:
        if self._running > 1:
            return Later("SQL: other queries hold the memory.", delay=1.0)
        return Refused(
            f"SQL: it needs more than the {self._memory} of memory that it may use.",
            way_out="Filter or aggregate before joining, or sort fewer rows.",
        )


@dataclass(eq=False, slots=True)
class _Query:
    """One query on its way through a worker; `stop` may come from another thread at any time."""

    sql: str
    tables: Mapping[str, Frame]
    params: Mapping[str, Value]
    max_rows: int
    _stopped: threading.Event = field(default_factory=threading.Event)
    _cursor: Any = None
    _zoned: bool = False
    """A table has times with a zone."""

    def stop(self) -> None:
        self._stopped.set()
        if (cursor := self._cursor) is not None:
            cursor.interrupt()

    def run(self, cursor: Any, statement: Statement, most: int) -> Frame:
        missing = sorted(statement.params - self.params.keys())
        if missing:
            raise Refused(f"SQL: `${missing[0]}` has no value.", way_out=way_out(missing[0], self.params, "Values"))
        tables = _named(statement, self.tables)
        _bounded(tables, most)
        self._cursor = cursor
        try:
            for name, frame in tables.items():
                self._load(name, frame)
            return self._answer({name: values.param(name, self.params[name]) for name in statement.params})
        finally:
            self._cursor = None

    def _load(self, name: str, frame: Frame) -> None:
        """Columns travel as JSON arrays: twice as fast as rows of JSON or lists of Python values, and no pyarrow."""
        if twice := _twice(frame.names()):
            raise Refused(f"table `{name}` has `{twice}` twice (case aside).", way_out="Rename one where it is read.")
        columns = [values.stored(column, [row[column.name] for row in frame.rows]) for column in frame.columns]
        select = "SELECT " + ", ".join(
            f"unnest(from_json(${index}, '[\"{column.type}\"]')) AS {_quoted(column.name)}"
            for index, column in enumerate(columns, 1)
        )
        self._zoned |= any(column.type == values.ZONED_IN for column in columns)
        for start in range(0, max(len(frame), 1), _BATCH):
            into = f"INSERT INTO {_quoted(name)}" if start else f"CREATE TEMP TABLE {_quoted(name)} AS"
            self._execute(f"{into} {select}", [column.json(start, start + _BATCH) for column in columns])

    def _answer(self, params: Mapping[str, Value]) -> Frame:
        """A description plans the statement once more, which takes as long as running it over few rows. So only one
        that is likely to give times with a zone is described first; another that does (`now()`) is run twice."""
        cursor = self._execute(f"DESCRIBE {self.sql}" if self._zoned else self.sql, params)
        described = cursor.fetchall() if self._zoned else cursor.description
        if twice := _twice(name for name, *_ in described):
            raise Refused(f"SQL: it gives `{twice}` twice.", way_out=f"Name one of them: … AS {twice}_2.")
        zoned = {name for name, kind, *_ in described if str(kind) == values.ZONED}
        if zoned or self._zoned:
            cursor = self._execute(self._without_zones(zoned), params)
        results = [values.result(name, kind, name in zoned) for name, kind, *_ in cursor.description]
        rows: list[Row] = []
        letters, batch_of = 0, _FIRST_BATCH
        while batch := self._go_on().fetchmany(batch_of):
            letters += values.letters(batch, results)
            if letters > _MOST_LETTERS:
                raise Refused(
                    f"SQL: its texts are longer than {_MOST_LETTERS:,} letters together.",
                    way_out="Ask for fewer rows or columns, or shorten the texts.",
                )
            rows.extend(values.rows(batch, results))
            if len(rows) > self.max_rows:
                raise Refused(
                    f"SQL: it gives more than {self.max_rows:,} rows.", way_out="Add a LIMIT, a filter or a GROUP BY."
                )
            batch_of = _BATCH if letters * _BATCH < len(rows) * _MOST_LETTERS // 4 else _FIRST_BATCH
        return Frame(tuple(Column(column.name, column.shape) for column in results), rows)

    def _without_zones(self, zoned: set[str]) -> str:
        """DuckDB gives timestamps with a zone to Python only through pytz, so they are read as their UTC time."""
        if not zoned:
            return self.sql
        inner = self._execute("SELECT json_deserialize_sql(json_serialize_sql($1))", [self.sql]).fetchone()[0]
        casts = ", ".join(f"CAST({_quoted(name)} AS TIMESTAMP) AS {_quoted(name)}" for name in sorted(zoned))
        return f"SELECT * REPLACE ({casts}) FROM ({inner})"  # noqa: S608 - the user's SELECT itself

    def _execute(self, sql: str, params: object = None) -> Any:
        return self._go_on().execute(sql, params or None)

    def _go_on(self) -> Any:
        if self._stopped.is_set():
            raise DeadlinePassed("SQL: stopped.")
        return self._cursor


async def _stop(query: _Query, work: "Future[Frame]", answer: "asyncio.Future[Frame]") -> None:
    """Interrupts until the worker is free: one interrupt may fall between two statements and be lost."""
    if work.cancel():
        return
    while not answer.done():
        query.stop()
        await asyncio.wait({answer}, timeout=_INTERRUPT_EVERY)
    answer.exception()


def _named(statement: Statement, tables: Mapping[str, Frame]) -> dict[str, Frame]:
    """The tables that the statement names; its other inputs are not even loaded."""
    names = {name.lower(): name for name in tables}
    for table in sorted(statement.tables):
        if table.lower() not in names:
            raise Refused(f"SQL: no step named `{table}`.", way_out=way_out(table, tables, "Steps"))
    wanted = {names[table.lower()] for table in statement.tables}
    return {name: frame for name, frame in tables.items() if name in wanted}


def _bounded(tables: Mapping[str, Frame], most: int) -> None:
    total = sum(map(len, tables.values()))
    if total > most:
        largest = max(tables, key=lambda name: len(tables[name]))
        raise Refused(
            f"SQL: {total:,} rows go in, at most {most:,} may.",
            way_out=f"Narrow or aggregate `{largest}` ({len(tables[largest]):,} rows) where it is read.",
        )


def _twice(names: Iterable[str]) -> str | None:
    """The first name that comes again; SQL does not tell case apart."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            return name
        seen.add(name.lower())
    return None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

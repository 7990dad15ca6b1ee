"""SQLite keeps what every connector promises, and what only a file can do wrong."""

import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from tests.conformance.connectors import COLUMNS, MANY, ConnectorContract, Request, World, people

from pointsman.clock import SystemClock
from pointsman.connectors.limits import Limited
from pointsman.connectors.port import Call, FoundColumn
from pointsman.connectors.sqlite import SqliteConnector
from pointsman.errors import Broken, Fault, Later, Refused
from pointsman.spec.connection import Limits, SqliteConnection

SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS id FROM n WHERE i < 0"


def fill(path: Path) -> None:
    with closing(sqlite3.connect(path)) as link, link:
        link.execute(
            "CREATE TABLE people (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, joined DATE, seen TIMESTAMP, "
            "score REAL, visits INTEGER, active BOOLEAN)"
        )
        for row in people():
            values = [value.isoformat(sep=" ") if isinstance(value, datetime) else value for value in row.values()]
            link.execute(
                "INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?)",
                [value.isoformat() if hasattr(value, "isoformat") else value for value in values],
            )
        link.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, person TEXT REFERENCES people (id), note TEXT)")
        link.executemany(
            "INSERT INTO events VALUES (?, 'p-000', 'a note of some length')", [(number,) for number in range(MANY)]
        )


def connector(folder: Path, path: str = "crm.db") -> SqliteConnector:
    return SqliteConnector(SqliteConnection(connection="crm", type="sqlite", path=path), folder, SystemClock())


@dataclass
class SqliteWorld(World):
    folder: Path = field(default_factory=Path)
    lock: sqlite3.Connection | None = None

    def everything(self) -> Request:
        return Request("query", {"sql": "SELECT * FROM people ORDER BY id"}, COLUMNS)

    def named(self, name: str) -> Request:
        return Request("query", {"sql": "SELECT * FROM people WHERE name = :name", "params": {"name": name}}, COLUMNS)

    def many(self) -> Request:
        return Request("query", {"sql": "SELECT * FROM events"})

    def unknown_table(self) -> tuple[Request, str]:
        return Request("query", {"sql": "SELECT * FROM peple"}), "peple"

    async def slow(self) -> Request:
        return Request("query", {"sql": SLOW})

    async def busy(self) -> int:
        """Threads that are inside the driver now."""
        frames = sys._current_frames()
        workers = [thread.ident for thread in threading.enumerate() if thread.name.startswith("sqlite crm")]
        stacks = [frames[ident] for ident in workers if ident in frames]
        return sum(frame.f_code.co_filename.endswith("connectors/sqlite.py") for frame in stacks)

    async def down(self) -> SqliteConnector:
        fill(self.folder / "locked.db")
        self.lock = sqlite3.connect(self.folder / "locked.db", isolation_level=None)
        self.lock.execute("BEGIN EXCLUSIVE")
        return connector(self.folder, "locked.db")


class TestSqlite(ConnectorContract):
    @pytest.fixture
    async def world(self, tmp_path: Path) -> AsyncIterator[World]:
        fill(tmp_path / "crm.db")
        world = SqliteWorld(connector(tmp_path), folder=tmp_path)
        yield world
        if world.lock:
            world.lock.close()
        await world.connector.close()

    async def test_describe_shows_keys_and_what_may_be_null(self, world: World) -> None:
        tables = await world.connector.describe()
        assert tables["events"] == {
            "id": FoundColumn("integer", nullable=False),
            "person": FoundColumn("string", references="people"),
            "note": FoundColumn("string"),
        }
        assert not tables["people"]["name"].nullable


@pytest.fixture
async def crm(tmp_path: Path) -> AsyncIterator[Limited]:
    fill(tmp_path / "crm.db")
    around = Limited(connector(tmp_path), Limits(), SystemClock())
    yield around
    await around.close()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE sqlite_master SET sql = 'CREATE TABLE people (a)'",
        "INSERT INTO people (id, name) VALUES ('x', 'y')",
        "DELETE FROM people",
        "DROP TABLE people",
        "CREATE TEMP TABLE t (a)",
        "ATTACH '/tmp/other.db' AS other",
        "PRAGMA writable_schema = on",
        "PRAGMA query_only = off",
        "SELECT load_extension('x')",
        "SELECT 1 AS one; DELETE FROM people",
        "VACUUM INTO '/tmp/copy.db'",
        "BEGIN IMMEDIATE",
        "SELECT id, id FROM people",
        "SELECT x'00ff' AS blob",
        "SELECT * FROM people WHERE id = :missing",
        "",
    ],
)
async def test_whatever_is_not_one_reading_query_is_refused(crm: Limited, sql: str, tmp_path: Path) -> None:
    before = (tmp_path / "crm.db").read_bytes()
    with pytest.raises(Refused) as caught:
        await crm.fetch("query", {"sql": sql}, Call())
    assert caught.value.sentence.startswith("connection crm: ")
    assert (tmp_path / "crm.db").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "kind", "word"),
    [(None, Broken, "not there"), (b"no database at all" * 99, Broken, "cannot be read")],
    ids=["missing", "garbled"],
)
async def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, kind: type[Fault], word: str) -> None:
    if content is not None:
        (tmp_path / "crm.db").write_bytes(content)
    around = Limited(connector(tmp_path), Limits(), SystemClock())
    for ask in (around.check, lambda: around.fetch("query", {"sql": "SELECT * FROM people"}, Call())):
        with pytest.raises(kind, match=word) as caught:
            await ask()
        assert "crm" in caught.value.sentence
    assert not (tmp_path / "crm.db").exists() or content
    await around.close()


async def test_lists_and_dates_are_bound(crm: Limited) -> None:
    sql = "SELECT id FROM people WHERE id IN (SELECT value FROM json_each(:ids)) AND joined < :day ORDER BY id"
    day = people()[0]["joined"]
    frame, facts = await crm.fetch(
        "query", {"sql": sql, "params": {"ids": ["p-000", "p-001", "p-002"], "day": day}}, Call()
    )
    assert frame.rows == [{"id": "p-001"}]
    assert facts.as_of and datetime.fromisoformat(facts.as_of).tzinfo


async def test_a_lock_says_to_come_back(crm: Limited, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "crm.db", isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Later, match="locked") as caught:
            await crm.fetch("query", {"sql": "SELECT * FROM people"}, Call())
    assert caught.value.delay
    assert len((await crm.fetch("query", {"sql": "SELECT * FROM people"}, Call()))[0]) == len(people())

"""PostgreSQL keeps what every connector promises, and what only a database server can do wrong."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conformance.connectors import COLUMNS, MANY, ConnectorContract, Request, World, people

from pointsman.clock import SystemClock
from pointsman.connectors.limits import Limited
from pointsman.connectors.port import Call, Facts, FoundColumn
from pointsman.connectors.postgres import PostgresConnector
from pointsman.errors import Broken, Fault, Later, Refused
from pointsman.frame import Column
from pointsman.secrets import Secrets
from pointsman.shape import ANY, INTEGER, NUMBER, STRING
from pointsman.spec.connection import Limits, PostgresConnection

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

pytest_plugins = ["tests.postgres_server"]

TABLES = """
CREATE TYPE mood AS ENUM ('fine', 'sad');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE SCHEMA shop;
CREATE TABLE people (id text PRIMARY KEY, name text NOT NULL, joined date, seen timestamptz, score float8,
                     visits int8, active boolean);
CREATE TABLE events (id int PRIMARY KEY, person text REFERENCES people, note text);
CREATE TABLE shop.orders (id uuid PRIMARY KEY, total numeric(12, 2), pieces numeric(9, 0), tags text[], extra jsonb,
                          mood mood, mail email, at timestamp, day_time time, waited interval, host inet, raw bytea);
CREATE VIEW sad_people AS SELECT id, name FROM people;
INSERT INTO events SELECT n, NULL, 'a note of some length' FROM generate_series(1, 3000) AS n;
INSERT INTO shop.orders VALUES ('6f1c0f6e-4a44-4a5c-9f0e-0b8b1d8f0001', 12.50, 3, '{a,b}', '{"k": [1, null]}', 'sad',
    'a@b.example', '2026-11-20 10:00', '08:30', '1 day 2 hours', '10.0.0.1', '\\x00ff');
"""


def spec(server: "PostgresServer", **more: Any) -> PostgresConnection:
    given: dict[str, Any] = {
        "connection": "crm",
        "type": "postgres",
        "host": server.host,
        "port": server.port,
        "database": "crm",
        "user": server.user,
        "password": "secret://env/PG",
    }
    return PostgresConnection(**(given | more))


def connector(server: "PostgresServer", **more: Any) -> PostgresConnector:
    return PostgresConnector(
        spec(server, **more), Secrets({"PG": server.password, "WRONG": "wrong"}, Path()), SystemClock()
    )


@pytest.fixture(scope="session")
def filled() -> dict[int, bool]:
    return {}


@pytest.fixture
async def server(postgres_server: "PostgresServer", filled: dict[int, bool]) -> "PostgresServer":
    """The server with the tables above; they are only read, so they are made once."""
    if not filled.get(postgres_server.port):
        await postgres_server.create_database("crm")
        link = await postgres_server.connect("crm")
        await link.execute(TABLES)
        rows = [tuple(row.values()) for row in people()]
        await link.executemany("INSERT INTO people VALUES ($1, $2, $3, $4, $5, $6, $7)", rows)
        await link.close()
        filled[postgres_server.port] = True
    return postgres_server


@dataclass
class PostgresWorld(World):
    server: "PostgresServer | None" = None

    def everything(self) -> Request:
        return Request("query", {"sql": "SELECT * FROM people ORDER BY id"}, COLUMNS)

    def named(self, name: str) -> Request:
        return Request("query", {"sql": "SELECT * FROM people WHERE name = :name", "params": {"name": name}}, COLUMNS)

    def many(self) -> Request:
        return Request("query", {"sql": "SELECT * FROM events"})

    def unknown_table(self) -> tuple[Request, str]:
        return Request("query", {"sql": "SELECT * FROM peple"}), "peple"

    async def slow(self) -> Request:
        return Request("query", {"sql": "SELECT id, pg_sleep(20) FROM people"})

    async def busy(self) -> int:
        """Transactions of the connector that the server has open now."""
        assert self.server
        link = await self.server.connect("crm")
        try:
            sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pointsman crm' AND state <> 'idle'"
            return int(await link.fetchval(sql))
        finally:
            await link.close()

    async def down(self) -> PostgresConnector:
        assert self.server
        return connector(self.server, port=1)


class TestPostgres(ConnectorContract):
    @pytest.fixture
    async def world(self, server: "PostgresServer") -> AsyncIterator[World]:
        world = PostgresWorld(connector(server), canary=server.password, server=server)
        yield world
        await world.connector.close()

    async def test_describe_shows_keys_types_and_what_may_be_null(self, world: World) -> None:
        tables = await world.connector.describe()
        assert tables["events"] == {
            "id": FoundColumn("integer", nullable=False),
            "person": FoundColumn("string", references="people"),
            "note": FoundColumn("string"),
        }
        assert {name: column.type for name, column in tables["shop.orders"].items()} == {
            "id": "string", "total": "number", "pieces": "integer", "tags": "any", "extra": "any", "mood": "string",
            "mail": "string", "at": "timestamp", "day_time": "string", "waited": "string", "host": "string",
            "raw": "any",
        }  # fmt: skip
        assert list(tables["sad_people"]) == ["id", "name"]


@pytest.fixture
async def crm(server: "PostgresServer") -> AsyncIterator[Limited]:
    around = Limited(connector(server), Limits(), SystemClock())
    yield around
    await around.close()


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO people (id, name) VALUES ('x', 'y')",
        "WITH gone AS (DELETE FROM people RETURNING *) SELECT * FROM gone",
        "SELECT 1 AS a; DELETE FROM people",
        "SELECT * INTO copy FROM people",
        "SELECT id FROM people FOR UPDATE",
        "COPY people TO '/tmp/people'",
        "SET default_transaction_read_only = off",
        "SELECT set_config('transaction_read_only', 'off', false) AS off",
        "SELECT nope FROM people",
        "SELECT id, id FROM people",
        "SELECT raw FROM shop.orders",
        "SELECT 1 / 0 AS x",
        "SELECT 'NaN'::float8 AS x",
        "SELECT * FROM people WHERE id = :missing",
        "",
    ],
)
async def test_whatever_is_not_one_reading_query_is_refused(crm: Limited, sql: str) -> None:
    with pytest.raises(Refused) as caught:
        await crm.fetch("query", {"sql": sql}, Call())
    assert caught.value.sentence.startswith("connection crm: ")
    frame, _ = await crm.fetch("query", {"sql": "SELECT count(*) AS n FROM people"}, Call())
    assert frame.rows == [{"n": len(people())}]


async def test_the_transaction_itself_only_reads(crm: Limited, server: "PostgresServer") -> None:
    link = await server.connect("crm")
    await link.execute(
        "CREATE OR REPLACE FUNCTION sneak() RETURNS int LANGUAGE sql AS "
        "$$ INSERT INTO events VALUES (-1, NULL, 'sneaked in') RETURNING id $$"
    )
    await link.close()
    with pytest.raises(Refused, match="more than read"):
        await crm.fetch("query", {"sql": "SELECT sneak() AS x"}, Call())


async def test_types_that_frames_do_not_have_become_text(crm: Limited) -> None:
    sql = "SELECT id, total, pieces, tags, extra, mood, at, day_time, waited, host FROM shop.orders"
    frame, _ = await crm.fetch("query", {"sql": sql}, Call())
    assert frame.rows == [
        {
            "id": "6f1c0f6e-4a44-4a5c-9f0e-0b8b1d8f0001",
            "total": 12.5,
            "pieces": 3.0,
            "tags": ["a", "b"],
            "extra": {"k": [1, None]},
            "mood": "sad",
            "at": datetime(2026, 11, 20, 10, tzinfo=UTC),
            "day_time": "08:30:00",
            "waited": "1 day, 2:00:00",
            "host": "10.0.0.1",
        }
    ]
    columns = (Column("id", STRING), Column("total", NUMBER), Column("pieces", INTEGER), Column("tags", ANY))
    frame, _ = await crm.fetch("query", {"sql": "SELECT * FROM shop.orders"}, Call(columns=columns))
    assert frame.rows[0]["pieces"] == 3
    assert type(frame.rows[0]["pieces"]) is int


@pytest.mark.parametrize(
    ("where", "value", "count"),
    [
        ("id = ANY(:v)", ["p-000", "p-001", "none"], 2),
        ("joined = :v", date(2024, 2, 29), 1),
        ("joined = :v", "2024-02-29", 1),
        ("joined = :v", datetime(2024, 2, 29, 12, tzinfo=UTC), 1),
        ("seen = :v", datetime(2026, 11, 20, 14, 30).astimezone(UTC), 0),
        ("seen = :v", "2026-11-20T13:30:00Z", 1),
        ("score = :v", 0.25, 1),
        ("visits > :v", 2**53, 1),
        ("visits::numeric = :v", 2**53 + 1, 1),
        ("active = :v", True, 1),
        ("joined::text = :v", date(2024, 2, 29), 1),
        ("name = :v OR :v IS NULL", None, 10),
    ],
)
async def test_values_are_bound_by_the_type_of_their_place(crm: Limited, where: str, value: Any, count: int) -> None:
    sql = f"SELECT count(*) AS n FROM people WHERE {where}"
    frame, _ = await crm.fetch("query", {"sql": sql, "params": {"v": value}}, Call())
    assert frame.rows == [{"n": count}]


@pytest.mark.parametrize(
    ("where", "value"),
    [("visits = :v", "secret-text"), ("joined = :v", "no date"), ("id = :v", 5), ("id = ANY(:v)", "p-000")],
)
async def test_a_value_that_does_not_fit_is_refused_without_showing_it(crm: Limited, where: str, value: Any) -> None:
    with pytest.raises(Refused, match=r"params\.v") as caught:
        await crm.fetch("query", {"sql": f"SELECT id FROM people WHERE {where}", "params": {"v": value}}, Call())
    assert str(value) not in caught.value.sentence or value == 5


@pytest.mark.parametrize(
    ("change", "kind", "word"),
    [
        ({"password": "secret://env/WRONG"}, Broken, "does not let user"),
        ({"database": "nowhere"}, Broken, "no database named nowhere"),
        ({"password": "secret://env/UNSET"}, Broken, "UNSET"),
        ({"host": "/nowhere"}, Later, "no answer"),
    ],
    ids=["password", "database", "secret", "socket"],
)
async def test_what_is_wrong_with_the_connection(
    server: "PostgresServer", change: dict[str, Any], kind: type[Fault], word: str
) -> None:
    crm = connector(server, **change)
    with pytest.raises(kind, match=word):
        await crm.check()
    await crm.close()


async def test_a_unix_socket_is_a_host(server: "PostgresServer") -> None:
    crm = connector(server, host=str(server.folder))
    assert "PostgreSQL" in await crm.check()
    await crm.close()


async def test_a_link_that_the_server_ended_is_for_later_and_then_works(crm: Limited, server: "PostgresServer") -> None:
    key = uuid.uuid4().hex
    link = await server.connect("crm")
    pages = crm.connector.read("query", {"sql": f"SELECT id, '{key}' AS k FROM events"}, Call(), Facts())
    await anext(pages)
    await link.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pointsman crm'"
    )
    with pytest.raises(Later):
        async for _ in pages:
            pass
    await link.close()
    frame, _ = await crm.fetch("query", {"sql": "SELECT count(*) AS n FROM events"}, Call())
    assert frame.rows == [{"n": MANY}]

"""What every connector must do. A connector passes by naming its world:

    class TestSqlite(ConnectorContract):
        @pytest.fixture
        async def world(self, tmp_path): ...  yield SqliteWorld(...)

The world holds a real system (or the stand-in that we ship) with the table of `people()`, `MANY` rows in another, and
ways to make it slow or to take it away.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest

from pointsman.clock import SystemClock
from pointsman.connectors.limits import Limited
from pointsman.connectors.port import Call, Connector, Facts
from pointsman.errors import Broken, DeadlinePassed, Fault, Later, Refused
from pointsman.frame import Column, Frame, Row
from pointsman.shape import BOOLEAN, DATE, INTEGER, NUMBER, STRING, TIMESTAMP, Shape
from pointsman.spec.connection import Limits

MANY = 3_000
"""Rows of the large table: more than one page of any connector."""

INJECTIONS = (
    "' OR '1'='1",
    "x'; DROP TABLE people; --",
    '"; DELETE FROM people',
    "\\' OR 1=1 --",
    "100%_",
    "line\nbreak",
    "$1 :name ?",
)
"""Names of people that would be queries if they were not bound."""

COLUMNS: tuple[Column, ...] = (
    Column("id", STRING),
    Column("name", STRING),
    Column("joined", DATE.or_null()),
    Column("seen", TIMESTAMP.or_null()),
    Column("score", NUMBER.or_null()),
    Column("visits", INTEGER.or_null()),
    Column("active", BOOLEAN.or_null()),
)


def people() -> list[Row]:
    """The rows of the known table, as a frame holds them, in the order of `id`."""
    rows: list[Row] = [
        {
            "id": "p-000",
            "name": "Zoë Ångström",
            "joined": date(2024, 2, 29),
            "seen": datetime(2026, 11, 20, 13, 30, tzinfo=UTC),
            "score": 0.25,
            "visits": 2**53 + 1,
            "active": True,
        },
        {
            "id": "p-001",
            "name": "陳大文 🚲",
            "joined": date(1969, 12, 31),
            "seen": datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
            "score": -1e-9,
            "visits": 0,
            "active": False,
        },
        {
            "id": "p-002",
            "name": "Nothing Known",
            "joined": None,
            "seen": None,
            "score": None,
            "visits": None,
            "active": None,
        },
    ]
    for number, name in enumerate(INJECTIONS, start=3):
        rows.append({**rows[2], "id": f"p-{number:03d}", "name": name})
    return rows


@dataclass(frozen=True)
class Request:
    """A reading action with its arguments, and the columns that the plan would expect."""

    action: str
    args: dict[str, Any]
    columns: tuple[Column, ...] = ()


@dataclass
class World(ABC):
    """A system under test. `canary`: a secret that its connector uses and that no error may show."""

    connector: Connector
    canary: str = "no-secret-in-this-world"
    columns: tuple[Column, ...] = COLUMNS
    rows: list[Row] = field(default_factory=people)
    """Expected rows of `everything()`; a system that lacks a type (big integers) hands in what it can hold."""

    @abstractmethod
    def everything(self) -> Request:
        """All rows of the known table, ordered by id, all columns."""

    @abstractmethod
    def named(self, name: str) -> Request:
        """The rows of the known table with exactly this name, the name as a bound parameter."""

    @abstractmethod
    def many(self) -> Request:
        """All `MANY` rows of the large table (at least two pages)."""

    @abstractmethod
    def unknown_table(self) -> tuple[Request, str]:
        """A request for what is not there, and the name that the refusal must hold."""

    @abstractmethod
    async def slow(self) -> Request:
        """A request that answers only after 5 seconds or more; turns a fault switch if that is what it takes."""

    @abstractmethod
    async def busy(self) -> int:
        """Requests that the system is working on now."""

    @abstractmethod
    async def down(self) -> Connector:
        """A connector of the same kind, with the same secret, whose system does not answer at all."""

    @property
    def names(self) -> dict[str, str]:
        """The column that holds `id` and `name`, where they are called otherwise."""
        return {"id": "id", "name": "name"}


def limited(world: World, **limits: Any) -> Limited:
    return Limited(world.connector, Limits(**limits), SystemClock())


async def fetch(world: World, request: Request, **limits: Any) -> Frame:
    frame, _ = await limited(world, **limits).fetch(request.action, request.args, Call(columns=request.columns))
    return frame


async def _until_idle(world: World, seconds: float = 3.0) -> int:
    """Requests still running at the system after at most this time."""
    for _ in range(int(seconds / 0.05)):
        if not await world.busy():
            return 0
        await asyncio.sleep(0.05)
    return await world.busy()


async def _until_busy(world: World, seconds: float = 3.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if await world.busy():
            return
        await asyncio.sleep(0.02)
    pytest.fail("the slow request never reached the system")


def _values(rows: Sequence[Row], column: str) -> list[object]:
    return [row[column] for row in rows]


class ConnectorContract:
    """Subclass it, and give `world`."""

    @pytest.fixture
    def world(self) -> Any:
        raise NotImplementedError("a connector names its world")

    async def test_types_nulls_and_unicode_come_back_as_they_are(self, world: World) -> None:
        frame = await fetch(world, world.everything())
        assert frame.rows == world.rows
        kinds = [[type(value) for value in row.values()] for row in frame.rows]
        assert kinds == [[type(value) for value in row.values()] for row in world.rows]

    async def test_columns_are_those_of_the_plan(self, world: World) -> None:
        frame = await fetch(world, world.everything())
        assert frame.columns == world.columns

    @pytest.mark.parametrize("name", INJECTIONS)
    async def test_parameters_are_values_never_text_of_the_query(self, world: World, name: str) -> None:
        column = world.names["name"]
        frame = await fetch(world, world.named(name))
        assert _values(frame.rows, column) == [name]
        everything = await fetch(world, world.everything())
        assert len(everything) == len(world.rows)

    async def test_an_empty_answer_keeps_its_columns(self, world: World) -> None:
        frame = await fetch(world, world.named("nobody has this name"))
        assert frame.rows == []
        assert frame.names() == tuple(column.name for column in world.columns)

    async def test_without_known_columns_they_are_found(self, world: World) -> None:
        frame = await fetch(world, replace(world.everything(), columns=()))
        assert {column.name for column in world.columns} <= set(frame.names())
        assert len(frame) == len(world.rows)

    async def test_a_column_that_the_system_lost_is_broken_by_name(self, world: World) -> None:
        request = world.everything()
        lost = replace(request, columns=(*request.columns, Column("lost_column", Shape("string"))))
        with pytest.raises(Broken, match="lost_column"):
            await fetch(world, lost)

    async def test_an_unknown_table_is_refused_by_name(self, world: World) -> None:
        request, name = world.unknown_table()
        with pytest.raises(Refused) as caught:
            await fetch(world, request)
        assert name in caught.value.sentence
        assert world.connector.connection in caught.value.sentence

    async def test_an_unknown_action_is_refused_by_name(self, world: World) -> None:
        with pytest.raises(Refused) as caught:
            await limited(world).fetch("no_such_action", {}, Call())
        assert "no_such_action" in caught.value.sentence
        assert world.connector.connection in caught.value.sentence

    async def test_a_missing_argument_is_refused_by_name(self, world: World) -> None:
        request = world.everything()
        required = world.connector.actions[request.action].required
        if not required:
            pytest.skip("this action has no required argument")
        name = sorted(required)[0]
        args = {key: value for key, value in request.args.items() if key != name}
        with pytest.raises(Refused, match=f"`{name}`"):
            await limited(world).fetch(request.action, args, Call())

    async def test_pages_stream(self, world: World) -> None:
        request = world.many()
        call = Call(columns=request.columns, deadline=SystemClock().monotonic() + 20)
        pages = cast(Any, world.connector.read(request.action, request.args, call, Facts()))
        async with aclosing(pages):
            sizes = [len(page) async for page in pages]
        assert len(sizes) > 1, "one page held everything"
        assert sum(sizes) == MANY

    async def test_a_reader_that_stops_early_frees_the_system(self, world: World) -> None:
        request = world.many()
        pages = cast(Any, world.connector.read(request.action, request.args, Call(columns=request.columns), Facts()))
        async with aclosing(pages):
            first = await anext(pages)
        assert 0 < len(first) < MANY
        assert await _until_idle(world) == 0
        assert len(await fetch(world, world.everything())) == len(world.rows)

    async def test_exactly_the_limit_of_rows_is_allowed(self, world: World) -> None:
        assert len(await fetch(world, world.many(), rows=MANY)) == MANY

    async def test_one_row_too_many_is_refused(self, world: World) -> None:
        with pytest.raises(Refused, match=f"{MANY - 1:,} rows.*limits.rows"):
            await fetch(world, world.many(), rows=MANY - 1)
        assert await _until_idle(world) == 0

    async def test_too_many_bytes_are_refused(self, world: World) -> None:
        with pytest.raises(Refused, match=r"limits\.bytes"):
            await fetch(world, world.many(), bytes="2Ki")
        assert await _until_idle(world) == 0

    async def test_a_slow_answer_passes_the_deadline_and_is_ended_there(self, world: World) -> None:
        request = await world.slow()
        started = SystemClock().monotonic()
        with pytest.raises(DeadlinePassed) as caught:
            await fetch(world, request, timeout="400ms")
        assert SystemClock().monotonic() - started < 3
        assert world.connector.connection in caught.value.sentence
        assert await _until_idle(world) == 0

    async def test_the_callers_deadline_wins_when_it_is_nearer(self, world: World) -> None:
        request = await world.slow()
        clock = SystemClock()
        with pytest.raises(DeadlinePassed):
            await limited(world).fetch(
                request.action, request.args, Call(deadline=clock.monotonic() + 0.3, columns=request.columns)
            )

    async def test_a_cancelled_caller_ends_the_request_at_the_system(self, world: World) -> None:
        request = await world.slow()
        task = asyncio.create_task(fetch(world, request))
        await _until_busy(world)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await _until_idle(world) == 0

    async def test_concurrency_is_bounded(self, world: World) -> None:
        request = await world.slow()
        around = limited(world, concurrent=2, timeout="2s")
        tasks = [
            asyncio.create_task(around.fetch(request.action, request.args, Call(columns=request.columns)))
            for _ in range(4)
        ]
        await _until_busy(world)
        await asyncio.sleep(0.3)
        assert 1 <= await world.busy() <= 2
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert await _until_idle(world) == 0

    async def test_a_system_that_is_down_is_for_later(self, world: World) -> None:
        down = await world.down()
        request = world.everything()
        try:
            with pytest.raises(Later) as caught:
                await Limited(down, Limits(timeout=5.0), SystemClock()).fetch(
                    request.action, request.args, Call(columns=request.columns)
                )
            assert down.connection in caught.value.sentence
            assert world.canary not in caught.value.sentence
        finally:
            await down.close()

    async def test_no_error_shows_the_secret(self, world: World) -> None:
        unknown, _ = world.unknown_table()
        for request in (unknown, Request("no_such_action", {})):
            with pytest.raises(Fault) as caught:
                await fetch(world, request)
            assert world.canary not in f"{caught.value!r} {caught.value.sentence} {caught.value.__cause__!r}"
        assert world.canary not in repr(world.connector)

    async def test_describe_shows_what_is_there(self, world: World) -> None:
        found = await world.connector.describe()
        names = {column.name for column in world.columns}
        described = [table for table in found.values() if names <= set(table)]
        assert described, f"no described table has the columns {sorted(names)}: {sorted(found)}"
        kinds = {column.name: column.shape.kind for column in world.columns}
        assert {name: described[0][name].type for name in names} == kinds

    async def test_check_says_a_sentence(self, world: World) -> None:
        sentence = await world.connector.check()
        assert sentence.endswith(".") and " " in sentence
        assert world.canary not in sentence

    async def test_close_twice_is_fine(self, world: World) -> None:
        await fetch(world, world.everything())
        await world.connector.close()
        await world.connector.close()

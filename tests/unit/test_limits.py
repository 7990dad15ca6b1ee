"""What limits do by themselves, around a connector that is a test double."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pointsman.clock import FixedClock, SystemClock
from pointsman.connectors.limits import Limited
from pointsman.connectors.port import Action, Call, Facts, Page, Tables
from pointsman.errors import Broken, DeadlinePassed, Fault, Refused, Uncertain
from pointsman.frame import Column
from pointsman.quantity import Quarter
from pointsman.shape import ANY, BOOLEAN, DATE, INTEGER, NUMBER, QUARTER, STRING, TIMESTAMP, Shape, Value, list_of
from pointsman.spec.connection import Limits

ACTIONS = {
    "list": Action("list", "none", frozenset({"of"}), frozenset({"size"})),
    "free": Action("free", "none", frozenset(), open=True),
    "pay": Action("pay", "once", frozenset()),
    "put": Action("put", "native", frozenset()),
}


class Double:
    """Gives the pages that it was made with, and counts what is taken from it."""

    connection = "crm"
    actions: Mapping[str, Action] = ACTIONS

    def __init__(self, pages: list[Page], pause: float = 0.0) -> None:
        self.pages, self.pause = pages, pause
        self.made = self.open = self.most = 0
        self.calls: list[Call] = []
        self.fault: Fault | None = None

    async def read(self, action: str, args: Mapping[str, Any], call: Call, facts: Facts) -> AsyncIterator[Page]:
        self.calls.append(call)
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            for page in self.pages:
                await asyncio.sleep(self.pause)
                self.made += 1
                yield page
        finally:
            self.open -= 1

    async def write(self, action: str, args: Mapping[str, Any], call: Call) -> Value:
        await asyncio.sleep(self.pause)
        if self.fault:
            raise self.fault
        return call.key

    async def describe(self) -> Tables:
        return {}

    async def check(self) -> str:
        return "Well."

    async def close(self) -> None:
        pass


def around(pages: list[Page], pause: float = 0.0, **limits: Any) -> tuple[Double, Limited]:
    double = Double(pages, pause)
    return double, Limited(double, Limits(**limits), SystemClock())


OF = {"of": "x"}


@pytest.mark.parametrize(
    ("action", "args", "says"),
    [
        ("lst", OF, r"crm: no action named `lst`\. Did you mean `list`\?"),
        ("list", {}, "`list` needs `of`"),
        ("list", {**OF, "sze": 1}, r"`list` takes no `sze`\. Did you mean `size`\?"),
    ],
)
async def test_what_was_never_offered_is_refused_before_anything_is_asked(
    action: str, args: dict[str, Any], says: str
) -> None:
    double, crm = around([[{"a": 1}]])
    with pytest.raises(Refused, match=says):
        await crm.fetch(action, args, Call())
    assert double.calls == []


async def test_an_open_action_takes_any_name() -> None:
    _, crm = around([[{"a": 1}]])
    frame, _ = await crm.fetch("free", {"anything": 1}, Call())
    assert frame.rows == [{"a": 1}]


async def test_nothing_is_fetched_beyond_the_limit() -> None:
    double, crm = around([[{"a": number} for number in range(10)]] * 100, rows=25)
    with pytest.raises(Refused, match=r"more than 25 rows.*limits\.rows. in connections/crm\.yaml"):
        await crm.fetch("list", OF, Call())
    assert double.made == 3
    assert double.open == 0


async def test_bytes_count_nested_values() -> None:
    double, crm = around([[{"a": [{"b": "x" * 100}]}]] * 100, bytes=1000)
    with pytest.raises(Refused, match=r"limits\.bytes"):
        await crm.fetch("list", OF, Call())
    assert double.made == 11


async def test_time_is_for_all_pages_together_and_for_the_wait_before() -> None:
    double, crm = around([[{"a": 1}]] * 100, pause=0.05, timeout=0.2, concurrent=1)
    results = await asyncio.gather(*(crm.fetch("list", OF, Call()) for _ in range(2)), return_exceptions=True)
    assert [type(result) for result in results] == [DeadlinePassed, DeadlinePassed]
    assert double.most == 1
    assert double.open == 0


async def test_the_nearer_deadline_reaches_the_connector() -> None:
    double, crm = around([[]], timeout=10)
    now = SystemClock().monotonic()
    await crm.fetch("list", OF, Call(deadline=now + 1))
    await crm.fetch("list", OF, Call(deadline=now + 100))
    first, second = (call.deadline for call in double.calls)
    assert first == now + 1
    assert second is not None
    assert second < now + 11


async def test_a_deadline_that_has_passed_asks_nothing() -> None:
    _, crm = around([[{"a": 1}]], pause=0.01)
    with pytest.raises(DeadlinePassed):
        await crm.fetch("list", OF, Call(deadline=SystemClock().monotonic() - 1))


@pytest.mark.parametrize(("action", "kind"), [("pay", Uncertain), ("put", DeadlinePassed)])
async def test_a_write_that_runs_out_of_time(action: str, kind: type[Fault]) -> None:
    _, crm = around([], pause=1, timeout=0.05)
    with pytest.raises(kind) as caught:
        await crm.write(action, {}, Call(key="k"))
    assert type(caught.value) is kind


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
async def test_a_write_that_must_not_be_repeated_is_uncertain_whoevers_timer_is_first(busy: bool) -> None:
    """A step's timeout runs out at the same moment as ours; left as a TimeoutError, the step would be tried again."""
    _, crm = around([], pause=5)
    until = SystemClock().monotonic() + 0.1
    if busy:  # the loop comes back after all timers have run out
        asyncio.get_running_loop().call_later(0.05, time.sleep, 0.1)
    with pytest.raises(Uncertain):
        async with asyncio.timeout(0.1):
            await crm.write("pay", {}, Call(key="k", deadline=until))


async def test_a_write_that_is_cancelled_in_time_stays_cancelled() -> None:
    _, crm = around([], pause=5)
    task = asyncio.create_task(crm.write("pay", {}, Call(key="k", deadline=SystemClock().monotonic() + 5)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_connector_that_ended_before_anything_was_done_is_believed() -> None:
    double, crm = around([])
    double.fault = DeadlinePassed("too slow; nothing was done.")
    with pytest.raises(DeadlinePassed):
        await crm.write("pay", {}, Call(key="k"))


async def test_a_write_that_never_began_is_for_later() -> None:
    _, crm = around([], pause=0.3, timeout=1, concurrent=1)
    first = asyncio.create_task(crm.write("pay", {}, Call(key="k")))
    await asyncio.sleep(0)
    with pytest.raises(DeadlinePassed):
        await crm.write("pay", {}, Call(deadline=SystemClock().monotonic() + 0.05))
    assert await first == "k"


async def test_columns_of_the_plan_are_kept_and_others_dropped() -> None:
    columns = (Column("b", STRING, frozenset({"identifier"})), Column("a", INTEGER))
    _, crm = around([[{"a": 1, "b": "x", "more": 5}]])
    frame, facts = await crm.fetch("list", OF, Call(columns=columns))
    assert frame.columns == columns
    assert frame.rows == [{"b": "x", "a": 1}]
    assert facts.as_of


async def test_the_time_of_reading_is_the_clocks() -> None:
    clock = FixedClock(datetime(2026, 11, 20, 12, tzinfo=UTC))
    _, facts = await Limited(Double([[]]), Limits(), clock).fetch("list", OF, Call())
    assert facts.as_of == "2026-11-20T12:00:00+00:00"


async def test_found_columns_take_the_narrowest_shape_that_fits_all_rows() -> None:
    _, crm = around([[{"a": 1, "b": None, "c": "x"}], [{"a": 2.5, "b": 3, "d": [1]}], [{"c": 1}]])
    frame, _ = await crm.fetch("list", OF, Call())
    found = {column.name: str(column.shape) for column in frame.columns}
    assert found["c"] == "any"
    assert set(found) == {"a", "b", "c", "d"}
    assert all(set(row) == set(found) for row in frame.rows)
    assert found["a"] == "number or null"
    assert found["b"] == "integer or null"


@pytest.mark.parametrize(
    ("shape", "given", "value"),
    [
        (NUMBER, Decimal("1.5"), 1.5),
        (NUMBER, 2, 2.0),
        (INTEGER, Decimal(3), 3),
        (INTEGER, 3.0, 3),
        (INTEGER, 2**80, 2**80),
        (BOOLEAN, 1, True),
        (DATE, "2026-11-20", date(2026, 11, 20)),
        (DATE, datetime(2026, 11, 20, 5), date(2026, 11, 20)),
        (TIMESTAMP, "2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (TIMESTAMP, "2026-11-20 10:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (TIMESTAMP, "2026-11-20T10:00:00.000+02:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        (QUARTER, "2026-Q4", Quarter("2026-Q4")),
        (list_of(STRING), ("a", "b"), ["a", "b"]),
        (Shape("object"), {"a": Decimal(1)}, {"a": 1.0}),
        (ANY, None, None),
        (STRING, None, None),
    ],
)  # fmt: skip
async def test_values_come_as_frames_hold_them(shape: Shape, given: Any, value: Any) -> None:
    _, crm = around([[{"v": given}]])
    frame, _ = await crm.fetch("list", OF, Call(columns=(Column("v", shape),)))
    assert frame.rows == [{"v": value}]
    assert type(frame.rows[0]["v"]) is type(value)


@pytest.mark.parametrize(
    ("shape", "given", "kind", "says"),
    [
        (INTEGER, "secret", Broken, "`v` is integer in the schema, and the system gave a text"),
        (INTEGER, 1.5, Broken, "gave a number"),
        (STRING, 5, Broken, "gave a whole number"),
        (DATE, "soon", Broken, "gave a text"),
        (BOOLEAN, 2, Broken, "gave a whole number"),
        (NUMBER, float("nan"), Refused, "not a finite number"),
        (ANY, float("inf"), Refused, "not a finite number"),
        (STRING, b"\x00", Refused, "holds bytes"),
    ],
)
async def test_values_unlike_the_schema_are_told_without_showing_them(
    shape: Shape, given: Any, kind: type[Fault], says: str
) -> None:
    _, crm = around([[{"v": given}]])
    for columns in ((Column("v", shape),), ()) if kind is Refused and shape is not STRING else ((Column("v", shape),),):
        with pytest.raises(kind, match=says) as caught:
            await crm.fetch("list", OF, replace(Call(), columns=columns))
        assert "secret" not in caught.value.sentence


async def test_lost_columns_are_named_with_the_way_out() -> None:
    _, crm = around([[{"a": 1}]])
    with pytest.raises(Broken, match=r"no `b`, `c`.*pointsman describe crm"):
        await crm.fetch("list", OF, Call(columns=(Column("a", INTEGER), Column("b", STRING), Column("c", STRING))))

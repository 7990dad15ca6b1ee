"""SQL over frames: what it may read, what comes in and out, and its bounds."""

import asyncio
import os
import time
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.errors import DeadlinePassed, Fault, Later, Refused
from pointsman.frame import Column, Frame
from pointsman.quantity import Quarter
from pointsman.sets import Sets
from pointsman.sets.database import open_database
from pointsman.shape import ANY, BOOLEAN, DATE, INTEGER, NUMBER, QUARTER, STRING, TIMESTAMP, list_of, record

FOREVER = "WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t) SELECT count(*) AS n FROM t"
SLOW = "SELECT count(*) AS n FROM range(200000) a, range(200000) b WHERE (a.range * b.range) % 7 = 3"


@pytest.fixture
async def sets():
    made = Sets(memory="512MiB", threads=2)
    yield made
    await made.close()


@asynccontextmanager
async def opened(**settings):
    made = Sets(**settings)
    yield made
    await made.close()


def frame(rows, **shapes):
    names = list(shapes) or list(rows[0])
    return Frame(tuple(Column(name, shapes.get(name, ANY)) for name in names), rows)


CUSTOMERS = frame([{"id": "a", "name": "Aurelis"}, {"id": "b", "name": "Belvane"}], id=STRING, name=STRING)


async def refused(sets, sql, tables=None, params=None, **bounds):
    with pytest.raises(Refused) as caught:
        await sets.query(sql, tables or {}, params or {}, **bounds)
    return str(caught.value)


# What may be read


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        pytest.param("SELECT * FROM read_csv('/etc/passwd')", "`read_csv(…)` is not a step", id="a file"),
        pytest.param("SELECT * FROM read_text('/etc/passwd')", "`read_text(…)` is not a step", id="a text file"),
        pytest.param("SELECT * FROM glob('/*')", "`glob(…)` is not a step", id="a folder"),
        pytest.param("SELECT * FROM '/etc/passwd'", "no step named `/etc/passwd`", id="a file as a table"),
        pytest.param("SELECT * FROM query('SELECT 1')", "`query(…)` is not a step", id="SQL in a text"),
        pytest.param("SELECT * FROM duckdb_settings()", "`duckdb_settings(…)` is not a step", id="settings"),
        pytest.param("SELECT * FROM information_schema.tables", "no step named `information_schema", id="catalogue"),
        pytest.param("COPY (SELECT 1) TO '/tmp/x'", "one SELECT", id="COPY"),
        pytest.param("ATTACH '/tmp/x.db'", "one SELECT", id="ATTACH"),
        pytest.param("INSTALL httpfs", "one SELECT", id="INSTALL"),
        pytest.param("LOAD icu", "one SELECT", id="LOAD"),
        pytest.param("SET threads = 4", "one SELECT", id="SET"),
        pytest.param("PRAGMA version", "one SELECT", id="PRAGMA"),
        pytest.param("CREATE TABLE t (i int)", "one SELECT", id="CREATE"),
        pytest.param("INSERT INTO customers VALUES ('c', 'x')", "one SELECT", id="INSERT"),
        pytest.param("DELETE FROM customers RETURNING *", "one SELECT", id="DELETE RETURNING"),
        pytest.param("CALL pragma_version()", "one SELECT", id="CALL"),
        pytest.param("EXPLAIN SELECT 1", "one SELECT", id="EXPLAIN"),
        pytest.param("SHOW TABLES", "one SELECT", id="SHOW"),
        pytest.param("SELECT 1 AS a; SELECT 2 AS a", "one SELECT", id="two statements"),
        pytest.param("SELECT 1; DROP TABLE customers", "one SELECT", id="a second statement that drops"),
        pytest.param("", "one SELECT", id="nothing"),
    ],
)
async def test_sql_reads_only_steps(sets, sql, said):
    assert said in await refused(sets, sql, {"customers": CUSTOMERS})


async def test_a_python_variable_is_not_a_table(sets):
    rows = [1]
    assert "no step named `rows`" in await refused(sets, "SELECT * FROM rows")
    assert rows == [1]


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("SELECT * FROM read_csv('{file}')", id="read_csv"),
        pytest.param("SELECT * FROM read_text('{file}')", id="read_text"),
        pytest.param("SELECT * FROM glob('{folder}/*')", id="glob"),
        pytest.param("SELECT * FROM '{file}'", id="file name as table"),
        pytest.param("COPY (SELECT 1) TO '{folder}/out.csv'", id="COPY"),
        pytest.param("ATTACH '{folder}/x.db'", id="ATTACH"),
        pytest.param("INSTALL httpfs", id="INSTALL"),
        pytest.param("LOAD httpfs", id="LOAD"),
        pytest.param("SET threads = 1", id="SET"),
        pytest.param("SET memory_limit = '9GB'", id="SET memory"),
        pytest.param("SET enable_external_access = true", id="SET external access"),
        pytest.param("SELECT * FROM variable", id="Python variable"),
    ],
)
def test_the_database_itself_is_locked(tmp_path, sql):
    """The reader of statements is the first wall; this is the second, without it."""
    import duckdb

    variable = [{"secret": 1}]
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    database = open_database("100MiB", 1)
    with pytest.raises(duckdb.Error):
        database.execute(sql.format(file=tmp_path / "rows.csv", folder=tmp_path)).fetchall()
    assert os.listdir(tmp_path) == ["rows.csv"]
    assert variable
    database.close()


def test_the_switches_that_leave_no_error():
    database = open_database("100MiB", 2)
    loading = ("autoload_known_extensions", "autoinstall_known_extensions", "python_enable_replacements")
    names = ("temp_directory", "threads", "TimeZone", "lock_configuration", *loading)
    found = [database.execute("SELECT current_setting($1)", [name]).fetchone()[0] for name in names]
    database.close()
    assert found == ["", 2, "UTC", True, False, False, False]


async def test_a_query_that_outgrows_memory_spills_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with opened(memory="60MiB", threads=1) as sets:
        said = await refused(sets, "SELECT range AS a, repeat('x', 500) AS b FROM range(2000000) ORDER BY hash(range)")
    assert "more than the 60MiB of memory" in said
    assert "temp_directory" not in said
    assert os.listdir(tmp_path) == []


# What is said


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        pytest.param("SELECT nam FROM customers", "There are: `name`", id="near column"),
        pytest.param("SELECT id FROM custmers", "no step named `custmers`. Did you mean `customers`?", id="near table"),
        pytest.param("SELECT lenght(id) FROM customers", "Did you mean `length`?", id="near function"),
        pytest.param("SELECT id\nFROM customers\nWHER true", "(line 3)", id="line of a syntax error"),
        pytest.param("SELECT id,\n  nope FROM customers", "(line 2)", id="line of an unknown column"),
        pytest.param("SELECT id FROM customers WHERE id = $idd", "`$idd` has no value. Did you mean `id`?", id="param"),
        pytest.param("SELECT id, id FROM customers", "gives `id` twice", id="same name twice"),
        pytest.param("SELECT id, name AS ID FROM customers", "gives `ID` twice", id="twice but for case"),
        pytest.param("SELECT 1 / 0 AS a", "column `a` holds infinity", id="division by zero"),
        pytest.param("SELECT [{'b': 'nan'::double}] AS a", "column `a` holds NaN", id="NaN inside a list"),
        pytest.param("SELECT INTERVAL 1 DAY AS a", "column `a` is INTERVAL", id="a type that no step holds"),
        pytest.param("SELECT sum(id) AS a FROM customers", "argument types 'sum(VARCHAR)'", id="wrong type"),
    ],
)
async def test_what_is_said(sets, sql, said):
    sentence = await refused(sets, sql, {"customers": CUSTOMERS}, {"id": "a"})
    assert said in sentence
    assert "\n" not in sentence
    assert "Error:" not in sentence


async def test_an_error_does_not_tell_a_fetched_value(sets):
    sentence = await refused(sets, "SELECT CAST(name AS integer) AS n FROM customers", {"customers": CUSTOMERS})
    assert "Aurelis" not in sentence
    assert "Could not convert string … to INT32" in sentence


# What goes in and comes out

VALUES = [
    pytest.param(STRING, ["x", None, 'Zoë 🚂 "quoted" \\ \n'], id="text"),
    pytest.param(INTEGER, [1, None, -(2**63)], id="integers"),
    pytest.param(INTEGER, [2**70, None, -(2**100)], id="integers beyond 64 bits"),
    pytest.param(NUMBER, [0.1, None, 1e-300, 1e300], id="numbers"),
    pytest.param(NUMBER, [Decimal("12345678901234567890.12"), None, Decimal("0.50")], id="decimals"),
    pytest.param(BOOLEAN, [True, None, False], id="booleans"),
    pytest.param(DATE, [date(2026, 11, 20), None, date(1, 1, 1)], id="dates"),
    pytest.param(TIMESTAMP, [datetime(2026, 11, 20, 9, 30, 0, 123456), None], id="timestamps"),
    pytest.param(TIMESTAMP, [datetime(2026, 11, 20, 9, 30, 0, 123456, UTC), None], id="timestamps with a zone"),
    pytest.param(QUARTER, ["2026-Q4", None], id="quarters, as text"),
    pytest.param(list_of(INTEGER), [[1, 2], None, []], id="lists"),
    pytest.param(record({"a": INTEGER}), [{"a": 1, "b": [None, {"c": "x"}]}, None, {}], id="objects"),
    pytest.param(ANY, [1, "x", [1], {"a": 2.5}, None, True], id="anything, mixed"),
    pytest.param(STRING, [None, None], id="nulls only"),
]


@pytest.mark.parametrize(("shape", "values"), VALUES)
async def test_values_come_back_as_they_went_in(sets, shape, values):
    table = frame([{"i": index, "v": value} for index, value in enumerate(values)], i=INTEGER, v=shape)
    found = await sets.query("SELECT v FROM t ORDER BY i", {"t": table}, {})
    assert [row["v"] for row in found.rows] == values
    assert [type(row["v"]) for row in found.rows] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("sql", "shape"),
    [
        pytest.param("SELECT sum(range) AS v FROM range(3)", "integer or null", id="HUGEINT is an integer"),
        pytest.param("SELECT 1.5::decimal(10,2) AS v", "number or null", id="decimal"),
        pytest.param("SELECT now() AS v", "timestamp or null", id="timestamp with zone"),
        pytest.param("SELECT [date '2026-01-01'] AS v", "list of date or null or null", id="list"),
        pytest.param("SELECT {'a': 1, 'b': 'x'} AS v", "object with a, b or null", id="struct"),
        pytest.param("SELECT '{}'::json AS v", "any", id="JSON"),
        pytest.param("SELECT uuid() AS v", "string or null", id="uuid"),
    ],
)
async def test_result_types(sets, sql, shape):
    found = await sets.query(sql, {}, {})
    assert str(found.columns[0].shape) == shape
    assert found.columns[0].labels == frozenset()


async def test_columns_without_values_keep_their_declared_type(sets):
    empty = frame([], n=NUMBER, d=DATE, s=STRING)
    found = await sets.query("SELECT sum(n) + 1 AS n, max(d) - 1 AS d, max(s) || 'x' AS s FROM t", {"t": empty}, {})
    assert found.rows == [{"n": None, "d": None, "s": None}]


async def test_mixed_zones_are_one_time_line(sets, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    there = datetime(2026, 7, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    found = await sets.query(
        "SELECT seen, CAST(seen AS date) AS day FROM t ORDER BY seen DESC; -- newest first",
        {"t": frame([{"seen": there}, {"seen": there + timedelta(hours=3)}])},
        {},
    )
    assert [row["seen"].isoformat() for row in found.rows] == ["2026-07-01T02:00:00+00:00", "2026-06-30T23:00:00+00:00"]
    assert [row["day"] for row in found.rows] == [date(2026, 7, 1), date(2026, 6, 30)]


@pytest.mark.parametrize(
    "value",
    [
        "x",
        Quarter("2026-Q4"),
        5,
        2**100,
        0.1,
        Decimal("1.50"),
        True,
        None,
        date(2026, 1, 1),
        datetime(2026, 1, 1, tzinfo=UTC),
        [1, 2],
        {"a": 1},
    ],
    ids=str,
)
async def test_parameters(sets, value):
    found = await sets.query("SELECT $value AS v", {}, {"value": value, "unused": 1})
    assert found.rows == [{"v": value}]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**200], ids=str)
async def test_parameters_that_are_no_number(sets, value):
    assert "`$v`" in await refused(sets, "SELECT $v AS v", {}, {"v": value})


@pytest.mark.parametrize(
    ("shape", "values", "said"),
    [
        pytest.param(NUMBER, [1.0, float("nan")], "column `v` holds NaN or infinity", id="NaN"),
        pytest.param(NUMBER, [Decimal("NaN")], "column `v` holds NaN or infinity", id="decimal NaN"),
        pytest.param(INTEGER, [2**127], "more than 128 bits", id="huge integer"),
        pytest.param(INTEGER, [1, "x"], "column `v` is integer but holds integers and text", id="mixed types"),
        pytest.param(STRING, ["\ud800"], "column `v` holds a value that SQL cannot", id="half a character"),
        pytest.param(STRING, [b"x"], "holds bytes", id="bytes"),
    ],
)
async def test_values_that_are_refused(sets, shape, values, said):
    table = frame([{"v": value} for value in values], v=shape)
    assert said in await refused(sets, "SELECT v FROM t", {"t": table})


async def test_a_table_with_the_same_name_twice(sets):
    table = frame([{"Id": 1, "ID": 2}])
    assert "has `ID` twice" in await refused(sets, "SELECT * FROM t", {"t": table})


@settings(deadline=None)  # a busy machine is no mistake
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "n": st.none() | st.floats(allow_nan=False, allow_infinity=False),
                "s": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
            }
        ),
        max_size=30,
    )
)
def test_any_row_survives(rows):
    async def go():
        async with opened(threads=1) as sets:
            return await sets.query("SELECT * FROM t", {"t": frame(rows, n=NUMBER, s=STRING)}, {})

    assert asyncio.run(go()).rows == rows


# Bounds


async def test_time_is_bounded_and_the_worker_is_free_again():
    async with opened(threads=1) as sets:
        started = time.monotonic()
        with pytest.raises(DeadlinePassed, match=r"stopped after 0\.2 s"):
            await sets.query(FOREVER, {}, {}, timeout=0.2)
        assert time.monotonic() - started < 2
        assert (await sets.query("SELECT 1 AS a", {}, {})).rows == [{"a": 1}]


async def test_a_caller_that_leaves_stops_its_query():
    async with opened(threads=1) as sets:
        task = asyncio.create_task(sets.query(FOREVER, {}, {}))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await sets.query("SELECT 1 AS a", {}, {}, timeout=2)).rows == [{"a": 1}]


async def test_waiting_for_a_worker_counts():
    async with opened(threads=1) as sets:
        busy = asyncio.create_task(sets.query(SLOW, {}, {}, timeout=1))
        await asyncio.sleep(0.05)
        with pytest.raises(DeadlinePassed):
            await sets.query("SELECT 1 AS a", {}, {}, timeout=0.1)
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)


async def test_the_event_loop_goes_on_while_sql_runs(sets):
    task = asyncio.create_task(sets.query(SLOW, {}, {}, timeout=0.5))
    ticks = 0
    while not task.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert isinstance(task.exception(), DeadlinePassed)
    assert ticks > 10


async def test_rows_out_are_bounded(sets):
    assert "more than 1,000 rows" in await refused(sets, "SELECT * FROM range(1001)", max_rows=1000)
    assert len(await sets.query("SELECT * FROM range(1000)", {}, {}, max_rows=1000)) == 1000


async def test_a_join_without_end_is_stopped_by_its_rows(sets):
    sql = "SELECT a.range AS a, b.range AS b FROM range(1000000) a, range(1000000) b"
    assert "more than 100,000 rows" in await refused(sets, sql)


async def test_a_million_rows_into_a_join(sets):
    million = Frame((Column("id", INTEGER),), [{"id": 1}] * 1_000_000)
    said = await refused(sets, "SELECT count(*) AS n FROM t JOIN c USING (id)", {"t": million, "c": CUSTOMERS})
    assert "1,000,002 rows go in, at most 500,000 may" in said
    assert "Narrow or aggregate `t` (1,000,000 rows)" in said


async def test_memory_held_by_others_is_not_the_callers_fault():
    hog = "SELECT range AS a, repeat('x', 500) AS b FROM range(2000000) ORDER BY hash(range)"
    async with opened(memory="60MiB", threads=2) as sets:
        found = await asyncio.gather(*[sets.query(hog, {}, {}) for _ in range(2)], return_exceptions=True)
    assert all(isinstance(fault, Later | Refused) for fault in found)
    assert any(isinstance(fault, Later) and not isinstance(fault, DeadlinePassed) for fault in found)


# Tenants


async def test_queries_at_once_do_not_see_each_others_tables(sets):
    async def one(tenant):
        rows = [{"id": index, "tenant": tenant} for index in range(500)]
        found = await sets.query("SELECT DISTINCT tenant FROM accounts", {"accounts": frame(rows)}, {})
        return found.rows

    found = await asyncio.gather(*[one(f"tenant-{index}") for index in range(40)])
    assert found == [[{"tenant": f"tenant-{index}"}] for index in range(40)]


async def test_a_table_is_gone_after_its_query(sets):
    await sets.query("SELECT * FROM accounts", {"accounts": CUSTOMERS}, {})
    assert "no step named `accounts`" in await refused(sets, "SELECT * FROM accounts")
    assert (await sets.query("SELECT count(*) AS n FROM accounts", {"accounts": frame([], id=STRING)}, {})).rows == [
        {"n": 0}
    ]


async def test_inputs_that_the_sql_does_not_name_are_not_loaded(sets):
    tables = {"customers": CUSTOMERS, "broken": frame([{"v": float("nan")}])}
    assert len(await sets.query("SELECT * FROM customers", tables, {})) == 2


async def test_names_that_need_quotes(sets):
    table = frame([{"Account.Name": "x", 'a "b"': 1, "select": 2}])
    found = await sets.query('SELECT "Account.Name", "a ""b""" AS b, "select" FROM "order"', {"order": table}, {})
    assert found.rows == [{"Account.Name": "x", "b": 1, "select": 2}]


async def test_faults_are_faults_of_ours(sets):
    for sql in (
        "SELECT",
        "SELECT (",
        "SELECT * FROM",
        "SELECT 'x",
        "WITH",
        "\x00",
        "SELECT " + "(" * 2000 + "1" + ")" * 2000,
    ):
        with pytest.raises(Fault):
            await sets.query(sql, {}, {})


async def test_long_texts_are_bounded_not_only_rows() -> None:
    sets = Sets()
    try:
        with pytest.raises(Refused, match="its texts are longer than 134,217,728 letters together"):
            await sets.query("SELECT repeat('x', 100000) AS t FROM range(20000)", {}, {})
        assert len(await sets.query("SELECT repeat('x', 1000) AS t FROM range(20000)", {}, {})) == 20000
    finally:
        await sets.close()

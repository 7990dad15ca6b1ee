"""SQL read without any system: only SELECT, its columns, their origins, its mistakes with their places."""

import sqlite3
from typing import Any

import duckdb
import pytest

from pointsman.language import sql
from pointsman.language.mistake import Mistake
from pointsman.language.tables import TableColumn, Tables
from pointsman.shape import BOOLEAN, DATE, INTEGER, NUMBER, STRING, TIMESTAMP, Shape, list_of, record

EMAIL = frozenset({"personal.email"})
KEY = frozenset({"identifier"})

TABLES: Tables = {
    "accounts": {
        "Id": TableColumn(STRING, KEY),
        "Name": TableColumn(STRING),
        "Renewal": TableColumn(DATE.or_null()),
        "Seen": TableColumn(TIMESTAMP),
        "Owner": TableColumn(record({"name": STRING, "age": INTEGER.or_null()})),
    },
    "contacts": {
        "AccountId": TableColumn(STRING, KEY),
        "Name": TableColumn(STRING),
        "Email": TableColumn(STRING, EMAIL),
    },
    "usage": {"Id": TableColumn(STRING), "logins": TableColumn(INTEGER), "share": TableColumn(NUMBER.or_null())},
    "analytics.events": {"at": TableColumn(TIMESTAMP), "kind": TableColumn(STRING)},
}


def shapes(text: str, dialect: sql.Dialect = "duckdb", **parameters: Shape) -> dict[str, str]:
    checked = sql.check(sql.read(text, dialect), TABLES, parameters)
    assert [str(mistake) for mistake in checked.mistakes] == []
    return {column.name: str(column.shape) for column in checked.columns}


def mistakes(text: str, dialect: sql.Dialect = "duckdb", parameters: Any = None) -> list[tuple[str, str]]:
    """What each mistake points at, and what it says."""
    found = sql.check(sql.read(text, dialect), TABLES, parameters).mistakes
    return [(text[mistake.offset : mistake.offset + mistake.length], str(mistake)) for mistake in found]


@pytest.mark.parametrize(
    ("dialect", "text", "at"),
    [
        ("duckdb", "INSERT INTO t VALUES (1)", "INSERT"),
        ("duckdb", "COPY t TO 'x.csv'", "COPY"),
        ("duckdb", "ATTACH 'x.db' AS x", "ATTACH"),
        ("duckdb", "PRAGMA database_list", "PRAGMA"),
        ("duckdb", "SET enable_external_access = true", "SET"),
        ("duckdb", "CALL dbgen(sf = 1)", "CALL"),
        ("duckdb", "INSTALL httpfs", "INSTALL"),
        ("duckdb", "EXPLAIN SELECT 1 AS x", "EXPLAIN"),
        ("duckdb", "SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
        ("duckdb", "SELECT * FROM read_text('/etc/passwd')", "read_text"),
        ("duckdb", "SELECT * FROM accounts WHERE Id IN (SELECT content FROM read_blob('x'))", "read_blob"),
        ("duckdb", "SELECT * FROM glob('*')", "glob"),
        ("duckdb", "SELECT * FROM sqlite_scan('a.db', 't')", "sqlite_scan"),
        ("duckdb", "SELECT * FROM parquet_scan('https://example.com/x')", "parquet_scan"),
        ("duckdb", "SELECT * FROM query('DROP TABLE t')", "query"),
        ("duckdb", "SELECT getenv('HOME') AS home", "getenv"),
        ("duckdb", "SELECT 1 AS a; SELECT 2 AS b", ";"),
        ("duckdb", "PIVOT accounts ON Name", "PIVOT"),
        ("duckdb", "SELECT * FROM accounts PIVOT (count(*) FOR Name IN ('a'))", "PIVOT"),
        ("duckdb", "SELECT COLUMNS('N.*') FROM accounts", "COLUMNS"),
        ("sqlite", "SELECT load_extension('x') AS x", "load_extension"),
        ("sqlite", "REPLACE INTO t VALUES (1)", "REPLACE"),
        ("postgres", "SELECT id INTO copy FROM t", "INTO"),
        ("postgres", "SELECT id FROM t FOR UPDATE", "FOR"),
        ("postgres", "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone", "DELETE"),
        ("postgres", "WITH new AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM new", "INSERT"),
        ("postgres", "SELECT pg_read_file('/etc/passwd') AS x", "pg_read_file"),
        ("postgres", "SELECT * FROM dblink('x', 'y') AS t(a int)", "dblink"),
        ("postgres", "SELECT set_config('x', 'y', false) AS x", "set_config"),
        ("postgres", "DO $$ BEGIN END $$", "DO"),
    ],
)
def test_what_does_more_than_read_is_a_mistake_at_its_word(dialect: sql.Dialect, text: str, at: str) -> None:
    with pytest.raises(Mistake) as caught:
        sql.read(text, dialect)
    assert text[caught.value.offset : caught.value.offset + caught.value.length].lower() == at.lower()


@pytest.mark.parametrize(
    ("dialect", "text", "at", "says"),
    [
        ("duckdb", "", "", "no SQL"),
        ("duckdb", "  -- nothing", " ", "no SQL"),
        ("duckdb", "SELECT Id FROM accounts WHERE", "WHERE", "ends too early"),
        ("duckdb", "SELECT Name,\n       (Id FROM accounts", "FROM", "cannot be read"),
        ("duckdb", "SELECT 'open FROM t", "'", "not closed"),
        ("duckdb", "SELECT * FROM accounts WHERE Name = :name", ":name", "$name in a flow"),
        ("postgres", "SELECT * FROM accounts WHERE name = $1", "$", ":name in a connection"),
        ("sqlite", "SELECT * FROM accounts WHERE name = ?", "?", ":name in a connection"),
        ("duckdb", "SELECT 1 AS x FROM " + "a JOIN " * 30 + "b", "JOIN", "without ON"),
        ("duckdb", "SELECT " + "(" * 20_000 + "1" + ")" * 20_000 + " AS x", None, "nested too deeply"),
        ("duckdb", "SELECT 1 AS x" + " " * 100_000, None, "longer than"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_cannot_be_read_is_a_mistake(dialect: sql.Dialect, text: str, at: str | None, says: str) -> None:
    with pytest.raises(Mistake, match=says.replace("$", r"\$")) as caught:
        sql.read(text, dialect)
    if at is not None:
        assert text[caught.value.offset : caught.value.offset + caught.value.length] == at


@pytest.mark.parametrize(
    "text",
    ["SELECT " + "1 + " * 20_000 + "1 AS x", "SELECT 1 AS x" + " UNION ALL SELECT 1 AS x" * 4_000],
    ids=["long sum", "long union"],
)
def test_what_is_too_deep_to_check_is_a_mistake_not_a_crash(text: str) -> None:
    assert [says for _, says in mistakes(text)] == ["the SQL is nested too deeply."]


@pytest.mark.parametrize(
    ("text", "tables", "parameters"),
    [
        ("SELECT * FROM a JOIN b USING (x) WHERE y = $low AND z < $high AND w = $low", ["a", "b"], ["low", "high"]),
        ("WITH a AS (SELECT * FROM b) SELECT * FROM a, (SELECT * FROM c) d", ["a", "b", "c"], []),
        ("SELECT '$no' AS x, \"$no\" AS y /* $no */ FROM a -- $no", ["a"], []),
        ("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT * FROM n", [], []),
        (
            "SELECT (SELECT max(x) FROM b WHERE b.id = a.id) AS m FROM a WHERE EXISTS (SELECT 1 FROM c)",
            ["b", "a", "c"],
            [],
        ),
        ("FROM a", ["a"], []),
    ],
)
def test_tables_and_parameters_are_named(text: str, tables: list[str], parameters: list[str]) -> None:
    query = sql.read(text, "duckdb")
    if text.startswith("WITH a"):
        tables = ["b", "c"]
    assert sorted(query.tables) == sorted(tables)
    assert list(query.parameters) == parameters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT id, NAME FROM accounts", {"Id": "string", "Name": "string"}),
        ("SELECT a.* FROM accounts a", dict.fromkeys(TABLES["accounts"])),
        ("SELECT * EXCLUDE (Seen, Owner) FROM accounts", dict.fromkeys(["Id", "Name", "Renewal"])),
        ("SELECT * REPLACE (logins / 2 AS logins) FROM usage", {"Id": None, "logins": "number or null", "share": None}),
        ("SELECT logins, Email FROM usage LEFT JOIN contacts ON AccountId = Id", {"logins": "integer", "Email": "string or null"}),
        ("SELECT logins, Email FROM usage RIGHT JOIN contacts ON AccountId = Id", {"logins": "integer or null", "Email": "string"}),
        ("SELECT logins, Email FROM usage FULL JOIN contacts ON AccountId = Id", {"logins": "integer or null", "Email": "string or null"}),
        ("SELECT * FROM usage JOIN accounts USING (Id)", dict.fromkeys(["Id", "logins", "share", "Name", "Renewal", "Seen", "Owner"])),
        ("SELECT sum(logins) AS s, count(*) AS n, avg(share) AS a FROM usage", {"s": "integer or null", "n": "integer", "a": "number or null"}),
        ("SELECT Id, sum(logins) AS s, max(share) AS m FROM usage GROUP BY Id", {"Id": "string", "s": "integer", "m": "number or null"}),
        ("SELECT coalesce(share, 0) AS c, nullif(logins, 0) AS n, logins / 2 AS d, logins // 2 AS w FROM usage",
         {"c": "number", "n": "integer or null", "d": "number or null", "w": "integer or null"}),
        ("SELECT CASE WHEN logins > 1 THEN 'a' ELSE 'b' END AS c, CASE WHEN share > 1 THEN 1 END AS d FROM usage",
         {"c": "string", "d": "integer or null"}),
        ("SELECT logins > 1 AS b, share > 1 AS c, share IS NULL AS d, Id LIKE 'x%' AS e FROM usage",
         {"b": "boolean", "c": "boolean or null", "d": "boolean", "e": "boolean"}),
        ("SELECT logins::VARCHAR AS s, TRY_CAST(Id AS INTEGER) AS i, CAST(share AS DATE) AS d FROM usage",
         {"s": "string", "i": "integer or null", "d": "date or null"}),
        ("SELECT Seen + INTERVAL 1 DAY AS t, CAST(Seen AS DATE) AS d, CAST(Seen AS DATE) - CAST(Seen AS DATE) AS n FROM accounts",
         {"t": "timestamp", "d": "date", "n": "integer"}),
        ("SELECT row_number() OVER (ORDER BY Id) AS r, lag(logins) OVER (ORDER BY Id) AS l FROM usage",
         {"r": "integer", "l": "integer or null"}),
        ("SELECT [1, 2] AS l, {'a': 1, 'b': Name} AS o, Owner.age AS age, Owner.name AS n FROM accounts",
         {"l": "list of integer", "o": "object with a, b", "age": "integer or null", "n": "string"}),
        ("SELECT logins AS n, n + 1 AS m FROM usage WHERE n > 1 ORDER BY m", {"n": "integer", "m": "integer"}),
        ("SELECT 1 AS n UNION ALL SELECT 2.5 UNION ALL SELECT NULL", {"n": "number or null"}),
        ("SELECT $low AS low, $other AS other", {"low": "number", "other": "string"}),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", {"i": "integer"}),
        ("SELECT (SELECT max(logins) FROM usage u WHERE u.Id = a.Id) AS m FROM accounts a", {"m": "integer or null"}),
        ("SELECT my_own_function(Id) AS x FROM usage", {"x": "any"}),
        ("SELECT list_transform([1], v -> v + 1) AS l", {"l": "any"}),
        ("SELECT x FROM unnest([1, 2]) AS t(x)", {"x": "any"}),
        ("SELECT Id, max(share) FILTER (share > 1) AS m FROM usage GROUP BY ROLLUP (Id)", {"Id": "string or null", "m": None}),
    ],
)  # fmt: skip
def test_columns_have_names_and_shapes(text: str, expected: dict[str, str | None]) -> None:
    found = shapes(text, low=NUMBER, other=STRING)
    assert list(found) == list(expected)
    assert {name: found[name] for name in found if expected[name]} == {n: s for n, s in expected.items() if s}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT Email AS e FROM contacts", {("contacts", "Email")}),
        ("SELECT lower(Email) || AccountId AS e FROM contacts", {("contacts", "Email"), ("contacts", "AccountId")}),
        ("SELECT CASE WHEN Email = 'x' THEN 1 ELSE 0 END AS e FROM contacts", {("contacts", "Email")}),
        ("WITH c AS (SELECT Email AS m FROM contacts) SELECT max(m) AS e FROM c", {("contacts", "Email")}),
        ("SELECT e FROM contacts, unnest([Email]) AS t(e)", {("contacts", "Email")}),
        ("SELECT u.e FROM (SELECT unnest([Email]) AS e FROM contacts) u", {("contacts", "Email")}),
        ("SELECT (SELECT max(Email) FROM contacts) AS e FROM usage", {("contacts", "Email")}),
        ("SELECT Id AS e FROM usage UNION SELECT Email FROM contacts", {("contacts", "Email"), ("usage", "Id")}),
        ("SELECT c AS e FROM contacts c", {("contacts", "Email"), ("contacts", "Name"), ("contacts", "AccountId")}),
        ("SELECT string_agg(Email, ',' ORDER BY AccountId) AS e FROM contacts", {("contacts", "Email"), ("contacts", "AccountId")}),
        ("SELECT first_value(Email) OVER (PARTITION BY AccountId) AS e FROM contacts", {("contacts", "Email"), ("contacts", "AccountId")}),
    ],
)  # fmt: skip
def test_values_carry_the_labels_of_all_they_are_made_from(text: str, expected: set[tuple[str, str]]) -> None:
    checked = sql.check(sql.read(text, "duckdb"), TABLES)
    assert not checked.mistakes
    assert checked.origins["e"] == expected
    assert checked.columns[0].labels >= EMAIL


@pytest.mark.parametrize(
    ("dialect", "text", "at", "says"),
    [
        ("duckdb", "SELECT logons FROM usage", "logons", "`usage` has no column `logons`. Did you mean `logins`?"),
        ("duckdb", "SELECT 'é', u.logons AS x FROM usage u", "logons", "`u` has no column `logons`."),
        ("duckdb", "SELECT * FROM usge", "usge", "no table named `usge`. Did you mean `usage`?"),
        ("duckdb", "SELECT x.Id FROM usage u", "x", "no table or alias named `x`"),
        ("duckdb", "SELECT z.* FROM usage u", "z", "no table or alias named `z`"),
        ("duckdb", "SELECT Name FROM accounts, contacts", "Name", "ambiguous: `accounts` and `contacts` have it. Write accounts.Name"),
        ("duckdb", "SELECT Id, Name AS id FROM accounts WHERE Nme = 1", "Nme", "Did you mean `Name`?"),
        ("duckdb", "SELECT a.Id, b.Id FROM accounts a, usage b", "Id", "two columns are called `Id`"),
        ("duckdb", "SELECT count(*) FROM usage", "count(*)", "has no name"),
        ("duckdb", "SELECT Id FROM usage ORDER BY logns", "logns", "Did you mean `logins`?"),
        ("duckdb", "SELECT Id FROM usage GROUP BY Id HAVING max(logns) > 1", "logns", "Did you mean"),
        ("duckdb", "SELECT Id FROM usage JOIN contacts ON AcountId = Id", "AcountId", "Did you mean `AccountId`?"),
        ("duckdb", "SELECT * FROM usage JOIN contacts USING (Id)", "Id", "`contacts` has no column `Id` to join by"),
        ("duckdb", "SELECT Id FROM usage UNION SELECT Email, Name FROM contacts", "Email", "1 and 2 columns"),
        ("duckdb", "SELECT Id FROM usage WHERE Id IN (SELECT AcountId FROM contacts)", "AcountId", "Did you mean"),
        ("postgres", "SELECT id FROM usage", "id", 'Write "Id"'),
        ("postgres", "SELECT kind AS k, knd AS l FROM analytics.events", "knd", "Did you mean `kind`?"),
    ],
)  # fmt: skip
def test_names_that_lead_nowhere_are_mistakes_at_their_place(
    dialect: sql.Dialect, text: str, at: str, says: str
) -> None:
    assert [(place, says) for place, full in mistakes(text, dialect) if says in full][:1] == [(at, says)]


def test_all_mistakes_come_at_once_in_order() -> None:
    text = "SELECT a.Nmae AS x, logns AS y FROM accounts a JOIN usge u ON u.id = a.Idd WHERE q = $nobody"
    assert [place for place, _ in mistakes(text, parameters={"somebody": STRING})] == ["Nmae", "usge", "Idd", "$nobody"]


def test_unknown_tables_do_not_bring_more_mistakes() -> None:
    assert [place for place, _ in mistakes("SELECT u.a, u.b, c FROM usge u WHERE d = 1")] == ["usge"]


def test_postgres_folds_what_is_not_quoted() -> None:
    assert shapes('SELECT "Id", "Id" AS Key, "Id" AS "Kept" FROM usage', "postgres") == {
        "Id": "string",
        "key": "string",
        "Kept": "string",
    }


@pytest.mark.parametrize(
    ("text", "bound", "names"),
    [
        ("SELECT :b AS x, :a AS y, :b AS z", "SELECT $1 AS x, $2 AS y, $1 AS z", ("b", "a")),
        ("SELECT ':no' AS x, d::date AS y -- :no\nFROM t WHERE z = :a", None, ("a",)),
        ("SELECT $tag$ :no $tag$ AS x, E'it\\'s :no' AS y, \":no\" AS z /* :no */ FROM t WHERE q=:a", None, ("a",)),
        ("SELECT x[1:n] AS s FROM t WHERE y = ANY(ARRAY[:a, :b])", None, ("a", "b")),
        ("SELECT 'é🚲', x FROM t WHERE y=:a::int", "SELECT 'é🚲', x FROM t WHERE y=$1::int", ("a",)),
        ("SELECT 1 AS x", "SELECT 1 AS x", ()),
    ],
)
def test_parameters_are_numbered_for_postgres(text: str, bound: str | None, names: tuple[str, ...]) -> None:
    made = sql.for_driver(sql.read(text, "postgres"))
    assert made.names == names
    if bound is None:
        bound = text
        for number, name in enumerate(names, start=1):
            bound = bound.replace(f":{name}", f"${number}", 1)
    assert made.text == bound


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id, NAME, renewal AS r FROM accounts",
        "SELECT * FROM usage JOIN accounts USING (id)",
        "SELECT * EXCLUDE (Name) REPLACE (upper(Id) AS Id) FROM accounts",
        "SELECT u.*, a.Name FROM usage u LEFT JOIN accounts a ON a.Id = u.Id",
        "SELECT x.iD, n FROM (SELECT ID, logins AS n FROM usage) x",
        "WITH w(k, v) AS (SELECT Id, share FROM usage) SELECT * FROM w",
        "SELECT Id FROM usage UNION SELECT Name FROM accounts",
    ],
)
def test_duckdb_gives_the_same_names(text: str) -> None:
    types = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "date": "DATE", "timestamp": "TIMESTAMP"}
    with duckdb.connect() as link:
        for table in ("accounts", "usage"):
            columns = [
                f'"{name}" {types.get(column.shape.kind, "STRUCT(name VARCHAR, age BIGINT)")}'
                for name, column in TABLES[table].items()
            ]
            link.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        assert list(shapes(text)) == [column[0] for column in link.execute(text).description or ()]


@pytest.mark.parametrize("text", ["SELECT ID, name AS Other FROM contacts2", "SELECT * FROM contacts2"])
def test_sqlite_gives_the_same_names(text: str) -> None:
    tables: Tables = {"contacts2": {"Id": TableColumn(STRING), "Name": TableColumn(STRING)}}
    link = sqlite3.connect(":memory:")
    link.execute("CREATE TABLE contacts2 (Id TEXT, Name TEXT)")
    columns = sql.check(sql.read(text, "sqlite"), tables).columns
    assert [column.name for column in columns] == [column[0] for column in link.execute(text).description]
    link.close()


def test_shapes_of_lists_and_objects() -> None:
    columns = sql.check(sql.read("SELECT [Id] AS l, {'a': logins} AS o FROM usage", "duckdb"), TABLES).columns
    assert columns[0].shape == list_of(STRING)
    assert columns[1].shape.fields == {"a": INTEGER}
    assert sql.check(sql.read("SELECT true AS b", "duckdb"), {}).columns[0].shape == BOOLEAN

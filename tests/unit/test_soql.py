"""SOQL: what is read, what is refused and where, what a schema says of it, and how values are bound."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.frame import Column
from pointsman.language import soql
from pointsman.language.mistake import Mistake
from pointsman.language.soql.query import (
    Aggregate,
    And,
    Bind,
    Comparison,
    Constant,
    DateLiteral,
    Membership,
    Not,
    Or,
    Path,
)
from pointsman.language.tables import TableColumn, Tables
from pointsman.quantity import Quarter
from pointsman.shape import BOOLEAN, DATE, INTEGER, NUMBER, STRING, TIMESTAMP

TABLES: Tables = {
    "Account": {
        "Id": TableColumn(STRING, frozenset({"identifier"})),
        "Name": TableColumn(STRING, frozenset({"personal.organisation"})),
        "Region__c": TableColumn(STRING.or_null()),
        "Renewal_Date__c": TableColumn(DATE.or_null()),
        "Seats__c": TableColumn(INTEGER.or_null()),
        "AnnualRevenue": TableColumn(NUMBER.or_null(), frozenset({"confidential"})),
        "Plan__c": TableColumn(STRING.or_null(), references="Plan__c"),
        "Lost__c": TableColumn(STRING.or_null(), references="Elsewhere"),
        "CreatedDate": TableColumn(TIMESTAMP),
    },
    "Contact": {
        "Id": TableColumn(STRING),
        "AccountId": TableColumn(STRING.or_null(), frozenset({"identifier"}), references="Account"),
        "Email": TableColumn(STRING.or_null(), frozenset({"personal.email"})),
        "Is_Primary__c": TableColumn(BOOLEAN),
    },
    "Plan__c": {"Id": TableColumn(STRING), "Name": TableColumn(STRING)},
}


def names(text: str) -> list[str]:
    return [entry.name for entry in soql.read(text).selected]


def where(condition: str) -> object:
    return soql.read(f"SELECT Id FROM Account WHERE {condition}").where


def constant(condition: str) -> object:
    comparison = where(condition)
    assert isinstance(comparison, Comparison) and isinstance(comparison.value, Constant)
    return comparison.value.value


def shown(part: object) -> object:
    """A condition without places, as nested tuples."""
    match part:
        case And(parts):
            return ("and", *map(shown, parts))
        case Or(parts):
            return ("or", *map(shown, parts))
        case Not(inner):
            return ("not", shown(inner))
        case Comparison(path, operator, value):
            return (str(path), operator, shown(value))
        case Membership(path, negated, values):
            return (str(path), "not in" if negated else "in", shown(values))
        case tuple():
            return tuple(map(shown, part))
        case Constant(value):
            return value
        case DateLiteral(name, number):
            return f"{name}:{number}" if number is not None else name
        case Bind(name):
            return f":{name}"
    raise AssertionError(part)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("SELECT Id, Name FROM Account", ["Id", "Name"], id="fields"),
        pytest.param("select id,account.name from contact", ["id", "account.name"], id="any letter case"),
        pytest.param("SELECT a.Id, a.Plan__r.Name FROM Account a", ["Id", "Plan__r.Name"], id="object alias"),
        pytest.param("SELECT a.Id FROM Account AS a", ["Id"], id="object alias with AS"),
        pytest.param("SELECT Account.Id, Account.Name FROM Account", ["Id", "Name"], id="the object's own name"),
        pytest.param("SELECT COUNT() FROM Account", ["expr0"], id="count of everything"),
        pytest.param("SELECT COUNT(Id), MAX(Name) last FROM Account", ["expr0", "last"], id="aggregates"),
        pytest.param(
            "SELECT Region__c r, COUNT(Id) n, SUM(Seats__c) FROM Account GROUP BY Region__c",
            ["r", "n", "expr0"],
            id="groups",
        ),
    ],
)
def test_the_columns_are_named(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Name = 'a'", ("Name", "=", "a"), id="text"),
        pytest.param("Name <> 'a'", ("Name", "!=", "a"), id="both signs of unlike"),
        pytest.param("Seats__c >= -2", ("Seats__c", ">=", -2), id="whole number"),
        pytest.param("AnnualRevenue < 1.50", ("AnnualRevenue", "<", Decimal("1.50")), id="number"),
        pytest.param("Name = NULL", ("Name", "=", None), id="null"),
        pytest.param("Is_Primary__c = True", ("Is_Primary__c", "=", True), id="boolean"),
        pytest.param("D = 2026-10-01", ("D", "=", date(2026, 10, 1)), id="date"),
        pytest.param("D < TODAY", ("D", "<", "TODAY"), id="date literal"),
        pytest.param("D = last_n_days:30", ("D", "=", "LAST_N_DAYS:30"), id="counted date literal"),
        pytest.param("Name LIKE 'a\\%%'", ("Name", "LIKE", "a\\%%"), id="like keeps its escapes"),
        pytest.param("Id IN ('a', 'b')", ("Id", "in", ("a", "b")), id="in"),
        pytest.param("Id NOT IN :ids", ("Id", "not in", ":ids"), id="not in a bound list"),
        pytest.param("Id IN (:a, : b)", ("Id", "in", (":a", ":b")), id="in bound values"),
        pytest.param("a = 1 AND b = 2 AND c = 3", ("and", ("a", "=", 1), ("b", "=", 2), ("c", "=", 3)), id="and"),
        pytest.param(
            "a = 1 OR (b = 2 AND (NOT c = 3))",
            ("or", ("a", "=", 1), ("and", ("b", "=", 2), ("not", ("c", "=", 3)))),
            id="mixed in parentheses",
        ),
        pytest.param("NOT (a = 1 OR b = 2)", ("not", ("or", ("a", "=", 1), ("b", "=", 2))), id="not"),
        pytest.param("Account.Name = 'x'", ("Name", "=", "x"), id="own name before a field"),
    ],
)
def test_conditions_are_read(text: str, expected: object) -> None:
    assert shown(where(text)) == expected


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2026-10-01T10:00:00Z", datetime(2026, 10, 1, 10, tzinfo=UTC)),
        ("2026-10-01T10:00:00.250+02:00", datetime(2026, 10, 1, 8, 0, 0, 250_000, tzinfo=UTC)),
        (r"'it\'s'", "it's"),
        (r"'a\\b'", "a\\b"),
        (r"'\u00e9\n'", "é\n"),
        ("'line\nbreak'", "line\nbreak"),
        ("''", ""),
    ],
)
def test_values_are_read(written: str, value: object) -> None:
    assert constant(f"X = {written}") == value


def test_order_limit_and_offset_are_read() -> None:
    query = soql.read("SELECT Id FROM Account ORDER BY Name DESC NULLS LAST, Id LIMIT 10 OFFSET :skip")
    assert [(str(one.what), one.descending, one.nulls_last) for one in query.order_by] == [
        ("Name", True, True),
        ("Id", False, False),
    ]
    assert query.limit == 10
    assert isinstance(query.offset, Bind) and query.offset.name == "skip"


def test_groups_may_be_ordered_by_an_aggregate() -> None:
    query = soql.read("SELECT Name, COUNT(Id) n FROM Account GROUP BY Name ORDER BY COUNT(Id) DESC")
    assert isinstance(query.order_by[0].what, Aggregate)
    assert [str(path) for path in query.group_by] == ["Name"]
    assert query.aggregated


def test_binds_stand_in_the_order_of_the_text() -> None:
    query = soql.read("SELECT Id FROM A WHERE x = :b AND (y IN :a OR z = :b) LIMIT :n")
    assert [bind.name for bind in query.binds] == ["b", "a", "b", "n"]
    assert all(query.text[b.span.offset : b.span.offset + b.span.length] == f":{b.name}" for b in query.binds)


@pytest.mark.parametrize(
    ("text", "marked", "says"),
    [
        pytest.param("", "", "Expected `SELECT` first; the query ends", id="nothing"),
        pytest.param("DELETE FROM Account", "DELETE", "Expected `SELECT`", id="a write"),
        pytest.param("SELECT FROM Account", "FROM", "Expected a field; got `FROM`", id="no field"),
        pytest.param("SELECT Id, FROM Account", "FROM", "Expected a field", id="a comma too many"),
        pytest.param("SELECT * FROM Account", "*", "SOQL has no `*`", id="star"),
        pytest.param("SELECT Id FROM", "", "name of an object after FROM; the query ends", id="no object"),
        pytest.param("SELECT Id Account", "", "Expected `FROM`", id="no FROM"),
        pytest.param("SELECT Id key FROM Account", "Id", "renames columns only", id="alias without groups"),
        pytest.param("SELECT Id, ID FROM Account", "ID", "selected twice", id="twice"),
        pytest.param("SELECT Id FROM Account, Contact", ",", "one object", id="two objects"),
        pytest.param("SELECT Id FROM Account WHERE a = 1 AND b = 2 OR c = 3", "OR", "mix AND and OR", id="mixed"),
        pytest.param("SELECT Id FROM Account WHERE NOT a = 1 AND b = 2", "AND", "mix NOT and AND", id="not first"),
        pytest.param("SELECT Id FROM Account WHERE a = 1 AND NOT b = 2", "NOT", "mix NOT", id="not after and"),
        pytest.param("SELECT Id FROM Account WHERE Name = 'a", "'", "not closed", id="open text"),
        pytest.param('SELECT Id FROM Account WHERE Name = "a"', '"', "single quotes", id="double quotes"),
        pytest.param("SELECT Id FROM Account WHERE Name = \\'a\\'", "\\", "SOQL has no", id="stray backslash"),
        pytest.param(r"SELECT Id FROM A WHERE Name = 'a\q'", r"'a\q'", r"no escape `\q`", id="unknown escape"),
        pytest.param("SELECT Id FROM A WHERE Name = EMEA", "EMEA", "Write `'EMEA'` for a text", id="no quotes"),
        pytest.param("SELECT Id FROM A WHERE D = THIS_QUATER", "THIS_QUATER", "THIS_QUARTER", id="misspelt literal"),
        pytest.param("SELECT Id FROM A WHERE D = LAST_N_DAYS", "LAST_N_DAYS", "needs a number", id="no number"),
        pytest.param("SELECT Id FROM A WHERE D = LAST_DAYS:3", "LAST_DAYS:3", "LAST_N_DAYS", id="unknown literal"),
        pytest.param("SELECT Id FROM A WHERE D = 2026-13-01", "2026-13-01", "calendar", id="no such date"),
        pytest.param("SELECT Id FROM A WHERE x > null", "null", "Nothing is > null", id="more than null"),
        pytest.param("SELECT Id FROM A WHERE x LIKE 3", "3", "LIKE takes a text", id="like a number"),
        pytest.param("SELECT Id FROM A WHERE x IN ()", ")", "Expected a value", id="empty IN"),
        pytest.param("SELECT Id FROM A WHERE x IN (SELECT Id FROM B)", "SELECT", "inside a query", id="semi-join"),
        pytest.param("SELECT (SELECT Id FROM Contacts) FROM A", "SELECT", "inside a query", id="children"),
        pytest.param("SELECT Id FROM A WHERE CALENDAR_YEAR(D) = 2026", "CALENDAR_YEAR", "Functions", id="function"),
        pytest.param("SELECT Id FROM A GROUP BY ROLLUP(Id)", "ROLLUP", "by fields only", id="rollup"),
        pytest.param("SELECT Id, COUNT(Name) FROM A", "Id", "neither in GROUP BY", id="not grouped"),
        pytest.param("SELECT COUNT(), COUNT(Id) FROM A", "COUNT()", "stands alone", id="count and more"),
        pytest.param("SELECT SUM() FROM A", ")", "the field of SUM", id="sum of nothing"),
        pytest.param("SELECT MEDIAN(x) FROM A", "MEDIAN", "no aggregate `MEDIAN()`", id="unknown aggregate"),
        pytest.param("SELECT Id FROM A HAVING COUNT(Id) > 1", "HAVING", "`HAVING` is not part", id="having"),
        pytest.param("SELECT Id FROM A FOR UPDATE", "FOR", "`FOR` is not part", id="for update"),
        pytest.param("SELECT Id FROM A LIMIT -1", "-1", "after LIMIT", id="negative limit"),
        pytest.param("SELECT Id FROM A LIMIT 1; SELECT Id FROM B", ";", "SOQL has no `;`", id="second query"),
        pytest.param("SELECT Id FROM A LIMIT 1 WHERE x = 1", "WHERE", "the end of the query", id="wrong order"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(text: str, marked: str, says: str) -> None:
    with pytest.raises(Mistake) as caught:
        soql.read(text)
    mistake = caught.value
    assert says in str(mistake)
    got = text[mistake.offset : mistake.offset + mistake.length]
    assert got.startswith(marked) if marked else got == ""


def test_deep_nesting_is_refused_not_a_crash() -> None:
    with pytest.raises(Mistake, match="nested deeper"):
        where("(" * 3000 + "a = 1" + ")" * 3000)


def test_an_overlong_query_is_refused() -> None:
    with pytest.raises(Mistake, match="at most 100,000 characters"):
        soql.read("SELECT Id FROM A" + " " * 100_000)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        query = soql.read(text)
    except Mistake as mistake:
        assert 0 <= mistake.offset <= len(text)
    else:
        assert query.selected


PIECES = ["SELECT", "FROM", "WHERE", "Id", "a.b", ",", "(", ")", "=", "'x'", ":p", "IN", "NOT", "AND", "OR", "NULL"]


@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_order_of_words_is_read_or_refused(words: list[str]) -> None:
    text = "SELECT Id FROM A WHERE " + " ".join(words)
    try:
        soql.read(text)
    except Mistake as mistake:
        assert 0 <= mistake.offset <= len(text)


def test_columns_carry_the_types_labels_and_origins_of_the_schema() -> None:
    query = soql.read("SELECT id, account.name, Account.Plan__r.Name, Is_Primary__c FROM contact")
    columns, origins, mistakes = soql.check(query, TABLES)
    assert mistakes == []
    assert columns == (
        Column("Id", STRING),
        Column("Account.Name", STRING.or_null(), frozenset({"personal.organisation"})),
        Column("Account.Plan__r.Name", STRING.or_null()),
        Column("Is_Primary__c", BOOLEAN),
    )
    assert origins["Account.Name"] == {("Account", "Name")}
    assert origins["Account.Plan__r.Name"] == {("Plan__c", "Name")}


def test_aggregates_have_types_and_counts_no_labels() -> None:
    query = soql.read(
        "SELECT Region__c r, COUNT(Name) n, SUM(AnnualRevenue) total, AVG(Seats__c), MAX(Renewal_Date__c) last "
        "FROM Account GROUP BY Region__c"
    )
    columns, origins, mistakes = soql.check(query, TABLES)
    assert mistakes == []
    assert columns == (
        Column("r", STRING.or_null()),
        Column("n", INTEGER),
        Column("total", NUMBER.or_null(), frozenset({"confidential"})),
        Column("expr0", NUMBER.or_null()),
        Column("last", DATE.or_null()),
    )
    assert origins["n"] == {("Account", "Name")}


@pytest.mark.parametrize(
    ("text", "marked", "says"),
    [
        ("SELECT Id FROM Acount", "Acount", "no object `Acount`. Did you mean `Account`?"),
        ("SELECT Id, Renewal_Dat__c FROM Account", "Renewal_Dat__c", "Did you mean `Renewal_Date__c`?"),
        ("SELECT Acount.Name FROM Contact", "Acount.Name", "Contact has no parent `Acount`. Did you mean `Account`?"),
        ("SELECT Account FROM Contact", "Account", "such as `Account.Name`"),
        ("SELECT Account.Nam FROM Contact", "Account.Nam", "Account has no field `Nam`. Did you mean `Name`?"),
        ("SELECT Lost__r.Name FROM Account", "Lost__r.Name", "no object `Elsewhere`"),
        ("SELECT Id FROM Account WHERE Regio__c = :r", "Regio__c", "Did you mean `Region__c`?"),
        ("SELECT Id FROM Account ORDER BY Nam", "Nam", "Did you mean `Name`?"),
        ("SELECT COUNT(Id) FROM Account GROUP BY Nam", "Nam", "Did you mean `Name`?"),
        ("SELECT SUM(Name) FROM Account", "SUM(Name)", "SUM takes a number; `Name` is string."),
        ("SELECT Id FROM Account WHERE Renewal_Date__c > '2026-10-01'", "'2026-10-01'", "without quotes"),
        ("SELECT Id FROM Account WHERE Name = 3", "3", "`Name` is string. Write a text in quotes."),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-10-01", "2026-10-01", "`CreatedDate` is timestamp."),
        ("SELECT Id FROM Account WHERE Seats__c IN (1, 'b')", "'b'", "`Seats__c` is integer."),
        ("SELECT Id FROM Account WHERE Name = TODAY", "TODAY", "`Name` is string."),
    ],
)
def test_what_the_schema_does_not_know_is_said_at_its_place(text: str, marked: str, says: str) -> None:
    _, _, mistakes = soql.check(soql.read(text), TABLES)
    assert len(mistakes) == 1
    assert says in str(mistakes[0])
    assert text[mistakes[0].offset : mistakes[0].offset + mistakes[0].length] == marked


def test_all_mistakes_come_at_once_and_the_columns_stay() -> None:
    query = soql.read("SELECT Id, Nme, Regio__c FROM Account WHERE Seat__c = 1")
    columns, _, mistakes = soql.check(query, TABLES)
    assert [column.name for column in columns] == ["Id", "Nme", "Regio__c"]
    assert len(mistakes) == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("EMEA", "'EMEA'"),
        ("it's", r"'it\'s'"),
        ("a\\", r"'a\\'"),
        (Quarter("2026-Q4"), "'2026-Q4'"),
        (3, "3"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (Decimal("2.50"), "2.50"),
        (True, "true"),
        (None, "null"),
        (date(2026, 10, 1), "2026-10-01"),
        (datetime(2026, 10, 1, 12, tzinfo=timezone(timedelta(hours=2))), "2026-10-01T10:00:00.000Z"),
    ],
)
def test_values_are_bound_as_soql_writes_them(value: object, text: str) -> None:
    query = soql.read("SELECT Id FROM A WHERE x = :x AND y = 1")
    assert soql.bind(query, {"x": value}) == f"SELECT Id FROM A WHERE x = {text} AND y = 1"


def test_lists_and_counts_are_bound() -> None:
    query = soql.read("SELECT Id FROM A WHERE x IN :xs LIMIT :n OFFSET :m")
    assert (
        soql.bind(query, {"xs": ["a", None, "b'"], "n": 5, "m": 0})
        == r"SELECT Id FROM A WHERE x IN ('a', null, 'b\'') LIMIT 5 OFFSET 0"
    )


@pytest.mark.parametrize(
    ("condition", "params", "says"),
    [
        pytest.param("x = :x", {}, "No value for `:x`. Give `x` under `params:`.", id="missing"),
        pytest.param("x = :region", {"region": 1, "regon": 2}, "no `:regon`. Did you mean `region`?", id="left over"),
        pytest.param("x = :x", {"x": ["a"]}, "is a list", id="a list for one"),
        pytest.param("x IN :x", {"x": "a"}, "IN takes a list; `:x` is a text", id="one for a list"),
        pytest.param("x IN :x", {"x": []}, "empty list", id="empty list"),
        pytest.param("x IN :x", {"x": list(range(4001))}, "at most 4,000", id="too many"),
        pytest.param("x IN :x", {"x": [["a"]]}, "is a list", id="a list in a list"),
        pytest.param("x LIKE :x", {"x": 3}, "LIKE takes a text", id="like a number"),
        pytest.param("x < :x", {"x": None}, "is null", id="less than null"),
        pytest.param("x = :x", {"x": {"a": 1}}, "is an object", id="object"),
        pytest.param("x = :x", {"x": float("nan")}, "is a number, which SOQL has no word for", id="nan"),
        pytest.param("x = :x", {"x": float("inf")}, "SOQL has no word for", id="infinite"),
        pytest.param("x = :x", {"x": datetime(2026, 1, 1)}, "without a zone", id="no zone"),
        pytest.param("x = 1 LIMIT :n", {"n": "5"}, "whole number", id="a text as limit"),
        pytest.param("x = 1 LIMIT :n", {"n": True}, "whole number", id="a boolean as limit"),
        pytest.param("x = 1 LIMIT :n", {"n": -1}, "whole number", id="a negative limit"),
    ],
)
def test_other_values_are_refused(condition: str, params: dict[str, object], says: str) -> None:
    with pytest.raises(Mistake) as caught:
        soql.bind(soql.read(f"SELECT Id FROM A WHERE {condition}"), params)
    assert says in str(caught.value)


@given(st.text())
def test_any_text_becomes_one_literal_and_comes_back(value: str) -> None:
    query = soql.read("SELECT Id FROM A WHERE x = :x AND y = 'end'")
    bound = soql.read(soql.bind(query, {"x": value}))
    assert shown(bound.where) == ("and", ("x", "=", value), ("y", "=", "end"))
    assert bound.limit is None


@given(st.lists(st.text() | st.none() | st.integers() | st.booleans() | st.dates(), min_size=1, max_size=8))
def test_any_list_becomes_one_list_and_comes_back(values: list[object]) -> None:
    bound = soql.read(soql.bind(soql.read("SELECT Id FROM A WHERE x IN :x"), {"x": values}))
    assert isinstance(bound.where, Membership) and isinstance(bound.where.values, tuple)
    got = [one.value for one in bound.where.values if isinstance(one, Constant)]
    assert got == values


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_comes_back(value: float) -> None:
    bound = soql.read(soql.bind(soql.read("SELECT Id FROM A WHERE x = :x"), {"x": value}))
    assert isinstance(bound.where, Comparison) and isinstance(bound.where.value, Constant)
    assert float(bound.where.value.value) == value  # type: ignore[arg-type]


def test_a_path_ignores_letter_case() -> None:
    here = soql.read("SELECT Account.Name FROM Contact").selected[0].what
    there = soql.read("SELECT account.NAME FROM Contact").selected[0].what
    assert isinstance(here, Path) and isinstance(there, Path) and here.same_as(there)

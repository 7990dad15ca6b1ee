"""Reads SOQL text into a Query."""

from typing import Final

from pointsman.errors import way_out
from pointsman.language.mistake import Mistake
from pointsman.language.soql.conditions import condition
from pointsman.language.soql.cursor import CLAUSES, LEFT_OUT, Cursor, bind_of, fail
from pointsman.language.soql.lexer import Token
from pointsman.language.soql.query import FUNCTIONS, Aggregate, Bind, Order, Path, Query, Selected, Span
from pointsman.language.soql.relative import relative

LONGEST: Final = 100_000
"""Characters of a query, Salesforce's own limit."""


def read(text: str) -> Query:
    """The query that a text says. Raises Mistake with its place and the way out."""
    if len(text) > LONGEST:
        raise Mistake(f"A query has at most {LONGEST:,} characters; this has {len(text):,}.", length=len(text))
    cursor = Cursor(text)
    cursor.need("SELECT", "first")
    selected = _selected(cursor)
    cursor.need("FROM", "after the fields")
    table = cursor.simple_name("the name of an object after FROM")
    alias = _object_alias(cursor)
    query = Query(
        text=text,
        selected=selected,
        table=table.text,
        table_span=table.span,
        where=condition(cursor) if cursor.took("WHERE") else None,
        group_by=_group_by(cursor),
        order_by=_order_by(cursor),
        limit=_count(cursor, "LIMIT"),
        offset=_count(cursor, "OFFSET"),
    )
    if cursor.next.kind != "end":
        cursor.expected("the end of the query")
    query = relative(query, {table.text, alias} if alias else {table.text})
    _consistent(query)
    return query


def _selected(cursor: Cursor) -> tuple[Selected, ...]:
    entries: list[Selected] = []
    unnamed = 0
    while True:
        what = _field_or_aggregate(cursor)
        alias = _alias(cursor)
        name = alias.text if alias else str(what) if isinstance(what, Path) else f"expr{unnamed}"
        unnamed += isinstance(what, Aggregate) and alias is None
        entries.append(Selected(what, name))
        if not cursor.took(","):
            return tuple(entries)


def _field_or_aggregate(cursor: Cursor) -> Path | Aggregate:
    if cursor.next.says("("):
        cursor.take()
        cursor.expected("a field")
    path = cursor.path("a field")
    if not cursor.took("("):
        return path
    word = str(path).upper()
    function = next((function for function in FUNCTIONS if function == word), None)
    if function is None:
        fail(f"There is no aggregate `{path}()`.", path.span, way_out(str(path), FUNCTIONS))
    inner = None if cursor.next.says(")") else cursor.path(f"the field of {function}")
    if inner is None and function != "COUNT":
        cursor.expected(f"the field of {function}")
    end = cursor.need(")", f"after the field of {function}").span
    return Aggregate(function, inner, Span(path.span.offset, end.offset + end.length - path.span.offset))


def _alias(cursor: Cursor) -> Token | None:
    if cursor.next.kind != "name" or cursor.next.says(*CLAUSES, *LEFT_OUT):
        return None
    return cursor.simple_name("a name for the column")


def _object_alias(cursor: Cursor) -> str | None:
    if cursor.next.says(","):
        fail("A query asks one object.", cursor.next.span, "Reach its parents by path, such as Account.Name.")
    given = cursor.took("AS")
    return _alias_text(_alias(cursor), given, cursor)


def _alias_text(token: Token | None, required: bool, cursor: Cursor) -> str | None:
    if token is None and required:
        cursor.expected("a name after AS")
    return token.text if token else None


def _group_by(cursor: Cursor) -> tuple[Path, ...]:
    if not cursor.took("GROUP"):
        return ()
    cursor.need("BY", "after GROUP")
    paths: list[Path] = []
    while True:
        path = cursor.path("a field to group by")
        if cursor.next.says("("):
            fail(f"Groups are made by fields only; got `{path}(`.", path.span, "Group in a `sql` step.")
        paths.append(path)
        if not cursor.took(","):
            return tuple(paths)


def _order_by(cursor: Cursor) -> tuple[Order, ...]:
    if not cursor.took("ORDER"):
        return ()
    cursor.need("BY", "after ORDER")
    orders: list[Order] = []
    while True:
        what = _field_or_aggregate(cursor)
        descending = cursor.took("DESC")
        if not descending:
            cursor.took("ASC")
        orders.append(Order(what, descending, _nulls_last(cursor)))
        if not cursor.took(","):
            return tuple(orders)


def _nulls_last(cursor: Cursor) -> bool:
    if not cursor.took("NULLS"):
        return False
    if cursor.took("LAST"):
        return True
    cursor.need("FIRST", "or `LAST` after NULLS")
    return False


def _count(cursor: Cursor, word: str) -> int | Bind | None:
    if not cursor.took(word):
        return None
    token = cursor.next
    if token.kind == "bind":
        return bind_of(cursor.take())
    if token.kind != "number" or not token.text.isdigit() or len(token.text) > 9:
        cursor.expected(f"a whole number or a bound value after {word}")
    return int(cursor.take().text)


def _consistent(query: Query) -> None:
    """What one SELECT list may hold together."""
    seen: set[str] = set()
    for entry in query.selected:
        path = entry.what if isinstance(entry.what, Path) else None
        if entry.name.casefold() in seen:
            fail(f"`{entry.name}` is selected twice.", entry.what.span)
        seen.add(entry.name.casefold())
        if path and query.aggregated and not any(path.same_as(group) for group in query.group_by):
            fail(
                f"`{path}` is neither in GROUP BY nor in an aggregate.",
                path.span,
                f"Add `{path}` to GROUP BY.",
            )
        if path and not query.aggregated and entry.name != str(path):
            fail(
                f"SOQL renames columns only in a query with groups; got `{entry.name}`.",
                path.span,
                "Rename it in a `sql` step.",
            )
    if query.counts_only and len(query.selected) > 1:
        fail("COUNT() stands alone.", query.selected[0].what.span, "Write COUNT(Id).")

"""What a query answers with, and what in it the schema does not know."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from pointsman.errors import way_out
from pointsman.frame import Column
from pointsman.language.mistake import Mistake
from pointsman.language.soql.paths import Target, follow, named
from pointsman.language.soql.query import (
    Aggregate,
    Comparison,
    Constant,
    DateLiteral,
    Membership,
    Operand,
    Path,
    Query,
    Selected,
    conditions,
    operands,
)
from pointsman.language.tables import Tables
from pointsman.shape import ANY, INTEGER, NUMBER, Kind

Origins = Mapping[str, frozenset[tuple[str, str]]]
"""For each column of an answer, the fields of the system that it is made of, as (table, field)."""

_WRITTEN: Final[dict[Kind, tuple[str, tuple[type, ...]]]] = {
    "string": ("a text in quotes", (str,)),
    "integer": ("a number without quotes", (int, Decimal)),
    "number": ("a number without quotes", (int, Decimal)),
    "boolean": ("true or false", (bool,)),
    "date": ("a date such as 2026-10-01, without quotes", (date,)),
    "timestamp": ("a time such as 2026-10-01T00:00:00Z, without quotes", (datetime,)),
}
"""How a value of each kind is written in SOQL."""


def check(query: Query, tables: Tables) -> tuple[tuple[Column, ...], Origins, list[Mistake]]:
    """The columns of the answer in order, where each comes from, and every mistake.

    A column that could not be found is there with type `any`, so that one mistake does not make others.
    """
    table = named(tables, query.table)
    if table is None:
        return _without_table(query, tables)
    mistakes: list[Mistake] = []
    columns: list[Column] = []
    origins: dict[str, frozenset[tuple[str, str]]] = {}
    for entry in query.selected:
        try:
            column, origin = _column(entry, table, tables)
        except Mistake as mistake:
            mistakes.append(mistake)
            column, origin = Column(entry.name, ANY), frozenset()
        columns.append(column)
        origins[column.name] = origin
    mistakes += _elsewhere(query, table, tables)
    return tuple(columns), origins, mistakes


def _without_table(query: Query, tables: Tables) -> tuple[tuple[Column, ...], Origins, list[Mistake]]:
    span = query.table_span
    mistake = Mistake(
        f"The schema has no object `{query.table}`.",
        offset=span.offset,
        length=span.length,
        way_out=way_out(query.table, tables),
    )
    columns = tuple(Column(entry.name, ANY) for entry in query.selected)
    return columns, {column.name: frozenset() for column in columns}, [mistake]


def _column(entry: Selected, table: str, tables: Tables) -> tuple[Column, frozenset[tuple[str, str]]]:
    if isinstance(entry.what, Path):
        target = follow(entry.what, table, tables)
        name = entry.name if entry.name != str(entry.what) else target.name
        shape = target.column.shape
        return Column(name, shape.or_null() if target.nullable else shape, target.column.labels), _origin(target)
    return _aggregate(entry.what, entry.name, table, tables)


def _aggregate(what: Aggregate, name: str, table: str, tables: Tables) -> tuple[Column, frozenset[tuple[str, str]]]:
    """A count says nothing of the values counted, so it carries no label; every other aggregate does."""
    if what.path is None:
        return Column(name, INTEGER), frozenset()
    target = follow(what.path, table, tables)
    if what.function in ("COUNT", "COUNT_DISTINCT"):
        return Column(name, INTEGER), _origin(target)
    shape = target.column.shape
    if what.function in ("SUM", "AVG"):
        if shape.kind not in ("integer", "number", "any"):
            raise Mistake(
                f"{what.function} takes a number; `{target.name}` is {shape.not_null()}.",
                offset=what.span.offset,
                length=what.span.length,
            )
        shape = NUMBER
    return Column(name, shape.or_null(), target.column.labels), _origin(target)


def _origin(target: Target) -> frozenset[tuple[str, str]]:
    return frozenset({(target.table, target.field)})


def _elsewhere(query: Query, table: str, tables: Tables) -> Iterator[Mistake]:
    """Mistakes outside the SELECT list."""
    for condition in conditions(query.where):
        yield from _condition(condition, table, tables)
    ordered = [order.what if isinstance(order.what, Path) else order.what.path for order in query.order_by]
    for path in (*query.group_by, *ordered):
        if path is not None:
            try:
                follow(path, table, tables)
            except Mistake as mistake:
                yield mistake


def _condition(condition: Comparison | Membership, table: str, tables: Tables) -> Iterator[Mistake]:
    try:
        target = follow(condition.path, table, tables)
    except Mistake as mistake:
        yield mistake
        return
    for value in operands(condition):
        if unlike := _unlike(target, value):
            yield unlike


def _unlike(target: Target, value: Operand) -> Mistake | None:
    kind = target.column.shape.kind
    if kind not in _WRITTEN:
        return None
    text, types = _WRITTEN[kind]
    if isinstance(value, DateLiteral):
        fits = kind in ("date", "timestamp")
    elif isinstance(value, Constant) and value.value is not None:
        fits = type(value.value) in types
    else:
        return None
    if fits:
        return None
    return Mistake(
        f"`{target.name}` is {target.column.shape.not_null()}.",
        offset=value.span.offset,
        length=value.span.length,
        way_out=f"Write {text}.",
    )

"""A SOQL query as parameterised SQLite SQL.

SOQL's logic has two values: a comparison with a missing value is false, and its negation true. Texts compare without
letter case (ASCII letters only here; ids exactly), and an empty text is a missing one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final

from pointsman.language.soql.paths import Target, follow
from pointsman.language.soql.query import (
    Aggregate,
    And,
    Bind,
    Comparison,
    Condition,
    Constant,
    DateLiteral,
    Membership,
    Not,
    Operand,
    Or,
    Path,
    Query,
)
from pointsman.language.tables import Tables
from pointsman.sandbox.salesforce.days import span
from pointsman.sandbox.salesforce.objects import Field
from pointsman.sandbox.salesforce.refusal import Refusal
from pointsman.sandbox.salesforce.values import Cell, moment

_TEXTS: Final = ("string", "textarea", "picklist", "email", "phone", "url")


@dataclass(frozen=True, slots=True)
class Output:
    """One selected value: its name in the schema's spelling, the parents on the way, and its field (none: a number)."""

    name: str
    field: Field | None
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compiled:
    """`sql` gives, for each row, the Id of the record and of each of `parents`, then the `outputs`; for groups only
    these. `parents`: the relation's path -> the parent's object."""

    sql: str
    params: tuple[Cell, ...]
    outputs: tuple[Output, ...]
    parents: Mapping[tuple[str, ...], str]


@dataclass
class _Joins:
    """LEFT JOINs made so far: the relation's path -> alias and object."""

    made: dict[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)
    clauses: list[str] = field(default_factory=list)

    def alias(self, target: Target) -> str:
        """The table that a path ends in, joined if it was not yet."""
        alias = "t"
        spelled = target.name.split(".")[:-1]
        for depth, (_, key, parent) in enumerate(target.joins, start=1):
            path = tuple(spelled[:depth])
            if path not in self.made:
                made = f"p{len(self.made)}"
                self.clauses.append(f'LEFT JOIN "{parent}" {made} ON {made}."Id" = {alias}."{key}"')
                self.made[path] = (made, parent)
            alias = self.made[path][0]
        return alias


class Compiler:
    """Compiles queries that were checked against `tables` already; `today` gives date literals their meaning."""

    def __init__(self, tables: Tables, fields: Mapping[str, Mapping[str, Field]], today: date) -> None:
        self._tables, self._fields, self._today = tables, fields, today

    def compile(self, query: Query, table: str) -> Compiled:
        """`table`: the object's name in the schema's spelling."""
        self._table = table
        self._joins = _Joins()
        self._params: list[Cell] = []
        outputs = tuple(self._output(query, number) for number in range(len(query.selected)))
        values = [self._value(entry.what) for entry in query.selected]
        where = f" WHERE {self._condition(query.where)}" if query.where else ""
        groups = ", ".join(self._value(path) for path in query.group_by)
        orders = [self._order(order.what, order.descending, order.nulls_last) for order in query.order_by]
        if not query.aggregated:
            values = ['t."Id"', *(f'{alias}."Id"' for alias, _ in self._joins.made.values()), *values]
            orders.append("t._sequence")
        sql = (
            f'SELECT {", ".join(values)} FROM "{table}" t {" ".join(self._joins.clauses)}{where}'  # noqa: S608
            + (f" GROUP BY {groups}" if groups else "")
            + (f" ORDER BY {', '.join(orders)}" if orders else "")
            + f" LIMIT {_number(query.limit, -1)} OFFSET {_number(query.offset, 0)}"
        )
        return Compiled(sql, tuple(self._params), outputs, {path: made[1] for path, made in self._joins.made.items()})

    def _target(self, path: Path) -> tuple[str, Field]:
        """The SQL of a field, and the field. Names come from the schema, so they are safe to write."""
        target = follow(path, self._table, self._tables)
        return f'{self._joins.alias(target)}."{target.field}"', self._fields[target.table][target.field]

    def _output(self, query: Query, number: int) -> Output:
        entry = query.selected[number]
        if isinstance(entry.what, Aggregate):
            counted = entry.what.path is None or entry.what.function in ("COUNT", "COUNT_DISTINCT", "SUM", "AVG")
            return Output(entry.name, None if counted or entry.what.path is None else self._target(entry.what.path)[1])
        target = follow(entry.what, self._table, self._tables)
        self._joins.alias(target)
        found = self._fields[target.table][target.field]
        if query.aggregated:
            aliased = entry.name != str(entry.what)
            return Output(entry.name if aliased else target.field, found)
        return Output(target.field, found, tuple(target.name.split(".")[:-1]))

    def _value(self, what: Path | Aggregate) -> str:
        if isinstance(what, Path):
            return self._target(what)[0]
        if what.path is None:
            return "count(*)"
        inner = self._target(what.path)[0]
        return f"count(DISTINCT {inner})" if what.function == "COUNT_DISTINCT" else f"{what.function.lower()}({inner})"

    def _order(self, what: Path | Aggregate, descending: bool, nulls_last: bool) -> str:
        value = self._value(what)
        collate = ""
        if isinstance(what, Path) and self._target(what)[1].type in _TEXTS:
            collate = " COLLATE NOCASE"
        direction = "DESC" if descending else "ASC"
        return f"{value}{collate} {direction} NULLS {'LAST' if nulls_last else 'FIRST'}"

    def _condition(self, condition: Condition) -> str:
        match condition:
            case And(parts):
                return "(" + " AND ".join(self._condition(part) for part in parts) + ")"
            case Or(parts):
                return "(" + " OR ".join(self._condition(part) for part in parts) + ")"
            case Not(part):
                return f"NOT {self._condition(part)}"
            case Membership():
                return self._membership(condition)
            case Comparison():
                return self._comparison(condition)

    def _membership(self, condition: Membership) -> str:
        if isinstance(condition.values, Bind):
            raise _bound(condition.values)
        value, found = self._target(condition.path)
        cells = [_cell(one, found) for one in condition.values if not isinstance(one, DateLiteral)]
        known = [cell for cell in cells if cell is not None]
        self._params += known
        parts = [f"coalesce({value}{_collation(found)} IN ({', '.join('?' * len(known))}), 0)"]
        parts += [f"{value} IS NULL"] if None in cells else []
        parts += [self._equal(condition.path, one) for one in condition.values if isinstance(one, DateLiteral)]
        return f"{'NOT ' if condition.negated else ''}({' OR '.join(parts)})"

    def _comparison(self, condition: Comparison) -> str:
        if condition.operator in ("=", "!="):
            equal = self._equal(condition.path, condition.value)
            return equal if condition.operator == "=" else f"NOT {equal}"
        value, found = self._target(condition.path)
        if isinstance(condition.value, DateLiteral):
            return self._beyond(value, found, condition.operator, condition.value)
        if condition.operator == "LIKE":
            self._params.append(_pattern(condition.value))
            return f"coalesce({value} LIKE ? ESCAPE '\\', 0)"
        self._params.append(_cell(condition.value, found))
        return f"coalesce({value} {condition.operator} ?{_collation(found)}, 0)"

    def _equal(self, path: Path, operand: Operand) -> str:
        value, found = self._target(path)
        if isinstance(operand, DateLiteral):
            first, end = self._bounds(operand, found)
            self._params += [first, end]
            return f"(coalesce({value} >= ? AND {value} < ?, 0))"
        self._params.append(_cell(operand, found))
        return f"({value} IS ?{_collation(found)})"

    def _beyond(self, value: str, found: Field, operator: str, literal: DateLiteral) -> str:
        """`> TODAY` is from the day after it, `<= TODAY` up to its end."""
        first, end = self._bounds(literal, found)
        sign, bound = {"<": ("<", first), ">=": (">=", first), ">": (">=", end), "<=": ("<", end)}[operator]
        self._params.append(bound)
        return f"coalesce({value} {sign} ?, 0)"

    def _bounds(self, literal: DateLiteral, found: Field) -> tuple[str, str]:
        try:
            first, end = span(literal, self._today)
        except (ValueError, OverflowError):
            raise Refusal("MALFORMED_QUERY", f"{literal.name}:{literal.number} is out of range") from None
        if found.type == "date":
            return first.isoformat(), end.isoformat()
        return _midnight(first), _midnight(end)


def _midnight(day: date) -> str:
    return moment(datetime.combine(day, time(), UTC))


def _collation(found: Field) -> str:
    return " COLLATE NOCASE" if found.type in _TEXTS else ""


def _bound(bind: Bind) -> Refusal:
    return Refusal("MALFORMED_QUERY", f"Bind variables only allowed in Apex code: :{bind.name}")


def _number(count: int | Bind | None, otherwise: int) -> int:
    if isinstance(count, Bind):
        raise _bound(count)
    return otherwise if count is None else count


def _constant(operand: Operand) -> Constant:
    if isinstance(operand, Bind):
        raise _bound(operand)
    assert isinstance(operand, Constant)
    return operand


def _cell(operand: Operand, found: Field) -> Cell:
    value = _constant(operand).value
    match value:
        case None:
            return 0 if found.type == "boolean" else None
        case bool():
            return int(value)
        case int() if abs(value) >= 2**63:
            return float(value)
        case Decimal():
            return float(value)
        case datetime():
            return moment(value)
        case date():
            return value.isoformat()
        case str():
            return value or None
    return value


def _pattern(operand: Operand) -> str:
    """LIKE's own escapes stay; a backslash before anything else stands for itself."""
    text = str(_constant(operand).value)
    return "".join(_escaped(text))


def _escaped(text: str) -> list[str]:
    parts: list[str] = []
    place = 0
    while place < len(text):
        if text[place] == "\\" and text[place + 1 : place + 2] not in ("%", "_"):
            parts.append("\\\\")
            place += 1
        else:
            width = 2 if text[place] == "\\" else 1
            parts.append(text[place : place + width])
            place += width
    return parts

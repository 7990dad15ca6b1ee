"""A SOQL query as a tree. Paths are relative to the object asked; a prefix that names the object itself is gone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

Function = Literal["COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"]
FUNCTIONS: Final[tuple[Function, ...]] = ("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX")

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "LIKE"]


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in the text, in characters."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps of a parent: `Name`, `Account.Name`."""

    parts: tuple[str, ...]
    span: Span

    def __str__(self) -> str:
        return ".".join(self.parts)

    def same_as(self, other: "Path") -> bool:
        """Whether both name one field; letter case does not matter in SOQL."""
        return str(self).casefold() == str(other).casefold()


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`SUM(Amount)`; COUNT() alone has no path."""

    function: Function
    path: Path | None
    span: Span


@dataclass(frozen=True, slots=True)
class Selected:
    """One entry of the SELECT list, and the name of its column: alias, path as written, or expr0, expr1, …"""

    what: Path | Aggregate
    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the query. A text keeps `\\%` and `\\_`, which only LIKE understands."""

    value: bool | int | Decimal | str | date | datetime | None
    span: Span


@dataclass(frozen=True, slots=True)
class DateLiteral:
    """`TODAY`, `THIS_QUARTER`, `LAST_N_DAYS:30` (`number` 30)."""

    name: str
    number: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Bind:
    """`:name`, a value that comes with the call."""

    name: str
    span: Span


Operand = Constant | DateLiteral | Bind


@dataclass(frozen=True, slots=True)
class Comparison:
    path: Path
    operator: Operator
    value: Operand


@dataclass(frozen=True, slots=True)
class Membership:
    """`IN (…)`, `NOT IN :names`."""

    path: Path
    negated: bool
    values: tuple[Operand, ...] | Bind


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Condition", ...]


Condition = Comparison | Membership | Not | And | Or


@dataclass(frozen=True, slots=True)
class Order:
    what: Path | Aggregate
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked. `table` is the object's name as written."""

    text: str
    selected: tuple[Selected, ...]
    table: str
    table_span: Span
    where: Condition | None
    group_by: tuple[Path, ...]
    order_by: tuple[Order, ...]
    limit: int | Bind | None
    offset: int | Bind | None

    @property
    def aggregated(self) -> bool:
        """Whether its rows are groups and not records."""
        return bool(self.group_by) or any(isinstance(entry.what, Aggregate) for entry in self.selected)

    @property
    def counts_only(self) -> bool:
        """`SELECT COUNT()`: Salesforce answers with `totalSize` and no record."""
        first = self.selected[0].what
        return isinstance(first, Aggregate) and first.path is None

    @property
    def binds(self) -> tuple[Bind, ...]:
        """Every bind, in the order of the text."""
        found = [*_binds(self.where), *(part for part in (self.limit, self.offset) if isinstance(part, Bind))]
        return tuple(sorted(found, key=lambda bind: bind.span.offset))


def conditions(condition: Condition | None) -> Iterator[Comparison | Membership]:
    """The comparisons of a WHERE clause, in the order of the text."""
    match condition:
        case None:
            return
        case Not(part):
            yield from conditions(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from conditions(part)
        case Comparison() | Membership():
            yield condition


def operands(condition: Comparison | Membership) -> tuple[Operand, ...]:
    """The values that it compares with."""
    if isinstance(condition, Comparison):
        return (condition.value,)
    return (condition.values,) if isinstance(condition.values, Bind) else condition.values


def _binds(where: Condition | None) -> Iterator[Bind]:
    for condition in conditions(where):
        yield from (value for value in operands(condition) if isinstance(value, Bind))

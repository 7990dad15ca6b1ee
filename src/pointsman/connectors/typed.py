"""Values as a frame holds them, whatever shape a driver or JSON gave them.

Numbers of a `number` column become floats (a Decimal keeps 15 digits of its own); timestamps become UTC, those without
a zone are taken as UTC; dates and timestamps in ISO 8601 text are read; 0 and 1 are booleans where the column says so.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from pointsman.errors import Broken, Refused
from pointsman.frame import Column, Frame, Row
from pointsman.quantity import Quarter
from pointsman.shape import ANY, Kind, Shape, Value, shape_of


def rows(page: list[Row], columns: tuple[Column, ...], connection: str) -> list[Row]:
    """Rows with exactly these columns, converted. Broken when the system gives other columns or types than planned."""
    readers = [(column.name, _READERS[column.shape.kind], column) for column in columns]
    out: list[Row] = []
    for row in page:
        made: Row = {}
        for name, read, column in readers:
            try:
                value = row[name]
            except KeyError:
                raise _lost(row, columns, connection) from None
            if value is None:
                made[name] = None
                continue
            try:
                made[name] = read(value)
            except (ValueError, TypeError, OverflowError):
                raise _unlike(column, value, connection) from None
        out.append(made)
    return out


def found(page: list[Row], connection: str) -> list[Row]:
    """Rows whose columns nobody knew beforehand."""
    reader = _READERS["any"]
    out: list[Row] = []
    for row in page:
        try:
            out.append({name: reader(value) for name, value in row.items()})
        except (ValueError, TypeError, OverflowError):
            name = next(name for name, value in row.items() if _fails(reader, value))
            raise _unlike(Column(name, ANY), row[name], connection) from None
    return out


def frame_of(rows: list[Row]) -> Frame:
    """A frame whose columns are read off its rows: every name that occurs, with the narrowest shape that fits."""
    shapes: dict[str, Shape] = {}
    for row in rows:
        for name, value in row.items():
            shape = shape_of(value)
            shapes[name] = shape if name not in shapes else _either(shapes[name], shape)
    lacking = {name for row in rows if len(row) < len(shapes) for name in shapes.keys() - row.keys()}
    columns = tuple(Column(name, shape.or_null() if name in lacking else shape) for name, shape in shapes.items())
    return Frame(columns, [{name: row.get(name) for name in shapes} for row in rows])


def _either(one: Shape, other: Shape) -> Shape:
    if one == other:
        return one
    if "null" in (one.kind, other.kind):
        return (one if other.kind == "null" else other).or_null()
    nullable = one.nullable or other.nullable
    kind: Kind = one.kind if one.kind == other.kind else "any"
    if {one.kind, other.kind} == {"integer", "number"}:
        kind = "number"
    return Shape(kind, nullable=nullable and kind != "any")


def _lost(row: Mapping[str, object], columns: tuple[Column, ...], connection: str) -> Broken:
    lost = [f"`{column.name}`" for column in columns if column.name not in row]
    return Broken(
        f"the answer has no {', '.join(lost)}, which the schema promises: the schema is out of date.",
        where=f"connection {connection}",
        way_out=f"Run `pointsman describe {connection}` and look at what changed.",
    )


def _unlike(column: Column, value: object, connection: str) -> Refused | Broken:
    """The fault, without the value: it may be personal."""
    where = f"connection {connection}"
    if isinstance(value, bytes | bytearray | memoryview):
        return Refused(
            f"column `{column.name}` holds bytes, which a step cannot carry.",
            where=where,
            way_out="Leave it out, or encode it as text in the query.",
        )
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return Refused(
            f"column `{column.name}` holds a value that is not a finite number.",
            where=where,
            way_out="Turn it into null in the query.",
        )
    return Broken(
        f"column `{column.name}` is {column.shape} in the schema, and the system gave {_noun(value)}.",
        where=where,
        way_out=f"Run `pointsman describe {connection}` and look at what changed.",
    )


def _noun(value: object) -> str:
    return "a " + {"str": "text", "int": "whole number", "float": "number", "Decimal": "number", "bool": "boolean"}.get(
        type(value).__name__, type(value).__name__
    )


def _fails(read: Callable[[Any], Value], value: object) -> bool:
    try:
        read(value)
    except (ValueError, TypeError, OverflowError):
        return True
    return False


def _any(value: Any) -> Value:
    match value:
        case None | bool() | int() | str():
            return value
        case float() | Decimal():
            return _number(value)
        case datetime():
            return _timestamp(value)
        case date():
            return value
        case list() | tuple():
            return [_any(item) for item in value]
        case dict():
            return {str(key): _any(part) for key, part in value.items()}
    raise TypeError(type(value).__name__)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    raise ValueError


def _integer(value: Any) -> int:
    if isinstance(value, bool | str) or value != int(value):
        raise ValueError
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool | str):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(_string(value)[:10])


def _timestamp(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(_string(value))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _list(value: Any) -> Value:
    if not isinstance(value, list | tuple):
        raise TypeError
    return _any(value)


def _object(value: Any) -> Value:
    if not isinstance(value, dict):
        raise TypeError
    return _any(value)


_READERS: Final[dict[Kind, Callable[[Any], Value]]] = {
    "any": _any,
    "null": _any,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "string": _string,
    "date": _date,
    "timestamp": _timestamp,
    "quarter": lambda value: Quarter(_string(value)),
    "list": _list,
    "object": _object,
}

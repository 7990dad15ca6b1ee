"""Values on their way into SQL columns and back: which DuckDB type holds them, and what Python gets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Final

import orjson

from pointsman.errors import Refused
from pointsman.frame import Column
from pointsman.shape import ANY, BOOLEAN, DATE, INTEGER, NULL, NUMBER, STRING, TIMESTAMP, Shape, Value, list_of, record

ZONED: Final = "TIMESTAMP WITH TIME ZONE"
ZONED_IN: Final = "TIMESTAMPTZ"
"""The same type, as columns that go in are given it."""
_INT64: Final = 2**63
_INT128: Final = 2**127
_EMPTY: Final = {
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "list": "JSON",
    "object": "JSON",
}
"""What holds a column without any value, by its declared kind; text otherwise."""
_WORDS: Final = {bool: "booleans", int: "integers", float: "numbers", Decimal: "decimals", str: "text"} | {
    date: "dates", datetime: "timestamps", list: "lists", dict: "objects"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """A column as it goes in: its DuckDB type, and values that JSON can carry."""

    name: str
    type: str
    values: Sequence[object]

    def json(self, start: int, stop: int) -> str:
        """Some of its values as a JSON array. Inside lists and objects dates and decimals become text and numbers."""
        try:
            return orjson.dumps(self.values[start:stop], default=_inner, option=orjson.OPT_NON_STR_KEYS).decode()
        except orjson.JSONEncodeError as error:
            raise Refused(f"column `{self.name}` holds a value that SQL cannot: {error}.") from error


def stored(column: Column, values: list[Value]) -> Stored:
    """Chooses the type by the values (a declared type only where there are none), so that nothing is cast away."""
    kinds = {_kind(column.name, kind) for kind in set(map(type, values)) - {type(None)}}
    name = column.name
    match sorted(kind.__name__ for kind in kinds):
        case []:
            return Stored(name, _EMPTY.get(column.shape.kind, "VARCHAR"), values)
        case ["bool"]:
            return Stored(name, "BOOLEAN", values)
        case ["int"]:
            return _integers(name, values)
        case ["float"] | ["float", "int"]:
            return Stored(name, "DOUBLE", _finite(name, values))
        case ["Decimal"] | ["Decimal", "int"]:
            return _decimals(name, values)
        case ["Decimal", "float"] | ["Decimal", "float", "int"]:
            return Stored(name, "DOUBLE", _finite(name, [None if v is None else float(v) for v in values]))  # type: ignore[arg-type]
        case ["str"]:
            return Stored(name, "VARCHAR", values)
        case ["date"]:
            return Stored(name, "DATE", values)
        case ["datetime"] | ["date", "datetime"]:
            zoned = any(isinstance(value, datetime) and value.tzinfo for value in values)
            return Stored(name, ZONED_IN if zoned else "TIMESTAMP", values)
        case ["dict"] | ["list"] | ["dict", "list"]:
            return Stored(name, "JSON", values)
    if column.shape.kind in ("any", "list", "object"):
        return Stored(name, "JSON", values)
    words = " and ".join(sorted(_WORDS[kind] for kind in kinds))
    raise Refused(f"column `{name}` is {column.shape} but holds {words}.", way_out="Correct it where it is read.")


def _kind(name: str, found: type) -> type:
    for kind in (bool, int, float, Decimal, str, datetime, date):
        if issubclass(found, kind):
            return kind
    if issubclass(found, Mapping):
        return dict
    if issubclass(found, Sequence) and not issubclass(found, bytes | bytearray):
        return list
    raise Refused(f"column `{name}` holds {found.__name__}, which is no value of a frame.")


def _finite(name: str, values: Sequence[Any]) -> Sequence[Any]:
    if not all(map(isfinite, filter(None, values))):
        raise Refused(f"column `{name}` holds NaN or infinity.", way_out="Give null for what is not known.")
    return values


def _integers(name: str, values: Sequence[Any]) -> Stored:
    known = [value for value in values if value is not None]
    least, most = min(known), max(known)
    if least >= -_INT64 and most < _INT64:
        return Stored(name, "BIGINT", values)
    if least >= -_INT128 and most < _INT128:
        return Stored(name, "HUGEINT", [None if value is None else str(value) for value in values])
    raise Refused(f"column `{name}` holds an integer of more than 128 bits.")


def _decimals(name: str, values: Sequence[Any]) -> Stored:
    """DECIMAL as wide as needed; a DOUBLE where more than its 38 digits would be needed."""
    scale = digits = 0
    for value in values:
        if value is None:
            continue
        _, figures, exponent = Decimal(value).as_tuple()
        if not isinstance(exponent, int):
            raise Refused(f"column `{name}` holds NaN or infinity.", way_out="Give null for what is not known.")
        scale, digits = max(scale, -exponent), max(digits, len(figures) + exponent)
    if scale + max(digits, 1) > 38:
        return Stored(name, "DOUBLE", [None if value is None else float(value) for value in values])
    texts = [
        None if value is None else format(value, "f") if isinstance(value, Decimal) else str(value) for value in values
    ]
    return Stored(name, f"DECIMAL({scale + max(digits, 1)}, {scale})", texts)


def _inner(value: object) -> object:
    match value:
        case Decimal():
            return float(value)
        case Mapping():
            return dict(value)
        case Sequence():
            return list(value)
    raise TypeError(f"{type(value).__name__} is no value of a frame")


def param(name: str, value: Value) -> Value:
    """A value for `$name`."""
    if isinstance(value, float) and not isfinite(value):
        raise Refused(f"the SQL's `${name}` is {value}, not a number.")
    if isinstance(value, int) and not -_INT128 <= value < _INT128:
        raise Refused(f"the SQL's `${name}` is an integer of more than 128 bits.")
    return str(value) if isinstance(value, str) else value


Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Result:
    """A column as it comes out. `read` makes plain values of DuckDB's; None where they are plain already."""

    name: str
    shape: Shape
    read: Read | None


_SHAPES: Final = (
    {f"{sign}{size}": INTEGER for sign in ("", "u") for size in ("tinyint", "smallint", "integer", "bigint", "hugeint")}
    | {"boolean": BOOLEAN, "float": NUMBER, "double": NUMBER, "decimal": NUMBER, "date": DATE, "null": NULL}
    | {"varchar": STRING, "enum": STRING, "uuid": STRING}
    | dict.fromkeys(("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"), TIMESTAMP)
)


def result(name: str, kind: Any, zoned: bool) -> Result:
    """How to read a column of this DuckDB type. `zoned`: it was a timestamp with a zone, and comes as its UTC time."""
    shape, read = _reader(name, kind)
    return Result(name, shape.or_null(), (lambda value: value.replace(tzinfo=UTC)) if zoned else read)


def _reader(name: str, kind: Any) -> tuple[Shape, Read | None]:
    text, family = str(kind), kind.id
    if text == "JSON":
        return ANY, orjson.loads
    if family in ("float", "double"):
        return NUMBER, _number(name)
    if family in ("uuid", "enum"):
        return STRING, str
    if family in ("list", "array"):
        shape, read = _reader(name, kind.children[0][1])
        return list_of(shape.or_null()), _each(read)
    if family == "struct":
        parts = {part: _reader(name, inner) for part, inner in kind.children}
        return record({part: shape.or_null() for part, (shape, _) in parts.items()}), _fields(parts)
    if family in _SHAPES:
        return _SHAPES[family], None
    raise Refused(
        f"column `{name}` is {text}, which no step can hold.",
        way_out="Cast it, for example to varchar, double or timestamp.",
    )


def _number(name: str) -> Read:
    def read(value: float) -> float:
        if isfinite(value):
            return value
        raise Refused(
            f"column `{name}` holds {'NaN' if value != value else 'infinity'}.",
            way_out="Divide by nullif(…, 0), so that what is not known is null.",
        )

    return read


def _each(read: Read | None) -> Read:
    if read is None:
        return list
    return lambda values: [None if value is None else read(value) for value in values]


def _fields(parts: Mapping[str, tuple[Shape, Read | None]]) -> Read:
    readers = {part: read for part, (_, read) in parts.items() if read}
    return lambda value: {
        part: readers[part](inner) if part in readers and inner is not None else inner for part, inner in value.items()
    }


def letters(batch: Sequence[tuple[Any, ...]], results: Sequence[Result]) -> int:
    """How many letters the texts of a batch have together."""
    texts = [index for index, column in enumerate(results) if column.shape.kind == "string"]
    return sum(len(row[index]) for index in texts for row in batch if isinstance(row[index], str))


def rows(batch: Iterable[tuple[Any, ...]], results: Sequence[Result]) -> list[dict[str, Value]]:
    """DuckDB's rows as rows of a frame."""
    names = [column.name for column in results]
    readers = [(column.name, column.read) for column in results if column.read]
    made = [dict(zip(names, values, strict=True)) for values in batch]
    for name, read in readers:
        for row in made:
            if (value := row[name]) is not None:
                row[name] = read(value)
    return made

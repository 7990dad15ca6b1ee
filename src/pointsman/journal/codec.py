"""Values of steps as JSON and back. A closed set of tags, and no object revival: what is read can only be a value.

A tagged value is an object with one key that begins with `~`; a user's object that looks like one is wrapped (`~o`).
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from pointsman.errors import Broken, Refused
from pointsman.frame import Column, Frame, Output
from pointsman.quantity import Quarter
from pointsman.shape import Shape, record

_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS
_TAGGED: Final = b'{"~'


def dumps(value: Output) -> bytes:
    """JSON of a step's output. Raises Refused for what has no form, such as an integer beyond 64 bits. A number that is
    none (NaN) becomes null; connectors and sets let none through."""
    try:
        if _TAGGED in orjson.dumps(value, default=_untagged, option=_OPTIONS):
            value = _escaped(value)
        return orjson.dumps(value, default=_tagged, option=_OPTIONS)
    except TypeError as unfit:
        raise Refused(f"a step's output cannot be kept: {unfit}.") from None


def loads(content: bytes) -> Output:
    """What was written. Raises Broken for a tag that nobody here writes."""
    value: Any = orjson.loads(content)
    restored: Output = _restored(value) if _TAGGED in content else value
    return restored


def _untagged(value: object) -> object:
    """Only to look for objects of users that look like tags."""
    if isinstance(value, Frame):
        return [list(row.values()) for row in value.rows]
    return list(value) if isinstance(value, tuple | set | frozenset) else None


def _tagged(value: object) -> object:
    match value:
        case Quarter():
            return {"~q": str.__str__(value)}
        case datetime():
            return {"~t": value.isoformat()}
        case date():
            return {"~d": value.isoformat()}
        case Decimal():
            return {"~n": str(value)}
        case Frame():
            columns = [[column.name, _plain(column.shape), sorted(column.labels)] for column in value.columns]
            names = value.names()
            return {"~f": {"columns": columns, "rows": [[row[name] for name in names] for row in value.rows]}}
        case tuple():
            return list(value)
    raise TypeError(f"{type(value).__name__} has no form")


def _escaped(value: Any) -> Any:
    if isinstance(value, Frame):
        return Frame(value.columns, [{name: _escaped(part) for name, part in row.items()} for row in value.rows])
    if isinstance(value, Mapping):
        inner = {name: _escaped(part) for name, part in value.items()}
        return {"~o": inner} if len(inner) == 1 and next(iter(inner)).startswith("~") else inner
    return [_escaped(part) for part in value] if isinstance(value, list | tuple) else value


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(part) for part in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or not next(iter(value)).startswith("~"):
        return {name: _restored(part) for name, part in value.items()}
    tag, content = next(iter(value.items()))
    match tag:
        case "~o":
            return {name: _restored(part) for name, part in content.items()}
        case "~q":
            return Quarter(content)
        case "~t":
            return datetime.fromisoformat(content)
        case "~d":
            return date.fromisoformat(content)
        case "~n":
            return Decimal(content)
        case "~f":
            return _frame(content)
    raise Broken(f"the journal holds a value with the tag {tag!r}, which this version does not know.")


def _frame(content: Mapping[str, Any]) -> Frame:
    columns = tuple(Column(name, _shape(shape), frozenset(labels)) for name, shape, labels in content["columns"])
    names = [column.name for column in columns]
    return Frame(columns, [dict(zip(names, map(_restored, row), strict=True)) for row in content["rows"]])


def _plain(shape: Shape) -> dict[str, Any]:
    """A shape as JSON; what is as usual is left out."""
    found: dict[str, Any] = {"kind": shape.kind}
    if shape.nullable:
        found["nullable"] = True
    if shape.item is not None:
        found["item"] = _plain(shape.item)
    if shape.fields or shape.closed:
        found["fields"] = {name: _plain(part) for name, part in shape.fields.items()}
        found["closed"] = shape.closed
    if shape.enum:
        found["enum"] = list(shape.enum)
    return found


def _shape(plain: Mapping[str, Any]) -> Shape:
    fields = {name: _shape(part) for name, part in plain.get("fields", {}).items()}
    return Shape(
        plain["kind"],
        plain.get("nullable", False),
        _shape(plain["item"]) if "item" in plain else None,
        record(fields).fields,
        plain.get("closed", False),
        tuple(plain.get("enum", ())),
    )

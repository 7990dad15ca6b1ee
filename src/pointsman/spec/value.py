"""Values that come from outside, checked against typed fields: a flow's input, a Python step's result."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from pointsman.errors import way_out
from pointsman.quantity import Quarter
from pointsman.shape import Value
from pointsman.spec.field import Field

DEEPEST: Final = 32
LARGEST_INTEGER: Final = 2**63


class Unfit(ValueError):
    """A value that is not what its field says. `path`: where in the input it stands."""

    def __init__(self, path: Sequence[str | int], message: str, way_out: str = "") -> None:
        self.path, self.message, self.way_out = tuple(path), message, way_out
        super().__init__(f"{'.'.join(map(str, path)) or 'input'}: {message} {way_out}".strip())


def accept(fields: Mapping[str, Field], given: Mapping[str, Any]) -> tuple[dict[str, Value], list[Unfit]]:
    """The typed values, defaults filled in; and everything that is wrong, in one go."""
    return _object(fields, given, ())


def accept_one(field: Field, value: Any, path: tuple[str | int, ...] = ()) -> tuple[Value, list[Unfit]]:
    """One typed value, and everything that is wrong in it."""
    faults: list[Unfit] = []
    return _value(field, value, path, faults), faults


def _object(
    fields: Mapping[str, Field], given: Mapping[str, Any], path: tuple[str | int, ...]
) -> tuple[dict[str, Value], list[Unfit]]:
    faults = [
        Unfit((*path, name), "there is no such field.", way_out(str(name), fields, "Fields"))
        for name in given
        if name not in fields
    ]
    values: dict[str, Value] = {}
    for name, field in fields.items():
        if name in given and not (given[name] is None and not field.required):
            values[name] = _value(field, given[name], (*path, name), faults)
        elif field.required:
            faults.append(Unfit((*path, name), "must be given.", _expected(field)))
        else:
            values[name] = None if field.default is None else _value(field, field.default, (*path, name), faults)
    return values, faults


def _value(field: Field, value: Any, path: tuple[str | int, ...], faults: list[Unfit]) -> Value:
    if len(path) > DEEPEST:
        faults.append(Unfit(path, f"it is nested deeper than {DEEPEST} levels."))
        return None
    try:
        return _READERS[field.type](field, value, path, faults)
    except ValueError as unfit:
        faults.append(unfit if isinstance(unfit, Unfit) else Unfit(path, f"{unfit}.", _expected(field)))
        return None


def _string(field: Field, value: Any, path: tuple[str | int, ...], faults: list[Unfit]) -> Value:
    if not isinstance(value, str):
        raise _unlike(field, value, path)
    if field.enum and value not in field.enum:
        raise Unfit(path, f"got {_short(value)}.", way_out(value, field.enum, "It is one of"))
    if field.max is not None and len(value) > field.max:
        raise Unfit(path, f"it has {len(value)} characters; at most {field.max} are allowed.")
    if field.pattern is not None and not re.fullmatch(field.pattern, value):
        raise Unfit(path, f"got {_short(value)}, which does not match {field.pattern}.")
    return value


def _number(field: Field, value: Any, path: tuple[str | int, ...], faults: list[Unfit]) -> Value:
    whole = field.type == "integer"
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise _unlike(field, value, path)
    if not math.isfinite(value) or (whole and abs(value) >= LARGEST_INTEGER):
        raise Unfit(path, f"got {_short(value)}, which is out of range.")
    if field.minimum is not None and value < field.minimum:
        raise Unfit(path, f"got {value}; the least is {field.minimum:g}.")
    if field.maximum is not None and value > field.maximum:
        raise Unfit(path, f"got {value}; the most is {field.maximum:g}.")
    return value


def _boolean(field: Field, value: Any, path: tuple[str | int, ...], faults: list[Unfit]) -> Value:
    if not isinstance(value, bool):
        raise _unlike(field, value, path)
    return value


def _date(field: Field, value: Any, path: tuple[str | int, ...], faults: list[Unfit]) -> Value:
    if isinstance(value, datetime) if field.type == "timestamp" else isinstance(value, date):
        return value  # type: ignore[no-any-return]
    if not isinstance(value, str):
        raise _unlike(field, value, path)
    return datetime.fromisoformat(value) if field.type == "timestamp" else date.fromisoformat(value)


def _quarter(field: Field, value: Any, path: tuple[str | int, ...], faults: list[Unfit]) -> Value:
    if not isinstance(value, str):
        raise _unlike(field, value, path)
    return Quarter(value)


def _list(field: Field, value: Any, path: tuple[str | int, ...], faults: list[Unfit]) -> Value:
    if not isinstance(value, list):
        raise _unlike(field, value, path)
    if field.max is not None and len(value) > field.max:
        raise Unfit(path, f"it has {len(value)} items; at most {field.max} are allowed.")
    if field.items is None:
        return value
    return [_value(field.items, item, (*path, position), faults) for position, item in enumerate(value)]


def _record(field: Field, value: Any, path: tuple[str | int, ...], faults: list[Unfit]) -> Value:
    if not isinstance(value, dict):
        raise _unlike(field, value, path)
    if not field.fields:
        return value
    values, found = _object(field.fields, value, path)
    faults.extend(found)
    return values


def _any(field: Field, value: Any, path: tuple[str | int, ...], faults: list[Unfit]) -> Value:
    return value  # type: ignore[no-any-return]


_READERS: Final = {
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _date,
    "quarter": _quarter,
    "list": _list,
    "object": _record,
    "any": _any,
}


def _unlike(field: Field, value: Any, path: tuple[str | int, ...]) -> Unfit:
    return Unfit(path, f"got {_short(value)}.", _expected(field))


def _expected(field: Field) -> str:
    if field.enum:
        return f"It is one of: {', '.join(field.enum)}."
    like = {
        "quarter": "a quarter such as 2026-Q4",
        "date": "a date such as 2026-11-20",
        "timestamp": "a time such as 2026-11-20T09:30:00+00:00",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "string": "a text",
        "list": "a list",
        "object": "an object",
    }
    return f"It is {like[field.type]}." if field.type in like else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"

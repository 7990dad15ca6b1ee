"""Values checked against typed fields: a flow's input, a model's answer, a Python step's result, a default.

The only checker of values: what one door refuses, every door refuses. What it gives is typed, can be written as JSON,
and is accepted again unchanged.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from pointsman.errors import nearest, way_out
from pointsman.quantity import Quarter
from pointsman.shape import Value
from pointsman.spec import pattern, words
from pointsman.spec.field import Field
from pointsman.spec.problem import printable

DEEPEST: Final = 32
"""Levels of lists and objects that a value may have where no field says what they hold."""
MOST_TOLD: Final = 50
"""Mistakes after which the rest is not looked at: long nonsense must not cost more to explain than to send."""
_LONGEST_NAME: Final = 60
_LISTED: Final = 12
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NOUNS: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date such as 2026-11-20",
    "timestamp": "a time such as 2026-11-20T09:30:00+00:00",
    "quarter": "a quarter such as 2026-Q4",
    "list": "a list",
    "object": "an object",
}

Path = tuple[str | int, ...]


class Unfit(ValueError):
    """A value that is not what its field says. `message` goes on where the path stops: `must be a text; got null.`"""

    def __init__(self, path: Sequence[str | int], message: str, way_out: str = "") -> None:
        self.path = tuple(_clean(part) if isinstance(part, str) else part for part in path)
        self.message, self.way_out = message, way_out
        super().__init__(self.sentence("it"))

    def sentence(self, whole: str) -> str:
        """Where, the rule, what was got and the way out. `whole`: what the value is called where all of it is wrong."""
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path).removeprefix(".")
        return f"{f'`{place}`' if place else whole} {self.message} {self.way_out}".rstrip()


class _Enough(Exception):
    """So much is wrong that the rest need not be looked at."""


def accept(fields: Mapping[str, Field], given: object) -> tuple[dict[str, Value], list[Unfit]]:
    """The typed values of an object, defaults filled in; and everything that is wrong (the first 50), in one go."""
    if not isinstance(given, Mapping):
        return {}, [Unfit((), f"must be an object, got {_got(given)}.")]
    faults: list[Unfit] = []
    try:
        return _object(fields, given, (), faults), faults
    except _Enough:
        return {}, faults


def accept_one(field: Field, value: Any) -> tuple[Value, list[Unfit]]:
    """One typed value, and everything that is wrong in it (the first 50)."""
    faults: list[Unfit] = []
    try:
        return _value(field, value, (), faults), faults
    except _Enough:
        return None, faults


def default_of(field: Field) -> Value:
    """The value of a field that is not given: its default, typed as the field says, or null."""
    return accept_one(field, field.default)[0]


def _object(fields: Mapping[str, Field], given: Mapping[str, Any], path: Path, faults: list[Unfit]) -> dict[str, Value]:
    for name in given:
        if name not in fields:
            known = way_out(_clean(str(name)), fields, "Fields")
            _tell(Unfit((*path, str(name)), "is not a known field.", known), faults)
    values: dict[str, Value] = {}
    for name, field in fields.items():
        if name not in given and field.required:
            _tell(Unfit((*path, name), f"is missing: it must be {_wanted(field)}."), faults)
        else:
            values[name] = _value(field, given.get(name), (*path, name), faults)
    return values


def _value(field: Field, value: Any, path: Path, faults: list[Unfit]) -> Value:
    if value is None and not field.required:
        if field.default is None:
            return None
        value = field.default
    try:
        return _READERS[field.type](field, value, path, faults)
    except Unfit as unfit:
        _tell(unfit, faults)
        return None


def _tell(unfit: Unfit, faults: list[Unfit]) -> None:
    faults.append(unfit)
    if len(faults) == MOST_TOLD:
        raise _Enough


def _string(field: Field, value: Any, path: Path, faults: list[Unfit]) -> Value:
    if not isinstance(value, str):
        raise _unlike(field, value, path)
    _any(field, value, path, faults)
    if field.max is not None and len(value) > field.max:
        raise Unfit(path, f"has {len(value)} characters, at most {field.max} are allowed.")
    if field.enum and value not in field.enum:
        near = nearest(value[:_LONGEST_NAME], field.enum)
        raise Unfit(path, f"must be {_wanted(field)}, got {_got(value)}.", f"Did you mean `{near}`?" if near else "")
    if field.pattern is not None and not pattern.matches(field.pattern, value):
        raise Unfit(path, f"must match the pattern {field.pattern}, got {_got(value)}.")
    return value


def _number(field: Field, value: Any, path: Path, faults: list[Unfit]) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _unlike(field, value, path)
    _any(field, value, path, faults)
    if field.type == "integer" and not isinstance(value, int):
        if value != int(value):
            raise _unlike(field, value, path)
        value = int(value)
        _any(field, value, path, faults)
    if field.minimum is not None and value < field.minimum:
        raise Unfit(path, f"must be at least {_bare(field.minimum)}, got {_got(value)}.")
    if field.maximum is not None and value > field.maximum:
        raise Unfit(path, f"must be at most {_bare(field.maximum)}, got {_got(value)}.")
    return value  # type: ignore[no-any-return]


def _boolean(field: Field, value: Any, path: Path, faults: list[Unfit]) -> Value:
    if not isinstance(value, bool):
        raise _unlike(field, value, path)
    return value


def _date(field: Field, value: Any, path: Path, faults: list[Unfit]) -> Value:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    # Python reads more of ISO 8601 than the `full-date` of RFC 3339, which our JSON Schemas promise.
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise _unlike(field, value, path)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _unlike(field, value, path) from None


def _timestamp(field: Field, value: Any, path: Path, faults: list[Unfit]) -> Value:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise _unlike(field, value, path)
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise _unlike(field, value, path) from None


def _quarter(field: Field, value: Any, path: Path, faults: list[Unfit]) -> Value:
    if not isinstance(value, str):
        raise _unlike(field, value, path)
    try:
        return Quarter(value)
    except ValueError:
        raise _unlike(field, value, path) from None


def _list(field: Field, value: Any, path: Path, faults: list[Unfit]) -> Value:
    if not isinstance(value, list | tuple):
        raise _unlike(field, value, path)
    if field.max is not None and len(value) > field.max:
        raise Unfit(path, f"has {len(value)} items, at most {field.max} are allowed.")
    if field.items is None:
        return _any(field, value, path, faults)
    return [_value(field.items, item, (*path, at), faults) for at, item in enumerate(value)]


def _record(field: Field, value: Any, path: Path, faults: list[Unfit]) -> Value:
    if not isinstance(value, dict):
        raise _unlike(field, value, path)
    return _object(field.fields, value, path, faults) if field.fields else _any(field, value, path, faults)


def _any(field: Field, value: Any, path: Path, faults: list[Unfit]) -> Value:
    """Any value that JSON can carry: its fault is the first in it."""
    if flaw := _flaw(value, DEEPEST - len(path)):
        inside, message = flaw
        raise Unfit((*path, *inside), message)
    return value  # type: ignore[no-any-return]


def _flaw(value: Any, room: int) -> tuple[Path, str] | None:
    """Why a value cannot be written as JSON, and where in it; `room`: levels that it may still have."""
    if isinstance(value, str):
        half = not value.isascii() and _SURROGATE.search(value)
        return ((), "holds half of a character (a lone surrogate).") if half else None
    if value is None or isinstance(value, bool | date):
        return None
    if isinstance(value, int):
        return None if _fits_64_bits(value) else ((), "holds a number that is too large: it needs over 64 bits.")
    if isinstance(value, float | Decimal):
        return None if _is_finite(value) else ((), "holds a number that is too large, or NaN, which is none.")
    if not isinstance(value, dict | list | tuple):
        return (), f"must be a value that JSON can carry, got {_got(value)}."
    return _flaw_inside(value, room) if room > 0 else ((), _TOO_DEEP)


def _flaw_inside(value: Any, room: int) -> tuple[Path, str] | None:
    if isinstance(value, dict):
        for name in value:
            if flaw := _flaw(name, 0):
                return flaw
    for at, part in value.items() if isinstance(value, dict) else enumerate(value):
        if flaw := _flaw(part, room - 1):
            inside, message = flaw
            return (at if isinstance(at, int) else str(at), *inside), message
    return None


_READERS: Final = {
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "quarter": _quarter,
    "list": _list,
    "object": _record,
    "any": _any,
}
_TOO_DEEP: Final = f"is nested deeper than {DEEPEST} levels."


def _fits_64_bits(value: int) -> bool:
    """Neither databases nor our JSON can carry more."""
    return -(2**63) <= value < 2**63


def _is_finite(value: float | Decimal) -> bool:
    """A Decimal must be finite as a float too, because that is how it is written."""
    return (isinstance(value, float) or value.is_finite()) and isfinite(value)


def _unlike(field: Field, value: Any, path: Path) -> Unfit:
    return Unfit(path, f"must be {_wanted(field)}, got {_got(value)}.")


def _wanted(field: Field) -> str:
    if field.enum:
        more = ", …" if len(field.enum) > _LISTED else ""
        return f"one of {', '.join(field.enum[:_LISTED])}{more}"
    return _NOUNS.get(field.type, "given")


def _got(value: Any) -> str:
    """What was given, as JSON's reader knows it, short enough for a sentence."""
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case int() if not _fits_64_bits(value):
            return "a number that is too large"
        case bool() | int() | float() | str() | list() | tuple():
            return words.got(value)
        case Decimal():
            return f"the number {value:.6g}"
        case datetime():
            return f"the time {value.isoformat()}"
        case date():
            return f"the date {value.isoformat()}"
    return f"something of Python's type {type(value).__name__}"


def _bare(bound: float) -> str:
    return str(int(bound)) if bound.is_integer() else str(bound)


def _clean(name: str) -> str:
    """A name as it may stand in a sentence; it may come from anyone."""
    return printable(name[:_LONGEST_NAME])

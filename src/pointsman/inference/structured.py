"""Structured answers: what a model is told to write, and whether it did. Pure.

The JSON Schema is the strict form of OpenAI's structured outputs: every property required, nothing else allowed, an
optional field a null. Not every server holds to it, so `read` checks every answer again.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from pointsman.quantity import Quarter
from pointsman.shape import Shape, Value, json_schema
from pointsman.spec.field import Field

DEEPEST: Final = 32
"""Levels of brackets that an answer may have."""
FREE_TEXT: Final = "text"

_FENCE: Final = re.compile(r"```[A-Za-z0-9_-]*[ \t]*\r?\n(.*?)\n?[ \t]*```", re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"')
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Wrong(ValueError):
    """An answer that is not what was asked for. `mistakes`: each one as a sentence that a model can act on."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(mistakes))


def response_format(output: Mapping[str, Field]) -> dict[str, Any]:
    """The `response_format` of a chat completion for these output fields."""
    strict = all(_closed(field) for field in output.values())
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": strict, "schema": schema(output)}}


def schema(output: Mapping[str, Field]) -> dict[str, Any]:
    """JSON Schema of an object with these fields."""
    properties = {name: _schema(field) for name, field in output.items()}
    return {"type": "object", "properties": properties, "required": list(output), "additionalProperties": False}


def read(text: str, output: Mapping[str, Field]) -> dict[str, Value]:
    """The object that a model wrote, typed as `output` says; fenced JSON is taken out of its fence. Raises Wrong."""
    return check(_parse(_unfenced(text)), output)


def check(value: object, output: Mapping[str, Field]) -> dict[str, Value]:
    """A parsed answer as an object with exactly these fields. Raises Wrong with every mistake."""
    mistakes: list[str] = []
    typed = _object(value, output, "the answer", "", mistakes)
    if mistakes:
        raise Wrong(mistakes)
    return typed


def _closed(field: Field) -> bool:
    """Whether strict mode can say it: it has no form for `any`, a list of anything or an open object."""
    if field.type == "list":
        return field.items is not None and _closed(field.items)
    if field.type == "object":
        return bool(field.fields) and all(map(_closed, field.fields.values()))
    return field.type != "any"


def _schema(field: Field) -> dict[str, Any]:
    found = schema(field.fields) if field.fields else json_schema(Shape(field.type))
    if field.type == "list":
        found |= {"items": _schema(field.items)} if field.items else {}
        found |= {"maxItems": field.max} if field.max is not None else {}
    elif field.max is not None:
        found["maxLength"] = field.max
    for key, bound in (("minimum", field.minimum), ("maximum", field.maximum), ("pattern", field.pattern)):
        if bound is not None:
            found[key] = bound
    if field.description:
        found["description"] = field.description
    if field.enum:
        found["enum"] = [*field.enum, None] if field.optional else list(field.enum)
    if field.optional and "type" in found:
        found["type"] = [found["type"], "null"]
    return found


def _unfenced(text: str) -> str:
    """JSON out of one Markdown fence; anything else as it is."""
    fenced = _FENCE.findall(text)
    return fenced[0] if len(fenced) == 1 else text


def _parse(text: str) -> object:
    if _depth(text) > DEEPEST:
        raise Wrong([f"the answer is nested deeper than {DEEPEST} levels"])
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as fault:
        raise Wrong([f"the answer is not JSON: {fault.msg} at character {fault.pos + 1}"]) from None
    except Wrong:
        raise
    except ValueError:  # Python refuses integers of more than 4300 digits
        raise Wrong(["the answer holds a number that is too long"]) from None


def _depth(text: str) -> int:
    deepest = level = 0
    for bracket in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        level += 1 if bracket in "[{" else -1
        deepest = max(deepest, level)
    return deepest


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Wrong([f"`{twice}` stands twice in one object"])
    return found


def _no_constant(name: str) -> object:
    raise Wrong([f"{name} is not a JSON number"])


def _object(value: object, fields: Mapping[str, Field], noun: str, path: str, mistakes: list[str]) -> dict[str, Value]:
    if not isinstance(value, dict):
        mistakes.append(f"{noun} must be an object, got {_kind(value)}")
        return {}
    mistakes += [f"`{path}{name}` was not asked for" for name in value if name not in fields]
    typed: dict[str, Value] = {}
    for name, field in fields.items():
        if name in value and not (value[name] is None and (field.optional or field.default is not None)):
            typed[name] = _value(value[name], field, f"{path}{name}", mistakes)
        elif field.required:
            mistakes.append(f"`{path}{name}` is missing")
        else:
            typed[name] = field.default
    return typed


def _value(value: object, field: Field, path: str, mistakes: list[str]) -> Value:
    """One value of its field's type; what is wrong with it goes to `mistakes`."""
    match field.type:
        case "string":
            return _string(value, field, path, mistakes)
        case "integer" | "number":
            return _number(value, field, path, mistakes)
        case "date" | "timestamp" | "quarter":
            return _point(value, field, path, mistakes)
        case "list":
            return _list(value, field, path, mistakes)
        case "object" if field.fields:
            return _object(value, field.fields, f"`{path}`", f"{path}.", mistakes)
        case "object" if not isinstance(value, dict):
            mistakes.append(f"`{path}` must be an object, got {_kind(value)}")
        case "boolean" if not isinstance(value, bool):
            mistakes.append(f"`{path}` must be true or false, got {_kind(value)}")
    return _plain(value, path, mistakes)


def _string(value: object, field: Field, path: str, mistakes: list[str]) -> Value:
    if not isinstance(value, str):
        mistakes.append(f"`{path}` must be a text, got {_kind(value)}")
        return None
    if field.max is not None and len(value) > field.max:
        mistakes.append(f"`{path}` has {len(value)} characters, at most {field.max} are allowed")
    if field.enum and value not in field.enum:
        mistakes.append(f"`{path}` must be one of {', '.join(field.enum)}; got {value[:60]!r}")
    if field.pattern and not re.fullmatch(field.pattern, value):
        mistakes.append(f"`{path}` must match the pattern {field.pattern}")
    return _plain(value, path, mistakes)


def _number(value: object, field: Field, path: str, mistakes: list[str]) -> Value:
    if _too_large(value):
        mistakes.append(f"`{path}` holds a number that is too large")
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        mistakes.append(f"`{path}` must be {'an' if field.type == 'integer' else 'a'} {field.type}, got {_kind(value)}")
        return None
    if field.type == "integer" and isinstance(value, float):
        if not value.is_integer():
            mistakes.append(f"`{path}` must be an integer, got {value}")
            return None
        value = int(value)
    if field.minimum is not None and value < field.minimum:
        mistakes.append(f"`{path}` must be at least {field.minimum:g}, got {value}")
    if field.maximum is not None and value > field.maximum:
        mistakes.append(f"`{path}` must be at most {field.maximum:g}, got {value}")
    return value


_POINTS: Final[dict[str, tuple[Any, str]]] = {
    "date": (date.fromisoformat, "a date such as 2026-10-01"),
    "timestamp": (datetime.fromisoformat, "a point in time such as 2026-10-01T12:00:00Z"),
    "quarter": (Quarter, "a quarter such as 2026-Q4"),
}


def _point(value: object, field: Field, path: str, mistakes: list[str]) -> Value:
    parse, noun = _POINTS[field.type]
    try:
        if isinstance(value, str):
            found: Value = parse(value)
            return found
    except ValueError:
        pass
    mistakes.append(f"`{path}` must be {noun}, got {_kind(value)}")
    return None


def _list(value: object, field: Field, path: str, mistakes: list[str]) -> Value:
    if not isinstance(value, list):
        mistakes.append(f"`{path}` must be a list, got {_kind(value)}")
        return None
    if field.max is not None and len(value) > field.max:
        mistakes.append(f"`{path}` has {len(value)} items, at most {field.max} are allowed")
    if not field.items:
        return _plain(value, path, mistakes)
    return [_value(item, field.items, f"{path}[{place}]", mistakes) for place, item in enumerate(value)]


def _plain(value: Any, path: str, mistakes: list[str]) -> Value:
    """Any JSON value, if it can be written again."""
    match value:
        case float() | int() if _too_large(value):
            mistakes.append(f"`{path}` holds a number that is too large")
        case str() if _SURROGATE.search(value):
            mistakes.append(f"`{path}` holds half of a character (a lone surrogate)")
        case list():
            for item in value:
                _plain(item, path, mistakes)
        case dict():
            for name, item in value.items():
                _plain(name, path, mistakes)
                _plain(item, path, mistakes)
    found: Value = value
    return found


def _too_large(value: object) -> bool:
    """Infinite, or an integer beyond 64 bits, which neither databases nor our JSON can carry."""
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def _kind(value: object) -> str:
    names: dict[type, str] = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list"}
    return "null" if value is None else names.get(type(value), "an object")

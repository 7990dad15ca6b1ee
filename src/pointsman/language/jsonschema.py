"""JSON Schemas of an OpenAPI document as shapes, and values held against shapes."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from pointsman.language.mistake import Mistake
from pointsman.shape import ANY, NULL, Kind, Shape, list_of, record

_DEEPEST: Final = 12
"""Levels of a shape; below them anything goes. A schema that holds itself ends here too."""
_LONGEST_CHAIN: Final = 16
"""References that lead to references."""
_MOST_WORK: Final = 100_000
"""Schemas looked at for one document."""

_NOTHING: Final[Mapping[str, Any]] = {}
_KINDS: Final[dict[str, Kind]] = {
    "boolean": "boolean",
    "integer": "integer",
    "number": "number",
    "string": "string",
    "null": "null",
    "array": "list",
    "object": "object",
}


class Schemas:
    """Reads schemas of one document; only references into the document itself are followed."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._work = 0
        self._known: dict[tuple[int, int], Shape] = {}

    def follow(self, node: object) -> Mapping[str, Any]:
        """The mapping that a node is or refers to. Raises Mistake when it leads nowhere."""
        for _ in range(_LONGEST_CHAIN):
            if not isinstance(node, Mapping):
                return _NOTHING
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return node
            node = self._at(reference)
        raise Mistake("references of the OpenAPI document lead in a circle.")

    def shape(self, schema: object, depth: int = 0) -> Shape:
        """The shape of values that a schema allows; `any` where shapes cannot say it."""
        if depth > _DEEPEST:
            return ANY
        found = self.follow(schema)
        place = (id(found), depth)  # the document stays, so its parts keep their ids
        if place in self._known:
            return self._known[place]
        self._work += 1
        if self._work > _MOST_WORK:
            return ANY
        self._known[place] = shape = self._shape(found, depth)
        return shape

    def _shape(self, found: Mapping[str, Any], depth: int) -> Shape:
        if "allOf" in found:
            return self._all_of(found, depth)
        for key in ("oneOf", "anyOf"):
            if isinstance(found.get(key), list):
                return self._one_of(found[key], depth)
        return self._typed(found, depth)

    def _at(self, reference: str) -> object:
        if not reference.startswith("#/"):
            raise Mistake(
                f"the reference `{reference}` leads out of the OpenAPI document.", way_out="Bundle it into one file."
            )
        node: object = self._document
        for part in reference[2:].split("/"):
            part = part.replace("~1", "/").replace("~0", "~")  # RFC 6901 section 4
            if not isinstance(node, Mapping) or part not in node:
                raise Mistake(f"the reference `{reference}` of the OpenAPI document leads nowhere.")
            node = node[part]
        return node

    def _typed(self, schema: Mapping[str, Any], depth: int) -> Shape:
        named = schema.get("type")
        names = [named] if isinstance(named, str) else list(named) if isinstance(named, list) else []
        nullable = "null" in names or schema.get("nullable") is True
        kinds = [_KINDS[name] for name in names if name != "null" and name in _KINDS]
        if not kinds and names == ["null"]:
            return NULL
        if not kinds and "properties" in schema:
            kinds = ["object"]
        if len(kinds) != 1:
            return ANY
        shape = self._of_kind(kinds[0], schema, depth)
        return shape.or_null() if nullable else shape

    def _of_kind(self, kind: Kind, schema: Mapping[str, Any], depth: int) -> Shape:
        if kind == "list":
            return list_of(self.shape(schema.get("items", {}), depth + 1))
        if kind == "object":
            return self._object(schema, depth)
        if kind == "string":
            values = schema.get("enum")
            if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
                return Shape("string", enum=tuple(values))
            return {"date": Shape("date"), "date-time": Shape("timestamp")}.get(
                str(schema.get("format")), Shape("string")
            )
        return Shape(kind)

    def _object(self, schema: Mapping[str, Any], depth: int) -> Shape:
        properties = schema.get("properties")
        required = schema.get("required")
        needed = set(required) if isinstance(required, list) else set()
        fields: dict[str, Shape] = {}
        for name, part in properties.items() if isinstance(properties, Mapping) else ():
            shape = self.shape(part, depth + 1)
            fields[str(name)] = shape if name in needed else shape.or_null()
        return record(fields, closed=schema.get("additionalProperties") is False)

    def _all_of(self, schema: Mapping[str, Any], depth: int) -> Shape:
        parts = [self.shape(part, depth + 1) for part in schema["allOf"] if isinstance(schema["allOf"], list)]
        parts.append(self._typed({key: value for key, value in schema.items() if key != "allOf"}, depth))
        known = [part for part in parts if part.kind != "any"]
        if not known:
            return ANY
        if any(part.kind != "object" for part in known):
            return known[0] if len(known) == 1 else ANY
        fields: dict[str, Shape] = {}
        for part in known:
            fields |= part.fields
        return record(fields, closed=False)

    def _one_of(self, choices: list[Any], depth: int) -> Shape:
        shapes = [self.shape(choice, depth + 1) for choice in choices]
        rest = [shape for shape in shapes if shape.kind != "null"]
        if len(rest) == 1:
            return rest[0].or_null() if len(rest) < len(shapes) else rest[0]
        return ANY


def misfit(value: object, shape: Shape, name: str, depth: int = 0) -> str | None:
    """What is wrong with a value in the place `name`, as a sentence; None where it fits. Never shows the value."""
    if shape.kind == "any" or depth > _DEEPEST:
        return None
    if value is None:
        return None if shape.nullable or shape.kind == "null" else f"`{name}` must not be null."
    if not _is(value, shape.kind):
        return f"`{name}` must be {_article(shape)}, got a {type(value).__name__}."
    if shape.enum and value not in shape.enum:
        return f"`{name}` must be one of {', '.join(shape.enum[:12])}."
    if isinstance(value, list | tuple) and shape.item:
        found = (misfit(item, shape.item, f"{name}[{at}]", depth + 1) for at, item in enumerate(value))
        return next((text for text in found if text), None)
    return _fields(value, shape, name, depth) if isinstance(value, Mapping) else None


def _fields(value: Mapping[str, Any], shape: Shape, name: str, depth: int) -> str | None:
    for key, part in shape.fields.items():
        if key not in value:
            if part.nullable or part.kind == "any":
                continue
            return f"`{name}` lacks `{key}`."
        if text := misfit(value[key], part, f"{name}.{key}", depth + 1):
            return text
    if shape.closed and (extra := sorted(set(value) - set(shape.fields))):
        return f"`{name}` takes no `{extra[0]}`."
    return None


def _is(value: object, kind: Kind) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)
        case "string" | "quarter":
            return isinstance(value, str)
        case "date":
            return isinstance(value, date | str)
        case "timestamp":
            return isinstance(value, datetime | str)
        case "list":
            return isinstance(value, list | tuple)
        case "object":
            return isinstance(value, Mapping)
    return True


def _article(shape: Shape) -> str:
    return f"an {shape}" if str(shape)[0] in "aeiou" else f"a {shape}"

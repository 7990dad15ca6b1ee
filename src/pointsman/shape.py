"""What a value is: the type of an input, a column, a step's output. Strict, small, and the same everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal

from pointsman.quantity import Quarter

Kind = Literal[
    "any", "null", "boolean", "integer", "number", "string", "date", "timestamp", "quarter", "list", "object"
]

Value = None | bool | int | float | str | date | datetime | Decimal | Sequence["Value"] | Mapping[str, "Value"]
"""What steps give each other: lists and dicts at run time (read-only here, so that a list of rows is one too).
Quarter is a string that knows its days; Decimal comes from databases."""

_NO_FIELDS: Final[Mapping[str, "Shape"]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Shape:
    """A type. `fields` of an object (`closed`: no others can be there), `item` of a list, `enum` of a string."""

    kind: Kind
    nullable: bool = False
    item: "Shape | None" = None
    fields: Mapping[str, "Shape"] = field(default_factory=lambda: _NO_FIELDS)
    closed: bool = False
    enum: tuple[str, ...] = ()

    def or_null(self) -> "Shape":
        return self if self.nullable or self.kind in ("any", "null") else replace(self, nullable=True)

    def not_null(self) -> "Shape":
        return replace(self, nullable=False) if self.nullable else self

    def __str__(self) -> str:
        if self.kind == "list" and self.item:
            text = f"list of {self.item}"
        elif self.kind == "object" and self.fields:
            text = f"object with {', '.join(list(self.fields)[:6])}{', …' if len(self.fields) > 6 else ''}"
        else:
            text = self.kind
        return f"{text} or null" if self.nullable else text


ANY: Final = Shape("any")
NULL: Final = Shape("null", nullable=True)
BOOLEAN: Final = Shape("boolean")
INTEGER: Final = Shape("integer")
NUMBER: Final = Shape("number")
STRING: Final = Shape("string")
DATE: Final = Shape("date")
TIMESTAMP: Final = Shape("timestamp")
QUARTER: Final = Shape("quarter")


def list_of(item: Shape) -> Shape:
    return Shape("list", item=item)


def record(fields: Mapping[str, Shape], *, closed: bool = True) -> Shape:
    """An object with these fields; `closed` = a field that is not named cannot be there."""
    return Shape("object", fields=MappingProxyType(dict(fields)), closed=closed)


_JSON_SCHEMA: Final[dict[Kind, dict[str, Any]]] = {
    "any": {},
    "null": {"type": "null"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "string": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "quarter": {"type": "string", "pattern": r"^\d{4}-Q[1-4]$"},
    "list": {"type": "array"},
    "object": {"type": "object"},
}


def json_schema(shape: Shape) -> dict[str, Any]:
    """JSON Schema 2020-12 of a shape, as OpenAPI 3.1 uses it."""
    schema = dict(_JSON_SCHEMA[shape.kind])
    if shape.item:
        schema["items"] = json_schema(shape.item)
    if shape.fields:
        schema["properties"] = {name: json_schema(part) for name, part in shape.fields.items()}
        schema["required"] = [name for name, part in shape.fields.items() if not part.nullable]
    if shape.enum:
        schema["enum"] = [*shape.enum, None] if shape.nullable else list(shape.enum)
    if shape.nullable and "type" in schema and schema["type"] != "null":
        schema["type"] = [schema["type"], "null"]
    return schema


def shape_of(value: object) -> Shape:
    """The shape of a value at hand (lists by their first item)."""
    match value:
        case None:
            return NULL
        case bool():
            return BOOLEAN
        case int():
            return INTEGER
        case float() | Decimal():
            return NUMBER
        case Quarter():
            return QUARTER
        case str():
            return STRING
        case datetime():
            return TIMESTAMP
        case date():
            return DATE
        case list():
            return list_of(shape_of(value[0]) if value else ANY)
        case dict():
            return record({str(key): shape_of(part) for key, part in value.items()})
    return ANY


def fits(given: Shape, wanted: Shape) -> bool:
    """Whether a value of one shape may stand where another is wanted, as far as shapes can tell."""
    if "any" in (given.kind, wanted.kind):
        return True
    if given.kind == "null":
        return wanted.nullable
    if given.nullable and not wanted.nullable:
        return False
    if given.kind != wanted.kind:
        return (given.kind, wanted.kind) in (("integer", "number"), ("quarter", "string"))
    if given.item and wanted.item:
        return fits(given.item, wanted.item)
    return all(
        fits(given.fields[name], part) if name in given.fields else part.nullable or not given.closed
        for name, part in wanted.fields.items()
    )

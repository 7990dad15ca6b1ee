"""What the stand-in org holds: objects with fields in Salesforce's own types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pointsman.language.tables import TableColumn, Tables
from pointsman.shape import BOOLEAN, DATE, INTEGER, NUMBER, STRING, TIMESTAMP, Shape

FieldType = Literal[
    "id",
    "string",
    "textarea",
    "picklist",
    "email",
    "phone",
    "url",
    "reference",
    "boolean",
    "int",
    "double",
    "currency",
    "percent",
    "date",
    "datetime",
]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object. `references`: the object whose Id it holds. `external_id`: records can be named by it."""

    type: FieldType = "string"
    references: str | None = None
    external_id: bool = False
    required: bool = False


Objects = Mapping[str, Mapping[str, Field]]
"""Fields by name, by object name. Every object also has the fields of SYSTEM."""

SYSTEM: Final[Mapping[str, Field]] = {
    "Id": Field("id", required=True),
    "CreatedDate": Field("datetime", required=True),
    "LastModifiedDate": Field("datetime", required=True),
}
"""What Salesforce itself keeps for every record; callers cannot write it."""

_SHAPES: Final[dict[str, Shape]] = {
    "boolean": BOOLEAN,
    "int": INTEGER,
    "double": NUMBER,
    "currency": NUMBER,
    "percent": NUMBER,
    "date": DATE,
    "datetime": TIMESTAMP,
}
_PREFIXES: Final = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "Lead": "00Q",
    "Case": "500",
    "Product2": "01t",
}


def complete(objects: Objects) -> dict[str, dict[str, Field]]:
    """The objects with the system's fields before their own."""
    return {
        name: {**SYSTEM, **{field: spec for field, spec in fields.items() if field not in SYSTEM}}
        for name, fields in objects.items()
    }


def tables(objects: Objects) -> Tables:
    """The same as a schema, for the query reader. A boolean is never null in Salesforce."""
    return {
        name: {
            field: TableColumn(_shape(spec), references=spec.references)
            for field, spec in complete(objects)[name].items()
        }
        for name in objects
    }


def _shape(field: Field) -> Shape:
    shape = _SHAPES.get(field.type, STRING)
    return shape if field.required or field.type == "boolean" else shape.or_null()


def key_prefix(objects: Objects, name: str) -> str:
    """The three signs that every Id of an object starts with."""
    return _PREFIXES.get(name) or f"a{sorted(objects).index(name):02d}"


def record_id(prefix: str, number: int) -> str:
    """An Id of 18 signs: 15 and a checksum of their letter case.

    The checksum's rule: Salesforce, "What is the difference between 15 and 18 digit Record IDs".
    """
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    short = prefix + text.rjust(12, "0")
    groups = (short[start : start + 5] for start in (0, 5, 10))
    checksum = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[_capitals(group)] for group in groups)
    return short + "".join(checksum)


def _capitals(group: str) -> int:
    return sum(1 << place for place, sign in enumerate(group) if "A" <= sign <= "Z")

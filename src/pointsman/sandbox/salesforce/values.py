"""Values between JSON, Python and SQLite, by Salesforce's field types.

SQLite holds booleans as 0 and 1, dates as 2026-10-01, times as 2026-10-01T08:30:00.000+0000 (UTC): texts that sort.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from pointsman.sandbox.salesforce.objects import Field
from pointsman.sandbox.salesforce.refusal import Refusal

Cell = str | int | float | None
"""What SQLite holds."""

SQLITE_TYPES: Final = {"boolean": "INTEGER", "int": "INTEGER", "double": "REAL", "currency": "REAL", "percent": "REAL"}
"""Of the fields that are not texts."""


def moment(value: datetime) -> str:
    """A time as it is kept and shown."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}+0000"


def kept(value: object, name: str, field: Field) -> Cell:
    """A value that a caller wrote, as it is kept. Raises Refusal for one of another type."""
    if field.type == "boolean":
        if value is not None and not isinstance(value, bool):
            raise _unlike(value, name, "boolean")
        return int(bool(value))
    if value is None or value == "":
        return None
    if field.type in ("int", "double", "currency", "percent"):
        return _number(value, name, field)
    if field.type == "date":
        return _date(value, name)
    if field.type == "datetime":
        return _moment(value, name)
    if not isinstance(value, str):
        raise _unlike(value, name, "string")
    return value


def shown(value: Cell, field: Field) -> str | int | float | bool | None:
    """A kept value as the API shows it."""
    return bool(value) if field.type == "boolean" else value


def _number(value: object, name: str, field: Field) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _unlike(value, name, field.type)
    if field.type == "int":
        if value != int(value):
            raise _unlike(value, name, "int")
        return int(value)
    return float(value)


def _date(value: object, name: str) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise _unlike(value, name, "xsd:date") from None


def _moment(value: object, name: str) -> str:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise _unlike(value, name, "xsd:dateTime") from None
    return moment(found if found.tzinfo else found.replace(tzinfo=UTC))


def _unlike(value: object, name: str, kind: str) -> Refusal:
    return Refusal(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from value {value!r} of field {name}",
        fields=(name,),
    )

"""Records as rows: `attributes` dropped, parents flattened to `Account.Name`. Pure.

Types are brought to the plan's by `connectors.typed`; only CSV, which has none, is read by column here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pointsman.frame import Column, Row
from pointsman.language.soql import Query
from pointsman.language.soql.query import Path
from pointsman.shape import Kind, Value

_ABSENT: Final = object()


class Reader:
    """Turns the records of one query into rows. `columns`: the plan's, whose spelling names the row's keys."""

    def __init__(self, query: Query, columns: Sequence[Column]) -> None:
        spelled = {column.name.casefold(): column.name for column in columns}
        self._places: list[tuple[str, tuple[str, ...]]] = []
        for entry in query.selected:
            name = spelled.get(entry.name.casefold(), entry.name)
            self._places.append((name, _place(query, name, entry.what)))

    def rows(self, records: Iterable[Mapping[str, Any]]) -> list[Row]:
        """A value that a record does not hold is left out of its row; a missing parent's values are null."""
        return [self._row(record) for record in records]

    def _row(self, record: Mapping[str, Any]) -> Row:
        row: Row = {}
        for name, place in self._places:
            value = _at(record, place)
            if value is not _ABSENT:
                row[name] = _plain(value)
        return row


def _place(query: Query, name: str, what: object) -> tuple[str, ...]:
    """Where a record holds a selected value. A group holds it under its alias, `expr0`, or the field's last name."""
    if query.aggregated:
        return (name.rpartition(".")[2],) if isinstance(what, Path) else (name,)
    return tuple(name.split("."))


def _at(record: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    value: Any = record
    for part in place:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            return _ABSENT
        if part not in value:
            folded = part.casefold()
            part = next((key for key in value if key.casefold() == folded), part)
        value = value.get(part, _ABSENT)
    return value


def _plain(value: Any) -> Value:
    """A compound field (an address) without its attributes."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if key != "attributes"}
    return value  # type: ignore[no-any-return]  # JSON holds nothing else


def from_csv(lines: Iterable[Sequence[str]], columns: Sequence[Column]) -> list[Row]:
    """Rows of a CSV result. Its first line names the columns; an empty field is null.

    Raises ValueError for a line of another length, and for a text that its column's type cannot hold.
    """
    rest = iter(lines)
    header = next(rest, ())
    known = {column.name.casefold(): column for column in columns}
    readers = [_reader(name, known.get(name.casefold())) for name in header]
    return [
        {name: read(text) if text else None for (name, read), text in zip(readers, line, strict=True)} for line in rest
    ]


def _reader(name: str, column: Column | None) -> tuple[str, Callable[[str], Value]]:
    return (column.name, _READ.get(column.shape.kind, str)) if column else (name, str)


def _whole(text: str) -> int:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if number != int(number):
        raise ValueError(text)
    return int(number)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


_READ: Final[Mapping[Kind, Callable[[str], Value]]] = {"integer": _whole, "number": float, "boolean": _boolean}

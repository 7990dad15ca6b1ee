"""Tables from any list of objects: what each column holds is seen from its name and values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pointsman.doors.console import kinds, words
from pointsman.doors.console.scored import ScoredRow
from pointsman.flows.change import key_field

PAGE: Final = 50
_SHORT: Final = 24
"""Characters up to which a text stays on one line."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    label: str
    kind: kinds.Kind
    short: bool = True
    """No value needs more than one short line."""

    @property
    def classes(self) -> str:
        return " ".join(["number"] * (self.kind in ("number", "percent")) + ["short-text"] * self.short)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table without scores."""

    key: str
    others: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """One page of a list. `rows` are scored ones when `scored`; `columns` are for their `others`."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[ScoredRow | Row]
    total: int
    page: int = 1
    scored: bool = False
    opened: ScoredRow | Row | None = None

    @property
    def label(self) -> str:
        return words.label(self.name)

    @property
    def noun(self) -> str:
        return words.label(words.singular(self.name))

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.page * PAGE, self.total)

    @property
    def has_changes(self) -> bool:
        return any(isinstance(row, ScoredRow) and row.change is not None for row in self.rows)

    @property
    def has_steps(self) -> bool:
        return any(isinstance(row, ScoredRow) and row.score.next_step for row in self.rows)


def table(name: str, rows: Sequence[ScoredRow | Row], page: int, open_key: str | None) -> Table:
    """The page asked for; an opened row brings its own page, whatever page was asked for."""
    place = next((index for index, row in enumerate(rows) if row.key == open_key), None)
    if place is not None:
        page = place // PAGE + 1
    page = min(max(page, 1), max(1, -(-len(rows) // PAGE)))
    shown = rows[(page - 1) * PAGE : page * PAGE]
    return Table(
        name=name,
        columns=columns(row.others for row in rows),
        rows=shown,
        total=len(rows),
        page=page,
        scored=bool(rows) and isinstance(rows[0], ScoredRow),
        opened=rows[place] if place is not None else None,
    )


def plain_rows(items: Sequence[Any]) -> list[Row]:
    """Any list as rows; an `each` result (`key`, `item`, `value`) shows its value's fields."""
    objects = [_flat(item) if isinstance(item, Mapping) else {"value": item} for item in items]
    field = key_field(objects[0]) if objects else None
    keys = [str(row.get(field)) if field else str(index) for index, row in enumerate(objects, 1)]
    if len(set(keys)) < len(keys):
        keys = [str(index) for index in range(1, len(keys) + 1)]
    return [Row(key, row) for key, row in zip(keys, objects, strict=True)]


def columns(rows: Iterable[Mapping[str, Any]]) -> tuple[Column, ...]:
    """Every field that any row has, in the order they are met."""
    values: dict[str, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            values.setdefault(name, []).append(value)
    return tuple(
        Column(name, words.label(name), kinds.of(name, found), _are_short(found)) for name, found in values.items()
    )


def _are_short(values: Sequence[Any]) -> bool:
    return all(not isinstance(value, str) or len(value) <= _SHORT for value in values)


def _flat(item: Mapping[str, Any]) -> Mapping[str, Any]:
    value = item.get("value")
    if isinstance(value, Mapping) and {"key", "value"} <= item.keys() <= {"key", "item", "value", "source"}:
        extra = {"source": item["source"]} if "source" in item else {}
        return {"key": item["key"], **value, **extra}
    return item

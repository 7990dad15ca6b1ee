"""Rows of SQLite as Salesforce shows them: nested JSON records, or flat CSV."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pointsman.sandbox.salesforce.sql import Compiled, Output
from pointsman.sandbox.salesforce.values import Cell, shown


@dataclass(frozen=True, slots=True)
class Records:
    """The answer to a query on `table`."""

    table: str
    compiled: Compiled
    rows: list[tuple[Cell, ...]]

    def as_json(self, version: str) -> Iterator[dict[str, Any]]:
        """Records with `attributes`, parents nested, a missing parent null."""
        for row in self.rows:
            yield self._record(row, version)

    def as_groups(self) -> Iterator[dict[str, Any]]:
        """Groups of an aggregate query."""
        for row in self.rows:
            values = {
                output.name: _value(output, cell) for output, cell in zip(self.compiled.outputs, row, strict=True)
            }
            yield {"attributes": {"type": "AggregateResult"}, **values}

    def header(self) -> list[str]:
        """Column names in CSV: `Account.Name`."""
        return [".".join([*output.parents, output.name]) for output in self.compiled.outputs]

    def as_csv(self) -> Iterator[Sequence[Any]]:
        """Rows as CSV shows them: true and false in lower case, a missing value empty."""
        skipped = 1 + len(self.compiled.parents)
        for row in self.rows:
            values = zip(self.compiled.outputs, row[skipped:], strict=True)
            yield [_csv(_value(output, cell)) for output, cell in values]

    def _record(self, row: tuple[Cell, ...], version: str) -> dict[str, Any]:
        own = _attributes(self.table, row[0], version)
        record: dict[str, Any] = {"attributes": own}
        ids = dict(zip(self.compiled.parents, row[1:], strict=False))
        for output, cell in zip(self.compiled.outputs, row[1 + len(ids) :], strict=True):
            holder = self._holder(record, output.parents, ids, version)
            if holder is not None:
                holder[output.name] = _value(output, cell)
        return record

    def _holder(
        self, record: dict[str, Any], parents: tuple[str, ...], ids: dict[tuple[str, ...], Cell], version: str
    ) -> dict[str, Any] | None:
        """The (perhaps nested) record that a value goes into; none when a parent on the way is missing."""
        holder = record
        for depth, name in enumerate(parents, start=1):
            path = parents[:depth]
            if ids[path] is None:
                holder[name] = None
                return None
            attributes = _attributes(self.compiled.parents[path], ids[path], version)
            holder = holder.setdefault(name, {"attributes": attributes})
        return holder


def _attributes(table: str, record_id: Cell, version: str) -> dict[str, Any]:
    return {"type": table, "url": f"/services/data/{version}/sobjects/{table}/{record_id}"}


def _value(output: Output, cell: Cell) -> Any:
    return cell if output.field is None else shown(cell, output.field)


def _csv(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value

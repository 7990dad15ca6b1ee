"""The tables that a query may name, as plain data: what a connection's schema says, seen by the query readers."""

from collections.abc import Mapping
from dataclasses import dataclass

from pointsman.labels import PLAIN, Labels
from pointsman.shape import Shape


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a table. `references`: the table whose key it holds."""

    shape: Shape
    labels: Labels = PLAIN
    references: str | None = None


Tables = Mapping[str, Mapping[str, TableColumn]]
"""Columns by name, by table name, in the order that the schema lists them."""

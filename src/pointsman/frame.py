"""Rows with columns, and a type and labels on each column: the one noun between steps."""

from dataclasses import dataclass, field

from pointsman.labels import PLAIN, Labels
from pointsman.shape import Shape, Value, list_of, record

Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Column:
    """A named column; `labels` say what it is, and travel beside the rows (DuckDB drops field metadata)."""

    name: str
    shape: Shape
    labels: Labels = PLAIN


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows under columns. A row holds exactly the columns' names; a missing value is None."""

    columns: tuple[Column, ...]
    rows: list[Row] = field(default_factory=list)

    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def without_rows(self) -> "Frame":
        """What a source that failed leaves: its columns and labels, no rows."""
        return Frame(self.columns)

    def __len__(self) -> int:
        return len(self.rows)


Output = Frame | Value
"""What a step gives: a frame, or a value."""


def shape_of_rows(columns: tuple[Column, ...]) -> Shape:
    """What an expression sees of a frame: a list of objects."""
    return list_of(record({column.name: column.shape for column in columns}))

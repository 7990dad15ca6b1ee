"""What a flow's types are worked out from: everything of the project that its steps may name."""

from collections.abc import Mapping
from dataclasses import dataclass

from pointsman.frame import Column
from pointsman.language.openapi import Operation
from pointsman.language.tables import TableColumn, Tables
from pointsman.plan.node import Plan
from pointsman.shape import Shape
from pointsman.spec.project import Project
from pointsman.spec.schema import Schema


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`plans`: the flows that were planned before this one (a `run` step needs their reply's type)."""

    project: Project
    operations: Mapping[str, Mapping[str, Operation]]
    plans: Mapping[str, Plan]


def tables_of(schema: Schema) -> Tables:
    """A connection's schema, as query readers see it."""
    return {
        table: {
            name: TableColumn(column.column(name).shape, column.column(name).labels, column.references)
            for name, column in columns.items()
        }
        for table, columns in schema.root.items()
    }


def table_of(columns: tuple[Column, ...]) -> Mapping[str, TableColumn]:
    """A step's frame, as SQL sees it."""
    return {column.name: TableColumn(column.shape, column.labels) for column in columns}


def columns_of(shape: Shape) -> tuple[Column, ...] | None:
    """The columns of a list of objects; None when its fields are not known."""
    if shape.kind != "list" or shape.item is None or not shape.item.fields:
        return None
    return tuple(Column(name, part) for name, part in shape.item.fields.items())

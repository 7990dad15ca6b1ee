"""A schema: the committed picture of a connection. `connections/<name>.schema.yaml`."""

from typing import Literal

from pydantic import Field, RootModel

from pointsman.frame import Column
from pointsman.shape import Shape
from pointsman.spec.base import Label, Many, Spec

ColumnType = Literal["string", "integer", "number", "boolean", "date", "timestamp", "any"]


class SchemaColumn(Spec):
    """One column of a table."""

    type: ColumnType
    """What its values are; `any` where the system does not say."""
    nullable: bool = True
    """False where the system promises a value in every row."""
    label: Label | Many[Label] = ()
    """What it is: `personal.*`, `confidential`, `secret`, `untrusted`, `identifier`, `region.<x>`; one or a list."""
    references: str | None = None
    """The table whose key it holds (a Salesforce lookup), so that its columns can be asked through it."""

    def column(self, name: str) -> Column:
        labels = (self.label,) if isinstance(self.label, str) else self.label
        return Column(name, Shape(self.type, nullable=self.nullable), frozenset(labels))


class Schema(RootModel[dict[str, dict[str, SchemaColumn]]]):
    """Tables by name, their columns by name."""

    root: dict[str, dict[str, SchemaColumn]] = Field(default={})

    def table(self, name: str) -> tuple[Column, ...] | None:
        """The columns of a table, if it is known."""
        columns = self.root.get(name)
        return None if columns is None else tuple(spec.column(key) for key, spec in columns.items())

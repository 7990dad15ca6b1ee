"""Follows a path through the references of a schema: `Account.Owner.Name` from Contact."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pointsman.errors import way_out
from pointsman.language.soql.cursor import fail
from pointsman.language.soql.query import Path
from pointsman.language.tables import TableColumn, Tables

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a path ends. `name`: the path in the schema's spelling. `nullable`: the field or a parent may be missing.
    `joins`: for each parent on the way, the table it hangs on, that table's key column, and the parent's table."""

    table: str
    field: str
    column: TableColumn
    name: str
    nullable: bool
    joins: tuple[tuple[str, str, str], ...]


def named(mapping: Mapping[str, T], name: str) -> str | None:
    """The key that is this name in another letter case."""
    if name in mapping:
        return name
    folded = name.casefold()
    return next((key for key in mapping if key.casefold() == folded), None)


def relation_name(field: str) -> str | None:
    """What the parent behind a reference field is called: `AccountId` -> `Account`, `Plan__c` -> `Plan__r`."""
    if field.endswith("__c"):
        return f"{field.removesuffix('__c')}__r"
    return field.removesuffix("Id") if field.endswith("Id") and field != "Id" else None


def relations(columns: Mapping[str, TableColumn]) -> dict[str, str]:
    """Parents of an object: their name -> the field that holds their key."""
    named_fields = ((relation_name(field), field) for field, column in columns.items() if column.references)
    return {relation: field for relation, field in named_fields if relation}


def follow(path: Path, table: str, tables: Tables) -> Target:
    """The field that a path names, seen from `table` (a key of `tables`). Raises Mistake."""
    joins: list[tuple[str, str, str]] = []
    spelled: list[str] = []
    nullable = False
    for part in path.parts[:-1]:
        known = relations(tables[table])
        relation = named(known, part)
        if relation is None:
            fail(f"{table} has no parent `{part}`.", path.span, way_out(part, known, "Parents"))
        key = known[relation]
        reference = tables[table][key]
        parent = named(tables, reference.references or "")
        if parent is None:
            fail(
                f"The schema has no object `{reference.references}`, which {table}.{key} refers to.",
                path.span,
                "Describe the connection again.",
            )
        joins.append((table, key, parent))
        spelled.append(relation)
        nullable = nullable or reference.shape.nullable
        table = parent
    field = named(tables[table], path.parts[-1])
    if field is None:
        fail(f"{table} has no field `{path.parts[-1]}`.", path.span, _way_out(path.parts[-1], tables[table]))
    column = tables[table][field]
    return Target(table, field, column, ".".join([*spelled, field]), nullable or column.shape.nullable, tuple(joins))


def _way_out(field: str, columns: Mapping[str, TableColumn]) -> str:
    if relation := named(relations(columns), field):
        return f"`{relation}` is a parent; name one of its fields, such as `{relation}.Name`."
    return way_out(field, columns)

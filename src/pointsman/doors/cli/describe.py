"""`pointsman describe`: a connection's schema, from the live system."""

import asyncio
import os
from pathlib import Path
from typing import Any

import click

from pointsman.assemble import assemble
from pointsman.connectors.port import Tables
from pointsman.doors.cli import options, talk
from pointsman.errors import Refused, way_out
from pointsman.folder import examine
from pointsman.spec.schema import Schema


@click.command()
@click.argument("connection")
@click.option("--write", is_flag=True, help="Write connections/<name>.schema.yaml; labels that are there stay.")
@options.project
@options.as_json
def describe(connection: str, write: bool, root: Path, environment: str | None, as_json: bool) -> None:
    """Show CONNECTION's tables and columns as they are now, as its schema file would say them."""
    # A project whose flows do not fit the schema must still be able to describe it anew.
    examined = examine(root, environment)
    if connection not in examined.project.connections:
        way = way_out(connection, examined.project.connections, "Connections")
        raise Refused(f"no connection named {connection!r}.", way_out=way)

    async def look() -> Tables:
        async with assemble(examined, root, environ=os.environ, flows=False) as pointsman:
            return await pointsman.services.connections[connection].describe()

    known = examined.project.schemas.get(connection, Schema({}))
    found = merged(asyncio.run(look()), known)
    if as_json:
        talk.json({"connection": connection, "schema": found})
    else:
        text = as_yaml(found)
        path = root / "connections" / f"{connection}.schema.yaml"
        if write:
            path.write_text(text, encoding="utf-8")
            talk.data(str(path))
        else:
            talk.data(text.rstrip())
            talk.next_step(f"pointsman describe {connection} --write", f"writes {path}")
    unlabelled = sum("label" not in column for table in found.values() for column in table.values())
    plain = f"{talk.counted(unlabelled, 'column')} without a label, which is plain" if unlabelled else "all labelled"
    talk.say(f"{talk.counted(len(found), 'table')}; {plain}.")


def merged(tables: Tables, known: Schema) -> dict[str, dict[str, dict[str, Any]]]:
    """What the system shows, with the labels that people gave."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for table, columns in sorted(tables.items()):
        found[table] = {}
        for name, column in columns.items():
            entry: dict[str, Any] = {"type": column.type}
            if not column.nullable:
                entry["nullable"] = False
            if column.references:
                entry["references"] = column.references
            said = known.root.get(table, {}).get(name)
            if said is not None and said.label:
                entry["label"] = said.label if isinstance(said.label, str) else list(said.label)
            found[table][name] = entry
    return found


def as_yaml(found: dict[str, dict[str, dict[str, Any]]]) -> str:
    """One line a column, aligned, so that a change shows as one line in a review."""
    lines = []
    for table, columns in found.items():
        lines.append(f"{_key(table)}:")
        widest = max((len(_key(name)) for name in columns), default=0)
        for name, column in columns.items():
            parts = ", ".join(f"{key}: {_value(value)}" for key, value in column.items())
            lines.append(f"  {_key(name) + ':':<{widest + 1}} {{{parts}}}")
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    plain = name.replace("_", "").replace(".", "").isalnum() and not name[0].isdigit()
    return name if plain and name.lower() not in ("true", "false", "null") else f'"{name}"'


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)

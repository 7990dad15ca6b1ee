"""The named queries and the migrations, from their files: no SQL is written in Python."""

import re
import sqlite3
from functools import cache
from importlib.resources import files


def sql(name: str) -> str:
    """The query of this name."""
    return _queries()[name]


@cache
def _queries() -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in (files("pointsman.journal") / "sql" / "sqlite").iterdir():
        if entry.name.endswith(".sql") and not entry.name[0].isdigit():
            parts = re.split(r"^-- name: (\w+)$", entry.read_text(), flags=re.MULTILINE)
            for name, text in zip(parts[1::2], parts[2::2], strict=True):
                assert name not in found, name
                found[name] = text.strip()
    return found


@cache
def migrations() -> dict[int, list[str]]:
    """Statements that lead to each version of the schema, from the one before."""
    found: dict[int, list[str]] = {}
    for entry in (files("pointsman.journal") / "sql" / "sqlite").iterdir():
        if entry.name[0].isdigit():
            found[int(entry.name[:4])] = _statements(entry.read_text())
    return dict(sorted(found.items()))


def _statements(text: str) -> list[str]:
    found: list[str] = []
    pending = ""
    for line in text.splitlines(keepends=True):
        pending += line
        if line.rstrip().endswith(";") and sqlite3.complete_statement(pending):
            found.append(pending.strip())
            pending = ""
    assert not pending.strip(), pending
    return found

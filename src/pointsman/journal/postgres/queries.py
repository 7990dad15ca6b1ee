"""The SQL of this store: named queries and migrations, from the `.sql` files beside it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_FOLDER: Final = files("pointsman.journal").joinpath("sql", "postgres")
_MIGRATION: Final = re.compile(r"(\d{4})_(\w+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step forward of the schema."""

    number: int
    name: str
    sql: str


@cache
def queries() -> Mapping[str, str]:
    """Every query by the name above it (`-- name: claim`)."""
    found: dict[str, str] = {}
    for file in _FOLDER.iterdir():
        if file.name.endswith(".sql") and not _MIGRATION.fullmatch(file.name):
            found.update(_named(file.read_text("utf-8")))
    return found


@cache
def migrations() -> tuple[Migration, ...]:
    """In the order in which they are applied."""
    found = [
        Migration(int(match[1]), match[2], file.read_text("utf-8"))
        for file in _FOLDER.iterdir()
        if (match := _MIGRATION.fullmatch(file.name))
    ]
    return tuple(sorted(found, key=lambda migration: migration.number))


def _named(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split("-- name: ")[1:]:
        name, _, body = part.partition("\n")
        lines = [line for line in body.splitlines() if not line.lstrip().startswith("--")]
        yield name.strip(), "\n".join(lines).strip().rstrip(";")

"""How long the fault tests are: short beside the other tests, long with `make faults`, which prints their table.

python -m tests.faults.length <file of rows>
"""

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import pytest

KILLS = int(os.environ.get("POINTSMAN_FAULTS", "0"))
"""Kills of workers on each journal in the long form; 0 = the short form."""
LONG = KILLS > 0
TABLE = os.environ.get("POINTSMAN_FAULTS_TABLE")
_COLUMNS: Final = ("kills", "runs", "deliveries", "duplicates", "lost", "uncertain", "seconds")


def on(short: Literal["sqlite", "postgres"]) -> pytest.MarkDecorator:
    """Both journals in the long form; in the short one this, so that it stays short."""
    return pytest.mark.parametrize("journal_server", ["sqlite", "postgres"] if LONG else [short], indirect=True)


def tell(name: str, **figures: float) -> None:
    """One row of the table."""
    if TABLE is not None:
        with Path(TABLE).open("a", encoding="utf-8") as table:
            table.write(json.dumps({"test": name, **figures}) + "\n")


def _line(name: str, values: Iterable[object]) -> str:
    return f"{name:32}" + "".join(f"{value:>12}" for value in values)


def table(rows: Path) -> str:
    """The rows, with one line for each test."""
    kept = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    lines = [_line("test", _COLUMNS), *(_line(row["test"], [row.get(name, "-") for name in _COLUMNS]) for row in kept)]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))

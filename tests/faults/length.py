"""How long the fault tests are: short beside the other tests, long with `make faults`, which prints their table.

    python -m tests.faults.length <file of rows>
"""

import json
import os
import sys
from pathlib import Path
from typing import Final

LONG = os.environ.get("POINTSMAN_FAULTS") == "long"
TABLE = os.environ.get("POINTSMAN_FAULTS_TABLE")
_COLUMNS: Final = ("kills", "runs", "deliveries", "duplicates", "lost", "uncertain", "seconds")


def tell(name: str, **figures: float) -> None:
    """One row of the table."""
    if TABLE is not None:
        with Path(TABLE).open("a", encoding="utf-8") as table:
            table.write(json.dumps({"test": name, **figures}) + "\n")


def table(rows: Path) -> str:
    """The rows, with one line for each test."""
    lines = [f"{'test':32}" + "".join(f"{column:>12}" for column in _COLUMNS)]
    for row in map(json.loads, rows.read_text(encoding="utf-8").splitlines()):
        lines.append(f"{row['test']:32}" + "".join(f"{row.get(column, '-'):>12}" for column in _COLUMNS))
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))

"""How long the fault tests are: short beside the other tests, long with `make faults`, which prints their table."""

import json
import os
from pathlib import Path

LONG = os.environ.get("POINTSMAN_FAULTS") == "long"
TABLE = os.environ.get("POINTSMAN_FAULTS_TABLE")


def tell(name: str, **figures: float) -> None:
    """One row of the table."""
    if TABLE is not None:
        with Path(TABLE).open("a", encoding="utf-8") as table:
            table.write(json.dumps({"test": name, **figures}) + "\n")

"""Small projects for tests: written as files, examined and assembled as a user's would be."""

import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pointsman.assemble import Pointsman, assemble
from pointsman.clock import Clock
from pointsman.folder import Examined, examine

SHOP = {
    "project.yaml": "project: shop\n",
    "connections/shop.yaml": "connection: shop\ntype: sqlite\npath: shop.db\n",
    "connections/shop.schema.yaml": (
        "orders:\n"
        "  id: {type: integer, nullable: false}\n"
        "  customer: {type: string, label: personal.name}\n"
        "  amount: {type: number}\n"
        "  day: {type: date}\n"
    ),
}
ORDERS = [(1, "Ana", 10.0, "2026-10-01"), (2, "Bo", 20.5, "2026-10-02"), (3, "Ana", 30.0, "2026-11-03")]


def write(root: Path, files: Mapping[str, str], orders: Iterable[tuple[Any, ...]] = ORDERS) -> Path:
    """Writes files and, beside them, the shop's database."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    link = sqlite3.connect(root / "shop.db")
    with link:
        link.execute("CREATE TABLE orders (id INTEGER NOT NULL, customer TEXT, amount REAL, day DATE)")
        link.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", orders)
    link.close()
    return root


def shop(root: Path, flow: str, **more: str) -> Examined:
    """The shop with one flow, and more files by name (`functions.py` as `functions_py`)."""
    files = {
        name.replace("__", "/").replace("_py", ".py").replace("_yaml", ".yaml"): text for name, text in more.items()
    }
    return examine(write(root, {**SHOP, "flows/it.yaml": flow, **files}))


@asynccontextmanager
async def running(root: Path, flow: str, clock: Clock | None = None, **more: str) -> AsyncIterator[Pointsman]:
    """The shop with one flow, ready to run."""
    examined = shop(root, flow, **more)
    assert [problem.sentence() for problem in examined.problems if problem.severity == "error"] == []
    async with assemble(examined, root, environ={}, clock=clock) as pointsman:
        yield pointsman

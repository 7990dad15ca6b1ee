"""A join of three tables in SQL, with their way in and out: `python -m benchmarks.join [--json]`.

The tables are Python rows before and after, as between steps; so this is what a `sql:` step costs. Best of five.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from pointsman.frame import Column, Frame, Row
from pointsman.sets import Sets
from pointsman.shape import DATE, INTEGER, NUMBER, STRING, Shape

SIZES: Final = (1_000, 10_000, 100_000)
TIMES: Final = 5
JOIN: Final = """
    SELECT a.id, a.name, a.renewal, b.arr, b.overdue_days, u.logins_30d / nullif(u.logins_prev_30d, 0) - 1 AS trend
    FROM accounts a JOIN billing b ON b.account_id = a.id LEFT JOIN usage u ON u.account_id = a.id
"""
TOP: Final = f"{JOIN} WHERE b.overdue_days > 10 ORDER BY b.arr DESC LIMIT 200"


def tables(size: int) -> dict[str, Frame]:
    ids = [f"A{n:06d}" for n in range(size)]
    return {
        "accounts": _frame(
            {"id": STRING, "name": STRING, "renewal": DATE},
            [
                {"id": i, "name": f"Company {i}", "renewal": date(2026, 1, 1) + timedelta(n % 365)}
                for n, i in enumerate(ids)
            ],
        ),
        "billing": _frame(
            {"account_id": STRING, "arr": NUMBER, "overdue_days": INTEGER},
            [
                {"account_id": i, "arr": n * 7919 % 100_003 / 7, "overdue_days": n % 60}
                for n, i in enumerate(reversed(ids))
            ],
        ),
        "usage": _frame(
            {"account_id": STRING, "logins_30d": INTEGER, "logins_prev_30d": INTEGER},
            [{"account_id": i, "logins_30d": n % 50, "logins_prev_30d": n % 40} for n, i in enumerate(ids) if n % 10],
        ),
    }


def _frame(shapes: dict[str, Shape], rows: list[Row]) -> Frame:
    return Frame(tuple(Column(name, shape) for name, shape in shapes.items()), rows)


async def best(sets: Sets, sql: str, given: dict[str, Frame]) -> tuple[float, int]:
    """Seconds of the fastest run, and its rows."""
    seconds, rows = [], 0
    for _ in range(TIMES):
        start = time.perf_counter()
        rows = len(await sets.query(sql, given, {}))
        seconds.append(time.perf_counter() - start)
    return min(seconds), rows


async def measure() -> list[dict[str, Any]]:
    sets = Sets()
    found = []
    for size in SIZES:
        given = tables(size)
        top, full = await best(sets, TOP, given), await best(sets, JOIN, given)
        found.append(
            {"rows a table": size, "top 200 ms": top[0] * 1e3, "all rows ms": full[0] * 1e3, "rows out": full[1]}
        )
    await sets.close()
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    chosen = parser.parse_args(arguments)
    found = asyncio.run(measure())
    if chosen.json:
        print(json.dumps(found))
        return
    print("".join(f"{name:>16}" for name in found[0]))
    for row in found:
        print("".join(f"{value:>16,.1f}" if isinstance(value, float) else f"{value:>16,}" for value in row.values()))


if __name__ == "__main__":
    main()

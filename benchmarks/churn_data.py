"""Customers of a wholesaler at the first day of a quarter, from its order lines: what was known then, and what came.

Eligible on day T: ordered in the 180 days before T. Label: no order in the 90 days from T on. An order is an invoice
that is no cancellation, with a customer, a positive quantity and price. Features use rows before T only.
Enterprise: the top tenth of the eligible by what they spent before T.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
from benchmarks.churn_fit import Words
from numpy.typing import NDArray

QUARTER: Final = timedelta(days=90)
FIRST_TEST: Final = date(2011, 6, 10)
LAST_TEST: Final = date(2011, 9, 10)
"""The last day from which a whole quarter is in the data (they end on 2011-12-09)."""
FIRST_CUT: Final = date(2011, 2, 10)

EMEA: Final = (
    *("United Kingdom", "Germany", "France", "Spain", "Belgium", "Switzerland", "Portugal", "Italy", "Finland"),
    *("Austria", "Norway", "Netherlands", "Channel Islands", "Denmark", "Cyprus", "Sweden", "Poland", "Israel"),
    *("Greece", "EIRE", "Malta", "Bahrain", "United Arab Emirates", "Lebanon", "European Community", "Iceland"),
    *("Lithuania", "Czech Republic", "RSA", "Saudi Arabia"),
)

_SPENT: Final = "{value} spent (typical {typical})"
FEATURES: Final = (
    Words("recency_days", "days since the last order", "log1p", "day", "no order for {value}", "ordered {value} ago"),
    Words("age_days", "days since the first order", "log1p", "day", "customer for {value}"),
    Words("orders", "orders so far", "log1p", "order", "{value} so far (typical {typical})"),
    Words("spend", "money spent so far", "log1p", "£", _SPENT),
    Words("products", "different products bought", "log1p", "product", "{value} bought (typical {typical})"),
    Words("returned", "value sent back", "log1p", "£", "{value} sent back (typical {typical})"),
    Words("orders_90d", "orders in 90 days", "log1p", "order", "{value} in 90 days, {orders_prev_90d} in 90 before"),
    Words("spend_90d", "money spent in 90 days", "log1p", "£", f"{_SPENT} in 90 days"),
    Words("orders_prev_90d", "orders in the 90 days before", "log1p", "order", "{value} between 180 and 90 days ago"),
    Words("months", "months with an order", "log1p", "month", "orders in {value} (typical {typical})"),
    Words("gap_days", "days between orders", "log1p", "day", "{value} between orders (typical {typical})"),
    Words("recency_over_gap", "recency over the usual gap", "log1p", "usual gap", "{value} without order"),
    Words("trend", "orders in 90 days less those before", "signed_log1p", "order", "{value} against 90 days before"),
)
"""Thirteen that an earlier look at these data found useful; the change in orders keeps its sign (there it lost it)."""

_SQL: Final = """
    WITH seen AS (
        SELECT CustomerID AS customer, InvoiceNo AS invoice, CAST(InvoiceDate AS date) AS day, StockCode AS product,
               Quantity * UnitPrice AS money, Country AS country,
               invoice NOT LIKE 'C%' AND Quantity > 0 AND UnitPrice > 0 AS ordered
        FROM lines WHERE CustomerID IS NOT NULL
    ), sums AS (
        SELECT customer, mode(country) AS country,
               date_diff('day', max(day) FILTER (ordered), $cut) AS recency_days,
               date_diff('day', min(day) FILTER (ordered), $cut) AS age_days,
               count(DISTINCT invoice) FILTER (ordered) AS orders,
               sum(money) FILTER (ordered) AS spend,
               count(DISTINCT product) FILTER (ordered) AS products,
               -coalesce(sum(money) FILTER (NOT ordered AND money < 0), 0) AS returned,
               count(DISTINCT invoice) FILTER (ordered AND day >= $cut - 90) AS orders_90d,
               coalesce(sum(money) FILTER (ordered AND day >= $cut - 90), 0) AS spend_90d,
               count(DISTINCT invoice) FILTER (ordered AND day >= $cut - 180 AND day < $cut - 90) AS orders_prev_90d,
               count(DISTINCT date_trunc('month', day)) FILTER (ordered) AS months
        FROM seen WHERE day < $cut GROUP BY customer
    ), later AS (
        SELECT DISTINCT customer FROM seen WHERE ordered AND day >= $cut AND day < $cut + 90
    )
    SELECT customer, country, customer NOT IN (FROM later) AS left,
           spend >= quantile_cont(spend, 0.9) OVER () AS enterprise,
           recency_days, age_days, orders, spend, products, returned, orders_90d, spend_90d, orders_prev_90d, months,
           age_days / orders AS gap_days, recency_days / (age_days / orders + 1) AS recency_over_gap,
           orders_90d - orders_prev_90d AS trend
    FROM sums WHERE recency_days <= 180 ORDER BY customer
"""


@dataclass(frozen=True)
class Customers:
    """The eligible customers of one or several cuts."""

    matrix: NDArray[np.float64]
    left: NDArray[np.bool_]
    customer: NDArray[np.int64]
    cut: NDArray[Any]
    enterprise_emea: NDArray[np.bool_]


def orders_file() -> Path | None:
    """Where the real order lines are, if they are on this machine."""
    folder = os.environ.get("POINTSMAN_DATA") or Path(__file__).parents[2] / "shared" / "data"
    file = Path(folder) / "sales" / "online_retail.parquet"
    return file if file.exists() else None


def cuts() -> list[date]:
    """The 10th of each month, from the first with some history to the last with a closed quarter after it."""
    return [date(2011, month, 10) for month in range(FIRST_CUT.month, LAST_TEST.month + 1)]


def load(file: Path) -> dict[date, Customers]:
    """The customers at each cut."""
    database = duckdb.connect()
    database.execute("CREATE TABLE lines AS SELECT * FROM read_parquet($1)", [str(file)])
    found = {cut: _at(database, cut) for cut in cuts()}
    database.close()
    return found


def _at(database: Any, cut: date) -> Customers:
    rows = database.execute(_SQL, {"cut": cut}).fetchnumpy()
    emea = np.isin(rows["country"].astype(str), EMEA)
    return Customers(
        np.column_stack([np.asarray(rows[words.name], dtype=float) for words in FEATURES]),
        np.asarray(rows["left"], dtype=bool),
        np.asarray(rows["customer"], dtype=np.int64),
        np.full(len(emea), cut),
        np.asarray(rows["enterprise"], dtype=bool) & emea,
    )


def together(parts: Sequence[Customers]) -> Customers:
    return Customers(
        np.vstack([part.matrix for part in parts]),
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.customer for part in parts]),
        np.concatenate([part.cut for part in parts]),
        np.concatenate([part.enterprise_emea for part in parts]),
    )


def closed_before(found: dict[date, Customers], test: date) -> Customers:
    """The training rows for a test cut: only quarters whose labels were known by then."""
    return together([part for cut, part in found.items() if cut + QUARTER <= test])

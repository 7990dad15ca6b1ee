"""The real Online Retail data (UCI, D. Chen 2015, CC BY 4.0) as the three systems of the worked example.

A UK wholesaler's order lines of 2010-12-01 to 2011-12-09. What the data hold and what they do not:

- orders, returns, customers, countries: real. An order is an invoice; a return is a credit note (`C…`).
- Segment: Enterprise = top decile of spend before the quarter, Mid-market = the next three deciles, SMB = the rest.
- Region: from the country; customers whose country is `Unspecified` are left out.
- usage: there is no portal. Days with an order line stand for logins.
- payments: there are none. `overdue_days` is 0, and `invoices` is empty.
- the model: the example's six features, fitted on the two quarters that closed before the one that is scored.
- names and addresses: there are none. Accounts are called by their customer number, and addresses end in `.example`.
"""

import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from benchmarks.churn_fit import Origin, fit
from benchmarks.demo_model import FEATURES, NEXT_STEPS

from pointsman.quantity import Quarter
from pointsman.sandbox.sales import databases
from pointsman.sandbox.sales.crm import Record
from pointsman.sandbox.salesforce.objects import record_id

QUARTER = Quarter("2011-Q4")
SILENT = timedelta(180)
_APAC = {"Australia", "Japan", "Singapore", "Hong Kong"}
_AMER = {"USA", "Canada", "Brazil"}


@dataclass(slots=True)
class Buyer:
    """A customer's orders and returns: amount and day by number, days ascending; `lines`: days with an order line."""

    number: int
    country: str = ""
    orders: dict[str, tuple[date, float]] = field(default_factory=dict)
    returns: dict[str, tuple[date, float]] = field(default_factory=dict)

    @property
    def account(self) -> str:
        return record_id("001", self.number)

    @property
    def region(self) -> str:
        return "AMER" if self.country in _AMER else "APAC" if self.country in _APAC else "EMEA"

    def spent(self, before: date, since: date = date.min) -> float:
        return _sum(self.orders, since, before) - _sum(self.returns, since, before)

    def ordered(self, since: date, before: date) -> int:
        return sum(since <= day < before for day, _ in self.orders.values())

    def active_days(self, since: date, before: date) -> int:
        return len({day for day, _ in self.orders.values() if since <= day < before})

    def last(self, before: date) -> date | None:
        return max((day for day, _ in self.orders.values() if day < before), default=None)


def _sum(amounts: dict[str, tuple[date, float]], since: date, before: date) -> float:
    return sum(amount for day, amount in amounts.values() if since <= day < before)


def file() -> Path:
    """The data's place; skips the test, saying so, where they are absent."""
    root = Path(os.environ.get("POINTSMAN_DATA") or Path(__file__).parents[1] / "../shared/data")
    path = root / "sales/online_retail.parquet"
    if not path.is_file():
        pytest.skip(f"The real Online Retail data are not here: {path} is missing. Set POINTSMAN_DATA to their folder.")
    return path


@cache
def buyers(path: Path) -> tuple[Buyer, ...]:
    """Every customer that the data number and place in a country."""
    names = ["InvoiceNo", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    table = pyarrow.parquet.read_table(path, columns=names)
    found: dict[int, Buyer] = {}
    for invoice, quantity, moment, price, number, country in zip(
        *(table[name].to_pylist() for name in names), strict=True
    ):
        if number is None or country == "Unspecified":
            continue
        buyer = found.setdefault(number, Buyer(number))
        buyer.country = buyer.country or country
        kept = buyer.returns if invoice.startswith("C") else buyer.orders
        _, amount = kept.get(invoice, (None, 0.0))
        kept[invoice] = (moment.date(), amount + abs(quantity) * price)
    return tuple(sorted(found.values(), key=lambda buyer: buyer.number))


def segments(everybody: tuple[Buyer, ...], start: date) -> dict[int, str]:
    """By spend before the quarter, so that nothing of the quarter itself is known."""
    known = [buyer for buyer in everybody if buyer.last(start)]
    spends = sorted(buyer.spent(start) for buyer in known)
    named = {}
    for buyer in known:
        rank = bisect_left(spends, buyer.spent(start)) / len(spends)
        named[buyer.number] = "Enterprise" if rank >= 0.9 else "Mid-market" if rank >= 0.6 else "SMB"
    return named


def write(project: Path, quarter: Quarter = QUARTER) -> databases.Written:
    """Writes crm.db, usage.db and billing.db where the `sales` template looks for them."""
    everybody = buyers(file())
    return databases.write(
        project,
        crm_rows(everybody, quarter),
        usage_rows(everybody, quarter),
        billing_rows(everybody, quarter),
        quarter.start,
    )


def fitted(quarter: Quarter = QUARTER) -> dict[str, Any]:
    """The example's churn model, fitted on these customers instead of the invented ones."""
    everybody = {buyer.account: buyer for buyer in buyers(file())}
    known = [
        row
        for row in billing_rows(tuple(everybody.values()), quarter)["contracts"]
        if str(row["as_of"]) < quarter.start.isoformat()
    ]
    stayed_away = [not _ordered_in(everybody[str(row["account_id"])], str(row["as_of"])) for row in known]
    matrix = [[_value(everybody[str(row["account_id"])], row, f.name) for f in FEATURES] for row in known]
    origin = Origin("Online Retail, 2011", quarter.previous.previous.start, quarter.previous.end)
    return fit(
        np.array(matrix, dtype=float),
        np.array(stayed_away),
        FEATURES,
        origin,
        customers=np.array([str(row["account_id"]) for row in known]),
        quarters=np.array([str(row["as_of"]) for row in known]),
        next_steps=NEXT_STEPS,
    )


def _ordered_in(buyer: Buyer, as_of: str) -> bool:
    quarter = Quarter.containing(date.fromisoformat(as_of))
    return buyer.ordered(quarter.start, quarter.next.start) > 0


def _value(buyer: Buyer, row: Record, name: str) -> float:
    if name != "usage_trend":
        return float(row[name] or 0)
    start, month = date.fromisoformat(str(row["as_of"])), timedelta(30)
    before = buyer.active_days(start - 2 * month, start - month)
    return buyer.active_days(start - month, start) / before - 1 if before else 0.0


def crm_rows(everybody: tuple[Buyer, ...], quarter: Quarter) -> dict[str, list[Record]]:
    named = segments(everybody, quarter.start)
    rows: dict[str, list[Record]] = {"Account": [], "Contact": []}
    for buyer in everybody:
        if buyer.number in named:
            rows["Account"].append(
                {
                    "Id": buyer.account,
                    "Name": f"Customer {buyer.number}",
                    "Type": "Customer",
                    "Segment__c": named[buyer.number],
                    "Region__c": buyer.region,
                    "BillingCountry": buyer.country,
                    "Customer_Number__c": str(buyer.number),
                }
            )
            rows["Contact"].append(
                {
                    "Id": record_id("003", buyer.number),
                    "AccountId": buyer.account,
                    "Name": f"Buyer of {buyer.number}",
                    "Email": f"buyer@customer-{buyer.number}.example",
                    "Is_Primary__c": True,
                }
            )
    return rows


def usage_rows(everybody: tuple[Buyer, ...], quarter: Quarter) -> dict[str, list[Record]]:
    start, month = quarter.start, timedelta(30)
    return {
        "usage": [
            {
                "account_id": buyer.account,
                "region": buyer.region,
                "as_of": start.isoformat(),
                "logins_30d": buyer.active_days(start - month, start),
                "logins_prev_30d": buyer.active_days(start - 2 * month, start - month),
            }
            for buyer in everybody
            if buyer.last(start)
        ]
    }


def billing_rows(everybody: tuple[Buyer, ...], quarter: Quarter) -> dict[str, list[Record]]:
    """`contracts` at the start of this quarter and of the two before it; orders and returns before this one."""
    tables: dict[str, list[Record]] = defaultdict(list)
    for buyer in everybody:
        for as_of in (quarter.previous.previous.start, quarter.previous.start, quarter.start):
            tables["contracts"] += _contract(buyer, as_of)
        for table, kept, moment in (("orders", buyer.orders, "ordered_on"), ("returns", buyer.returns, "returned_on")):
            for number, (day, amount) in kept.items():
                if day < quarter.start:
                    row: Record = {"order_id": number, "account_id": buyer.account, moment: day.isoformat()}
                    tables[table].append({**row, "amount": round(amount)})
    return tables


def _contract(buyer: Buyer, as_of: date) -> Iterator[Record]:
    last, quarter = buyer.last(as_of), timedelta(90)
    if last is None or as_of - last > SILENT:
        return
    bought = _sum(buyer.orders, as_of - SILENT, as_of)
    returned = _sum(buyer.returns, as_of - SILENT, as_of)
    yield {
        "account_id": buyer.account,
        "region": buyer.region,
        "as_of": as_of.isoformat(),
        "arr": round(max(0.0, buyer.spent(as_of, as_of - timedelta(365)))),
        "overdue_days": 0,
        "recency_days": (as_of - last).days,
        "orders_90d": buyer.ordered(as_of - quarter, as_of),
        "orders_prev_90d": buyer.ordered(as_of - 2 * quarter, as_of - quarter),
        "returns_share": round(min(1.0, returned / bought), 4) if bought else 0.0,
    }

"""The practice world as the systems that the example asks: a CRM's records, usage and billing databases."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pointsman.quantity import Quarter
from pointsman.sandbox.sales import crm, databases
from pointsman.sandbox.sales.crm import Record
from pointsman.sandbox.sales.generate import SEED, World, world
from pointsman.sandbox.sales.history import History


def prepare(project: Path, quarter: Quarter, seed: int = SEED) -> databases.Written:
    """Makes the world of a quarter and writes it below the project's folder; takes about half a second."""
    made = world(quarter, seed)
    return databases.write(project, crm.records(made), usage_rows(made), billing_rows(made), quarter.start)


def usage_rows(made: World) -> dict[str, list[Record]]:
    """Logins by 30 days, and the last two of those side by side. Customers without the portal have no rows."""
    usage: list[Record] = []
    logins: list[Record] = []
    start = made.quarter.start.toordinal()
    for told in made.histories:
        place: Record = {"account_id": told.customer.id, "region": told.customer.region}
        counts = {period.end: period.count for period in told.logins}
        for end, count in counts.items():
            logins.append({**place, "from_day": _day(end - 30), "to_day": _day(end - 1), "logins": count})
        if told.active and start in counts:
            now, before = counts[start], counts[start - 30]
            usage.append({**place, "as_of": _day(start), "logins_30d": now, "logins_prev_30d": before})
    return {"usage": usage, "logins": logins}


def billing_rows(made: World) -> dict[str, list[Record]]:
    """Contracts as they stood at the start of each quarter, and the orders, returns and invoices behind them."""
    start = made.quarter.start.toordinal()
    tables: dict[str, list[Record]] = {"contracts": [], "orders": [], "returns": [], "invoices": []}
    for told in made.histories:
        account = told.customer.id
        tables["contracts"] += _contracts(told)
        for order in told.orders:
            about: Record = {"order_id": order.id, "account_id": account}
            paid = _day(order.paid) if order.paid < start else None
            invoice = {"invoice_id": "INV" + order.id[2:], **about, "amount": order.amount}
            tables["orders"].append({**about, "ordered_on": _day(order.day), "amount": order.amount})
            tables["invoices"].append({**invoice, "due_on": _day(order.due), "paid_on": paid})
            if order.returned and order.returned_day < start:
                tables["returns"].append({**about, "returned_on": _day(order.returned_day), "amount": order.returned})
    return tables


def _contracts(told: History) -> Iterator[Record]:
    customer = told.customer
    for snapshot in told.snapshots:
        yield {
            "account_id": customer.id,
            "region": customer.region,
            "as_of": snapshot.quarter.start.isoformat(),
            "arr": round(4 * customer.orders * customer.value, -2),
            "overdue_days": snapshot.seen.overdue_days,
            "recency_days": snapshot.seen.recency_days,
            "orders_90d": snapshot.seen.orders_90d,
            "orders_prev_90d": snapshot.seen.orders_prev_90d,
            "returns_share": snapshot.seen.returns_share,
        }


def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()

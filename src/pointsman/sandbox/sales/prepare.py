"""Writes the practice world as the systems that the example asks: a CRM's records, usage and billing databases."""

import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from pointsman.quantity import Quarter
from pointsman.sandbox.sales import crm
from pointsman.sandbox.sales.generate import SEED, World, world
from pointsman.sandbox.sales.history import History
from pointsman.sandbox.salesforce import store

FOLDER = ".pointsman/demo"
"""Where the template's connections look for the databases and the CRM's credentials."""

_USAGE = """
CREATE TABLE usage (account_id TEXT NOT NULL, region TEXT NOT NULL, as_of DATE NOT NULL,
                    logins_30d INTEGER NOT NULL, logins_prev_30d INTEGER NOT NULL);
CREATE TABLE logins (account_id TEXT NOT NULL, region TEXT NOT NULL, from_day DATE NOT NULL, to_day DATE NOT NULL,
                     logins INTEGER NOT NULL);
CREATE INDEX usage_region ON usage (region);
CREATE INDEX logins_account ON logins (account_id, to_day);
"""
_BILLING = """
CREATE TABLE contracts (account_id TEXT NOT NULL, region TEXT NOT NULL, as_of DATE NOT NULL, arr INTEGER NOT NULL,
                        overdue_days INTEGER NOT NULL, recency_days INTEGER NOT NULL, orders_90d INTEGER NOT NULL,
                        orders_prev_90d INTEGER NOT NULL, returns_share REAL NOT NULL);
CREATE TABLE orders (order_id TEXT NOT NULL, account_id TEXT NOT NULL, ordered_on DATE NOT NULL,
                     amount INTEGER NOT NULL);
CREATE TABLE returns (order_id TEXT NOT NULL, account_id TEXT NOT NULL, returned_on DATE NOT NULL,
                      amount INTEGER NOT NULL);
CREATE TABLE invoices (invoice_id TEXT NOT NULL, order_id TEXT NOT NULL, account_id TEXT NOT NULL,
                       amount INTEGER NOT NULL, due_on DATE NOT NULL, paid_on DATE);
CREATE INDEX contracts_region ON contracts (region, as_of);
CREATE INDEX orders_account ON orders (account_id, ordered_on);
CREATE INDEX returns_account ON returns (account_id, returned_on);
CREATE INDEX invoices_account ON invoices (account_id, due_on);
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was written: the CRM's database and credentials for the stand-in server; the others are found by path."""

    quarter: Quarter
    crm: Path
    usage: Path
    billing: Path
    client_id: str
    client_secret: str


def prepare(project: Path, quarter: Quarter, seed: int = SEED) -> Prepared:
    """Writes everything below `project/.pointsman/demo`, in place of what an earlier start left there."""
    made = world(quarter, seed)
    folder = project / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    client_id, client_secret = (secrets.token_urlsafe(24) for _ in range(2))
    _write_secret(folder / "crm-client-id", client_id)
    _write_secret(folder / "crm-client-secret", client_secret)
    paths = folder / "crm.db", folder / "usage.db", folder / "billing.db"
    fresh = paths[0].with_suffix(".new")
    fresh.unlink(missing_ok=True)
    store.create(fresh, crm.OBJECTS, crm.records(made), datetime.combine(quarter.start, time(), UTC))
    os.replace(fresh, paths[0])
    _write(paths[1], _USAGE, usage_rows(made))
    _write(paths[2], _BILLING, billing_rows(made))
    return Prepared(quarter, *paths, client_id, client_secret)


def usage_rows(made: World) -> dict[str, list[crm.Record]]:
    """Logins by 30 days, and the last two of those side by side. Customers without the portal have no rows."""
    usage: list[crm.Record] = []
    logins: list[crm.Record] = []
    start = made.quarter.start.toordinal()
    for told in made.histories:
        place: crm.Record = {"account_id": told.customer.id, "region": told.customer.region}
        counts = {period.end: period.count for period in told.logins}
        for end, count in counts.items():
            logins.append({**place, "from_day": _day(end - 30), "to_day": _day(end - 1), "logins": count})
        if told.active and start in counts:
            now, before = counts[start], counts[start - 30]
            usage.append({**place, "as_of": _day(start), "logins_30d": now, "logins_prev_30d": before})
    return {"usage": usage, "logins": logins}


def billing_rows(made: World) -> dict[str, list[crm.Record]]:
    """Contracts as they stood at the start of each quarter, and the orders, returns and invoices behind them."""
    start = made.quarter.start.toordinal()
    tables: dict[str, list[crm.Record]] = {"contracts": [], "orders": [], "returns": [], "invoices": []}
    for told in made.histories:
        account = told.customer.id
        tables["contracts"] += _contracts(told)
        for order in told.orders:
            about: crm.Record = {"order_id": order.id, "account_id": account}
            paid = _day(order.paid) if order.paid < start else None
            invoice = {"invoice_id": "INV" + order.id[2:], **about, "amount": order.amount}
            tables["orders"].append({**about, "ordered_on": _day(order.day), "amount": order.amount})
            tables["invoices"].append({**invoice, "due_on": _day(order.due), "paid_on": paid})
            if order.returned and order.returned_day < start:
                tables["returns"].append({**about, "returned_on": _day(order.returned_day), "amount": order.returned})
    return tables


def _contracts(told: History) -> Iterator[crm.Record]:
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


def _write(path: Path, tables: str, rows: Mapping[str, Iterable[crm.Record]]) -> None:
    """Beside the old file first, so that nobody reads half a database."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    link = sqlite3.connect(fresh)
    try:
        link.executescript(tables)
        with link:
            for table, records in rows.items():
                _insert(link, table, list(records))
    finally:
        link.close()
    os.replace(fresh, path)


def _insert(link: sqlite3.Connection, table: str, records: list[crm.Record]) -> None:
    names = ", ".join(records[0])
    places = ", ".join(f":{name}" for name in records[0])
    link.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', records)  # noqa: S608  our own names


def _write_secret(path: Path, value: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(value + "\n")

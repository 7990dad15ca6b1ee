"""The example's databases: their tables, and writing rows into files of them."""

import os
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final

from pointsman.sandbox.sales.crm import OBJECTS, Record
from pointsman.sandbox.salesforce import store

FOLDER: Final = ".pointsman/demo"
"""Where the template's connections look for the databases and the CRM's credentials."""

USAGE: Final = """
CREATE TABLE usage (account_id TEXT NOT NULL, region TEXT NOT NULL, as_of DATE NOT NULL,
                    logins_30d INTEGER NOT NULL, logins_prev_30d INTEGER NOT NULL);
CREATE TABLE logins (account_id TEXT NOT NULL, region TEXT NOT NULL, from_day DATE NOT NULL, to_day DATE NOT NULL,
                     logins INTEGER NOT NULL);
CREATE INDEX usage_region ON usage (region);
CREATE INDEX logins_account ON logins (account_id, to_day);
"""
BILLING: Final = """
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
"""Both in SQL that SQLite and PostgreSQL read alike."""

Rows = Mapping[str, list[Record]]
"""Rows by table."""


@dataclass(frozen=True, slots=True)
class Written:
    """The CRM's database and credentials for the stand-in server; the other two are found by their paths."""

    crm: Path
    usage: Path
    billing: Path
    client_id: str
    client_secret: str


def write(project: Path, crm: Rows, usage: Rows, billing: Rows, at: date) -> Written:
    """Writes all three below `project/.pointsman/demo`, in place of what an earlier start left there.

    `at`: the day on which the CRM's records count as created, where they do not say so. Credentials are new each time.
    """
    folder = project / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "crm.db", folder / "usage.db", folder / "billing.db"
    fresh = _fresh(paths[0])
    store.create(fresh, OBJECTS, crm, datetime.combine(at, time(), UTC))
    os.replace(fresh, paths[0])
    _write(paths[1], USAGE, usage)
    _write(paths[2], BILLING, billing)
    return Written(*paths, _secret(folder / "crm-client-id"), _secret(folder / "crm-client-secret"))


def _fresh(path: Path) -> Path:
    """A file beside the old one, so that nobody reads half a database."""
    fresh = path.with_suffix(f".{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    return fresh


def _write(path: Path, tables: str, rows: Rows) -> None:
    fresh = _fresh(path)
    link = sqlite3.connect(fresh)
    try:
        link.executescript(tables)
        with link:
            for table, records in rows.items():
                _insert(link, table, records)
    finally:
        link.close()
    os.replace(fresh, path)


def _insert(link: sqlite3.Connection, table: str, records: Iterable[Record]) -> None:
    records = list(records)
    if not records:
        return
    names = ", ".join(records[0])
    places = ", ".join(f":{name}" for name in records[0])
    link.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", records)  # noqa: S608  our own names


def _secret(path: Path) -> str:
    value = secrets.token_urlsafe(24)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(value + "\n")
    return value

"""Opening a journal's file: looked at first, changed only when it is whole, ours, and not of a newer version."""

import os
import sqlite3
from pathlib import Path
from typing import Final

from pointsman.errors import Broken
from pointsman.journal.sqlite.faults import damaged
from pointsman.journal.sqlite.sql import migrations, sql

APPLICATION: Final = int.from_bytes(b"PmJ1")
BUSY_SECONDS: Final = 5.0
_CHECK_UP_TO: Final = 64 * 2**20
"""Bytes up to which the whole file is checked when it is opened; a larger one would take
seconds, and its damage is told when it is met."""


def connect(path: Path) -> sqlite3.Connection:
    """Each statement its own transaction unless one is begun; rows by name. Used by one thread at a time."""
    link = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    link.row_factory = sqlite3.Row
    return link


def open_for_writing(path: Path) -> sqlite3.Connection:
    """With the schema of this version. Raises Broken, and sqlite3.Error."""
    if path.exists() and path.stat().st_size:
        _look(path)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    link = connect(path)
    try:
        link.execute(sql("write_ahead")).fetchone()
        for name in ("full_sync", "overwrite_deleted", "seldom_checkpoint", "cache"):
            link.execute(sql(name)).fetchall()
        _migrate(link, path)
    except (sqlite3.Error, Broken):
        link.close()
        raise
    return link


def open_for_reading(path: Path) -> sqlite3.Connection:
    link = connect(path)
    link.execute(sql("only_read"))
    return link


def _look(path: Path) -> None:
    """Read-only, so that not even closing it can change a byte."""
    link = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    try:
        (application,) = link.execute(sql("application")).fetchone()
        (tables,) = link.execute(sql("tables")).fetchone()
        if application != APPLICATION and tables:
            raise Broken(
                "this is an SQLite file, but no journal; it was left as it is",
                where=str(path),
                way_out="Name another file for the journal.",
            )
        _known(link, path)
        if path.stat().st_size <= _CHECK_UP_TO:
            (found,) = link.execute(sql("check")).fetchone()
            if found != "ok":
                raise damaged(path, found.splitlines()[-1])
    finally:
        link.close()


def _known(link: sqlite3.Connection, path: Path) -> int:
    (version,) = link.execute(sql("schema_version")).fetchone()
    newest = max(migrations())
    if version > newest:
        raise Broken(
            f"the journal's schema is version {version}; this Pointsman knows {newest}; it was left as it is",
            where=str(path),
            way_out="Use the version of Pointsman that wrote it, or a later one.",
        )
    return int(version)


def _migrate(link: sqlite3.Connection, path: Path) -> None:
    """Each step whole or not at all; of processes that start at once, one does it."""
    newest = max(migrations())
    while _known(link, path) < newest:
        link.execute(sql("begin"))
        try:
            version = _known(link, path)
            for statement in migrations().get(version + 1, ()):
                link.execute(statement)
            link.execute(sql("commit"))
        finally:
            if link.in_transaction:
                link.execute(sql("rollback"))

"""What an error of SQLite means for who called."""

import sqlite3
from pathlib import Path
from typing import Final

from pointsman.errors import Broken, Fault, Later

_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNREACHABLE: Final = (
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
)


def damaged(path: Path, what: str) -> Broken:
    return Broken(
        f"the journal's file is damaged ({what}); it was left as it is",
        where=str(path),
        way_out="Restore it from a backup. Without one, move it and its -wal file away together to start an empty "
        f'journal, and rescue what can be read with `sqlite3 {path.name} ".recover"`.',
    )


def fault(error: sqlite3.Error, path: Path) -> Fault | None:
    """None for what can only be a defect of ours."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return Later("another process keeps the journal's file locked", where=str(path), delay=0.5)
    if code == sqlite3.SQLITE_FULL:
        return Later(
            "the disk of the journal is full; nothing was written",
            where=str(path),
            way_out="Free some space: the work goes on by itself.",
            delay=2.0,
        )
    if code in _DAMAGED:
        return damaged(path, str(error))
    if code in _UNREACHABLE:
        return Broken(
            f"the journal's file cannot be used: {error}",
            where=str(path),
            way_out="Check that the folder exists, is writable, and that its disk works.",
        )
    return None

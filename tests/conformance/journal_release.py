"""Writes down a journal of this version's schema, once, when it is released; the tests start from it ever after:
`python -m tests.conformance.journal_release > tests/journal_schemas/sqlite-0001.sql`."""

import asyncio
import sqlite3
import tempfile
from pathlib import Path

from tests.conformance.journal_killed import KEYS

from pointsman.journal.port import NewRun, StepWrite
from pointsman.journal.seal import Sealer
from pointsman.journal.sqlite import SqliteJournal


async def fill(path: Path) -> None:
    journal = SqliteJournal(path, Sealer(KEYS, "k1"))
    await journal.open()
    await journal.create([NewRun("run-of-1", "at-risk", 1, "d1", b'{"region":"EMEA"}', "http", "anna")])
    (run,) = await journal.claim("w1", lease=30, most=1, limits={})
    await journal.record(run.id, run.epoch, [StepWrite("a", "done", output=b"1", subjects=["anna"])])
    await journal.cancel(run.id, "default", "to be retried by a later version")
    await journal.retry(run.id, "default")
    await journal.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        asyncio.run(fill(path))
        link = sqlite3.connect(path)
        print("\n".join(link.iterdump()))
        for name in ("application_id", "user_version"):
            print(f"PRAGMA {name} = {link.execute(f'PRAGMA {name}').fetchone()[0]};")
        link.close()


if __name__ == "__main__":
    main()

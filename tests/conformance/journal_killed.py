"""A process that writes to a SQLite journal until it is killed: `python -m tests.conformance.journal_killed FILE RUN`.

It prints each key after the journal confirmed it, eight writes under way at once.
"""

import asyncio
import itertools
import sys
from pathlib import Path

from pointsman.journal.port import NewRun, StepWrite
from pointsman.journal.seal import Sealer
from pointsman.journal.sqlite import SqliteJournal

KEYS = {"k1": bytes(range(32))}


async def write(file: Path, run: str) -> None:
    journal = SqliteJournal(file, Sealer(KEYS, "k1"))
    await journal.open()
    await journal.create([NewRun(run, "at-risk", 1, "d1", b"{}", "http", "anna")])
    (claimed,) = await journal.claim("w1", lease=30, most=1, limits={}, only=run)
    keys = itertools.count()

    async def worker() -> None:
        for key in keys:
            output = b"%d" % key * (1 + key % 400)
            await journal.record(run, claimed.epoch, [StepWrite(f"s{key}", "done", output=output)])
            print(key, flush=True)

    await asyncio.gather(*[worker() for _ in range(8)])


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), sys.argv[2]))

"""Taking people out of what the PostgreSQL journal keeps."""

from pointsman.journal.port import ANSWER, INPUT
from pointsman.journal.postgres.links import Link
from pointsman.journal.postgres.queries import queries
from pointsman.journal.postgres.store import Store, place_of
from pointsman.journal.postgres.writer import Beside, keep_beside


class Erasure(Store):
    async def runs_of(self, subject: str) -> list[tuple[str, str]]:
        rows = await self._fetch("runs_of", self._sealer.subject_hashes(subject))
        return [(row["run"], row["key"]) for row in rows]

    async def rewrite(self, run: str, key: str, output: bytes, *, without: str) -> None:
        packed = self._payloads.pack(output, *place_of(run, key))
        hashes = self._sealer.subject_hashes(without)
        beside = Beside(run)
        self._beside(run, key, packed, (), beside)
        query, where = _query(run, key)

        async def work(link: Link, _: bool) -> None:
            named = queries()
            async with link.transaction():
                rows = await link.fetch(named[query], *where, packed.column, packed.digest)
                if rows:
                    await keep_beside(link, [beside])
                before = [row[0] for row in rows if row[0] is not None]
                if before:
                    await link.execute(named["hold_blobs"], before)
                    await link.execute(named["drop_blobs"], before)
                await link.execute(named["forget_subject"], hashes, run, key)

        await self._links.run(work)


def _query(run: str, key: str) -> tuple[str, tuple[str, ...]]:
    if key == INPUT:
        return "rewrite_input", (run,)
    if key == ANSWER:
        return "rewrite_answer", (run,)
    return ("rewrite_approval" if key.startswith("$approval/") else "rewrite_step"), (run, key)

"""A journal's own database on the test server: several journals on it, and a clock that is moved."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pointsman.clock import SystemClock
from pointsman.journal.port import Journal
from pointsman.journal.postgres import Place, PostgresJournal
from pointsman.journal.seal import Sealer

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

KEYS = {"k1": bytes(range(32))}
_MOVED_CLOCK = """
CREATE SCHEMA moved_clock;
CREATE TABLE moved_clock.ahead (seconds double precision NOT NULL);
INSERT INTO moved_clock.ahead VALUES (0);
CREATE FUNCTION moved_clock.statement_timestamp() RETURNS timestamptz STABLE LANGUAGE SQL AS
    'SELECT pg_catalog.statement_timestamp() + make_interval(secs => seconds) FROM moved_clock.ahead';
CREATE FUNCTION moved_clock.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE SQL AS
    'SELECT pg_catalog.clock_timestamp() + make_interval(secs => seconds) FROM moved_clock.ahead';
"""


@dataclass(frozen=True, slots=True)
class MovedPlace(Place):
    """The journal's queries there find these functions before the server's own."""

    def options(self) -> dict[str, Any]:
        given = Place.options(self)
        return given | {
            "server_settings": given["server_settings"] | {"search_path": "pointsman,moved_clock,pg_catalog"}
        }


class JournalDatabase:
    """One database. `clock`: the time that it goes by, when `advance` may be used."""

    def __init__(self, server: "PostgresServer", name: str) -> None:
        self.server, self.name = server, name
        self.clock = MovedClock()
        self.opened: list[PostgresJournal] = []

    def place(self, kind: type[Place] = Place) -> Place:
        server = self.server
        return kind(server.host, server.port, self.name, server.user, lambda: server.password)

    async def make_clock(self) -> None:
        await self.execute(_MOVED_CLOCK)

    async def journal(self, *, most: int = 2**26) -> Journal:
        return await self.opened_at(self.place(MovedPlace), most=most)

    async def opened_at(self, place: Place, **options: Any) -> PostgresJournal:
        made = PostgresJournal(place, Sealer(KEYS, "k1"), **{"links": 3, **options})
        self.opened.append(made)
        await made.open()
        return made

    async def advance(self, seconds: float) -> None:
        self.clock.ahead += timedelta(seconds=seconds)
        await self.execute(f"UPDATE moved_clock.ahead SET seconds = seconds + {seconds}")

    async def execute(self, query: str) -> None:
        link = await self.server.connect(self.name)
        try:
            await link.execute(query)
        finally:
            await link.close()

    async def fetch(self, query: str, *values: object) -> list[Any]:
        link = await self.server.connect(self.name)
        try:
            return list(await link.fetch(query, *values))
        finally:
            await link.close()

    async def empty(self) -> None:
        """Nothing is kept, but the schema and the proof of the key."""
        tables = ["run", "step", "blob", "subject", "approval", "schedule", "start", "definition"]
        await self.execute("TRUNCATE " + ", ".join(f"pointsman.{table}" for table in tables))

    async def raw(self) -> bytes:
        """The server's files, its log included, and every table as it is stored."""
        await self.execute("CHECKPOINT")
        kept = [path.read_bytes() for path in self.server.folder.rglob("*") if path.is_file()]
        for (table,) in await self.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'pointsman'"):
            kept.append(await self._copy(f"pointsman.{table}"))
        return b"".join(kept)

    async def close(self) -> None:
        for journal in self.opened:
            await journal.close()

    async def _copy(self, table: str) -> bytes:
        link = await self.server.connect(self.name)
        parts: list[bytes] = []

        async def keep(part: bytes) -> None:
            parts.append(part)

        try:
            await link.copy_from_query(f"SELECT * FROM {table}", output=keep, format="binary")
        finally:
            await link.close()
        return b"".join(parts)


class MovedClock(SystemClock):
    """The machine's clock, so much ahead."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead

"""A journal's own database on the test server: several journals on it, and a clock that is moved."""

from typing import TYPE_CHECKING, Any

from pointsman.journal.port import Journal
from pointsman.journal.postgres import Place, PostgresJournal
from pointsman.journal.seal import Sealer

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

KEYS = {"k1": bytes(range(32))}


class JournalDatabase:
    """One database. Its clock cannot be moved, so times that are kept are moved back instead."""

    def __init__(self, server: "PostgresServer", name: str) -> None:
        self.server, self.name = server, name
        self.opened: list[PostgresJournal] = []

    @property
    def place(self) -> Place:
        server = self.server
        return Place(server.host, server.port, self.name, server.user, lambda: server.password)

    async def journal(self, *, most: int = 2**26, **options: Any) -> Journal:
        return await self.postgres_journal(most=most, **options)

    async def postgres_journal(self, **options: Any) -> PostgresJournal:
        made = PostgresJournal(self.place, Sealer(KEYS, "k1"), links=3, **options)
        self.opened.append(made)
        await made.open()
        return made

    async def fetch(self, query: str, *values: object) -> list[Any]:
        link = await self.server.connect(self.name)
        try:
            await link.execute("SET search_path = pointsman")
            return list(await link.fetch(query, *values))
        finally:
            await link.close()

    async def advance(self, seconds: float) -> None:
        columns: dict[str, list[str]] = {}
        for table, column in await self.fetch(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'pointsman' AND data_type = 'timestamp with time zone'"
        ):
            columns.setdefault(table, []).append(column)
        for table, names in columns.items():
            moved = ", ".join(f"{name} = {name} - make_interval(secs => {seconds})" for name in names)
            await self.fetch(f"UPDATE {table} SET {moved}")

    async def raw(self) -> bytes:
        """The server's files, logs included, and every table as it is stored."""
        await self.fetch("CHECKPOINT")
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

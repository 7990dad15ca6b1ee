"""Links to the database: where it is, how often work is tried again, and what its errors mean.

LISTEN and prepared statements belong to a session: the server itself is addressed, or a pooler that keeps sessions.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import asyncpg

from pointsman.errors import Broken, Fault, Later
from pointsman.journal.postgres.queries import queries

Link = Any
"""A connection of asyncpg, which has no types."""
T = TypeVar("T")

CONNECT: Final = 5.0
_COMMAND: Final = 12.0
"""Seconds after which an answer is not waited for; the server itself ends a statement before."""
_SETTINGS: Final = {
    "application_name": "pointsman journal",
    "timezone": "UTC",
    "search_path": "pointsman",
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    # Every query here goes by an index. Fresh tables and tables that were just emptied have no statistics that say so.
    "enable_seqscan": "off",
    "jit": "off",
}
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0
_CAUGHT: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


class Replica(Exception):
    """The server that answered only follows another one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the database is. `password` is asked at each new link, so that a rotated one is taken. `host`: a name or
    the folder of a Unix socket."""

    host: str
    port: int
    database: str
    user: str
    password: Callable[[], str] | None = None
    ssl: bool | str | SSLContext = False

    @classmethod
    def from_url(cls, url: str) -> "Place":
        """Of `postgresql://user:password@host:port/database`, parts percent-encoded where needed (RFC 3986)."""
        parts = urlsplit(url)
        password = parts.password
        return cls(
            parts.hostname or "127.0.0.1",
            parts.port or 5432,
            unquote(parts.path.removeprefix("/")) or "pointsman",
            unquote(parts.username or "pointsman"),
            None if password is None else lambda: unquote(password),
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}, database {self.database}"

    async def connect(self) -> Link:
        """A link outside every pool."""
        link = await asyncpg.connect(**self.options())
        try:
            await prepare(link)
        except BaseException:
            link.terminate()
            raise
        return link

    def options(self) -> dict[str, Any]:
        """As asyncpg names them."""
        return {
            "host": self.host,
            "port": self.port,
            "database": self.database,
            "user": self.user,
            "password": self.password,
            "ssl": self.ssl,
            "timeout": CONNECT,
            "command_timeout": _COMMAND,
            "server_settings": _SETTINGS,
        }


async def prepare(link: Link) -> None:
    """Before a link is used. Raises Replica."""
    if await link.fetchval(queries()["in_recovery"]):
        raise Replica
    await link.execute(queries()["be_durable"])


async def _leave(link: Link) -> None:
    # asyncpg would ask the server to forget the session's state after every use; only a transaction can be left here.
    if link.is_in_transaction():
        link.terminate()


class Links:
    """A few links, and the patience with which work is done over them. `patience`: seconds for which work is tried
    again while the server is away."""

    def __init__(self, place: Place, *, most: int, patience: float) -> None:
        self.place, self.patience = place, patience
        self._most = most
        self._pool: Any = None

    async def open(self) -> None:
        self._pool = asyncpg.create_pool(
            min_size=0, max_size=self._most, init=prepare, reset=_leave, **self.place.options()
        )
        await self._pool

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), 2)
        except TimeoutError:
            pool.terminate()

    async def run(self, work: Callable[[Link, bool], Awaitable[T]]) -> T:
        """Work over a link, again while the server is away. It is told whether this is a repetition: then a commit
        whose answer was lost may have done it already. Raises Later, Broken."""
        loop = asyncio.get_running_loop()
        until, wait, repeated = loop.time() + self.patience, _FIRST_WAIT, False
        while True:
            if self._pool is None:
                raise Later("the journal is closed.", where="journal")
            try:
                async with self._pool.acquire(timeout=CONNECT) as link:
                    return await work(link, repeated)
            except (*_CAUGHT, Replica) as fault:
                if not passing(fault) or loop.time() + wait > until:
                    raise meaning(fault, self.place) from fault
            repeated = True
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)


def passing(fault: Exception) -> bool:
    """Whether it may be gone soon: no link, too few resources, a shutdown, a deadlock, a failover."""
    state = getattr(fault, "sqlstate", None)
    if state is None:
        return True
    return state[:2] in ("08", "40", "53", "57") or state in ("25006", "55P03")


def meaning(fault: Exception, place: Place) -> Fault:
    """What an error means for its reader, by the class of its SQLSTATE (PostgreSQL documentation, appendix A)."""
    where = "journal"
    state = getattr(fault, "sqlstate", None) or ""
    if isinstance(fault, Replica) or state == "25006":
        return Broken(
            f"PostgreSQL at {place} only follows another server; a journal is never read from a replica.",
            where=where,
            way_out="Name the primary.",
        )
    if state == "53100":
        return Later("PostgreSQL has no room on its disk.", where=where, way_out="Give it more.")
    if passing(fault):
        return Later(f"PostgreSQL at {place} does not answer: {_said(fault)}.", where=where)
    if state[:2] == "28":
        way_out = "Correct `user` or `password`."
        return Broken(f"PostgreSQL does not let user {place.user} in.", where=where, way_out=way_out)
    if state[:2] == "3D":
        way_out = f"Create it: createdb {place.database}."
        return Broken(f"PostgreSQL has no database named {place.database}.", where=where, way_out=way_out)
    if state == "42501":
        way_out = f"Grant user {place.user} CREATE on database {place.database}, and the schema pointsman."
        return Broken(f"PostgreSQL refuses: {_said(fault)}.", where=where, way_out=way_out)
    return Broken(f"PostgreSQL refuses what the journal asks: {_said(fault)} ({state}).", where=where)


def _said(fault: Exception) -> str:
    text = str(fault).partition("\n")[0].rstrip(".")
    return text or ("no answer in time" if isinstance(fault, TimeoutError) else type(fault).__name__)

"""PostgreSQL: read-only transactions, pages from a cursor at the server, ended there when nobody waits any more."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import asyncpg
import orjson

from pointsman.clock import Clock
from pointsman.connectors.port import Action, Call, Facts, FoundColumn, Page, Tables
from pointsman.connectors.query import ACTIONS, PAGE, asked, distinct
from pointsman.errors import Broken, DeadlinePassed, Fault, Later, Refused, way_out
from pointsman.language import sql
from pointsman.language.mistake import Mistake
from pointsman.secrets import Secrets
from pointsman.shape import Value
from pointsman.spec.connection import PostgresConnection

_CONNECT: Final = 5.0
"""Seconds for a link to come up; a server that is there answers in milliseconds."""


class PostgresConnector:
    """One database. Nothing connects before the first call."""

    def __init__(self, spec: PostgresConnection, secrets: Secrets, clock: Clock) -> None:
        self.connection = spec.connection
        self._spec, self._secrets, self._clock = spec, secrets, clock
        self._pool: Any = None
        self._opening = asyncio.Lock()

    @property
    def actions(self) -> Mapping[str, Action]:
        return ACTIONS

    async def read(self, action: str, args: Mapping[str, Any], call: Call, facts: Facts) -> AsyncIterator[Page]:
        query = asked(self.connection, action, args)
        bound = self._numbered(query.sql)
        if missing := [name for name in bound.names if name not in query.params]:
            hint = way_out(missing[0], query.params, "Given")
            raise Refused(f"no value is given for `:{missing[0]}`.", where=self._where, way_out=hint)
        with self._mapped():
            async with self._link() as link, link.transaction(readonly=True):
                await self._bound_time(link, call)
                statement = await link.prepare(bound.text)
                values = [
                    self._fitting(name, query.params[name], kind)
                    for name, kind in zip(bound.names, statement.get_parameters(), strict=True)
                ]
                names = [attribute.name for attribute in statement.get_attributes()]
                distinct(names, self.connection)
                odd = {part.name for part in statement.get_attributes() if part.type.name not in _AS_THEY_ARE}
                cursor = await statement.cursor(*values)
                while records := await cursor.fetch(PAGE):
                    yield [_row(record, odd) for record in records]

    async def write(self, action: str, args: Mapping[str, Any], call: Call) -> Value:
        raise Refused("a postgres connection only reads.", where=self._where)

    async def describe(self) -> Tables:
        with self._mapped():
            async with self._link() as link:
                records = await link.fetch(_DESCRIBE)
        tables: Tables = {}
        for record in records:
            found = FoundColumn(_type(record), nullable=not record["required"], references=record["target"])
            tables.setdefault(record["table"], {})[record["column"]] = found
        return tables

    async def check(self) -> str:
        with self._mapped():
            async with self._link() as link:
                version = await link.fetchval("SHOW server_version")
        spec = self._spec
        return f"PostgreSQL {version.split()[0]} answered at {spec.host}:{spec.port}, database {spec.database}."

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), 2)
        except TimeoutError:
            pool.terminate()

    @property
    def _where(self) -> str:
        return f"connection {self.connection}"

    @asynccontextmanager
    async def _link(self) -> AsyncIterator[Any]:
        async with self._opening:
            if self._pool is None:
                self._pool = await self._open()
        async with self._pool.acquire(timeout=_CONNECT) as link:
            yield link

    async def _open(self) -> Any:
        spec = self._spec
        password = self._secrets.resolve(spec.password).reveal() if spec.password else None
        return await asyncpg.create_pool(
            host=spec.host,
            port=spec.port,
            database=spec.database,
            user=spec.user,
            password=password,
            ssl=False if spec.ssl == "disable" else spec.ssl,
            min_size=0,
            max_size=spec.limits.concurrent,
            timeout=_CONNECT,
            init=_json_as_values,
            server_settings={
                "application_name": f"pointsman {spec.connection}",
                "default_transaction_read_only": "on",
                "timezone": "UTC",
            },
        )

    async def _bound_time(self, link: Any, call: Call) -> None:
        """The server ends the query by itself, should our own cancellation never reach it."""
        if call.deadline is not None:
            left = max(1, int((call.deadline - self._clock.monotonic()) * 1000))
            await link.execute(f"SET LOCAL statement_timeout = {left}")

    def _numbered(self, text: str) -> sql.Bound:
        try:
            return sql.for_driver(sql.read(text, "postgres"))
        except Mistake as mistake:
            raise Refused(mistake.message, where=self._where, way_out=mistake.way_out) from None

    def _fitting(self, name: str, value: object, kind: Any) -> object:
        try:
            return _fit(value, kind.name)
        except (ValueError, TypeError, InvalidOperation):
            raise Refused(
                f"`params.{name}` does not fit: the query wants {kind.name}, and got a {type(value).__name__}.",
                where=self._where,
                way_out=f"Give another value, or cast it in the query (:{name}::text).",
            ) from None

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as fault:
            # TimeoutError is an OSError: a link that does not come up. Deadlines are CancelledError here.
            raise _meaning(fault, self._spec) from None


def _meaning(fault: Exception, spec: PostgresConnection) -> Fault:
    """What an error means for its reader, by the class of its SQLSTATE (PostgreSQL documentation, appendix A)."""
    where = f"connection {spec.connection}"
    state = getattr(fault, "sqlstate", None) or ""
    if isinstance(fault, OSError):
        return Later(f"no answer from {spec.host}:{spec.port} ({_reason(fault)}).", where=where)
    if isinstance(fault, asyncpg.DataError) and not isinstance(fault, asyncpg.PostgresError):
        return Refused("a parameter does not fit its place in the query.", where=where)
    if state == "57014":
        return DeadlinePassed("the query was ended at its deadline.", where=where)
    if state[:2] in ("08", "53", "57", "40") or (isinstance(fault, asyncpg.InterfaceError) and not state):
        return Later(f"the server cannot answer now: {_said(fault)}.", where=where)
    if state[:2] == "28":
        return Broken(
            f"the server does not let user {spec.user} in.", where=where, way_out="Correct `user` or `password`."
        )
    if state[:2] == "3D":
        return Broken(f"there is no database named {spec.database}.", where=where, way_out="Correct `database`.")
    if state == "42501":
        return Broken(f"{_said(fault)}.", where=where, way_out=f"Grant user {spec.user} what it needs to read.")
    if state[:2] in ("58", "XX"):
        return Broken(f"the server is broken: {_said(fault)}.", where=where)
    if state[:2] == "22":  # the message quotes the value, which may be personal
        return Refused(f"a value does not fit the query: {_words(fault)} ({state}).", where=where)
    if state == "25006":
        return Refused("the SQL does more than read.", where=where, way_out="Only one SELECT is allowed here.")
    return Refused(f"PostgreSQL refuses the query: {_said(fault)}.", where=where)


def _said(fault: Exception) -> str:
    return str(fault).partition("\n")[0].rstrip(".")


def _words(fault: Exception) -> str:
    """`InvalidTextRepresentationError` as words."""
    name = type(fault).__name__.removesuffix("Error")
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _reason(fault: OSError) -> str:
    if isinstance(fault, TimeoutError):
        return "no link in time"
    return "connection refused" if isinstance(fault, ConnectionRefusedError) else fault.strerror or "link failed"


async def _json_as_values(link: Any) -> None:
    for name in ("json", "jsonb"):
        await link.set_type_codec(
            name, schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
        )


_AS_THEY_ARE: Final = frozenset(
    ("int2", "int4", "int8", "float4", "float8", "numeric", "bool", "text", "varchar", "bpchar", "name", "date")
) | {"timestamp", "timestamptz", "json", "jsonb", "bytea"}


def _row(record: Any, odd: set[str]) -> dict[str, Any]:
    row = dict(record.items())
    for name in odd:
        row[name] = _plain(row[name])
    return row


def _plain(value: Any) -> Any:
    """A value of a type that frames do not have (uuid, inet, interval, range, …) as text."""
    match value:
        case None | bool() | int() | float() | Decimal() | str() | date() | bytes():
            return value
        case list() | tuple() if not isinstance(value, asyncpg.Record):
            return [_plain(item) for item in value]
        case asyncpg.Record():
            return {name: _plain(part) for name, part in value.items()}
        case time():
            return value.isoformat()
        case timedelta():
            return str(value)
    return str(value)


def _fit(value: Any, kind: str) -> Any:
    """A value as the driver wants it for a parameter of this type. Raises ValueError or TypeError."""
    if value is None:
        return None
    if kind.endswith("[]"):
        if not isinstance(value, list | tuple):
            raise TypeError
        return [_fit(item, kind.removesuffix("[]")) for item in value]
    if kind in ("text", "varchar", "bpchar", "name", "uuid"):
        if isinstance(value, date):
            return value.isoformat()
        if not isinstance(value, str):
            raise TypeError
    elif kind in ("int2", "int4", "int8", "float4", "float8", "numeric"):
        if isinstance(value, bool | str):
            raise TypeError
        return Decimal(str(value)) if kind == "numeric" else value
    elif kind == "date":
        return value.date() if isinstance(value, datetime) else _day(value)
    elif kind in ("timestamp", "timestamptz"):
        moment = _moment(value)
        return moment if kind == "timestamptz" else moment.replace(tzinfo=None)
    return value


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    moment: datetime = value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_TYPES: Final = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "integer"),
    **dict.fromkeys(("float4", "float8", "numeric"), "number"),
    **dict.fromkeys(("timestamp", "timestamptz"), "timestamp"),
    **dict.fromkeys(("json", "jsonb", "bytea"), "any"),
    "bool": "boolean",
    "date": "date",
}


def _type(record: Any) -> str:
    if record["category"] in "AC":  # arrays and composites
        return "any"
    if record["type"] == "numeric" and record["whole"]:
        return "integer"
    return _TYPES.get(record["type"], "string")


_DESCRIBE: Final = """
SELECT CASE WHEN space.nspname = 'public' THEN class.relname ELSE space.nspname || '.' || class.relname END AS table,
       attribute.attname AS column,
       coalesce(base.typname, kind.typname) AS type,
       coalesce(base.typcategory, kind.typcategory)::text AS category,
       attribute.atttypmod >= 4 AND (attribute.atttypmod - 4) & 65535 = 0 AS whole,
       attribute.attnotnull OR kind.typnotnull AS required,
       (SELECT CASE WHEN other.nspname = 'public' THEN far.relname ELSE other.nspname || '.' || far.relname END
        FROM pg_catalog.pg_constraint AS key
             JOIN pg_catalog.pg_class AS far ON far.oid = key.confrelid
             JOIN pg_catalog.pg_namespace AS other ON other.oid = far.relnamespace
        WHERE key.contype = 'f' AND key.conrelid = class.oid AND key.conkey = ARRAY[attribute.attnum]
        ORDER BY key.oid LIMIT 1) AS target
FROM pg_catalog.pg_class AS class
     JOIN pg_catalog.pg_namespace AS space ON space.oid = class.relnamespace
     JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid
     JOIN pg_catalog.pg_type AS kind ON kind.oid = attribute.atttypid
     LEFT JOIN pg_catalog.pg_type AS base ON base.oid = kind.typbasetype
WHERE class.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT class.relispartition
      AND space.nspname !~ '^pg_' AND space.nspname <> 'information_schema'
      AND attribute.attnum > 0 AND NOT attribute.attisdropped
      AND has_schema_privilege(space.oid, 'USAGE') AND has_column_privilege(class.oid, attribute.attnum, 'SELECT')
ORDER BY space.nspname <> 'public', space.nspname, class.relname, attribute.attnum
"""

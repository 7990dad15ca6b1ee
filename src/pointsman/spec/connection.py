"""A connection: one business system that flows ask or write to. `connections/<name>.yaml`."""

from typing import Annotated, Literal

from pydantic import Field

from pointsman.spec.base import Duration, Name, SecretRef, Size, Spec


class Limits(Spec):
    """What one step may take from a system."""

    concurrent: int = Field(default=8, ge=1, le=256)
    """Requests at once to this system, over all runs of a process."""
    rows: int = Field(default=50_000, ge=1)
    """Rows that one step may fetch; one more and the step is refused."""
    bytes: Size = 64 * 2**20
    """Bytes that one step may fetch."""
    timeout: Duration = 20.0
    """Time that one step may take, all its pages together."""


class _Connection(Spec):
    connection: Name
    """Its name in flows; the same as the file's."""
    limits: Limits = Limits()
    """What one step may take from it."""


class SqliteConnection(_Connection):
    """A SQLite file. Steps: `query` (read)."""

    type: Literal["sqlite"]
    """Chooses this kind of connection."""
    path: str
    """The file, from the project's folder."""


class PostgresConnection(_Connection):
    """A PostgreSQL database. Steps: `query` (read, in a read-only transaction)."""

    type: Literal["postgres"]
    """Chooses this kind of connection."""
    host: str = "127.0.0.1"
    """Host name, address, or the folder of a Unix socket."""
    port: int = Field(default=5432, ge=1, le=65535)
    """TCP port of the server."""
    database: str
    """Name of the database."""
    user: str
    """Role to log in as; it needs to read only."""
    password: SecretRef | None = None
    """Its password, where the server asks for one."""
    ssl: Literal["disable", "prefer", "require", "verify-full"] = "prefer"
    """How the link is protected, in libpq's words."""


class BearerAuth(Spec):
    """`Authorization: Bearer <secret>`."""

    bearer: SecretRef
    """The token."""


class BasicAuth(Spec):
    """HTTP basic authentication."""

    user: str
    """Who logs in."""
    password: SecretRef
    """Their password."""


class HeaderAuth(Spec):
    """A key in a header of the system's own, such as `X-Api-Key`."""

    header: str
    """The header's name."""
    value: SecretRef
    """What is sent in it."""


class Paging(Spec):
    """How further pages of a list are asked for."""

    by: Literal["link", "cursor", "offset"]
    """`link`: RFC 8288 `Link: rel=next`. `cursor`: a value of the answer, in the next request. `offset`: counted."""
    items: str | None = None
    """Dotted path of the list in the answer; none = the answer is the list."""
    cursor: str | None = None
    """Dotted path of the next cursor in the answer (for `by: cursor`)."""
    parameter: str = "cursor"
    """Query parameter that carries the cursor or the offset."""
    size_parameter: str | None = None
    """Query parameter that carries the page size."""
    size: int = Field(default=100, ge=1, le=10_000)
    """Rows a page (for `by: offset`, and where `size_parameter` is named)."""


class HttpConnection(_Connection):
    """A JSON API over HTTP. Steps: `request` (GET, gives rows), `send` (POST, PUT, PATCH, DELETE), and each operation
    of its OpenAPI document by operationId."""

    type: Literal["http"]
    """Chooses this kind of connection."""
    url: str = Field(pattern=r"^https?://")
    """Base address; paths of requests are joined to it, and nothing outside it is called."""
    openapi: str | None = None
    """An OpenAPI 3 document (JSON or YAML), from the project's folder."""
    auth: BearerAuth | BasicAuth | HeaderAuth | None = None
    """How requests prove who sends them."""
    headers: dict[str, str] = {}
    """Sent with every request."""
    paging: Paging | None = None
    """How lists are paged, unless a step says otherwise."""


class JwtBearer(Spec):
    """OAuth 2.0 JWT bearer grant (RFC 7523): a signed assertion for a named user, no password."""

    flow: Literal["jwt_bearer"]
    """Chooses this grant."""
    client_id: SecretRef
    """Consumer key of the connected app."""
    key: SecretRef
    """PEM of the RSA private key whose certificate the connected app holds."""
    user: str
    """Username that requests are made as."""
    audience: str | None = None
    """Defaults to the connection's url."""


class ClientCredentials(Spec):
    """OAuth 2.0 client credentials grant (RFC 6749 section 4.4)."""

    flow: Literal["client_credentials"]
    """Chooses this grant."""
    client_id: SecretRef
    """Consumer key of the connected app."""
    client_secret: SecretRef
    """Consumer secret of the connected app."""


class SalesforceConnection(_Connection):
    """A Salesforce org. Steps: `query` (SOQL, read) and `upsert` (by external id, repeatable)."""

    type: Literal["salesforce"]
    """Chooses this kind of connection."""
    url: str = Field(pattern=r"^https?://")
    """The org's My Domain address."""
    auth: Annotated[JwtBearer | ClientCredentials, Field(discriminator="flow")]
    """How we log in."""
    api_version: str = Field(default="62.0", pattern=r"^\d{2}\.0$")
    """Version of the REST API."""
    bulk_above: int = Field(default=10_000, ge=1)
    """Rows from which a query goes through Bulk API 2.0."""


class SmtpConnection(_Connection):
    """A mail server. Steps: `send` (at most once: the protocol cannot tell a repeat)."""

    type: Literal["smtp"]
    """Chooses this kind of connection."""
    host: str
    """Host name or address."""
    port: int = Field(default=587, ge=1, le=65535)
    """TCP port of the server."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` (RFC 3207), `tls` from the first byte (RFC 8314), or `none` for a server on this machine."""
    ca: str | None = None
    """PEM file of the authorities that vouch for the server, in the project's folder; none = those of this machine."""
    user: str | None = None
    """Who logs in, where the server asks."""
    password: SecretRef | None = None
    """Their password."""
    sender: str
    """Address in `From`, with or without a name: `Customer care <care@acme.example>`."""


Connection = Annotated[
    SqliteConnection | PostgresConnection | HttpConnection | SalesforceConnection | SmtpConnection,
    Field(discriminator="type"),
]

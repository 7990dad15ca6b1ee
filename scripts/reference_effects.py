"""Makes docs/reference/effects.md from the connectors' actions. Written by scripts/reference.py (make docs)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import TypeAdapter

from pointsman.clock import SystemClock
from pointsman.connectors.http import HttpConnector
from pointsman.connectors.port import Connector
from pointsman.connectors.postgres import PostgresConnector
from pointsman.connectors.salesforce import SalesforceConnector
from pointsman.connectors.smtp import SmtpConnector
from pointsman.connectors.smtp.message import LARGEST_BODY, LONGEST_SUBJECT, MOST_RECIPIENTS
from pointsman.connectors.sqlite import SqliteConnector
from pointsman.language.openapi import KEY_HEADER, Operation, operations
from pointsman.secrets import Secrets
from pointsman.spec.connection import (
    Connection,
    HttpConnection,
    PostgresConnection,
    SalesforceConnection,
    SmtpConnection,
    SqliteConnection,
)
from pointsman.spec.effect import Effect

_MADE = "<!-- Made by scripts/reference_effects.py from the source; change it there. -->"
_REFERENCE: Final = "secret://env/X"
EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "sqlite": {"path": "x.db"},
    "postgres": {"database": "x", "user": "x"},
    "http": {"url": "http://127.0.0.1/"},
    "salesforce": {
        "url": "http://127.0.0.1/",
        "auth": {"flow": "client_credentials", "client_id": _REFERENCE, "client_secret": _REFERENCE},
    },
    "smtp": {"host": "127.0.0.1", "sender": "x@x.example"},
}
"""One connection of each type; connectors connect to nothing before their first call."""
_KEY: Final = {"name": KEY_HEADER, "in": "header", "schema": {"type": "string"}}
DOCUMENT: Final[Mapping[str, Any]] = {
    "openapi": "3.1.0",
    "paths": {
        "/a": {
            "get": {"operationId": "GET"},
            "post": {"operationId": "POST or PATCH"},
            "put": {"operationId": "PUT or DELETE"},
        },
        "/b": {"post": {"operationId": f"POST or PATCH that takes {KEY_HEADER}", "parameters": [_KEY]}},
    },
}
"""Operations of an OpenAPI document, one for each way in which they differ here."""
MEANS: Final[Mapping[Effect, str]] = {
    "none": "It only reads. It is tried again as `retry` says.",
    "native": "The system itself sees to it that a repeat changes nothing more: an external id names the record, or "
    "the request carries the effect's key. It is tried again as `retry` says, and after a crash.",
    "asked": "We can ask the system whether it was done, before it is done again. No action is of this kind yet.",
    "once": "Nobody can tell a repeat from a first time, so it is done at most once. When its end is not known (a link "
    "that breaks, an answer that does not come) it is not repeated; a durable run, which also records it before it "
    "begins and so knows after a crash, parks it as uncertain for a person who looks. Faults that say that nothing was "
    "done are tried again as `retry` says.",
}


def page() -> str:
    parts = [
        _MADE,
        "# Effects",
        "What repeating an action does. Every action of every connection is one of four kinds; the three that write "
        "carry a key, `run:step:item`, which is the same however often a run is resumed.",
        "\n".join(["| effect | |", "|---|---|", *(f"| `{effect}` | {says} |" for effect, says in MEANS.items())]),
        "## Actions",
        "\n".join(["| connection | action | effect | needs | may have |", "|---|---|---|---|---|", *_rows()]),
        "Operations of an OpenAPI document are actions by their `operationId`; they take its parameters and `body`.",
        _mail(),
    ]
    return "\n\n".join(parts) + "\n"


def connectors() -> dict[str, Connector]:
    """A connector of each type of connection."""
    return {kind: _connector(kind, {}) for kind in EXAMPLES}


def types() -> set[str]:
    """Every type that a connection may have."""
    union = get_args(get_args(Connection)[0])
    return {get_args(found.model_fields["type"].annotation)[0] for found in union}


def spec(kind: str) -> Connection:
    found: Connection = TypeAdapter(Connection).validate_python({"connection": "x", "type": kind, **EXAMPLES[kind]})
    return found


def _connector(kind: str, known: Mapping[str, Operation]) -> Connector:
    secrets, clock, root = Secrets({}, Path()), SystemClock(), Path()
    match spec(kind):
        case SqliteConnection() as sqlite:
            return SqliteConnector(sqlite, root, clock)
        case PostgresConnection() as postgres:
            return PostgresConnector(postgres, secrets, clock)
        case HttpConnection() as http:
            return HttpConnector(http, known, secrets, clock)
        case SalesforceConnection() as salesforce:
            return SalesforceConnector(salesforce, secrets, clock)
        case SmtpConnection() as smtp:
            return SmtpConnector(smtp, root, secrets, clock)


def _rows() -> Iterator[str]:
    for kind, connector in connectors().items():
        for action in connector.actions.values():
            needed, more = (
                ", ".join(f"`{name}`" for name in sorted(names)) for names in (action.required, action.optional)
            )
            yield f"| {kind} | `{action.name}` | `{action.effect}` | {needed} | {more} |"
    plain = connectors()["http"].actions
    for action in _connector("http", operations(DOCUMENT)).actions.values():
        if action.name not in plain:
            yield f"| http | an operation: {action.name} | `{action.effect}` | | |"


def _mail() -> str:
    return f"""## What becomes of a mail

`send` writes one plain text message from the connection's `sender`. `to` and `cc` are an address or a list of them,
{MOST_RECIPIENTS} together at most, each `ana@acme.example` or `Ana Ruiz <ana@acme.example>`; names may be in any
script, addresses are ASCII. A text with two addresses in it is refused, as is a line break or a control character in
any header, a subject of more than {LONGEST_SUBJECT} letters and a body of more than {LARGEST_BODY:,} bytes. The
result is `{{message_id, accepted: [address], refused: [{{address, reason}}]}}`: a recipient that the server refuses
does not keep the message from the others.

The `Message-ID` is made from the effect's key alone. If a message is sent twice after all, because a person decided
so, both carry the same one, and mail programs that look at it show one.

| what happened | what it is | tried again |
|---|---|---|
| no answer, a link that broke, a deadline, all before the text left | Later: nothing was sent | as `retry` says |
| a reply of 4xx at any place (greylisting, a full disk) | Later: nothing was sent | as `retry` says |
| a reply of 5xx about the recipients or the text | Refused: nothing was sent | no |
| a reply of 5xx about the login or the sender, a certificate that nobody vouches for | Broken: nothing was sent | no |
| the text was handed over, and no reply came, or one that says nothing | Uncertain | never by itself |
| a run was cancelled, or its process ended, while the text was handed over | Uncertain | never by itself |

A server may take long to accept a message; give it time with `limits.timeout` (RFC 5321 section 4.5.3.2.6 asks for ten
minutes, the default is 20 s)."""

"""What the steps of each kind of connection are called, what they take, and what repeating one does.

Connectors offer these; the plan checks flows against them without any system.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pointsman.language.openapi import Operation
from pointsman.shape import BOOLEAN, STRING, Shape, list_of, record
from pointsman.spec.connection import Connection, HttpConnection

Dialect = Literal["sqlite", "postgres", "soql"]


@dataclass(frozen=True, slots=True)
class ActionKind:
    """`query`: the argument that holds a query, and its dialect. `result`: what it gives, when no query says so."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    writes: bool = False
    query: tuple[str, Dialect] | None = None
    result: Shape | None = None


def _sql(dialect: Dialect) -> dict[str, ActionKind]:
    return {"query": ActionKind(frozenset({"sql"}), frozenset({"params"}), query=("sql", dialect))}


_UPSERTED: Final = record(
    {
        "ok": list_of(record({"key": STRING, "id": STRING.or_null(), "created": BOOLEAN})),
        "failed": list_of(record({"key": STRING, "error": STRING})),
    }
)
_SENT: Final = record(
    {
        "message_id": STRING,
        "accepted": list_of(STRING),
        "refused": list_of(record({"address": STRING, "reason": STRING})),
    }
)
_KINDS: Final[Mapping[str, Mapping[str, ActionKind]]] = {
    "sqlite": _sql("sqlite"),
    "postgres": _sql("postgres"),
    "salesforce": {
        "query": ActionKind(frozenset({"soql"}), frozenset({"params"}), query=("soql", "soql")),
        "upsert": ActionKind(frozenset({"object", "external_id", "records"}), writes=True, result=_UPSERTED),
    },
    "http": {
        "request": ActionKind(frozenset({"path"}), frozenset({"query", "headers", "items", "paging"})),
        "send": ActionKind(frozenset({"method", "path"}), frozenset({"query", "headers", "body"}), writes=True),
    },
    "smtp": {
        "send": ActionKind(
            frozenset({"to", "subject", "body"}),
            frozenset({"cc", "reply_to"}),
            writes=True,
            result=_SENT,
        )
    },
}


def actions(connection: Connection, operations: Mapping[str, Operation]) -> dict[str, ActionKind]:
    """Everything that can be called on a connection, by name; `operations` are those of its OpenAPI document."""
    known = dict(_KINDS[connection.type])
    if isinstance(connection, HttpConnection):
        for name, operation in operations.items():
            known[name] = ActionKind(
                operation.required, operation.optional, writes=operation.writes, result=operation.result
            )
    return known

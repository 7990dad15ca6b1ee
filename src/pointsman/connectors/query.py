"""The one action of every SQL connector: `query`, with `sql` and `params`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pointsman.connectors.port import Action
from pointsman.errors import Refused, way_out

QUERY: Final = Action("query", "none", frozenset({"sql"}), frozenset({"params"}))
ACTIONS: Final[Mapping[str, Action]] = {"query": QUERY}
PAGE: Final = 1_000
"""Rows a page: large enough that pages cost nothing, small enough that a limit stops early."""


@dataclass(frozen=True, slots=True)
class Asked:
    """SQL with its named parameters, as a step gave them."""

    sql: str
    params: Mapping[str, Any]


def asked(connection: str, action: str, args: Mapping[str, Any]) -> Asked:
    """The arguments of `query`, checked. Raises Refused."""
    where = f"connection {connection}"
    if action != "query":
        raise Refused(f"no action named `{action}`.", where=where, way_out=way_out(action, ACTIONS))
    text, params = args.get("sql"), args.get("params") or {}
    if not isinstance(text, str):
        raise Refused("`query` needs `sql`, a text.", where=where, way_out="Add `sql:` under `with:`.")
    if not isinstance(params, Mapping):
        raise Refused(
            "`params` of `query` maps names to values.", where=where, way_out="Write `params: {name: value}`."
        )
    return Asked(text, params)


def distinct(names: Sequence[str], connection: str) -> None:
    """Refuses an answer in which two columns have one name: a row could hold only one of them."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise Refused(
            f"two columns of the answer are called `{twice[0]}`.",
            where=f"connection {connection}",
            way_out="Give each its own name with AS.",
        )

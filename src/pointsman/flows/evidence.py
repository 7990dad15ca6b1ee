"""The rows behind a reason: which sources a scored column came from, and what they said about one item."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pointsman.errors import Refused
from pointsman.frame import Frame, Row
from pointsman.journal.memory import Outputs
from pointsman.plan.node import Node, Plan
from pointsman.shape import Value
from pointsman.spec.step import CallStep, ScoreStep

MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one source said. `columns`: those that the reason rests on come first; `query`: as asked."""

    step: str
    connection: str
    query: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    as_of: str | None


def evidence(plan: Plan, outputs: Outputs, answer: Mapping[str, Any], key: str, feature: str) -> list[Evidence]:
    """Source by source. `key`: the item's value in any column. Raises Refused for a feature that no model uses."""
    scored = [node for node in plan.nodes.values() if isinstance(node.draft.spec, ScoreStep)]
    starts = [node.draft.spec.rows for node in scored if feature in (node.origins or {})]  # type: ignore[attr-defined]
    if not starts:
        raise Refused(f"no scored column is named {feature!r}.", status=404)
    sources: dict[str, set[str]] = {}
    for step in starts:
        for name, column in _sources(plan, step, feature):
            sources.setdefault(name, set()).add(column)
    return [_of(plan.nodes[step], columns, outputs, answer, key) for step, columns in sorted(sources.items())]


def _sources(plan: Plan, step: str, column: str) -> Iterator[tuple[str, str]]:
    """The (step, column) pairs at systems' edges that a column was made from."""
    node = plan.nodes[step]
    if isinstance(node.draft.spec, CallStep):
        yield step, column
        return
    for table, part in (node.origins or {}).get(column, ()):
        if table in plan.nodes:
            yield from _sources(plan, table, part)


def _of(node: Node, columns: set[str], outputs: Outputs, answer: Mapping[str, Any], key: str) -> Evidence:
    spec = node.draft.spec
    assert isinstance(spec, CallStep)
    frame = outputs.get(node.draft.name)
    rows = [row for row in frame.rows if key in row.values()] if isinstance(frame, Frame) else []
    names = list(frame.names()) if isinstance(frame, Frame) else []
    ordered = sorted(names, key=lambda name: (name not in columns, names.index(name)))
    query: Value = next((text for name, text in spec.with_.items() if name in ("sql", "soql")), spec.call)
    as_of = next((line["as_of"] for line in answer.get("sources", ()) if line["step"] == node.draft.name), None)
    connection = spec.call.partition(".")[0]
    return Evidence(node.draft.name, connection, str(query), tuple(ordered), tuple(rows[:MOST_ROWS]), as_of)

"""`sql`: SQL over the frames of other steps."""

from collections.abc import Mapping
from dataclasses import replace

from pointsman.flows.services import Services
from pointsman.flows.turn import Act, Scope, Turn
from pointsman.frame import Column, Frame, Output
from pointsman.labels import Labels
from pointsman.language.sql import Query
from pointsman.plan.node import Node
from pointsman.sets import Sets
from pointsman.shape import Value, shape_of


def bind(node: Node, services: Services) -> Act:
    query = node.draft.query
    assert isinstance(query, Query)
    labels = {column.name: column.labels for column in node.columns or ()}

    async def act(scope: Scope, turn: Turn) -> Output:
        tables = {name: as_frame(turn.outputs.get(name)) for name in query.tables}
        return await do(services.sets, query.text, tables, node.draft.arguments.evaluate(scope), labels, turn)

    return act


async def do(
    sets: Sets,
    text: str,
    tables: Mapping[str, Frame],
    parameters: Mapping[str, Value],
    labels: Mapping[str, Labels],
    turn: Turn,
) -> Frame:
    """The rows of a query; `labels` by output column, as the plan worked them out."""
    frame = await sets.query(text, tables, parameters, timeout=turn.left)
    columns = tuple(replace(column, labels=labels.get(column.name, column.labels)) for column in frame.columns)
    return Frame(columns, frame.rows)


def as_frame(output: Output) -> Frame:
    """A step's output as a frame; a list of objects becomes one, with every key that any of them has."""
    if isinstance(output, Frame):
        return output
    rows = [row for row in output if isinstance(row, dict)] if isinstance(output, list) else []
    samples: dict[str, Value] = {}
    for row in rows:
        for key, value in row.items():
            if samples.get(key) is None:
                samples[key] = value
    columns = tuple(Column(key, shape_of(value).or_null()) for key, value in samples.items())
    return Frame(columns, [{key: row.get(key) for key in samples} for row in rows])

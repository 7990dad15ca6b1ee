"""`call`: an action of a connection."""

from collections.abc import Mapping

from pointsman.connectors.limits import Limited
from pointsman.connectors.port import Call
from pointsman.errors import Fault
from pointsman.flows.note import SourceNote
from pointsman.flows.services import Services
from pointsman.flows.turn import Act, Scope, Turn
from pointsman.frame import Column, Output
from pointsman.plan.node import Node
from pointsman.shape import Value
from pointsman.spec.step import CallStep


def bind(node: Node, services: Services) -> Act:
    spec = node.draft.spec
    assert isinstance(spec, CallStep)
    name, _, action = spec.call.partition(".")
    connection = services.connections[name]
    columns = node.columns or ()

    async def act(scope: Scope, turn: Turn) -> Output:
        return await do(connection, action, node.draft.arguments.evaluate(scope), columns, turn)

    return act


async def do(
    connection: Limited, action: str, arguments: Mapping[str, Value], columns: tuple[Column, ...], turn: Turn
) -> Output:
    """Reads a frame and notes its source, or writes under the turn's key."""
    call = Call(deadline=turn.limit, key=turn.key, columns=columns)
    kind = connection.actions.get(action)
    if kind is not None and kind.effect != "none":
        return await connection.write(action, arguments, call)
    step, name = turn.record.name, connection.connection
    try:
        frame, facts = await connection.fetch(action, arguments, call)
    except Fault as fault:
        turn.missing = SourceNote(step, name, None, 0, missing=True, notes=(fault.sentence,))
        raise
    turn.source_is(SourceNote(step, name, facts.as_of, len(frame), notes=tuple(facts.notes)))
    return frame

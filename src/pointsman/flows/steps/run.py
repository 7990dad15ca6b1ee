"""`run`: another flow; its reply is the output."""

from pointsman.flows.services import Services
from pointsman.flows.turn import Act, Scope, Turn
from pointsman.frame import Output
from pointsman.plan.node import Node
from pointsman.spec.step import RunStep


def bind(node: Node, services: Services) -> Act:
    spec = node.draft.spec
    assert isinstance(spec, RunStep)

    async def act(scope: Scope, turn: Turn) -> Output:
        return await turn.call_flow(spec.run, node.draft.arguments.evaluate(scope), turn)

    return act

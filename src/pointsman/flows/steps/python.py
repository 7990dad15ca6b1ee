"""`python`: a function of the project."""

import asyncio
import inspect

from pointsman.errors import Broken
from pointsman.flows.services import Services
from pointsman.flows.turn import Act, Scope, Turn
from pointsman.frame import Output
from pointsman.plan.node import Node
from pointsman.shape import Value
from pointsman.spec.step import PythonStep
from pointsman.spec.value import accept_one


def bind(node: Node, services: Services) -> Act:
    spec = node.draft.spec
    assert isinstance(spec, PythonStep)
    function = services.function(spec.python)
    waits = inspect.iscoroutinefunction(function)

    async def act(scope: Scope, turn: Turn) -> Output:
        arguments = node.draft.arguments.evaluate(scope)
        value: Value = await function(**arguments) if waits else await asyncio.to_thread(function, **arguments)
        if spec.returns is None:
            return value
        checked, faults = accept_one(spec.returns, value)
        if faults:
            raise Broken(f"{spec.python} gave something else than its `returns` says: {faults[0]}")
        return checked

    return act

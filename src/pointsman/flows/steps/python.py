"""`python`: a function of the project."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pointsman.errors import Broken, Refused
from pointsman.flows.services import Services
from pointsman.flows.turn import Act, Scope, Turn
from pointsman.frame import Output
from pointsman.journal import codec
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
        value: Value = await function(**arguments) if waits else await asyncio.to_thread(_call, function, arguments)
        if spec.returns is None:
            try:
                codec.dumps(value)
            except Refused as unfit:
                raise Broken(f"{spec.python} gave what JSON cannot carry: {unfit.rule}") from None
            return value
        checked, faults = accept_one(spec.returns, value)
        if faults:
            raise Broken(f"{spec.python} gave something else than its `returns` says: {faults[0]}")
        return checked

    return act


def _call(function: Callable[..., Any], arguments: Mapping[str, Value]) -> Any:
    try:
        return function(**arguments)
    except StopIteration as end:  # a future cannot carry it: its waiter would wait for ever
        raise RuntimeError("the function raised StopIteration") from end

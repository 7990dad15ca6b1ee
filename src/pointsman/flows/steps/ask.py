"""`ask`: a language model, with a prompt."""

from collections.abc import Mapping

from pointsman.flows.note import ModelNote
from pointsman.flows.services import Services
from pointsman.flows.turn import Act, Scope, Turn
from pointsman.frame import Output
from pointsman.inference.port import Question
from pointsman.plan.node import Node
from pointsman.shape import Value
from pointsman.spec.step import AskStep


def bind(node: Node, services: Services) -> Act:
    spec = node.draft.spec
    assert isinstance(spec, AskStep)

    async def act(scope: Scope, turn: Turn) -> Output:
        return await do(services, spec.ask, spec.prompt, node.draft.arguments.evaluate(scope), turn)

    return act


async def do(services: Services, model: str, name: str, given: Mapping[str, Value], turn: Turn) -> Output:
    """What the model wrote, as the prompt's output object; tokens, cost and the model are noted."""
    ready = services.prompts[name]
    asked = ready.prompt
    values = {**ready.defaults, **given}
    question = Question(ready.text.render(values), asked.output, values, ready.offline, turn.limit, turn.count)
    written = await services.writers[model].write(question)
    turn.source = written.source
    version = written.upstream or f"{asked.prompt}@{asked.version}"
    turn.model_is(
        ModelNote(
            turn.record.name,
            model,
            version,
            written.endpoint,
            written.source,
            written.reason,
            f"{asked.prompt}@{asked.version}",
        )
    )
    return written.value

"""`score`: a classic model's probability, interval and reasons, added to rows."""

from pointsman.flows.services import Services
from pointsman.flows.steps.sql import as_frame
from pointsman.flows.turn import Act, ModelNote, Output, Scope, Turn
from pointsman.frame import Frame
from pointsman.inference import classic
from pointsman.plan.node import Node
from pointsman.spec.model import ClassicModel
from pointsman.spec.step import ScoreStep


def bind(node: Node, services: Services) -> Act:
    spec = node.draft.spec
    assert isinstance(spec, ScoreStep)

    async def act(scope: Scope, turn: Turn) -> Output:
        return await do(services, spec.score, as_frame(turn.outputs.get(spec.rows)), turn)

    return act


async def do(services: Services, name: str, rows: Frame, turn: Turn) -> Frame:
    """The rows with the model's outputs; the model is noted."""
    model, file = services.project.models[name], services.classics[name]
    assert isinstance(model, ClassicModel)
    scored = await classic.score(services.sets, rows, file)
    turn.note_model(ModelNote(turn.record.name, name, str(model.version), None, "classic", classic.describe(file)))
    return scored

"""`score`: a classic model's probability, interval and reasons, added to rows."""

from pointsman.flows.note import ModelNote
from pointsman.flows.services import Services
from pointsman.flows.steps.sql import as_frame
from pointsman.flows.turn import Act, Scope, Turn
from pointsman.frame import Frame, Output
from pointsman.inference import classic
from pointsman.plan.node import Node
from pointsman.spec.classic import ClassicFile
from pointsman.spec.model import ClassicModel
from pointsman.spec.step import ScoreStep


def bind(node: Node, services: Services) -> Act:
    spec = node.draft.spec
    assert isinstance(spec, ScoreStep)

    async def act(scope: Scope, turn: Turn) -> Output:
        return await do(services, spec.score, as_frame(turn.outputs.get(spec.rows)), turn)

    return act


async def do(services: Services, name: str, rows: Frame, turn: Turn) -> Frame:
    """The rows with the model's outputs; the model is noted with where it was fitted and how it did."""
    model, file = services.project.models[name], services.classics[name]
    assert isinstance(model, ClassicModel)
    scored = await classic.score(services.sets, rows, file, timeout=turn.left)
    turn.model_is(ModelNote(turn.record.name, name, str(model.version), None, "classic", record(file)))
    return scored


def record(file: ClassicFile) -> str:
    """Where a model was fitted, and how it did on a quarter that it had not seen, as one line."""
    fitted = f"fitted on {file.trained_on.rows:,} rows of {file.trained_on.source} to {file.trained_on.to}"
    seen = file.measured
    if seen is None:
        return fitted
    ranks = "" if seen.auc is None else f"AUC {seen.auc:.2f}, "
    return f"{fitted}; {ranks}predicted {seen.predicted:.1%}, observed {seen.observed:.1%} in {seen.quarter}"

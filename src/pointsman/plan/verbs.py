"""What doing a step once gives, verb by verb: from schemas, queries, prompts and models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pointsman.errors import nearest, way_out
from pointsman.frame import Column, shape_of_rows
from pointsman.language import offline, prompt, soql, sql
from pointsman.language.mistake import Mistake
from pointsman.language.tables import Tables
from pointsman.plan.actions import ActionKind, actions
from pointsman.plan.finding import Finding, Findings, Path
from pointsman.plan.node import Draft, Node, Origins
from pointsman.plan.surroundings import Surroundings, columns_of, table_of, tables_of
from pointsman.shape import ANY, NUMBER, STRING, Shape, fits, list_of, record
from pointsman.spec.field import Field
from pointsman.spec.model import ChatModel, ClassicModel
from pointsman.spec.prompt import Prompt
from pointsman.spec.step import ApproveStep, AskStep, CallStep, PythonStep, RunStep, ScoreStep, SqlStep

REASON: Final = record({"feature": STRING, "text": STRING, "contribution": NUMBER, "value": ANY, "typical": ANY})
NEXT_STEP: Final = record({"text": STRING, "because": STRING, "feature": STRING, "accept": STRING, "reject": STRING})
SCORED: Final[Mapping[str, Shape]] = {
    "probability": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "base_rate": NUMBER,
    "reasons": list_of(REASON),
    "next_step": NEXT_STEP.or_null(),
}
"""What a classic model can add to a row; a model file says which of them it does."""
UNKNOWN_ROWS: Final = list_of(ANY)


@dataclass(frozen=True, slots=True)
class Given:
    """What doing a step once gives. `columns`: of its frame, when it gives one and they are known."""

    value: Shape = ANY
    columns: tuple[Column, ...] | None = None
    origins: Origins | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a verb's type is worked out from; `arguments` is the shape of its `with:`."""

    around: Surroundings
    nodes: Mapping[str, Node]
    names: Mapping[str, Shape]
    arguments: Shape
    findings: Findings
    path: Path


def give(draft: Draft, scope: Scope) -> Given:
    """The type of a step's verb; what is wrong is added to the findings."""
    match draft.spec:
        case CallStep() as step:
            return _call(draft, step, scope)
        case SqlStep():
            return _sql(draft, scope)
        case ScoreStep() as step:
            return _score(step, scope)
        case AskStep() as step:
            return _ask(step, scope)
        case RunStep() as step:
            return _run(step, scope)
        case PythonStep(returns=returns):
            return _declared(returns)
        case ApproveStep() as step:
            return _approve(step, scope)
    raise AssertionError(draft.verb)


def action_of(step: CallStep, around: Surroundings) -> tuple[ActionKind | None, str, str]:
    """The action that a `call` names (None when there is none such), the connection, and a way out."""
    name, _, action = step.call.partition(".")
    connection = around.project.connections.get(name)
    if connection is None:
        return None, name, way_out(name, around.project.connections, "Connections")
    known = actions(connection, around.operations.get(name, {}))
    return known.get(action), name, way_out(action, known, f"Actions of {name}")


def _call(draft: Draft, step: CallStep, scope: Scope) -> Given:
    action, connection, way = action_of(step, scope.around)
    if action is None:
        scope.findings.add("PM204", (*scope.path, "call"), f"no action named `{step.call}`.", way)
        return _declared(step.returns)
    _check_arguments(action, step, scope)
    if action.writes and step.each is not None and step.key is None:
        way = "Add key: ${{ … }}, such as the record's id."
        scope.findings.add("PM205", (*scope.path, "each"), "a write inside `each` needs a `key`.", way)
    if action.query is None:
        given = _declared(step.returns) if action.result is None else _typed(action.result)
        return given
    if draft.query is None:
        return Given(UNKNOWN_ROWS)
    return _query(draft, action.query[0], connection, scope)


def _check_arguments(action: ActionKind, step: CallStep, scope: Scope) -> None:
    known = action.required | action.optional
    for name in step.with_:
        if name not in known:
            way = way_out(name, known, "It takes")
            scope.findings.add("PM206", (*scope.path, "with", name), f"`{step.call}` takes no `{name}`.", way)
    for name in sorted(action.required - step.with_.keys()):
        scope.findings.add("PM206", (*scope.path, "call"), f"`{step.call}` needs `{name}`.", "Add it under with:.")


def _query(draft: Draft, text_key: str, connection: str, scope: Scope) -> Given:
    path = (*scope.path, "with", text_key)
    assert draft.query is not None
    _check_parameters(_parameters(draft.query), scope.arguments.fields.get("params"), ":", path, scope)
    schema = scope.around.project.schemas.get(connection)
    if schema is None:
        scope.findings.warn(
            "PM207",
            (*scope.path, "call"),
            f"the columns of `{connection}` are not known, so nothing that reads them can be checked.",
            f"Run pointsman describe {connection}.",
        )
        return Given(UNKNOWN_ROWS)
    return _columns(draft.query, tables_of(schema), path, scope)


def _columns(query: sql.Query | soql.Query, tables: Tables, path: Path, scope: Scope) -> Given:
    if isinstance(query, sql.Query):
        checked = sql.check(query, tables)
        columns, origins, mistakes = checked.columns, checked.origins, list(checked.mistakes)
    else:
        columns, origins, mistakes = soql.check(query, tables)
    scope.findings.mistakes("PM208", path, mistakes)
    if mistakes:
        # Nothing is said of what reads these rows: one mistake must not cause ten more further down.
        return Given(UNKNOWN_ROWS)
    return Given(shape_of_rows(columns), columns, origins)


def _parameters(query: sql.Query | soql.Query) -> frozenset[str]:
    return frozenset(query.parameters if isinstance(query, sql.Query) else (bind.name for bind in query.binds))


def _check_parameters(wanted: frozenset[str], given: Shape | None, sign: str, path: Path, scope: Scope) -> None:
    names = set(given.fields) if given else set()
    place = (*path[:-1], "params") if sign == ":" else (*scope.path, "with")
    for name in sorted(wanted - names):
        under = "params" if sign == ":" else "with"
        way = (
            way_out(name, names - wanted)
            if nearest(name, names - wanted)
            else f"Add {name}: ${{{{ … }}}} under {under}:."
        )
        scope.findings.add("PM209", path, f"no value for {sign}{name}.", way)
    for name in sorted(names - wanted):
        way = way_out(name, wanted, "It uses")
        scope.findings.add("PM209", (*place, name), f"the query uses no {sign}{name}.", way)


def _sql(draft: Draft, scope: Scope) -> Given:
    assert isinstance(draft.query, sql.Query)
    path = (*scope.path, "sql")
    _check_parameters(_parameters(draft.query), scope.arguments, "$", path, scope)
    tables = {name: table_of(node.columns) for name, node in scope.nodes.items() if node.columns is not None}
    for name in draft.query.tables:
        if name not in scope.names:
            continue  # sql.check says that there is no such table, and which is near
        columns = _frame(name, scope)
        if columns is None and scope.names[name].kind not in ("any", "list"):
            way = "SQL reads steps that give rows."
            scope.findings.add("PM208", path, f"`{name}` gives {scope.names[name]}, not rows.", way)
        if columns is None:
            return Given(UNKNOWN_ROWS)
        tables[name] = table_of(columns)
    return _columns(draft.query, tables, path, scope)


def _frame(name: str, scope: Scope) -> tuple[Column, ...] | None:
    node = scope.nodes.get(name)
    return (node.columns if node else None) or columns_of(scope.names[name])


def _score(step: ScoreStep, scope: Scope) -> Given:
    model = scope.around.project.models.get(step.score)
    classic = {name for name, known in scope.around.project.models.items() if isinstance(known, ClassicModel)}
    if not isinstance(model, ClassicModel):
        way = way_out(step.score, classic, "Classic models")
        scope.findings.add("PM210", (*scope.path, "score"), f"no classic model named `{step.score}`.", way)
        return Given(UNKNOWN_ROWS)
    if step.rows not in scope.names:
        way = way_out(step.rows, scope.names.keys() - {"input"}, "Steps")
        scope.findings.add("PM211", (*scope.path, "rows"), f"no step named `{step.rows}`.", way)
        return Given(UNKNOWN_ROWS)
    columns = _frame(step.rows, scope)
    if columns is None:
        return Given(UNKNOWN_ROWS)
    _check_inputs(step, model, columns, scope)
    added = tuple(Column(name, SCORED.get(name, Field(type=kind).shape())) for name, kind in model.outputs.items())
    origins = {column.name: frozenset({(step.rows, column.name)}) for column in columns}
    inputs = frozenset((step.rows, name) for name in model.inputs)
    kept = tuple(column for column in columns if column.name not in model.outputs)
    every = kept + added
    return Given(shape_of_rows(every), every, {**origins, **{column.name: inputs for column in added}})


def _check_inputs(step: ScoreStep, model: ClassicModel, columns: tuple[Column, ...], scope: Scope) -> None:
    given = {column.name: column.shape for column in columns}
    for name, kind in model.inputs.items():
        if name not in given:
            way = way_out(name, given, f"Columns of {step.rows}")
            message = f"model `{model.model}` needs the column `{name}`, which `{step.rows}` has not."
            scope.findings.add("PM211", (*scope.path, "rows"), message, way)
        elif not fits(given[name].not_null(), Field(type="number" if kind == "integer" else kind).shape()):
            message = f"model `{model.model}` needs `{name}` as {kind}; `{step.rows}` has {given[name]}."
            scope.findings.add("PM211", (*scope.path, "rows"), message, "Convert it in SQL.")


def _ask(step: AskStep, scope: Scope) -> Given:
    project = scope.around.project
    if not isinstance(project.models.get(step.ask), ChatModel):
        chat = {name for name, known in project.models.items() if isinstance(known, ChatModel)}
        way = way_out(step.ask, chat, "Language models")
        scope.findings.add("PM210", (*scope.path, "ask"), f"no language model named `{step.ask}`.", way)
    asked = project.prompts.get(step.prompt)
    if asked is None:
        way = way_out(step.prompt, project.prompts, "Prompts")
        scope.findings.add("PM212", (*scope.path, "prompt"), f"no prompt named `{step.prompt}`.", way)
        return Given()
    _check_fields(asked.input, scope.arguments, f"prompt `{step.prompt}`", scope)
    # The text is checked against what this step really gives it, so that a column that is gone is seen here.
    shapes = {name: scope.arguments.fields.get(name, field.shape()) for name, field in asked.input.items()}
    _check_text(asked, shapes, scope)
    output = {name: field.shape() for name, field in asked.output.items()} or {"text": STRING}
    return Given(record(output))


def _check_text(asked: Prompt, shapes: Mapping[str, Shape], scope: Scope) -> None:
    try:
        mistakes = [("text", mistake) for mistake in prompt.read(asked.text).check(shapes)]
    except Mistake as mistake:
        mistakes = [("text", mistake)]
    if asked.offline is not None:
        mistakes += [("offline", mistake) for mistake in offline.mistakes(asked.offline, asked.output, shapes)]
    for key, found in mistakes:
        finding = Finding(
            "PM213", "prompt", asked.prompt, (key,), found.message, found.way_out, found.offset, found.length
        )
        scope.findings.found.append(finding)


def _check_fields(wanted: Mapping[str, Field], given: Shape, whose: str, scope: Scope) -> None:
    path = (*scope.path, "with")
    for name, shape in given.fields.items():
        if name not in wanted:
            scope.findings.add(
                "PM214", (*path, name), f"{whose} has no input `{name}`.", way_out(name, wanted, "Inputs")
            )
        elif not fits(shape, wanted[name].shape().or_null() if not wanted[name].required else wanted[name].shape()):
            message = f"{whose} wants `{name}` as {wanted[name].shape()}; this is {shape}."
            scope.findings.add("PM214", (*path, name), message, "Give it another value, or a default(…).")
    for name, field in wanted.items():
        if field.required and name not in given.fields:
            scope.findings.add("PM214", scope.path, f"{whose} needs the input `{name}`.", "Add it under with:.")


def _run(step: RunStep, scope: Scope) -> Given:
    flow = scope.around.project.flows.get(step.run)
    if flow is None:
        way = way_out(step.run, scope.around.project.flows, "Flows")
        scope.findings.add("PM215", (*scope.path, "run"), f"no flow named `{step.run}`.", way)
        return Given()
    _check_fields(flow.input, scope.arguments, f"flow `{step.run}`", scope)
    plan = scope.around.plans.get(step.run)
    return Given(plan.shape) if plan else Given()


def _approve(step: ApproveStep, scope: Scope) -> Given:
    name = step.approve.partition(".")[0]
    node = scope.nodes.get(name)
    if name not in scope.names:
        way = way_out(name, scope.names.keys() - {"input"}, "Steps")
        scope.findings.add("PM216", (*scope.path, "approve"), f"no step named `{name}`.", way)
    elif node is not None and node.draft.each is None:
        message = f"`approve` decides on the items of an `each` step; `{name}` is not one."
        scope.findings.add("PM216", (*scope.path, "approve"), message, "Name a step that has `each`.")
    elif node is not None:
        items = node.shape.fields["ok"]
        return Given(record({"approved": items, "rejected": items, "expired": items}))
    return Given()


def _declared(returns: Field | None) -> Given:
    return Given() if returns is None else _typed(returns.shape())


def _typed(shape: Shape) -> Given:
    return Given(shape, columns_of(shape))

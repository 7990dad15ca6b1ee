"""Plans a project's flows: texts read, steps ordered, outputs typed, and everything wrong found in one go."""

from collections.abc import Mapping

from pointsman.errors import way_out
from pointsman.language import template
from pointsman.language.mistake import Mistake
from pointsman.language.openapi import Operation
from pointsman.plan.finding import Finding, Findings, Path
from pointsman.plan.node import Draft, Plan, ReplyPart
from pointsman.plan.order import order
from pointsman.plan.read import draft
from pointsman.plan.surroundings import Surroundings, columns_of
from pointsman.plan.types import Typer
from pointsman.plan.verbs import action_of
from pointsman.shape import ANY, Shape, list_of, record
from pointsman.spec.flow import Flow, FromReply
from pointsman.spec.project import Project
from pointsman.spec.step import CallStep, RunStep

Operations = Mapping[str, Mapping[str, Operation]]


def make(project: Project, operations: Operations) -> dict[str, Plan]:
    """A plan for each flow of the project; a flow that runs another is planned after it."""
    runs = {
        name: frozenset(
            step.run for step in flow.steps.values() if isinstance(step, RunStep) and step.run in project.flows
        )
        for name, flow in project.flows.items()
    }
    ordered, circle = order(runs)
    plans: dict[str, Plan] = {}
    for name in [*ordered, *(name for name in project.flows if name not in ordered)]:
        around = Surroundings(project, operations, plans)
        plans[name] = _plan(project.flows[name], around, circle if name in circle else [])
    return plans


def _plan(flow: Flow, around: Surroundings, flow_circle: list[str]) -> Plan:
    findings = Findings(flow.flow)
    if flow_circle:
        findings.add("PM217", ("flow",), f"flows run each other in a circle: {' → '.join(flow_circle)}.")
    drafts = _drafts(flow, around, findings)
    needs = {name: read.needs if read else frozenset[str]() for name, read in drafts.items()}
    ordered, circle = order(needs)
    if circle:
        message = f"steps wait for each other in a circle: {' → '.join(circle)}."
        findings.add("PM218", ("steps", circle[0]), message, "Take one of these references out.")
    typer = Typer(around, record({name: field.shape() for name, field in flow.input.items()}), findings)
    for name in flow.steps:
        if name not in ordered:
            typer.unknown(name)
    for name in ordered:
        read = drafts[name]
        if read is None:
            typer.unknown(name)
        else:
            typer.add(read)
    reply = _reply(flow, typer, findings)
    reply_needs = frozenset(name for part in reply.values() for name in part.value.names if name in flow.steps)
    _unused(flow, needs, reply_needs, around, findings)
    shape = record({name: part.shape for name, part in reply.items()})
    return Plan(flow, typer.nodes, reply, reply_needs, shape, tuple(findings.found))


def _drafts(flow: Flow, around: Surroundings, findings: Findings) -> dict[str, Draft | None]:
    drafts = {}
    for name, step in flow.steps.items():
        if name == "input" or (step.each is not None and step.as_ in ("input", *flow.steps)):
            word = name if name == "input" else step.as_
            findings.add("PM219", ("steps", name), f"the name `{word}` is taken.", "Choose another.")
        action = action_of(step, around)[0] if isinstance(step, CallStep) else None
        drafts[name] = draft(name, step, flow.steps, action, findings)
    return drafts


def _reply(flow: Flow, typer: Typer, findings: Findings) -> dict[str, ReplyPart]:
    parts = {}
    for name, spec in flow.reply.items():
        path: Path = ("reply", name, "from") if isinstance(spec, FromReply) else ("reply", name)
        try:
            value = template.reference(spec.from_) if isinstance(spec, FromReply) else template.read(spec)
        except Mistake as mistake:
            findings.mistake("PM201", path, mistake)
            continue
        shape = typer.check(value, typer.names, path)
        columns = spec.columns if isinstance(spec, FromReply) else ()
        parts[name] = ReplyPart(value, columns, _kept(name, shape, columns, findings))
    return parts


def _kept(name: str, shape: Shape, columns: tuple[str, ...], findings: Findings) -> Shape:
    """The shape of a reply part when only these columns of its rows are kept."""
    known = columns_of(shape)
    if not columns or known is None:
        return shape
    shapes = {column.name: column.shape for column in known}
    for position, column in enumerate(columns):
        if column not in shapes:
            way = way_out(column, shapes, "Columns")
            findings.add("PM220", ("reply", name, "columns", position), f"no column named `{column}`.", way)
    return list_of(record({column: shapes.get(column, ANY) for column in columns}))


def _unused(
    flow: Flow,
    needs: Mapping[str, frozenset[str]],
    reply_needs: frozenset[str],
    around: Surroundings,
    findings: Findings,
) -> None:
    used = reply_needs.union(*needs.values())
    for name, step in flow.steps.items():
        if name in used or not isinstance(step, CallStep):
            continue
        action, _, _ = action_of(step, around)
        if action is not None and not action.writes:
            findings.warn("PM221", ("steps", name), f"nothing reads `{name}`.", "Use it, or take it out.")


def findings_of(plans: Mapping[str, Plan]) -> list[Finding]:
    """Everything found in all flows; a fault of a shared prompt is said once."""
    seen: dict[tuple[object, ...], Finding] = {}
    for plan in plans.values():
        for finding in plan.findings:
            seen.setdefault((finding.kind, finding.name, finding.path, finding.offset, finding.message), finding)
    return list(seen.values())

"""The answer envelope: the reply, and with it where everything in it came from and what is missing."""

from collections.abc import Iterable, Mapping
from typing import Any

from pointsman.errors import Fault
from pointsman.flows.change import since
from pointsman.flows.note import ModelNote, SourceNote
from pointsman.flows.run import Run
from pointsman.journal.record import StepRecord
from pointsman.plan.node import Plan, ReplyPart
from pointsman.shape import Value
from pointsman.spec.step import ApproveStep


def of_plan(plan: Plan, run: Run, *, partial: bool) -> dict[str, Any]:
    """The answer of a flow file. `partial`: only the parts of the reply that exist."""
    return envelope(plan.flow.title, run, _result(plan, run.scope, partial=partial), _approvals(plan, run))


def envelope(title: str, run: Run, result: Value, approvals: list[dict[str, Any]]) -> dict[str, Any]:
    """What every door answers with, for every flow."""
    record = run.record
    steps = record.steps.values()
    return {
        "run": record.id,
        "flow": record.flow,
        "version": record.version,
        "title": title,
        "reading": record.reading,
        "result": result,
        "sources": _sources(run.sources),
        "models": _models(run.models),
        "degraded": degraded(steps),
        "since": since(result, run.previous),
        "approvals": approvals,
        "cost": {
            "input_tokens": sum(step.input_tokens for step in steps),
            "output_tokens": sum(step.output_tokens for step in steps),
            "dollars": round(sum(step.dollars for step in steps), 8),
        },
    }


def _result(plan: Plan, scope: Mapping[str, Value], *, partial: bool) -> dict[str, Value]:
    result = {}
    for name, part in plan.reply.items():
        if partial and not part.value.names <= scope.keys():
            continue
        try:
            result[name] = _kept(part, part.value.evaluate(scope))
        except Fault:
            if not partial:
                raise
    return result


def _kept(part: ReplyPart, value: Value) -> Value:
    if not part.columns or not isinstance(value, list):
        return value
    return [{column: row.get(column) for column in part.columns} for row in value if isinstance(row, dict)]


def _sources(notes: Iterable[SourceNote]) -> list[dict[str, Any]]:
    """One line a step and connection; a step that reads once an item is summed up, as old as its oldest part."""
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for note in notes:
        line = lines.setdefault(
            (note.step, note.connection),
            {
                "connection": note.connection,
                "step": note.step,
                "as_of": note.as_of,
                "rows": 0,
                "missing": False,
                "notes": [],
            },
        )
        line["rows"] += note.rows
        line["missing"] |= note.missing
        line["as_of"] = min(filter(None, (line["as_of"], note.as_of)), default=None)
        line["notes"] += [text for text in note.notes if text not in line["notes"]]
    return list(lines.values())


def _models(notes: Iterable[ModelNote]) -> list[dict[str, Any]]:
    """One line for each way in which a model answered, with how often."""
    lines: dict[tuple[object, ...], dict[str, Any]] = {}
    for note in notes:
        key = (note.step, note.model, note.version, note.endpoint, note.source)
        line = lines.setdefault(
            key,
            {
                "model": note.model,
                "version": note.version,
                "step": note.step,
                "endpoint": note.endpoint,
                "source": note.source,
                "detail": note.detail,
                "prompt": note.prompt,
                "calls": 0,
            },
        )
        line["calls"] += 1
    return list(lines.values())


def degraded(steps: Iterable[StepRecord]) -> list[str]:
    """What is missing from an answer, a sentence each."""
    sentences = []
    for step in steps:
        if step.status == "degraded":
            sentences.append(f"{_called(step)} is missing: {step.reason}")
        elif step.status == "failed":
            sentences.append(f"{_called(step)} failed: {step.reason}")
        elif step.failed_items:
            every = (step.rows or 0) + step.failed_items
            sentences.append(f"{step.name}: {step.failed_items} of {every} failed; they are listed with the reason.")
    return sentences


def _called(step: StepRecord) -> str:
    """A step with what it acts on; a whole query is too long for a sentence."""
    return f"{step.name} ({'its SQL' if step.verb == 'sql' else step.target})"


def _approvals(plan: Plan, run: Run) -> list[dict[str, Any]]:
    """What waits for a person, as far as it is known when the reply is sent."""
    waiting = []
    for name, node in plan.nodes.items():
        spec = node.draft.spec
        if not isinstance(spec, ApproveStep):
            continue
        items = run.scope.get(spec.approve.partition(".")[0])
        ok = items.get("ok") if isinstance(items, Mapping) else None
        waiting.append(
            {
                "step": name,
                "of": spec.approve,
                "by": spec.by,
                "within": spec.within,
                "otherwise": spec.otherwise,
                "waiting": len(ok) if isinstance(ok, list) else 0,
                "status": "waiting",
                "kept": "memory, until this process ends" if run.keeping is None else "journal",
            }
        )
    return waiting

"""Binds a plan to what it acts with: each step becomes one callable with its modifiers around its verb."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from pointsman.control.retry import Backoff
from pointsman.errors import Fault, Refused, Uncertain
from pointsman.flows import answer, approval, each
from pointsman.flows.python import Context, PythonFlow
from pointsman.flows.run import Bound, Degraded, Outcome, Part, Run, Skipped
from pointsman.flows.services import Services
from pointsman.flows.steps import ask, call, python, run, score, sql
from pointsman.flows.turn import Act, Scope, Turn, perform
from pointsman.frame import Frame, Output
from pointsman.journal.record import StepRecord
from pointsman.language.expression import Expression
from pointsman.plan.node import Node, Plan
from pointsman.shape import Value
from pointsman.spec.effect import Effect
from pointsman.spec.step import ApproveStep, CallStep, Retry, StepCommon, UseValue

Go = Callable[[Run, StepRecord], Awaitable[Outcome]]
CallFlow = Callable[[str, dict[str, Value], Turn], Awaitable[Value]]

VERBS: Final[Mapping[str, Callable[[Node, Services], Act]]] = {
    "call": call.bind,
    "sql": sql.bind,
    "score": score.bind,
    "ask": ask.bind,
    "run": run.bind,
    "python": python.bind,
}


def bind(plan: Plan, services: Services, call_flow: CallFlow) -> Bound:
    """A flow ready to run. The plan must be sound."""
    parts = {name: _part(node, plan, services, call_flow) for name, node in plan.nodes.items()}
    frees: dict[str, list[str]] = {}
    for name, part in parts.items():
        for needed in part.needs:
            frees.setdefault(needed, []).append(name)
    return Bound(
        flow=plan.flow.flow,
        version=plan.flow.version,
        title=plan.flow.title,
        timeout=plan.flow.timeout,
        parts=parts,
        reply_needs=plan.reply_needs,
        reply=lambda run, *, partial: answer.of_plan(plan, run, partial=partial),
        frees={name: tuple(followers) for name, followers in frees.items()},
        records=lambda: {
            name: StepRecord(name, node.draft.verb, node.draft.target, tuple(sorted(node.draft.needs)))
            for name, node in plan.nodes.items()
        },
    )


def bind_python(flow: PythonFlow, services: Services, call_flow: CallFlow) -> Bound:
    """A Python flow ready to run: one step, `body`, whose calls are recorded beside it."""
    head, turns = flow.head, _turns(Backoff(), None, services.scrub, call_flow)

    async def go(run: Run, record: StepRecord) -> Outcome:
        context = Context(run, services, lambda own: turns(run, own))

        async def act(scope: Scope, turn: Turn) -> Output:
            return await flow.body(context, **run.record.input)

        return await perform(act, run.scope, turns(run, record))

    return Bound(
        flow=head.flow,
        version=head.version,
        title=head.title,
        timeout=head.timeout,
        parts={"body": Part(frozenset(), go)},
        reply_needs=frozenset({"body"}),
        reply=lambda run, *, partial: answer.envelope(head.title, run, run.scope.get("body"), []),
        frees={},
        records=lambda: {"body": StepRecord("body", "python", head.flow)},
    )


def _turns(
    backoff: Backoff,
    timeout: float | None,
    scrub: Callable[[str], str],
    call_flow: CallFlow,
    effect: Effect = "none",
) -> Callable[[Run, StepRecord], Turn]:
    def turn(run: Run, record: StepRecord) -> Turn:
        return Turn(
            run=run.record.id,
            clock=run.clock,
            record=record,
            backoff=backoff,
            timeout=timeout,
            deadline=lambda: run.deadline,
            note_source=run.sources.append,
            note_model=run.models.append,
            call_flow=call_flow,
            scrub=scrub,
            outputs=run.outputs,
            effect=effect,
            keeping=run.keeping,
        )

    return turn


def _part(node: Node, plan: Plan, services: Services, call_flow: CallFlow) -> Part:
    spec, needs = node.draft.spec, node.draft.needs
    if isinstance(spec, ApproveStep):
        return Part(needs, approval.go(node, plan))
    act = VERBS[node.draft.verb](node, services)
    effect = effect_of(spec, services)
    follows = approval.followed(node, plan)
    if follows is not None:
        act = approval.only_approved(act, node, follows)
    turns = _turns(_backoff(spec.retry), spec.timeout, services.scrub, call_flow, effect)
    return Part(needs, _modified(node, act, turns), follows)


def effect_of(spec: StepCommon, services: Services) -> Effect:
    """What repeating a step does outside: of a `call` what its connection says, of everything else nothing."""
    if not isinstance(spec, CallStep):
        return "none"
    connection, _, action = spec.call.partition(".")
    limited = services.connections.get(connection)
    return "none" if limited is None else limited.actions[action].effect


def _backoff(spec: Retry | None) -> Backoff:
    return Backoff() if spec is None else Backoff(spec.attempts, spec.first, spec.most)


def _modified(node: Node, act: Act, turns: Callable[[Run, StepRecord], Turn]) -> Go:
    """The verb with `each`, `when` and `on_error` around it. A durable run keeps how it came out, so that it comes out
    the same when the run is taken up again."""
    draft, spec = node.draft, node.draft.spec
    once = act if draft.each is None else _over(node, act)

    async def go(run: Run, record: StepRecord) -> Outcome:
        scope, turn = run.scope, turns(run, record)
        found = run.keeping.found(draft.name, "none") if run.keeping is not None else None
        if found is not None and (found.notes.degraded or found.notes.skipped):
            turn.recall(found.notes)
            return (
                Skipped(found.notes.skipped)
                if found.notes.skipped
                else Degraded(found.output, str(found.notes.degraded))
            )
        try:
            if draft.when is not None and draft.each is None and not _holds(draft.when, scope):
                return await _settled(turn, Skipped(f"{draft.when.source} is false"))
            return await (once(scope, turn) if draft.each is not None else perform(once, scope, turn))
        except Uncertain:
            raise
        except Fault as fault:
            if spec.on_error in ("fail", "collect"):
                raise
            if turn.missing is not None:
                turn.source_is(turn.missing)
            return await _settled(turn, Degraded(_instead(node, spec), fault.sentence))

    return go


async def _settled(turn: Turn, outcome: Skipped | Degraded) -> Outcome:
    if turn.keeping is not None:
        degraded = isinstance(outcome, Degraded)
        notes = turn.notes(**{"degraded" if degraded else "skipped": outcome.reason})
        await turn.keeping.done(turn.kept_as, outcome.output if isinstance(outcome, Degraded) else None, notes)
    return outcome


def _over(node: Node, act: Act) -> Act:
    draft, spec = node.draft, node.draft.spec

    async def go(scope: Scope, turn: Turn) -> Output:
        assert draft.each is not None
        items = draft.each.evaluate(scope)
        if not isinstance(items, list):
            raise Refused(f"`each` goes over a list; {draft.each.source} is {type(items).__name__}.")
        when, key = draft.when, draft.key
        if when is not None:
            items = [item for item in items if _holds(when, {**scope, spec.as_: item})]
        key_of = None if key is None else lambda item: key.evaluate({**scope, spec.as_: item})
        collect = spec.on_error == "collect"
        return await each.go_over(
            act, each.keyed(items, key_of), spec.as_, scope, turn, concurrency=spec.concurrency, collect=collect
        )

    return go


def _holds(condition: Expression, scope: Scope) -> bool:
    value = condition.evaluate(scope)
    if not isinstance(value, bool):
        raise Refused(f"a condition must be true or false; {condition.source} is {value!r}.")
    return value


def _instead(node: Node, spec: StepCommon) -> Output:
    """What a failed step's followers see."""
    if isinstance(spec.on_error, UseValue):
        value = spec.on_error.use
        if node.columns is not None and isinstance(value, list):
            return Frame(
                node.columns, [{column.name: row.get(column.name) for column in node.columns} for row in value]
            )
        return value  # type: ignore[no-any-return]
    if spec.each is not None:
        return {"ok": [], "failed": []}
    if node.columns is not None:
        return Frame(node.columns)
    return [] if node.value.kind == "list" else None

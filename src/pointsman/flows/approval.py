"""Approvals: what a person is asked, exactly, and that nothing else is done.

An item is shown with the writes that will follow its approval, rendered as they will be sent. Their hash is what is
approved; when the write goes out it is rendered again, and refused if it is not the same.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from pointsman.errors import Refused
from pointsman.flows.keeping import Item
from pointsman.flows.run import Outcome, Run, Waiting
from pointsman.flows.turn import Act, Scope, Turn
from pointsman.frame import Output
from pointsman.journal.record import StepRecord
from pointsman.plan.node import Node, Plan
from pointsman.spec.step import ApproveStep, CallStep


def go(node: Node, plan: Plan) -> Callable[[Run, StepRecord], Awaitable[Outcome]]:
    """The `approve` verb: asks about every item of its step, and gives what was decided so far."""
    spec = node.draft.spec
    assert isinstance(spec, ApproveStep)

    async def act(run: Run, record: StepRecord) -> Outcome:
        if run.keeping is None:
            return Waiting(
                f"waits for {spec.by} to decide on {spec.approve}; kept in memory only, until this process ends"
            )
        items = [
            Item(str(item["key"]), item, tuple(effects(plan, node.draft.name, item, run.scope)))
            for item in _items(run.scope, spec.approve)
        ]
        decided = await run.keeping.decide(node.draft.name, items)
        output = {"approved": decided.approved, "rejected": decided.rejected, "expired": decided.expired}
        record.rows = len(decided.approved)
        if decided.waiting:
            return Waiting(f"{decided.waiting} of {len(items)} {spec.approve} wait for {spec.by}", output)
        return output

    return act


def _items(scope: Scope, approve: str) -> Sequence[dict[str, Any]]:
    """The items of the step that `approve` names: those that went well."""
    step = scope.get(approve.partition(".")[0])
    ok = step.get("ok", ()) if isinstance(step, Mapping) else ()
    return [dict(item) for item in ok if isinstance(item, Mapping)]  # type: ignore[union-attr]


def followed(node: Node, plan: Plan) -> str | None:
    """The approval whose approved items a step goes over."""
    if node.draft.each is None:
        return None
    approvals = (path for path in node.draft.each.paths if path[1:] == ("approved",))
    return next((path[0] for path in approvals if _is_approval(plan, path[0])), None)


def _is_approval(plan: Plan, name: str) -> bool:
    node = plan.nodes.get(name)
    return node is not None and isinstance(node.draft.spec, ApproveStep)


def effects(plan: Plan, approval: str, item: Mapping[str, Any], scope: Scope) -> list[dict[str, Any]]:
    """The writes that will follow an item's approval: `{step, call, with}`, as they will be sent."""
    found = []
    for node in plan.nodes.values():
        spec = node.draft.spec
        if isinstance(spec, CallStep) and followed(node, plan) == approval:
            given = node.draft.arguments.evaluate({**scope, spec.as_: item})
            found.append({"step": node.draft.name, "call": spec.call, "with": given})
    return found


def only_approved(act: Act, node: Node, approval: str) -> Act:
    """The verb, which first makes sure that what it is about to do is what was approved."""
    spec = node.draft.spec

    async def guarded(scope: Scope, turn: Turn) -> Output:
        if turn.keeping is not None and isinstance(spec, CallStep):
            effect = {"step": node.draft.name, "call": spec.call, "with": node.draft.arguments.evaluate(scope)}
            item = scope[spec.as_]
            if not isinstance(item, Mapping):
                raise Refused(f"an approved item is an object; got {item!r}.")
            turn.keeping.check(approval, str(item["key"]), effect)
        return await act(scope, turn)

    return guarded


def content(item: Mapping[str, Any], follows: Sequence[Mapping[str, Any]]) -> bytes:
    """An item and its effects as JSON, to be shown and hashed: the same content is always the same bytes."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    return orjson.dumps({"item": dict(item), "effects": list(follows)}, default=str, option=options)


def digest(content: bytes) -> str:
    """What is approved: SHA-256 of the content, in hex."""
    return hashlib.sha256(content).hexdigest()

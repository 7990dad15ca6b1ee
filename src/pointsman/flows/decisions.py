"""What people decide: the items that wait for them, and a decision, once, on exactly what they saw."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from pointsman.errors import Refused
from pointsman.flows.approval import content, digest
from pointsman.flows.kept import UNCERTAIN
from pointsman.journal.port import Approval, Journal, Page, Verdict

Choice = Literal["approve", "reject", "snooze"]
LONGEST_SNOOZE: Final = 30 * 86400.0

Render = Callable[[Approval, Mapping[str, Any]], Awaitable["list[dict[str, Any]]"]]
"""The effects of an item as a person changed it, rendered anew."""


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides. `roles`: what they hold; on one machine without an identity provider, every role."""

    name: str
    roles: Collection[str] | None = None

    def holds(self, role: str) -> bool:
        return self.roles is None or role in self.roles


@dataclass(frozen=True, slots=True)
class Decisions:
    """The approvals of a journal."""

    journal: Journal
    render: Render
    tenant: str = "default"

    async def waiting(self, page: Page) -> list[dict[str, Any]]:
        return [shown(one) for one in await self.journal.approvals(page)]

    async def one(self, approval: str) -> Approval:
        """Raises Refused (404)."""
        found = await self.journal.approval(approval, self.tenant)
        if found is None:
            raise Refused(f"no approval {approval!r}.", way_out="See /api/approvals for those that wait.", status=404)
        return found

    async def decide(
        self, approval: str, choice: Choice, who: Decider, *, hash: str | None = None, reason: str | None = None,
        edit: Mapping[str, Any] | None = None, seconds: float | None = None,
    ) -> Approval:  # fmt: skip
        """Decides an item. `hash`: of what the person saw (none: of what it is now). `edit`: fields of its value as the
        person changed them. Raises Refused: not permitted (403), decided already or changed meanwhile (409)."""
        item = await self.one(approval)
        if not who.holds(item.role):
            raise Refused(f"only {item.role} may decide this; {who.name} is not one.", status=403)
        if item.four_eyes and item.requester == who.name:
            raise Refused("whoever asked for it may not decide on it.", way_out="Ask a colleague.", status=403)
        if choice == "snooze":
            return await self._snooze(item, min(seconds or 86400.0, LONGEST_SNOOZE))
        verdict = await self._verdict(item, choice, who, hash or item.hash, reason, edit)
        decided = await self.journal.decide(verdict, self.tenant)
        if decided is None:
            raise Refused(_why_not(await self.one(approval), verdict.hash), status=409)
        return decided

    async def _verdict(
        self,
        item: Approval,
        choice: Choice,
        who: Decider,
        seen: str,
        reason: str | None,
        edit: Mapping[str, Any] | None,
    ) -> Verdict:
        decisions: dict[str, Literal["approved", "rejected"]] = {
            "approve": "approved",
            "reject": "rejected",
        }
        decision = decisions[choice]
        if not edit:
            return Verdict(item.id, seen, decision, who.name, reason)
        if choice != "approve":
            raise Refused("an edit goes with an approval.", way_out="Approve what you changed, or leave it unchanged.")
        said: dict[str, Any] = orjson.loads(item.effect)["item"]
        changed, difference = edited(said, edit)
        effect = content(changed, await self.render(item, changed))
        return Verdict(item.id, seen, decision, who.name, reason, effect, digest(effect), orjson.dumps(difference))

    async def _snooze(self, item: Approval, seconds: float) -> Approval:
        if not await self.journal.snooze(item.id, self.tenant, seconds):
            raise Refused(_why_not(item, item.hash), status=409)
        return await self.one(item.id)


def edited(item: Mapping[str, Any], edit: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The item with its value changed, and the difference: `{field: {from, to}}`. Raises Refused for a field that the
    value has not, or that is no text."""
    value = item.get("value")
    if not isinstance(value, Mapping):
        raise Refused("this item has no fields to edit.")
    for name, text in edit.items():
        if name not in value:
            raise Refused(f"the item has no field {name!r}.", way_out=f"It has: {', '.join(sorted(value))}.")
        if not isinstance(text, str):
            raise Refused(f"{name!r} must be a text.")
    changed = {name: text for name, text in edit.items() if value[name] != text}
    difference = {name: {"from": value[name], "to": text} for name, text in changed.items()}
    return {**item, "value": {**value, **changed}}, difference


def _why_not(now: Approval, seen: str) -> str:
    if now.decision == "waiting" and now.hash != seen:
        return "it has changed since you saw it; look at it again."
    if now.decision == "waiting":
        return "its time is over; nobody can decide it any more."
    by = f" by {now.decided_by}" if now.decided_by else ""
    return f"it was {now.decision} already{by}."


def shown(approval: Approval) -> dict[str, Any]:
    """An approval as doors show it: the item, the exact effects, and who may decide until when."""
    said = orjson.loads(approval.effect)
    return {
        "id": approval.id,
        "run": approval.run,
        "step": approval.step,
        "key": approval.item,
        "title": approval.title,
        "kind": "uncertain" if approval.step == UNCERTAIN else "approval",
        "item": said["item"],
        "effects": said["effects"],
        "hash": approval.hash,
        "role": approval.role,
        "requester": approval.requester,
        "decision": approval.decision,
        "created": approval.created,
        "expires": approval.expires,
        "otherwise": approval.otherwise,
        "snoozed_until": approval.snoozed_until,
        "decided_by": approval.decided_by,
        "decided": approval.decided,
        "reason": approval.reason,
        "edit": None if approval.edit is None else orjson.loads(approval.edit),
    }

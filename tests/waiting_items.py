"""Items that wait for people, invented, and what the console's Backend protocol asks about them, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from pointsman.doors.console.backend import Choice
from pointsman.errors import Refused

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
PEOPLE = ("Ida Berg", "Jonas Halvorsen", "Claire Brunel", "Tom Cobalt", "Vera Ospina", "Liam Kestrel")
FIRMS = (
    "Nordwind Logistik",
    "Halvorsen Marine",
    "Atelier Brunel",
    "Cobalt & Sons",
    "Vesper Instruments",
    "Kestrel Foods",
)


def email(index: int, **changed: Any) -> dict[str, Any]:
    """An email that waits for a sales manager, as `flows.decisions.shown` shows it."""
    person, firm = PEOPLE[index % 6], FIRMS[index % 6]
    to = f"{person.split()[0].lower()}@{firm.split()[0].lower()}.example"
    subject = f"Your renewal in December, {firm}"
    body = (
        f"Dear {person},\n\nyour agreement with us renews on 5 December, and I noticed that {firm} has ordered less than "
        "usual since September. I would like to understand why, and whether something on our side got in the way.\n\n"
        "Would a call of twenty minutes next week suit you?\n\nKind regards\nAna Ruiz"
    )
    row = {"account_id": f"001EM{index:04d}", "name": firm, "contact": person, "email": to, "probability": 0.71}
    effect = {"step": "send", "call": "mail.send", "with": {"to": to, "subject": subject, "body": body}}
    return {
        "id": f"item-{index:03d}", "run": "full", "step": "approval", "key": f"001EM{index:04d}", "title": subject,
        "kind": "approval",
        "item": {"key": f"001EM{index:04d}", "item": row, "value": {"subject": subject, "body": body}, "source": "template"},
        "effects": [effect], "hash": sha256(subject.encode()).hexdigest(), "role": "sales-manager",
        "requester": "ana.ruiz", "decision": "waiting", "created": NOW - timedelta(minutes=2),
        "expires": NOW + timedelta(days=2, hours=23, minutes=index), "otherwise": "reject", "snoozed_until": None,
        "decided_by": None, "decided": None, "reason": None, "edit": None, **changed,
    }  # fmt: skip


def unsure(**changed: Any) -> dict[str, Any]:
    """A question whether a write happened whose end is not known."""
    sentence = "send/001EM0007: the mail server closed the connection before it answered: it may have been sent"
    asked = {
        "id": "unsure", "run": "finished", "step": "$uncertain", "key": "send/001EM0007#1",
        "title": f"Did this happen? {sentence}", "kind": "uncertain",
        "item": {"key": "send/001EM0007", "value": {"sentence": sentence}}, "effects": [], "role": "operator",
        "expires": NOW + timedelta(days=6),
    }  # fmt: skip
    return {**email(7), **asked, **changed}


def decided(item: Mapping[str, Any], decision: str, by: str | None = "ben.okoye", **changed: Any) -> dict[str, Any]:
    return {**item, "decision": decision, "decided_by": by, "decided": NOW - timedelta(minutes=1), **changed}


@dataclass
class Waiting:
    """`refusal`: what every decision runs into. `decisions`: what was decided, with what was given."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict, kw_only=True)
    refusal: Refused | None = field(default=None, kw_only=True)
    keeps_approvals: bool = field(default=True, kw_only=True)
    person: str = field(default="ana.ruiz", kw_only=True)
    decisions: list[tuple[str, Choice, dict[str, Any]]] = field(default_factory=list, kw_only=True)

    def put(self, *items: dict[str, Any]) -> None:
        self.items.update((item["id"], item) for item in items)

    async def approvals(
        self, limit: int, *, before: str | None = None, role: str | None = None, run: str | None = None
    ) -> Sequence[dict[str, Any]]:
        found = sorted(self.items.values(), key=lambda item: (item["expires"], item["id"]))
        if before is not None:
            after = (self.items[before]["expires"], before)
            found = [item for item in found if (item["expires"], item["id"]) > after]
        return [
            item
            for item in found
            if item["decision"] == "waiting"
            and (item["snoozed_until"] is None or item["snoozed_until"] <= NOW)
            and role in (None, item["role"])
            and run in (None, item["run"])
        ][:limit]

    async def asked(self, run: str) -> Sequence[dict[str, Any]]:
        return [item for item in self.items.values() if item["run"] == run]

    async def approval(self, approval: str) -> dict[str, Any] | None:
        return self.items.get(approval)

    async def decide(
        self, approval: str, choice: Choice, *, hash: str | None = None, reason: str | None = None,
        edit: Mapping[str, str] | None = None, seconds: float | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        item = self.items[approval]
        if self.refusal is not None:
            raise self.refusal
        if item["decision"] != "waiting" or item["expires"] <= NOW:
            raise Refused(f"it was {item['decision']} already.", status=409)
        if choice == "snooze":
            self.items[approval] = {**item, "snoozed_until": NOW + timedelta(seconds=seconds or 0)}
        elif hash != item["hash"]:
            raise Refused("it has changed since you saw it; look at it again.", status=409)
        else:
            said = item["item"].get("value", {})
            change = {name: {"from": said[name], "to": text} for name, text in edit.items()} if edit else None
            decision = {"approve": "approved", "reject": "rejected"}[choice]
            self.items[approval] = {
                **item, "decision": decision, "decided_by": self.person, "decided": NOW, "reason": reason, "edit": change,
            }  # fmt: skip
        self.decisions.append((approval, choice, {"reason": reason, "edit": edit, "seconds": seconds}))
        return self.items[approval]


def queue() -> list[dict[str, Any]]:
    """Eleven emails and a question; the first expires today."""
    soon = email(0, expires=NOW + timedelta(hours=5), requester="schedule")
    return [soon, *(email(index) for index in range(1, 11)), unsure()]

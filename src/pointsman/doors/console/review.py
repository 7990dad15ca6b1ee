"""What the page of decisions shows: the queue in words, one item with its exact effect, and what became of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import urlencode

from pydantic import field_validator

from pointsman.doors.console import words
from pointsman.doors.console.effect import Effect, promise
from pointsman.doors.console.envelope import Part
from pointsman.errors import Fault

PAGE: Final = 50
MOST_COUNTED: Final = 200
"""More than so many are not counted: every page says how many wait."""
SNOOZE: Final = timedelta(days=1)
SOON: Final = timedelta(hours=24)
_ONE_LINE: Final = 100


class Change(Part):
    """One field as it was, and as a person left it."""

    before: Any
    after: Any


class Asked(Part):
    """An item that somebody must decide on, or has."""

    id: str
    run: str
    step: str
    key: str
    title: str
    kind: Literal["approval", "uncertain"]
    item: Mapping[str, Any]
    effects: tuple[Effect, ...]
    hash: str
    role: str
    requester: str
    decision: str
    created: datetime
    expires: datetime
    otherwise: str
    snoozed_until: datetime | None = None
    decided_by: str | None = None
    decided: datetime | None = None
    reason: str | None = None
    edit: Mapping[str, Change] | None = None

    @field_validator("effects", mode="before")
    @classmethod
    def _effects(cls, said: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{"step": one["step"], "call": one["call"], "given": one["with"]} for one in said]

    @field_validator("edit", mode="before")
    @classmethod
    def _edit(cls, said: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any] | None:
        if said is None:
            return None
        return {name: {"before": change["from"], "after": change["to"]} for name, change in said.items()}

    @property
    def uncertain(self) -> bool:
        return self.kind == "uncertain"

    @property
    def fields(self) -> dict[str, str]:
        """The texts of it that a person may change."""
        value = self.item.get("value")
        if self.uncertain or not isinstance(value, Mapping):
            return {}
        return {str(name): text for name, text in value.items() if isinstance(text, str)}

    @property
    def row(self) -> str:
        """The key of the row that it is about; a question about a write is of `step/key#attempt`."""
        return self.key.partition("/")[2].rpartition("#")[0] if self.uncertain else self.key

    @property
    def sentence(self) -> str:
        """Of an uncertain one: what may have happened."""
        value = self.item.get("value")
        return str(value.get("sentence") or self.title) if isinstance(value, Mapping) else self.title

    @property
    def in_words(self) -> str:
        """What will happen, for the list."""
        if self.uncertain:
            return "Did this happen?"
        if not self.effects:
            return "the flow goes on with it"
        # A letter's subject is the title already.
        return "; ".join(effect.in_words.removesuffix(f": {self.title}") for effect in self.effects)

    def promise(self, person: str) -> str:
        return promise(self.effects, self.item.get("item"), person)

    def is_over(self, now: datetime) -> bool:
        """Nobody decided in time, whether or not that has been written down yet."""
        return self.decision == "waiting" and self.expires <= now

    def is_open(self, now: datetime) -> bool:
        return self.decision == "waiting" and not self.is_over(now)

    def state(self, now: datetime) -> str:
        """What became of it, as a sentence without its end."""
        if self.decision == "waiting":
            if self.is_over(now):
                return f"its time was over {words.ago(self.expires, now)}, and {self.by_itself}"
            if self.snoozed_until and self.snoozed_until > now:
                return f"snoozed, back {words.ago(self.snoozed_until, now)}"
            return f"waits for the role {self.role}"
        verb = {"approved": "said to have happened", "rejected": "said not to have happened"} if self.uncertain else {}
        done = verb.get(self.decision, self.decision)
        by = f" by {self.decided_by}" if self.decided_by else ""
        when = f" {words.ago(self.decided, now)}" if self.decided else ""
        return f"{'edited and ' if self.edit else ''}{done}{by}{when}"

    @property
    def by_itself(self) -> str:
        """What happens when nobody decides."""
        if self.uncertain:
            return "it counts as failed and is not done again"
        return "it is approved by itself" if self.otherwise == "approve" else "nothing is done"

    def why_no_snooze(self, now: datetime) -> str:
        if self.expires - now > SNOOZE:
            return ""
        return f"It expires {words.ago(self.expires, now)}, before it would be back; then {self.by_itself}."


def read(shown: Mapping[str, Any]) -> Asked:
    return Asked.model_validate(shown)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the queue a person is: it lives in the address, and forms carry it along."""

    role: str | None = None
    run: str | None = None
    before: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Place":
        return cls(given.get("role") or None, given.get("run") or None, given.get("before") or None)

    @property
    def kept(self) -> dict[str, str]:
        found = {"role": self.role, "run": self.run, "before": self.before}
        return {name: value for name, value in found.items() if value}

    def url(self, **more: str | None) -> str:
        given = self.kept | {name: value or "" for name, value in more.items()}
        query = urlencode({name: value for name, value in given.items() if value})
        return "/review" + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class Queue:
    """One page of what waits; `more` follow. `counted`: every one that waits here, up to MOST_COUNTED."""

    items: tuple[Asked, ...]
    more: bool
    counted: tuple[Asked, ...]

    def headline(self, place: Place, now: datetime) -> str:
        """`12 items wait for you; the next expires in 2 d 23 h.`"""
        total = len(self.counted)
        if not total:
            return "Nothing waits for you."
        amount = f"More than {MOST_COUNTED}" if total > MOST_COUNTED else f"{total}"
        waits = f"{amount} {'item waits' if total == 1 else 'items wait'} for you"
        if place.role:
            waits += f" in the role {place.role}"
        left = (self.counted[0].expires - now).total_seconds()
        which = "it" if total == 1 else "the next"
        when = f"{which} expires in {words.duration(left)}" if left > 0 else f"the time of {which} is over"
        return f"{waits}; {when}."

    @property
    def summary(self) -> str:
        """`10 for sales-manager and 2 for operator; 1 asks whether something happened.`"""
        roles = Counter(item.role for item in self.counted)
        asked = sum(item.uncertain for item in self.counted)
        parts = [words.listed([f"{amount} for {role}" for role, amount in roles.most_common()])]
        if asked:
            parts.append(f"{asked} {'asks' if asked == 1 else 'ask'} whether something happened")
        return words.sentence("; ".join(filter(None, parts)))

    @property
    def roles(self) -> list[str]:
        return sorted({item.role for item in self.counted})

    def after(self, approval: str) -> str | None:
        """The item to look at once this one is decided: the next, else the one before."""
        ids = [item.id for item in self.items]
        if approval not in ids:
            return ids[0] if ids else None
        at = ids.index(approval)
        return next(iter([*ids[at + 1 :], *reversed(ids[:at])]), None)


def is_long(text: str) -> bool:
    """Whether a text needs room to be edited in; one line would take its line breaks away."""
    return len(text) > _ONE_LINE or "\n" in text or "\r" in text


def sent_back(text: str) -> str:
    """A text as a browser's form sends it back when nobody touched it (HTML: newline normalisation; no NUL)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return text.encode("utf-8", "replace").decode()


def edits(item: Asked, typed: Mapping[str, str]) -> dict[str, str]:
    """The fields that were changed, as they were typed."""
    found = {}
    for name, text in item.fields.items():
        new = typed.get(f"field.{name}")
        if new is not None and sent_back(new) != sent_back(text):
            found[name] = sent_back(new)
    return found


def not_decided(fault: Fault, item: Asked, now: datetime) -> str:
    """Why a decision was not taken: of a conflict, what the item is now."""
    if fault.status == 409 and not item.is_open(now):
        return words.sentence(item.state(now))
    return words.sentence(fault.sentence)

"""One claimed run in the journal: what its turns find there, and what they put there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import orjson

from pointsman.clock import Clock
from pointsman.errors import Later, Refused, Uncertain
from pointsman.flows.approval import content, digest
from pointsman.flows.keeping import Decided, Found, Item, LetGo, Notes
from pointsman.flows.note import ModelNote, SourceNote
from pointsman.frame import Output
from pointsman.journal import codec
from pointsman.journal.port import Approval, Claimed, Fenced, Journal, Kept, Mark, NewApproval, StepWrite
from pointsman.plan.node import Plan
from pointsman.spec.effect import Effect
from pointsman.spec.step import ApproveStep

UNCERTAIN: Final = "$uncertain"
"""The step of questions about writes whose end is unknown; their item is `key#attempt`."""
OPERATOR: Final = "operator"
"""Who may say what happened."""
WEEK: Final = 7 * 86400.0


class KeptRun:
    """The `Keeping` of a durable run: `kept` is what the journal had when it was claimed, `told` what people said of
    writes whose end was unknown."""

    def __init__(
        self,
        journal: Journal,
        claimed: Claimed,
        kept: Sequence[Kept],
        told: Sequence[Approval],
        plan: Plan | None,
        new_id: Callable[[], str],
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._began: dict[str, float] = {}
        """When each key was looked for, on the clock's monotonic scale."""
        self._journal, self._claimed, self._plan, self._new_id = journal, claimed, plan, new_id
        self._told = {approval.item: approval for approval in told}
        self._kept = {step.key: step for step in kept}
        self._attempts: dict[str, int] = {step.key: step.attempt for step in kept}
        self._approved: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def found(self, key: str, effect: Effect) -> Found | None:
        kept = self._kept.get(key)
        self._began[key] = self._clock.monotonic()
        if kept is None:
            return None
        if kept.mark == "done":
            output = None if kept.output is None else codec.loads(kept.output)
            return Found(output, notes_of(kept.usage), None, kept.started, kept.ended)
        if kept.mark == "failed":
            # A failure that was collected is an outcome; one that failed its run is tried again when that is retried,
            # and so is one whose next try a crash prevented.
            notes = notes_of(kept.usage)
            if notes.again or not self._collects(key):
                return None
            return Found(None, notes, kept.error, kept.started, kept.ended)
        if effect == "once" or kept.mark == "uncertain":
            return self._as_told(kept)
        return None

    def _collects(self, key: str) -> bool:
        step, of_item, _ = key.partition("/")
        return bool(of_item) and (self._plan is None or self._plan.nodes[step].draft.spec.on_error == "collect")

    def _as_told(self, kept: Kept) -> Found | None:
        """What a person said of a write whose end is unknown; until then nothing is done."""
        told = self._told.get(f"{kept.key}#{kept.attempt}")
        if told is None or told.decision in ("waiting", "withdrawn"):
            raise Uncertain(
                f"{kept.key} was begun and its end is not known: it may have happened.",
                way_out="Look at the other system, then decide in /review.",
            )
        if told.decision == "approved":
            return Found(None, notes_of(kept.usage), None, kept.started, told.decided)
        if told.decision == "rejected":
            return None
        return Found(None, notes_of(kept.usage), "nobody said whether it had happened", kept.started, told.decided)

    async def begin(self, key: str, effect: Effect) -> None:
        self._attempts[key] = self._attempts.get(key, 0) + 1
        await self._write(StepWrite(key, "started", self._attempts[key], effect=effect))

    async def done(self, key: str, output: Output, notes: Notes) -> None:
        attempt = self._attempts.get(key, 1)
        took = self._clock.monotonic() - self._began.pop(key, self._clock.monotonic())
        written = StepWrite(key, "done", attempt, codec.dumps(output), usage=_usage(notes), took=took)
        await self._write(written)

    async def failed(self, key: str, error: str, *, certain: bool, again: bool) -> None:
        mark: Mark = "failed" if certain else "uncertain"
        usage = _usage(Notes(again=True)) if again else None
        await self._write(StepWrite(key, mark, self._attempts.get(key, 1), error=error, usage=usage))

    async def ask_what_happened(self, key: str, sentence: str) -> None:
        effect = content({"key": key, "value": {"sentence": sentence}}, [])
        asked = NewApproval(
            id=self._new_id(),
            run=self._claimed.id,
            step=UNCERTAIN,
            item=f"{key}#{self._attempts.get(key, 1)}",
            effect=effect,
            hash=digest(effect),
            role=OPERATOR,
            requester=self._claimed.principal,
            title=f"Did this happen? {sentence}",
            within=WEEK,
            otherwise="reject",
        )
        with _letting_go():
            await self._journal.ask(self._claimed.id, self._claimed.epoch, [asked])

    async def decide(self, step: str, items: Sequence[Item]) -> Decided:
        with _letting_go():
            asked = {approval.item: approval for approval in await self._journal.approvals_of(self._claimed.id, step)}
            unasked = [item for item in items if _is_open(asked.get(item.key))]
            ids = sorted(self._new_id() for _ in unasked)  # people see them in the order of the items
            new = [self._new(step, item, identity) for item, identity in zip(unasked, ids, strict=True)]
            if new:
                await self._journal.ask(self._claimed.id, self._claimed.epoch, new)
        found: dict[str, list[dict[str, Any]]] = {"approved": [], "rejected": [], "expired": []}
        for item in items:
            approval = asked.get(item.key)
            if approval is not None and approval.decision in found:
                found[approval.decision].append(self._decided(step, item, approval))
        waiting = len(items) - sum(map(len, found.values()))
        return Decided(found["approved"], found["rejected"], found["expired"], waiting)

    def check(self, step: str, key: str, effect: dict[str, Any]) -> None:
        approved = self._approved.get((step, key), [])
        if content({}, [effect]) not in [content({}, [one]) for one in approved]:
            raise Refused(
                f"what is about to be done for {key} is not what was approved; nothing was done.",
                way_out="Approve it again as it is now.",
            )

    def _decided(self, step: str, item: Item, approval: Approval) -> dict[str, Any]:
        """The item as the person left it; its effects are what may be done for it."""
        said = orjson.loads(approval.effect)
        if approval.decision == "approved":
            self._approved[step, item.key] = said["effects"]
        value = said["item"].get("value") if approval.edit is not None else item.value.get("value")
        return {**item.value, "value": value, "by": approval.decided_by, "reason": approval.reason}

    def _new(self, step: str, item: Item, identity: str) -> NewApproval:
        assert self._plan is not None
        spec = self._plan.nodes[step].draft.spec
        assert isinstance(spec, ApproveStep)
        effect = content(item.value, item.effects)
        return NewApproval(
            id=identity,
            run=self._claimed.id,
            step=step,
            item=item.key,
            effect=effect,
            hash=digest(effect),
            role=spec.by.removeprefix("role:"),
            requester=self._claimed.principal,
            title=_title(item),
            within=spec.within,
            otherwise=spec.otherwise,
        )

    async def _write(self, written: StepWrite) -> None:
        with _letting_go():
            await self._journal.record(self._claimed.id, self._claimed.epoch, [written])


@contextmanager
def _letting_go() -> Iterator[None]:
    try:
        yield
    except (Fenced, Later) as fault:
        raise LetGo(fault.sentence) from fault


def _is_open(approval: Approval | None) -> bool:
    """Nobody was asked yet, or what was asked was withdrawn when the run ended, and the run goes on again."""
    return approval is None or approval.decision == "withdrawn"


def _title(item: Item) -> str:
    """What a person sees first: a subject or a title, where there is one."""
    value = item.value.get("value")
    texts = value if isinstance(value, Mapping) else {}
    return str(next((texts[name] for name in ("subject", "title", "name") if texts.get(name)), item.key))


def _usage(notes: Notes) -> bytes:
    return orjson.dumps(notes)


def notes_of(usage: bytes | None) -> Notes:
    """What was remembered beside an output."""
    if usage is None:
        return Notes()
    said = orjson.loads(usage)
    said["sources"] = tuple(SourceNote(**{**note, "notes": tuple(note["notes"])}) for note in said["sources"])
    said["models"] = tuple(ModelNote(**note) for note in said["models"])
    return Notes(**said)

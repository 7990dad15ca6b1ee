"""One turn of a step: the single way in which any action is done, with its tries, its time and its record."""

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from pointsman.clock import Clock
from pointsman.control import retry
from pointsman.errors import Broken, DeadlinePassed, Fault, Refused, Uncertain
from pointsman.flows.keeping import Keeping, Notes
from pointsman.flows.note import ModelNote, SourceNote
from pointsman.frame import Output
from pointsman.inference.port import Usage
from pointsman.journal.record import Attempt, StepRecord
from pointsman.shape import Value
from pointsman.spec.effect import Effect

Scope = Mapping[str, Value]
"""What expressions see: `input`, the steps that are done, and the item's name inside `each`."""

ATTEMPTS_KEPT = 50


@dataclass(slots=True)
class Turn:
    """What an action may know of the run around it. One per step, or per item of an `each`."""

    run: str
    clock: Clock
    record: StepRecord
    backoff: retry.Backoff
    timeout: float | None
    deadline: Callable[[], float | None]
    """The run's deadline as it is now (it falls away once the reply was sent)."""
    note_source: Callable[[SourceNote], None]
    note_model: Callable[[ModelNote], None]
    call_flow: "Callable[[str, dict[str, Value], Turn], Awaitable[Value]]"
    scrub: Callable[[str], str]
    """Takes secrets out of a text."""
    outputs: Mapping[str, Output]
    """What the steps before it gave, frames as frames."""
    effect: Effect = "none"
    """What repeating its action does outside."""
    keeping: Keeping | None = None
    """Where a durable run is kept."""
    item: str | None = None
    """The item's key, inside `each`."""
    limit: float | None = None
    """Deadline of the present try."""
    missing: SourceNote | None = None
    """The source that a failed read leaves out; it is noted when the run goes on without it."""
    source: str | None = None
    """What wrote the value (`template` or `llm`), where a model was asked."""

    sources: list[SourceNote] = field(default_factory=list)
    models: list[ModelNote] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    """What was noted in this turn, kept with its output."""

    def of_item(self, key: str) -> "Turn":
        """The turn of one item: the same surroundings, notes of its own."""
        return replace(self, item=key, limit=None, sources=[], models=[], usage=Usage(), source=None, missing=None)

    @property
    def key(self) -> str:
        """The address of this action, and the idempotency key of what it writes: `run:step[:item]`."""
        return f"{self.run}:{self.record.name}" if self.item is None else f"{self.run}:{self.record.name}:{self.item}"

    @property
    def left(self) -> float | None:
        """Seconds of the present try, a little at the least; None where nothing bounds it."""
        return None if self.limit is None else max(self.limit - self.clock.monotonic(), 0.001)

    @property
    def kept_as(self) -> str:
        """Its key in the journal of the run: `step` or `step/item`."""
        return self.record.name if self.item is None else f"{self.record.name}/{self.item}"

    def source_is(self, note: SourceNote) -> None:
        self.sources.append(note)
        self.note_source(note)

    def model_is(self, note: ModelNote) -> None:
        self.models.append(note)
        self.note_model(note)

    def count(self, usage: Usage) -> None:
        """Tokens and money, for the step and for what is kept of this turn."""
        self.usage = Usage(
            self.usage.input_tokens + usage.input_tokens,
            self.usage.output_tokens + usage.output_tokens,
            self.usage.dollars + usage.dollars,
        )
        self.record.input_tokens += usage.input_tokens
        self.record.output_tokens += usage.output_tokens
        self.record.dollars += usage.dollars

    def notes(self, *, degraded: str | None = None, skipped: str | None = None) -> Notes:
        """What is kept beside the output."""
        return Notes(
            tuple(self.sources),
            tuple(self.models),
            self.source,
            degraded,
            skipped,
            self.usage.input_tokens,
            self.usage.output_tokens,
            self.usage.dollars,
        )

    def recall(self, notes: Notes) -> None:
        """Says again what was noted when a finished key was done."""
        self.source = notes.source
        for source in notes.sources:
            self.source_is(source)
        for model in notes.models:
            self.model_is(model)
        self.count(Usage(notes.input_tokens, notes.output_tokens, notes.dollars))


Act = Callable[[Scope, Turn], Awaitable[Output]]
"""A step's verb, ready to be done."""


async def perform(act: Act, scope: Scope, turn: Turn) -> Output:
    """Does it, or answers from the journal what it gave when it was done. Raises Refused, Later, Broken, and Uncertain
    for an outside write that may have happened."""
    keeping = turn.keeping
    try:
        found = None if keeping is None else keeping.found(turn.kept_as, turn.effect)
        if found is None:
            output = await _with_tries(act, scope, turn)
            if keeping is not None:
                await keeping.done(turn.kept_as, output, turn.notes())
            return output
    except Uncertain as fault:
        if keeping is not None:
            await keeping.ask_what_happened(turn.kept_as, fault.at(f"item {turn.item}" if turn.item else "").sentence)
        raise
    turn.recall(found.notes)
    if found.error is not None:
        raise Refused(found.error)
    return found.output


async def _with_tries(act: Act, scope: Scope, turn: Turn) -> Output:
    tried = 0
    while True:
        tried += 1
        attempt = Attempt(turn.clock.now())
        # Of an item only tries that failed are kept, so that a step over 1,000 items does not read as 1,000 tries.
        if turn.item is None:
            _remember(attempt, turn)
        try:
            if turn.keeping is not None and turn.effect != "none":
                await turn.keeping.begin(turn.kept_as, turn.effect)
            output = await _one_try(act, scope, turn)
        except Fault as fault:
            fault.hide(turn.scrub)
            verdict = retry.decide(turn.backoff, tried, fault, _left(turn), random.random())  # noqa: S311 jitter
            if turn.keeping is not None and turn.effect != "none":
                certain, again = not isinstance(fault, Uncertain), verdict.wait is not None
                await turn.keeping.failed(turn.kept_as, fault.sentence, certain=certain, again=again)
            attempt.ended, attempt.error = turn.clock.now(), fault.sentence
            if turn.item is not None:
                _remember(attempt, turn)
            if verdict.wait is None:
                raise
            turn.record.reason = f"{fault.sentence} {verdict.reason}"
            await asyncio.sleep(verdict.wait)
        else:
            attempt.ended = turn.clock.now()
            return output


def _remember(attempt: Attempt, turn: Turn) -> None:
    if len(turn.record.attempts) < ATTEMPTS_KEPT:
        turn.record.attempts.append(attempt)


async def _one_try(act: Act, scope: Scope, turn: Turn) -> Output:
    turn.limit = turn.deadline()
    try:
        if turn.timeout is None:
            return await act(scope, turn)
        until = turn.clock.monotonic() + turn.timeout
        turn.limit = until if turn.limit is None else min(until, turn.limit)
        async with asyncio.timeout(turn.timeout):
            return await act(scope, turn)
    except TimeoutError as slow:
        way_out = "Try again later, or give the step a longer `timeout`."
        raise DeadlinePassed(f"no answer within {turn.timeout:g} s.", way_out=way_out) from slow
    except Fault:
        raise
    except BaseException as defect:  # a user's function may raise anything; the run must end with a sentence
        present = asyncio.current_task()
        if isinstance(defect, asyncio.CancelledError) and present is not None and present.cancelling():
            raise
        raise Broken(_said(defect), way_out=f"The step's own code raised it, at {_place(defect)}.") from defect


def _said(defect: BaseException) -> str:
    """`KeyError: 'gone'.`; an error whose own text fails says its name only."""
    try:
        return f"{type(defect).__name__}: {defect}."
    except Exception:  # noqa: BLE001  the text of a user's error is a user's code too
        return f"{type(defect).__name__}, whose text cannot be read."


def _place(defect: BaseException) -> str:
    """`functions.py:12`: where it was raised, nearest to the user's code."""
    last = traceback.extract_tb(defect.__traceback__)[-1]
    return f"{PurePath(last.filename).name}:{last.lineno}"


def _left(turn: Turn) -> float | None:
    deadline = turn.deadline()
    return None if deadline is None else deadline - turn.clock.monotonic()

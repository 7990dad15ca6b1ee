"""One turn of a step: the single way in which any action is done, with its tries, its time and its record."""

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from pointsman.clock import Clock
from pointsman.control import retry
from pointsman.errors import Broken, DeadlinePassed, Fault
from pointsman.frame import Frame
from pointsman.inference.port import Usage
from pointsman.journal.record import Attempt, StepRecord
from pointsman.shape import Value

Output = Frame | Value
Scope = Mapping[str, Value]
"""What expressions see: `input`, the steps that are done, and the item's name inside `each`."""

ATTEMPTS_KEPT = 50


@dataclass(frozen=True, slots=True)
class SourceNote:
    """Where rows came from: one line of the answer's `sources`."""

    step: str
    connection: str
    as_of: str | None
    rows: int
    missing: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelNote:
    """Which model answered: one line of the answer's `models`. `source`: classic, llm or template."""

    step: str
    model: str
    version: str
    endpoint: str | None
    source: str
    detail: str = ""


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
    item: str | None = None
    """The item's key, inside `each`."""
    limit: float | None = None
    """Deadline of the present try."""
    missing: SourceNote | None = None
    """The source that a failed read leaves out; it is noted when the run goes on without it."""
    source: str | None = None
    """What wrote the value (`template` or `llm`), where a model was asked."""

    @property
    def key(self) -> str:
        """The address of this action, and the idempotency key of what it writes: `run:step[:item]`."""
        head = f"{self.run}:{self.record.name}"
        return head if self.item is None else f"{head}:{self.item}"

    def count(self, usage: Usage) -> None:
        self.record.input_tokens += usage.input_tokens
        self.record.output_tokens += usage.output_tokens
        self.record.dollars += usage.dollars


Act = Callable[[Scope, Turn], Awaitable[Output]]
"""A step's verb, ready to be done."""


async def perform(act: Act, scope: Scope, turn: Turn) -> Output:
    """Does it, trying again as the step's `retry` allows. Raises Refused, Later, Broken."""
    tried = 0
    while True:
        tried += 1
        attempt = Attempt(turn.clock.now())
        # Of an item only tries that failed are kept, so that a step over 1,000 items does not read as 1,000 tries.
        if turn.item is None:
            _remember(attempt, turn)
        try:
            output = await _one_try(act, scope, turn)
        except Fault as fault:
            fault.hide(turn.scrub)
            attempt.ended, attempt.error = turn.clock.now(), fault.sentence
            if turn.item is not None:
                _remember(attempt, turn)
            verdict = retry.decide(turn.backoff, tried, fault, _left(turn), random.random())  # noqa: S311 jitter
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
        raise DeadlinePassed(f"no answer within {turn.timeout:g} s") from slow
    except (Fault, asyncio.CancelledError):
        raise
    except Exception as defect:  # a user's function may raise anything; the run must end with a sentence
        raise Broken(
            f"{type(defect).__name__}: {defect}.", way_out=f"The step's own code raised it, at {_place(defect)}."
        ) from defect


def _place(defect: Exception) -> str:
    """`functions.py:12`: where it was raised, nearest to the user's code."""
    last = traceback.extract_tb(defect.__traceback__)[-1]
    return f"{PurePath(last.filename).name}:{last.lineno}"


def _left(turn: Turn) -> float | None:
    deadline = turn.deadline()
    return None if deadline is None else deadline - turn.clock.monotonic()

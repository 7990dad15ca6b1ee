"""Where the steps of a run lie in time, with the time folded in which nothing worked. Pure: seconds in, percent out."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from pointsman.doors.console import words
from pointsman.journal.record import RunRecord, StepRecord

_FOLD_WIDTH: Final = 3.0
_CLEAR: Final = 5.0
"""Percent that a mark of time needs to each side."""
_CLOCK: Final = (60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400)
_LEAST_WIDTH: Final = 0.4
"""Percent: what takes next to no time can still be seen."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Idle time drawn as a narrow gap: `start` and `width` in percent, `seconds` long in truth."""

    start: float
    width: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time, in percent. `kind` is a class of the style sheet: step, done, failed, waiting, running, …"""

    kind: str
    start: float
    width: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds since the run's start to percent; straight between its `knots` (seconds, percent)."""

    knots: tuple[tuple[float, float], ...]
    folds: tuple[Fold, ...]
    ticks: tuple[Tick, ...]

    @property
    def total(self) -> float:
        return self.knots[-1][0]

    def at(self, seconds: float) -> float:
        return _straight(self.knots, seconds)


@dataclass(frozen=True, slots=True)
class Lane:
    """One step with its bars. `start` and `took` in seconds; None = it did not start."""

    step: StepRecord
    bars: tuple[Bar, ...]
    start: float | None
    took: float | None


@dataclass(frozen=True, slots=True)
class Waterfall:
    scale: Scale
    lanes: tuple[Lane, ...]


def of_run(run: RunRecord, now: datetime) -> Waterfall:
    """The waterfall of a run; what has not ended reaches to `now`."""
    end = run.ended or max([now, *(step.ended for step in run.steps.values() if step.ended)])
    total = max((end - run.started).total_seconds(), 1e-6)
    busy = [
        (_since(run, step.started), _since(run, step.ended or end))
        for step in run.steps.values()
        if step.started and not _waits(step)
    ]
    scale = scale_of(busy, total)
    return Waterfall(scale, tuple(_lane(run, step, scale, end) for step in run.steps.values()))


def scale_of(busy: Sequence[tuple[float, float]], total: float) -> Scale:
    """Folds every gap between the busy stretches that is longer than a second and a quarter of all busy time."""
    merged = _merged(busy)
    worked = sum(end - start for start, end in merged)
    longest_kept = max(1.0, worked / 4)
    edges = [(0.0, 0.0), *merged, (total, total)]
    gaps = [(before, after) for (_, before), (after, _) in pairwise(edges) if after - before > longest_kept and merged]
    shown = total - sum(end - start for start, end in gaps)
    unit = (100 - _FOLD_WIDTH * len(gaps)) / shown if shown > 0 else 0.0
    knots, folds, at, percent = [(0.0, 0.0)], [], 0.0, 0.0
    for start, end in gaps:
        percent += (start - at) * unit
        knots += [(start, percent), (end, percent + _FOLD_WIDTH)]
        folds.append(Fold(percent, _FOLD_WIDTH, end - start))
        at, percent = end, percent + _FOLD_WIDTH
    knots.append((total, 100.0))
    return Scale(tuple(knots), tuple(folds), _ticks(tuple(knots), gaps, shown, total))


def _ticks(
    knots: tuple[tuple[float, float], ...], gaps: Sequence[tuple[float, float]], shown: float, total: float
) -> tuple[Tick, ...]:
    """About five marks at round numbers, none inside a fold and none upon another."""
    step = _round_step(shown / 5)
    ticks = [Tick(0.0, "0")]
    for start, end in _kept(gaps, total):
        since = _straight(knots, start) + (_CLEAR if start > 0 else 0)
        until = _straight(knots, end) - (_CLEAR if end < total else 0)
        first = math.ceil(start / step)
        for index in range(first, first + 8):
            seconds = index * step
            at = _straight(knots, seconds)
            new = _tick_words(seconds) != ticks[-1].words
            if new and start <= seconds <= end and since <= at <= until and at - ticks[-1].at >= 2 * _CLEAR:
                ticks.append(Tick(at, _tick_words(seconds)))
    return tuple(ticks)


def _tick_words(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:g} s" if seconds < 60 else words.duration(seconds)


def _kept(gaps: Sequence[tuple[float, float]], total: float) -> list[tuple[float, float]]:
    edges = [0.0, *(edge for gap in gaps for edge in gap), total]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _straight(knots: Sequence[tuple[float, float]], seconds: float) -> float:
    index = bisect_right(knots, (seconds, math.inf))
    if index == 0:
        return 0.0
    if index == len(knots):
        return 100.0
    (from_x, from_y), (to_x, to_y) = knots[index - 1], knots[index]
    return from_y + (to_y - from_y) * (seconds - from_x) / (to_x - from_x)


def _merged(stretches: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _round_step(seconds: float) -> float:
    """The next 1, 2 or 5 of its power of ten; above half a minute the next that clocks and calendars have."""
    if 30 < seconds <= _CLOCK[-1]:
        return next(step for step in _CLOCK if step >= seconds)
    power: float = 10.0 ** math.floor(math.log10(seconds)) if seconds > 0 else 1.0
    return next((factor * power for factor in (1, 2, 5) if factor * power >= seconds), 10 * power)


def _lane(run: RunRecord, step: StepRecord, scale: Scale, end: datetime) -> Lane:
    if step.started is None:
        return Lane(step, (), None, None)
    start, stop = _since(run, step.started), _since(run, step.ended or end)
    if len(step.attempts) < 2 or _waits(step):
        kind = "waiting" if _waits(step) else step.status
        return Lane(step, (_bar(kind, start, stop, scale, step.status),), start, stop - start)
    bars = [_bar("step", start, stop, scale)]
    for index, attempt in enumerate(step.attempts, 1):
        kind = "failed" if attempt.error else step.status
        said = f"attempt {index} {kind}"
        bars.append(_bar(kind, _since(run, attempt.started), _since(run, attempt.ended or end), scale, said))
    return Lane(step, tuple(bars), start, stop - start)


def _bar(kind: str, start: float, end: float, scale: Scale, said: str = "") -> Bar:
    left, right = scale.at(start), scale.at(end)
    width = max(right - left, _LEAST_WIDTH)
    said = f"{said}, {words.duration(start)} to {words.duration(end)}" if said else ""
    return Bar(kind, min(left, 100 - width), width, said)


def _waits(step: StepRecord) -> bool:
    """Waiting for a person is no work, however long it took."""
    return step.status == "waiting" or step.verb == "approve"


def _since(run: RunRecord, moment: datetime) -> float:
    return max((moment - run.started).total_seconds(), 0.0)

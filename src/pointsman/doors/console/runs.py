"""What the pages about runs show: the list with rolled-up tokens and cost, and one run in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pointsman.doors.console import headline, words
from pointsman.journal.record import RunRecord, StepRecord

STATUSES: Final = ("running", "waiting", "done", "failed", "cancelled")
PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in a list."""

    run: RunRecord
    title: str
    took: float | None
    tokens: int
    dollars: float
    steps_done: int
    note: str
    """What a reader should know at once: the error, or what it waits for."""


def line(run: RunRecord, now: datetime) -> RunLine:
    steps = run.steps.values()
    return RunLine(
        run=run,
        title=headline.of_run(run),
        took=seconds(run.started, run.ended or (now if run.status == "running" else run.replied)),
        tokens=sum(step.input_tokens + step.output_tokens for step in steps),
        dollars=sum(step.dollars for step in steps),
        steps_done=sum(step.status in ("done", "degraded", "skipped") for step in steps),
        note=run.error or (_waits(run) if run.status == "waiting" else ""),
    )


def summary(run: RunRecord, now: datetime) -> str:
    """`Done in 1.24 s: 11 steps, 1 degraded; 2,340 tokens, $0.0021.`"""
    shown = line(run, now)
    steps = list(run.steps.values())
    parts = [words.count(len(steps), "step")]
    told = {
        status: sum(step.status == status for step in steps) for status in ("failed", "degraded", "skipped", "waiting")
    }
    told["retried"] = sum(len(step.attempts) > 1 for step in steps)
    parts += [f"{amount} {status}" for status, amount in told.items() if amount]
    head = {
        "running": "At work for {}",
        "waiting": "Answered in {}, now waiting for people",
        "done": "Done in {}",
        "failed": "Failed after {}",
        "cancelled": "Cancelled after {}",
    }[run.status].format(words.duration(shown.took or 0.0))
    return f"{head}: {', '.join(parts)}; {words.spent(shown.tokens, shown.dollars)}."


def tried(step: StepRecord) -> list[str]:
    """The sentences of the attempts that failed before the last one."""
    return [attempt.error for attempt in step.attempts[:-1] if attempt.error]


def seconds(start: datetime, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if end else None


def _waits(run: RunRecord) -> str:
    return next((step.reason for step in run.steps.values() if step.status == "waiting" and step.reason), "")

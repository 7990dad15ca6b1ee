"""A run for a person to read in a terminal: each step with what became of it, and when it ran beside the others."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from pointsman.doors.cli.plainly import lasted, moment, plain, table
from pointsman.journal.record import RunRecord, StepRecord

WIDTH: Final = 24
_HEAD: Final = ("STEP", "STATUS", "ROWS", "TRIES", "TOOK", "WHEN")


def lines(record: RunRecord, now: datetime) -> list[str]:
    ends = f", ended {moment(record.ended)} UTC" if record.ended else ""
    answered = f", answered after {lasted((record.replied - record.started).total_seconds())}" if record.replied else ""
    found = [
        f"{record.id}   {plain(record.flow)}@{record.version}   {record.status}",
        f"started {moment(record.started)} UTC by {plain(record.principal)} through {record.door}{answered}{ends}",
        *([f"error: {plain(record.error)}"] if record.error else []),
        "",
    ]
    steps = list(record.steps.values())
    worked = [at for step in steps for at in (step.started, step.ended) if at is not None]
    first, last = min(worked, default=record.started), max(worked, default=record.started)
    rows = table(_HEAD, [_row(step, first, last, now) for step in steps], right=(2, 3, 4))
    return [*found, rows[0], *_with_reasons(rows[1:], steps)]


def _row(step: StepRecord, first: datetime, last: datetime, now: datetime) -> tuple[str, ...]:
    rows = "" if step.rows is None else f"{step.rows:,}"
    failed = f" +{step.failed_items} failed" if step.failed_items else ""
    ended = step.ended or (now if step.status == "running" else None)
    took = lasted((ended - step.started).total_seconds()) if step.started and ended else ""
    tries = str(len(step.attempts)) if step.attempts else ""
    return (plain(step.name), step.status, rows + failed, tries, took, _bar(step, first, last))


def _bar(step: StepRecord, first: datetime, last: datetime) -> str:
    """Where it lies between the first step's begin and the last one's end."""
    if step.started is None:
        return ""
    whole = (last - first).total_seconds() or 1.0
    begin = (step.started - first).total_seconds() / whole
    end = ((step.ended or last) - first).total_seconds() / whole
    left = min(int(begin * WIDTH), WIDTH - 1)
    long = max(1, min(round(end * WIDTH), WIDTH) - left)
    return "·" * left + "█" * long + "·" * (WIDTH - left - long)


def _with_reasons(rows: Iterable[str], steps: Iterable[StepRecord]) -> list[str]:
    """Each step's line, and below it why it is as it is, and what its tries ended with."""
    found: list[str] = []
    for row, step in zip(rows, steps, strict=True):
        found.append(row)
        told = list(dict.fromkeys([step.reason, *(attempt.error for attempt in step.attempts)]))
        found += [f"    {plain(text)}" for text in told if text]
    return found

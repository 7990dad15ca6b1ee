"""What is kept of a run: its steps, their attempts and outcomes, and the answer."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

StepStatus = Literal["pending", "running", "done", "failed", "skipped", "degraded", "waiting", "cancelled"]
RunStatus = Literal["running", "waiting", "done", "failed", "cancelled"]


@dataclass(slots=True)
class Attempt:
    """One try of a step. `error` is its sentence when it failed."""

    started: datetime
    ended: datetime | None = None
    error: str | None = None


@dataclass(slots=True)
class StepRecord:
    """One step of a run."""

    name: str
    verb: str
    target: str
    """What it acts on, as written: `crm.query`, `churn`, `writer`."""
    needs: tuple[str, ...] = ()
    """Steps whose output it reads."""
    status: StepStatus = "pending"
    reason: str = ""
    """Why it has this status, in words: what it waits for, what failed, why it was skipped."""
    started: datetime | None = None
    ended: datetime | None = None
    attempts: list[Attempt] = field(default_factory=list)
    rows: int | None = None
    """Rows of its frame, or items that went well."""
    failed_items: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0


@dataclass(slots=True)
class RunRecord:
    """One execution of a flow."""

    id: str
    flow: str
    version: int
    door: str
    """The way in: http, ask, cli, console, flow."""
    principal: str
    input: dict[str, Any]
    started: datetime
    steps: dict[str, StepRecord]
    status: RunStatus = "running"
    reading: dict[str, Any] | None = None
    """For a question in words: the question and how it was read."""
    replied: datetime | None = None
    ended: datetime | None = None
    answer: dict[str, Any] | None = None
    """The answer envelope, once it was sent."""
    error: str | None = None


def cost(record: RunRecord) -> tuple[int, float]:
    """Tokens and dollars: of its steps, or of its answer, where a list has not loaded the steps."""
    steps = record.steps.values()
    tokens = sum(step.input_tokens + step.output_tokens for step in steps)
    dollars = round(sum(step.dollars for step in steps), 8)
    if tokens or dollars or record.answer is None:
        return tokens, dollars
    said = record.answer["cost"]
    return said["input_tokens"] + said["output_tokens"], said["dollars"]


def summary(record: RunRecord) -> dict[str, Any]:
    """A run as lists show it, the same at every door."""
    tokens, dollars = cost(record)
    return {
        "run": record.id,
        "flow": record.flow,
        "version": record.version,
        "status": record.status,
        "door": record.door,
        "principal": record.principal,
        "input": record.input,
        "started": record.started,
        "replied": record.replied,
        "ended": record.ended,
        "error": record.error,
        "tokens": tokens,
        "dollars": dollars,
    }

"""The answer envelope, read with care: whatever a flow put into it, the page must come."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of the envelope; unknown keys are of a newer version and do no harm."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Chip(Part):
    """How one field of the input was read from a question, in words."""

    field: str
    value: Any = None
    words: str = ""


class Reading(Part):
    """A question and how it was read."""

    question: str = ""
    input: Mapping[str, Any] = {}
    chips: tuple[Chip, ...] = ()
    defaults: Mapping[str, Any] | tuple[Any, ...] = {}
    """Fields that the question left open, with the flow's own values."""


class Source(Part):
    """What one step got from one connection. `notes` say why it is missing or what was cut."""

    connection: str
    step: str = ""
    as_of: datetime | None = None
    rows: int | None = None
    missing: bool = False
    notes: tuple[str, ...] = ()


class ModelUse(Part):
    """A way in which a model answered. `trained_on`, `measured` (how good it was found to be) and `detail`: as text,
    or as named values."""

    model: str
    version: str | int | None = None
    endpoint: str | None = None
    source: str | None = None
    trained_on: Any = None
    measured: Any = None
    detail: Any = None


class Approval(Part):
    """A human decision that parts of the answer wait for. `within`: seconds, or text as the flow wrote it."""

    step: str
    by: str = ""
    within: str | float | None = None
    waiting: int = 0


class Cost(Part):
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0


class Since(Part):
    """The last answer to the same question, and how each scored row changed since (None: it is new)."""

    run: str
    at: datetime
    changes: dict[str, float | None] = {}


class Envelope(Part):
    """What every flow and door answers."""

    run: str = ""
    flow: str = ""
    version: int | None = None
    title: str | None = None
    reading: Reading | None = None
    result: Any = {}
    """A flow file replies with named parts; a Python flow with whatever it returns."""
    sources: tuple[Source, ...] = ()
    since: Since | None = None
    models: tuple[ModelUse, ...] = ()
    degraded: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()
    cost: Cost = Cost()

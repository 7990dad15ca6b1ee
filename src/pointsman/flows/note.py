"""Where rows and texts came from: the lines that an answer's `sources` and `models` are made of."""

from dataclasses import dataclass


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
    prompt: str | None = None
    """`name@version` of the prompt that asked it."""

"""What a durable run keeps, as its turns see it. An ephemeral run has none of it.

A key is a step, or one item of it (`drafts/001A…`). A finished key answers from the journal and is not done again. An
outside write is recorded as started before it goes out: if its end is never recorded, nobody knows whether it
happened, and for a system that cannot tell a repeat a person is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pointsman.flows.note import ModelNote, SourceNote
from pointsman.frame import Output
from pointsman.spec.effect import Effect


@dataclass(frozen=True, slots=True)
class Notes:
    """What is remembered of how a key was done, beside its output."""

    sources: tuple[SourceNote, ...] = ()
    models: tuple[ModelNote, ...] = ()
    source: str | None = None
    """What wrote it: template or llm."""
    degraded: str | None = None
    """Why something else stands in its place."""
    skipped: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0
    again: bool = False
    """It failed and was to be tried again."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finished key. `error`: of an item that failed and was collected."""

    output: Output
    notes: Notes
    error: str | None
    started: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Item:
    """An item to be decided on: `effects` are what will be done once it is approved, exactly."""

    key: str
    value: dict[str, Any]
    effects: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """Items by what became of them, as people left them; `waiting` are still undecided."""

    approved: Sequence[dict[str, Any]]
    rejected: Sequence[dict[str, Any]]
    expired: Sequence[dict[str, Any]]
    waiting: int


class LetGo(Exception):
    """The journal cannot keep what this run does: it is away, or another worker has the run. It stops here, and goes
    on where it stood with whoever claims it next. No fault of any step."""


class Keeping(Protocol):
    """One claimed run in the journal. Methods that write raise LetGo."""

    def found(self, key: str, effect: Effect) -> Found | None:
        """A finished key. Raises Uncertain for a `once` effect that was begun and never ended."""

    async def begin(self, key: str, effect: Effect) -> None:
        """An outside write is about to go out."""

    async def done(self, key: str, output: Output, notes: Notes) -> None:
        """It is finished; when this returns, it will not be done again."""

    async def failed(self, key: str, error: str, *, certain: bool, again: bool) -> None:
        """It did not happen (`certain`), or nobody can tell. `again`: it will be tried once more."""

    async def ask_what_happened(self, key: str, sentence: str) -> None:
        """Asks a person whether a write whose end is unknown happened: yes = it is done, no = it is done again."""

    async def decide(self, step: str, items: Sequence[Item]) -> Decided:
        """Asks people about the items that were not asked about yet; what they have decided so far."""

    def check(self, step: str, key: str, effect: dict[str, Any]) -> None:
        """Raises Refused when what is about to be done for an item is not what was approved."""

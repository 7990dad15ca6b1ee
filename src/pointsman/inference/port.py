"""The port to language models: what is asked and what comes back."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pointsman.shape import Value
from pointsman.spec.field import Field


class OfflineText(Protocol):
    """A prompt's offline text (`language.offline.Offline`)."""

    def render(self, values: Mapping[str, Value]) -> Mapping[str, str]:
        """The text of each output field."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and money of one call; `tries` counts the repair try too."""

    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0
    tries: int = 1
    known: bool = True
    """False when the endpoint did not say what it used; what it did not say counts as 0."""


@dataclass(frozen=True, slots=True)
class Question:
    """One call to a language model."""

    text: str
    """The rendered prompt."""
    output: Mapping[str, Field] = field(default_factory=dict)
    """The object that must come back; empty = free text, as `{"text": …}`."""
    values: Mapping[str, Value] = field(default_factory=dict)
    """The prompt's typed inputs (the template writer fills its text from these)."""
    template: OfflineText | None = None
    """What the template writer fills, when no language model is configured."""
    deadline: float | None = None
    """Point on the clock's monotonic scale."""
    spent: Callable[[Usage], None] | None = None
    """Told what each answer took as soon as it has come, those included that cannot be used: they cost as much."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote, and where it came from."""

    value: dict[str, Value]
    source: str
    """`template`, or `llm`."""
    model: str
    endpoint: str | None
    """None for a template."""
    upstream: str | None
    """The model's name as the endpoint gave it."""
    usage: Usage = Usage()
    reason: str = ""
    """Why this endpoint answered, in words."""


class Writer(Protocol):
    """A place that writes. Raises Refused (the question is at fault), Later (try again, or the next), Broken."""

    async def write(self, question: Question) -> Written:
        """One whole answer, checked against `question.output`."""

    def stream(self, question: Question) -> AsyncIterator[str]:
        """The answer's text as it comes (free text only)."""

    async def close(self) -> None:
        """Ends its connections."""

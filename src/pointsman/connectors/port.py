"""The port to business systems: what a connector is asked and what it must give."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pointsman.frame import Column, Row
from pointsman.shape import Value
from pointsman.spec.effect import Effect

Page = list[Row]
"""Some rows of an answer; connectors stream, they never hold a whole result."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something a connection can do: `crm.query`. `required`/`optional`: the names that `with:` takes."""

    name: str
    effect: Effect
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    open: bool = False
    """Other names may be given too (parameters of an OpenAPI operation that could not be read)."""


@dataclass(frozen=True, slots=True)
class Call:
    """What comes with every action besides its arguments."""

    deadline: float | None = None
    """Point on the clock's monotonic scale after which nobody waits for the answer."""
    key: str | None = None
    """Idempotency key of an outside write: `run:step:item`."""
    columns: tuple[Column, ...] = ()
    """The columns that the plan knows the answer to have; rows carry exactly these names, with these types."""


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """A column as the live system shows it. `type`: string, integer, number, boolean, date, timestamp, any."""

    type: str
    nullable: bool = True
    references: str | None = None


Tables = dict[str, dict[str, FoundColumn]]
"""What `describe` finds: tables, and their columns."""


@dataclass(slots=True)
class Facts:
    """What a read tells beside its rows; connectors fill it while they go."""

    as_of: str | None = None
    """When the data were true at the source (ISO 8601), where the system says so; otherwise the time of reading."""
    notes: list[str] = field(default_factory=list)
    """Sentences worth showing: an API limit that is near, a bulk job that was used."""


class Connector(Protocol):
    """One business system. Raises only Refused, Later and Broken, each naming the connection.

    Nothing connects before the first call. Concurrency, rows, bytes and time are bounded by `connectors.limits`,
    around every connector; a connector passes `call.deadline` on to its client and stops when it is cancelled.
    """

    connection: str

    @property
    def actions(self) -> Mapping[str, Action]:
        """What can be called, by name."""

    async def describe(self) -> Tables:
        """The system's tables as they are now."""

    async def check(self) -> str:
        """Asks the system something small; a sentence of what answered. Raises as a call would."""

    def read(self, action: str, args: Mapping[str, Any], call: Call, facts: Facts) -> AsyncIterator[Page]:
        """The pages of a reading action."""

    async def write(self, action: str, args: Mapping[str, Any], call: Call) -> Value:
        """Does a writing action; what the system answered. Raises Uncertain where one of the kind `once` may have
        been done; every other fault says that it was not."""

    async def close(self) -> None:
        """Ends connections and pools; no call comes after it."""

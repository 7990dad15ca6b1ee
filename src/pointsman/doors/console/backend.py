"""What the console asks of the rest: flows, runs, answers and the rows behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from pointsman.journal.record import RunRecord
from pointsman.shape import Value
from pointsman.spec.field import Field

Choice = Literal["approve", "reject", "snooze"]


@dataclass(frozen=True, slots=True)
class FlowCard:
    """A flow that may be asked or started here."""

    name: str
    version: int
    title: str
    forms: Sequence[str] = ()
    """Example questions in words that lead to it."""
    input: Mapping[str, Field] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Rows that a reason rests on: what was asked of which connection, and what came back for this one item."""

    step: str
    connection: str
    query: str
    columns: Sequence[str]
    rows: Sequence[Mapping[str, Value]]
    as_of: datetime | None = None


class Backend(Protocol):
    """One per server; every method may raise errors.Fault, which becomes a page with its sentence and status."""

    @property
    def notice(self) -> str | None:
        """A line on top of every page, such as that the data are invented."""

    @property
    def person(self) -> str:
        """Who decides here."""

    @property
    def keeps_approvals(self) -> bool:
        """Whether anything is kept here that people could decide on."""

    def now(self) -> datetime:
        """The time of day, in UTC; ages are counted from it."""

    def flows(self) -> Sequence[FlowCard]:
        """Every flow, in the order to show them."""

    async def ask(self, question: str) -> RunRecord:
        """Reads a question and starts its flow; comes back when the run has replied or has failed.

        Raises Refused for a question that cannot be read; its attribute `nearest`, if it has one, lists questions
        that can.
        """

    async def start(self, flow: str, values: Mapping[str, Value]) -> RunRecord:
        """Starts a flow with an input; comes back as `ask` does. Raises Refused for an input that does not fit."""

    async def runs(
        self, limit: int, *, before: str | None = None, flow: str | None = None, status: str | None = None
    ) -> Sequence[RunRecord]:
        """The newest runs first; `before`: only those older than this run."""

    async def run(self, run_id: str) -> RunRecord | None:
        """One run with its steps and, when it has replied, its answer."""

    async def evidence(self, run_id: str, key: str, feature: str) -> Sequence[Evidence]:
        """The rows behind one reason of one item of an answer."""

    async def approvals(
        self, limit: int, *, before: str | None = None, role: str | None = None, run: str | None = None
    ) -> Sequence[dict[str, Any]]:
        """What waits for people, the soonest to expire first, without what is snoozed, as `flows.decisions.shown` shows
        it; `before`: only those after this item. Where nothing is kept, nothing waits."""

    async def asked(self, run: str) -> Sequence[dict[str, Any]]:
        """Every item that a run asked about, decided or not."""

    async def approval(self, approval: str) -> dict[str, Any] | None:
        """One item, whatever became of it."""

    async def decide(
        self,
        approval: str,
        choice: Choice,
        *,
        hash: str | None = None,
        reason: str | None = None,
        edit: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> dict[str, Any]:
        """Decides on an item as it was seen (`hash`). Raises Refused: not permitted (403), decided already or changed
        meanwhile (409), an edit that does not fit (422)."""

"""Rows that a classic model scored, known by their shape: a probability with interval, base rate and reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from pointsman.doors.console import kinds
from pointsman.doors.console.envelope import Part
from pointsman.flows.change import key_field

_SHAPE: Final = {"probability", "low", "high", "base_rate", "reasons"}
_OWN: Final = {*_SHAPE, "name", "next_step"}
"""Fields with a place of their own; the others become columns."""


class Reason(Part):
    """One feature's share in a score. `contribution`: above zero it raises the probability."""

    feature: str
    text: str = ""
    contribution: float = 0.0
    value: Any = None
    typical: Any = None

    @property
    def effect(self) -> Literal["raises", "lowers", "does not change"]:
        """On the probability; an input that was not known changes nothing."""
        if self.contribution == 0:
            return "does not change"
        return "raises" if self.contribution > 0 else "lowers"

    @property
    def kind(self) -> kinds.Kind:
        return kinds.of(self.feature, [value for value in (self.value, self.typical) if value is not None])


class NextStep(Part):
    """What to do, and the fact that says so; `feature` names the reason that it rests on."""

    text: str
    because: str | None = None
    feature: str | None = None
    accept: str | None = None
    reject: str | None = None


class Draft(Part):
    """A text written for one item. `source`: `template`, `llm` or `llm:<model>`."""

    key: str = Field(coerce_numbers_to_str=True)
    value: Any = None
    source: str | None = None


class Score(Part):
    probability: float
    low: float | None
    high: float | None
    base_rate: float | None
    reasons: tuple[Reason, ...] = ()
    next_step: NextStep | None = None


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """One item with its score; `others`: the fields that have no place of their own, in their order."""

    key: str
    name: str
    score: Score
    others: Mapping[str, Any]
    draft: Draft | None = None
    change: float | None = None
    """Of the probability since the last answer."""

    @property
    def scale(self) -> float:
        """The longest reason fills half a bar."""
        return max((abs(reason.contribution) for reason in self.score.reasons), default=1.0)

    def reason(self, feature: str) -> Reason | None:
        return next((reason for reason in self.score.reasons if reason.feature == feature), None)


def fits(rows: Sequence[Any]) -> bool:
    """Whether these are scored rows."""
    return bool(rows) and all(isinstance(row, Mapping) and row.keys() >= _SHAPE for row in rows)


def read(
    rows: Sequence[Mapping[str, Any]], drafts: Mapping[str, Draft], changes: Mapping[str, float | None]
) -> list[ScoredRow] | None:
    """The rows with their drafts and changes, or None when one of them is not what its fields promise."""
    field = key_field(rows[0])
    try:
        return [_row(row, index, field, drafts, changes) for index, row in enumerate(rows, 1)]
    except ValidationError:
        return None


def read_drafts(items: Sequence[Any]) -> dict[str, Draft] | None:
    """Drafts by key, or None when these are not drafts."""
    if not items or not all(isinstance(item, Mapping) and {"key", "value"} <= item.keys() for item in items):
        return None
    try:
        return {draft.key: draft for draft in map(Draft.model_validate, items)}
    except ValidationError:
        return None


def _row(
    row: Mapping[str, Any],
    index: int,
    field: str | None,
    drafts: Mapping[str, Draft],
    changes: Mapping[str, float | None],
) -> ScoredRow:
    key = str(row[field]) if field and row[field] is not None else str(index)
    others = {name: value for name, value in row.items() if name not in _OWN and name != field}
    return ScoredRow(
        key, str(row.get("name") or key), Score.model_validate(row), others, drafts.get(key), changes.get(key)
    )

"""What the answer page shows: the reply in words, how the question was read, where the data came from, the tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from pointsman.doors.console import headline, scored, table, words
from pointsman.doors.console.envelope import Approval, Chip, Envelope, ModelUse, Reading, Source
from pointsman.doors.console.review import Asked
from pointsman.flows.change import key_field
from pointsman.journal.record import RunRecord

STALE_AFTER: Final = timedelta(hours=12)
"""Older data gets the attention colour: half a working day, so that last night's load is still seen as old at noon."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """What one connection gave to the answer, over all steps that asked it."""

    connection: str
    parts: tuple[Source, ...]
    as_of: datetime | None
    stale: bool

    @property
    def missing(self) -> bool:
        return any(part.missing for part in self.parts)

    @property
    def rows(self) -> int:
        return sum(part.rows or 0 for part in self.parts)

    @property
    def notes(self) -> list[str]:
        return list(dict.fromkeys(note for part in self.parts for note in part.notes))


@dataclass(frozen=True, slots=True)
class FailedItem:
    key: str
    error: str


@dataclass(slots=True)
class Content:
    """The reply, sorted by how its parts look."""

    tables: list[table.Table] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    failed: list[FailedItem] = field(default_factory=list)
    drafts: int = 0


@dataclass(frozen=True, slots=True)
class AnswerView:
    run: RunRecord
    envelope: Envelope
    content: Content
    headline: str
    state: str
    chips: tuple[Chip, ...]
    sources: tuple[SourceLine, ...]
    models: tuple[str, ...]
    open_key: str | None
    asked: tuple[Asked, ...] = ()
    """The items of it that people decide on, and have."""

    def asked_about(self, key: str) -> list[Asked]:
        """The decisions on one row's draft, and the questions whether what followed happened."""
        return [item for item in self.asked if item.row == key]

    @property
    def why_template(self) -> str:
        """Why drafts came from a template, as the model that should have written them says."""
        return next((str(model.detail) for model in self.envelope.models if model.source == "template"), "")

    @property
    def question(self) -> str:
        return self.envelope.reading.question if self.envelope.reading else ""


def view(
    run: RunRecord, now: datetime, *, page: int = 1, open_key: str | None = None, asked: tuple[Asked, ...] = ()
) -> AnswerView:
    """The page of a run that has replied. `asked`: what it asked people about, as that stands now."""
    envelope = _as_it_stands(read(run), run, asked)
    result = envelope.result if isinstance(envelope.result, dict) else {"result": envelope.result}
    content = _content(result, page, open_key, envelope.since.changes if envelope.since else {})
    sources = source_lines(envelope.sources, now)
    return AnswerView(
        run=run,
        envelope=envelope,
        content=content,
        headline=headline.of_answer(run, envelope, content.tables, content.drafts),
        state=_state(sources, now),
        chips=chips(run, envelope.reading),
        sources=sources,
        models=tuple(model_words(model) for model in envelope.models),
        open_key=open_key,
        asked=asked,
    )


def read(run: RunRecord) -> Envelope:
    """The run's envelope; what cannot be read of it leaves at least the reply."""
    answer = run.answer or {}
    try:
        return Envelope.model_validate(answer)
    except ValidationError:
        unread = ("Parts of this answer's description could not be read; the reply itself is complete.",)
        return Envelope(run=run.id, flow=run.flow, result=answer.get("result"), degraded=unread)


def _as_it_stands(envelope: Envelope, run: RunRecord, asked: tuple[Asked, ...]) -> Envelope:
    """The envelope was closed when the run replied; what has been decided since then waits no more."""
    waiting = [_still(approval, asked) for approval in envelope.approvals if _is_open(approval, run)]
    return envelope.model_copy(update={"approvals": tuple(waiting)})


def _is_open(approval: Approval, run: RunRecord) -> bool:
    return approval.step not in run.steps or run.steps[approval.step].status in ("waiting", "running", "pending")


def _still(approval: Approval, asked: tuple[Asked, ...]) -> Approval:
    """An approval with as many items as wait for it now; where none is kept, as many as did when it was answered."""
    its = [item.decision for item in asked if item.step == approval.step]
    return approval.model_copy(update={"waiting": its.count("waiting")}) if its else approval


def chips(run: RunRecord, reading: Reading | None) -> tuple[Chip, ...]:
    """How each field was read; for a run that was started with fields, the fields."""
    if reading and reading.chips:
        defaults = reading.defaults if isinstance(reading.defaults, Mapping) else {}
        return (*reading.chips, *(Chip(field=name, value=value, words="default") for name, value in defaults.items()))
    given = reading.input if reading else run.input
    return tuple(Chip(field=name, value=value) for name, value in given.items())


def source_lines(sources: tuple[Source, ...], now: datetime) -> tuple[SourceLine, ...]:
    by_connection: dict[str, list[Source]] = {}
    for source in sources:
        by_connection.setdefault(source.connection, []).append(source)
    lines = []
    for connection, parts in by_connection.items():
        moments = [moment for part in parts if (moment := words.instant(part.as_of))]
        oldest = min(moments, default=None)
        lines.append(
            SourceLine(connection, tuple(parts), oldest, stale=oldest is not None and now - oldest > STALE_AFTER)
        )
    return tuple(lines)


def model_words(model: ModelUse) -> str:
    """`churn version 3 · trained on … · AUC 0.81`: what answered, and how good it was found to be."""
    if model.source == "template":
        return " · ".join([f"{model.model}: written from a template", *([_flat(model.detail)] if model.detail else [])])
    version = f" version {model.version}" if model.version is not None else ""
    parts = [f"{model.model}{version}"]
    if model.endpoint:
        parts.append(f"answered at {model.endpoint}")
    if model.trained_on:
        parts.append(f"trained on {_flat(model.trained_on)}")
    if model.measured:
        parts.append(f"measured: {_flat(model.measured)}")
    if model.detail:
        parts.append(_flat(model.detail))
    return " · ".join(parts)


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{words.label(str(name))} {_flat(part)}" for name, part in value.items())
    return words.number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _state(sources: tuple[SourceLine, ...], now: datetime) -> str:
    """The second line: what is missing and what is old, or that all is there."""
    if not sources:
        return ""
    parts = [f"{line.connection} is missing" for line in sources if line.missing]
    parts += [
        f"{line.connection} data is {words.span((now - line.as_of).total_seconds())} old"
        for line in sources
        if line.stale and not line.missing and line.as_of
    ]
    if parts:
        return words.sentence(words.listed(parts))
    there = f"All {len(sources)} sources answered" if len(sources) > 1 else f"{sources[0].connection} answered"
    moments = [line.as_of for line in sources if line.as_of]
    return words.sentence(f"{there}, the oldest data {words.ago(min(moments), now)}" if moments else there)


def _content(
    result: Mapping[str, Any], page: int, open_key: str | None, changes: Mapping[str, float | None]
) -> Content:
    """Lists become tables, drafts go to their rows, failed items and single values have their own places."""
    content = Content()
    drafts, drafts_name = _drafts_for_scores(result)
    content.drafts = len(drafts)
    for name, value in result.items():
        if name == drafts_name:
            continue
        if not isinstance(value, list):
            content.facts[name] = value
        elif _are_failures(value):
            content.failed += [FailedItem(_name(result, item), _error(item["error"])) for item in value]
        elif value or not content.tables:
            rows = (scored.read(value, drafts, changes) if scored.fits(value) else None) or table.plain_rows(value)
            content.tables.append(table.table(name, rows, page, open_key))
    return content


def _drafts_for_scores(result: Mapping[str, Any]) -> tuple[dict[str, scored.Draft], str | None]:
    """Drafts whose every key is a scored row's; others stay a table, so that nothing is hidden."""
    keys: set[str] = set()
    for value in result.values():
        if isinstance(value, list) and scored.fits(value):
            field = key_field(value[0])
            keys |= {str(row.get(field)) for row in value} if field else set()
    for name, value in result.items():
        if isinstance(value, list) and (drafts := scored.read_drafts(value)) and drafts.keys() <= keys:
            return drafts, name
    return {}, None


def _are_failures(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, Mapping) and "error" in item for item in items)


def _name(result: Mapping[str, Any], failed: Mapping[str, Any]) -> str:
    """The name of the scored row that failed, where it has one; else its key."""
    key = failed.get("key", "")
    for rows in result.values():
        if isinstance(rows, list) and scored.fits(rows) and (field := key_field(rows[0])):
            return next((str(row.get("name") or key) for row in rows if row.get(field) == key), str(key))
    return str(key)


def _error(error: object) -> str:
    if isinstance(error, Mapping):
        return str(error.get("detail") or error.get("sentence") or error.get("rule") or dict(error))
    return str(error)

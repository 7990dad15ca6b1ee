"""The first line of an answer: what was found, in words."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pointsman.doors.console import words
from pointsman.doors.console.envelope import Approval, Envelope
from pointsman.doors.console.table import Table
from pointsman.journal.record import RunRecord

_BEFORE: Final = ("segment", "tier", "plan", "size")
_IN: Final = ("region", "country", "market", "city")
"""Fields of an input that belong into the phrase: enterprise customers, customers in EMEA."""


def of_answer(run: RunRecord, envelope: Envelope, tables: Sequence[Table], drafts: int) -> str:
    """`12 of 48 enterprise customers in EMEA are at risk; 12 drafts are waiting.`"""
    given = envelope.reading.input if envelope.reading else run.input
    waiting = _waiting(envelope.approvals, drafts)
    if not tables:
        return words.sentence("; ".join(filter(None, [envelope.title or words.label(run.flow), waiting])))
    main = tables[0]
    total = scored_rows(run)
    at_risk = "risk" in f"{run.flow} {envelope.title or ''}".lower()
    if total is not None and total >= main.total:
        found = _share(main, total, given, at_risk)
    else:
        found = words.count(main.total, words.label(words.singular(main.name)).lower())
    others = [words.count(other.total, words.label(words.singular(other.name)).lower()) for other in tables[1:]]
    return words.sentence("; ".join(filter(None, [words.listed([found, *others]), waiting])))


def scored_rows(run: RunRecord) -> int | None:
    """How many rows were scored, when the flow scores: the whole that the answer is a part of."""
    found = [step.rows for step in run.steps.values() if step.verb == "score" and step.rows is not None]
    return max(found, default=None)


def of_run(run: RunRecord) -> str:
    """A run in one line for a list: the question, or the flow with what it was given."""
    if run.reading and run.reading.get("question"):
        return str(run.reading["question"])
    given = ", ".join(f"{words.label(name).lower()} {value}" for name, value in run.input.items())
    return f"{run.flow}: {given}" if given else run.flow


def _share(main: Table, total: int, given: Mapping[str, Any], at_risk: bool) -> str:
    noun = _qualified(words.label(main.name).lower(), given)
    amount = f"{main.total:,}" if main.total else "None"
    is_are = "is" if main.total <= 1 else "are"
    threshold = given.get("at_least")
    if at_risk:
        limit = f" ({words.percent(threshold)} or more)" if not main.total and isinstance(threshold, float) else ""
        return f"{amount} of {total:,} {noun} {is_are} at risk{limit}"
    return f"{amount} of {total:,} {noun} {is_are} listed"


def _qualified(noun: str, given: Mapping[str, Any]) -> str:
    before = [_lower(str(given[name])) for name in _BEFORE if given.get(name)]
    where = [str(given[name]) for name in _IN if given.get(name)]
    return " ".join([*before, noun, *(["in", ", ".join(where)] if where else [])])


def _lower(word: str) -> str:
    return word if word.isupper() else word.lower()


def _waiting(approvals: Sequence[Approval], drafts: int) -> str:
    waiting = sum(approval.waiting for approval in approvals)
    if waiting:
        noun = "draft" if drafts else "item"
        return f"{words.count(waiting, noun)} {'is' if waiting == 1 else 'are'} waiting"
    return f"{words.count(drafts, 'draft')} written" if drafts else ""

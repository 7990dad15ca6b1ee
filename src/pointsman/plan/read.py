"""Reads the texts of a flow's steps: expressions, templates and queries; from them, what needs what."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pointsman.language import expression, soql, sql, template
from pointsman.language.mistake import Mistake
from pointsman.plan.actions import ActionKind
from pointsman.plan.finding import Findings, Path
from pointsman.plan.node import Arguments, Draft
from pointsman.spec.step import (
    VERBS,
    ApproveStep,
    AskStep,
    CallStep,
    PythonStep,
    RunStep,
    ScoreStep,
    SqlStep,
    StepCommon,
)

Read = TypeVar("Read")
NOTHING = Arguments(template.read({}))


def draft(
    name: str, step: StepCommon, steps: Iterable[str], action: ActionKind | None, findings: Findings
) -> Draft | None:
    """One step, read. None when a text could not be read; the findings say why."""
    reader = _Reader(("steps", name), findings)
    verb = next(verb for verb, kind in VERBS.items() if isinstance(step, kind))
    each = reader.text("each", step.each, template.reference)
    key = reader.text("key", step.key, template.read)
    when = reader.text("when", step.when, _condition)
    source = query = None
    arguments = NOTHING
    match step:
        case CallStep():
            query = reader.query(action, step.with_)
            arguments = reader.arguments(step.with_)
        case SqlStep():
            query = reader.text("sql", step.sql, lambda text: sql.read(text, "duckdb"))
            arguments = reader.arguments(step.with_)
        case ScoreStep():
            source = reader.text("rows", step.rows, template.reference)
        case ApproveStep():
            source = reader.text("approve", step.approve, template.reference)
        case AskStep() | RunStep() | PythonStep():
            arguments = reader.arguments(step.with_)
    if reader.failed:
        return None
    names: set[str] = set().union(*(part.names for part in (each, key, when, source, arguments) if part is not None))
    if step.each is not None:
        names.discard(step.as_)
    if isinstance(query, sql.Query) and isinstance(step, SqlStep):
        names |= set(query.tables)
    return Draft(
        name, step, verb, getattr(step, verb), frozenset(names & set(steps)), arguments, each, key, when, source, query
    )


def _condition(text: str) -> expression.Expression:
    if not text.strip().startswith("${{"):
        raise Mistake("`when` is a condition in ${{ … }}", length=len(text), way_out="Write when: ${{ … }}.")
    return template.reference(text)


class _Reader:
    """Reads the texts at one step, and remembers whether one could not be read."""

    def __init__(self, path: Path, findings: Findings) -> None:
        self._path, self._findings = path, findings
        self.failed = False

    def text(self, key: str, text: str | None, read: Callable[[str], Read]) -> Read | None:
        if text is None:
            return None
        try:
            return read(text)
        except Mistake as mistake:
            self._mistake((key,), mistake)
            return None

    def arguments(self, given: Mapping[str, Any]) -> Arguments:
        read, mistakes = template.read_all(dict(given))
        for mistake in mistakes:
            self._mistake(("with", *mistake.path), mistake)
        return Arguments(read)

    def query(self, action: ActionKind | None, given: Mapping[str, Any]) -> sql.Query | soql.Query | None:
        if action is None or action.query is None:
            return None
        key, dialect = action.query
        text = given.get(key)
        if text is None:
            return None  # the check of the arguments says so
        if not isinstance(text, str):
            self._mistake(("with", key), Mistake("a query is a text"))
            return None
        if "${{" in text:
            self._mistake(
                ("with", key),
                Mistake(
                    "a query takes values as :name, not ${{ … }}",
                    offset=text.index("${{"),
                    length=3,
                    way_out="Write :name in the query and the value under params: {name: ${{ … }}}.",
                ),
            )
            return None
        try:
            return soql.read(text) if dialect == "soql" else sql.read(text, dialect)
        except Mistake as mistake:
            self._mistake(("with", key), mistake)
            return None

    def _mistake(self, path: Path, mistake: Mistake) -> None:
        self.failed = True
        self._findings.mistake("PM201", (*self._path, *path), mistake)

"""A step as planned: what it needs, its texts compiled, and the type of what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass

from pointsman.frame import Column
from pointsman.language import soql, sql
from pointsman.language.expression import Expression
from pointsman.language.template import Template
from pointsman.plan.finding import Finding
from pointsman.shape import Shape, Value
from pointsman.spec.flow import Flow
from pointsman.spec.step import StepCommon

Origins = Mapping[str, frozenset[tuple[str, str]]]
"""By output column: the (table, column) pairs that it was made from."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The `with:` of a step."""

    tree: Template

    @property
    def names(self) -> frozenset[str]:
        return self.tree.names

    def evaluate(self, scope: Mapping[str, Value]) -> dict[str, Value]:
        """Its values by name. Raises Refused."""
        values = self.tree.evaluate(scope)
        assert isinstance(values, dict)
        return values


@dataclass(frozen=True, slots=True)
class Draft:
    """A step whose texts were read."""

    name: str
    spec: StepCommon
    verb: str
    target: str
    """What it acts on, as written."""
    needs: frozenset[str]
    arguments: Arguments
    each: Expression | None = None
    key: Template | None = None
    when: Expression | None = None
    source: Expression | None = None
    """The step that `rows:` or `approve:` names."""
    query: sql.Query | soql.Query | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A draft with its types."""

    draft: Draft
    value: Shape
    """What doing it once gives."""
    shape: Shape
    """What its name stands for in expressions: with `each`, the object of `ok` and `failed`."""
    columns: tuple[Column, ...] | None = None
    """The columns of the frame that it gives; None when it gives none, or nobody knows them."""
    origins: Origins | None = None


@dataclass(frozen=True, slots=True)
class ReplyPart:
    """A part of the reply: an expression, and the columns that it keeps of each row (none named = all)."""

    value: Template | Expression
    columns: tuple[str, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Plan:
    """A flow, worked out. `nodes` come each after what it needs."""

    flow: Flow
    nodes: Mapping[str, Node]
    reply: Mapping[str, ReplyPart]
    reply_needs: frozenset[str]
    shape: Shape
    """Of the reply."""
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """No finding stops it from running."""
        return not any(finding.severity == "error" for finding in self.findings)

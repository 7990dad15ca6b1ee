"""The type of each step's output, and what is wrong in its texts, worked out step after step."""

from collections.abc import Mapping

from pointsman.language import expression
from pointsman.language.expression import Expression
from pointsman.language.template import Template
from pointsman.plan.finding import Findings, Path
from pointsman.plan.node import Draft, Node
from pointsman.plan.surroundings import Surroundings
from pointsman.plan.verbs import Given, Scope, give
from pointsman.shape import ANY, STRING, Shape, list_of, record
from pointsman.spec.step import AskStep


class Typer:
    """Types the steps of one flow, each after what it needs."""

    def __init__(self, around: Surroundings, inputs: Shape, findings: Findings) -> None:
        self.nodes: dict[str, Node] = {}
        self.names: dict[str, Shape] = {"input": inputs}
        self._around, self._findings = around, findings

    def add(self, draft: Draft) -> None:
        """Types a step and makes its name known to those after it."""
        path: Path = ("steps", draft.name)
        item = ANY if draft.each is None else self._item(draft.each, path)
        names = self.names if draft.each is None else {**self.names, draft.spec.as_: item}
        if draft.key is not None:
            self.check(draft.key, names, (*path, "key"))
        if draft.when is not None:
            self._condition(draft.when, names, (*path, "when"))
        if draft.each is None:
            self._needs_each(draft, path)
        arguments = self.check(draft.arguments.tree, names, (*path, "with"))
        scope = Scope(self._around, self.nodes, self.names, arguments, self._findings, path)
        given = give(draft, scope)
        self.nodes[draft.name] = node = _node(draft, item, given)
        self.names[draft.name] = node.shape

    def unknown(self, name: str) -> None:
        """A step whose texts could not be read: those after it are checked as far as that allows."""
        self.names[name] = ANY

    def check(self, text: Template | Expression, names: Mapping[str, Shape], path: Path) -> Shape:
        """The shape of a text; what is wrong in it is found at its place."""
        shape, mistakes = expression.check(text, names) if isinstance(text, Expression) else text.check(names)
        for mistake in mistakes:
            self._findings.mistake("PM202", (*path, *mistake.path), mistake)
        return shape

    def _item(self, each: Expression, path: Path) -> Shape:
        shape = self.check(each, self.names, (*path, "each"))
        if shape.kind in ("list", "any"):
            return shape.item or ANY
        lists = [name for name, part in shape.fields.items() if part.kind == "list"]
        way = f"Write each: {each.source}.{lists[0]}." if lists else "Name a step that gives rows or a list."
        self._findings.add("PM203", (*path, "each"), f"`each` goes over a list; this is {shape}.", way)
        return ANY

    def _needs_each(self, draft: Draft, path: Path) -> None:
        """What only means something for items."""
        said = [name for name in ("key", "as_", "concurrency") if name in draft.spec.model_fields_set]
        words = [(name.rstrip("_"), name.rstrip("_")) for name in said]
        if draft.spec.on_error == "collect":
            words.append(("on_error", "on_error: collect"))
        for key, word in words:
            message = f"`{word}` is about the items of an `each`, and this step has none."
            self._findings.add("PM222", (*path, key), message, "Add `each`, or take it out.")

    def _condition(self, when: Expression, names: Mapping[str, Shape], path: Path) -> None:
        shape, mistakes = expression.check(when, names)
        self._findings.mistakes("PM202", path, mistakes)
        if not mistakes and (shape.kind not in ("boolean", "any") or shape.nullable):
            way = "Compare it with something, or give a default: default(x, False)."
            self._findings.add("PM202", path, f"a condition must be true or false; this is {shape}.", way)


def _node(draft: Draft, item: Shape, given: Given) -> Node:
    if draft.each is not None:
        ok = {"key": STRING, "item": item, "value": given.value}
        if isinstance(draft.spec, AskStep):
            ok["source"] = STRING
        failed = {"key": STRING, "item": item, "error": STRING}
        shape = record({"ok": list_of(record(ok)), "failed": list_of(record(failed))})
        return Node(draft, given.value, shape)
    shape = given.value.or_null() if draft.when is not None else given.value
    return Node(draft, given.value, shape, given.columns, given.origins)

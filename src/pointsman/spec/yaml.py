"""Strict YAML: the 1.2 core schema, mappings with text keys, no tags, one document.

Over PyYAML's C parser, event by event, so that depth, aliases and duplicates are seen before anything is built.
One thing is stricter than the core schema: digits that start with 0 (`017`) are a text, since a number would lose
its zero.
"""

import math
import re
from typing import Any, Final

import yaml
import yaml.cyaml

from pointsman.spec.node import Entry, Node, Plain, Scalar, Sequence, Source, Style, Tree
from pointsman.spec.problem import Place, Problem
from pointsman.spec.text import MOST, unreadable
from pointsman.spec.yaml_syntax import explained

DEEPEST: Final = 40
"""Mappings and lists inside each other."""
MOST_SHARED: Final = 10_000
"""Values that the aliases (`*name`) of a file may repeat, all together."""

_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: Final[dict[str, Plain]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_Event = Any
"""An event of PyYAML; its type stubs leave marks, tags and anchors out."""
_STYLES: Final[dict[str | None, Style]] = {"'": "single", '"': "double", "|": "literal", ">": "folded"}


def read(source: Source, most: int = MOST, end: int | None = None) -> tuple[Node | None, list[Problem]]:
    """The file's tree, and everything that is wrong with it as YAML. No tree: nothing in it can be relied on.

    `end`: only the part before this index is YAML (a prompt's head).
    """
    if fault := unreadable(source, most):
        return None, [fault]
    return _Reader(source, end).read()


class _Stop(Exception):
    """The rest of the file cannot be read."""


class _Reader:
    def __init__(self, source: Source, end: int | None) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self._parser: Any = yaml.cyaml.CParser(source.text[:end])  # type: ignore[attr-defined]
        self._anchors: dict[str, Node] = {}
        self._shared = 0

    def read(self) -> tuple[Node | None, list[Problem]]:
        try:
            node = self._document()
        except yaml.YAMLError as error:
            return None, [*self.problems, explained(error, self.source)]
        except _Stop:
            return None, self.problems
        return (None if self.problems else node), self.problems

    def _document(self) -> Node:
        self._parser.get_event()
        start = self._parser.get_event()
        if not isinstance(start, yaml.DocumentStartEvent):
            raise self._stop("PM008", "the file is empty", Place(self.source.file), "Write something, or delete it.")
        if start.tags or start.version not in (None, (1, 2)):
            self._refuse("PM005", "directives such as %TAG are not read", start, "Remove the line.")
        node = self._node(self._parser.get_event(), 1)
        self._parser.get_event()
        after = self._parser.get_event()
        if isinstance(after, yaml.DocumentStartEvent):
            self._refuse("PM005", "a second document starts here", after, "Put it in a file of its own.")
        return node

    def _node(self, event: _Event, depth: int) -> Node:
        index = event.start_mark.index
        if depth > DEEPEST:
            raise self._stop("PM006", f"nested deeper than {DEEPEST} levels", self.source.place(index))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if event.tag is not None:
            self._refuse("PM005", f"tags such as {event.tag!r} are not read", event, "Remove it.")
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Sequence(self.source, index, self._items(depth))
        else:
            node = Tree(self.source, index, self._entries(depth))
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _items(self, depth: int) -> tuple[Node, ...]:
        items = []
        while not isinstance(event := self._parser.get_event(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return tuple(items)

    def _entries(self, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._parser.get_event(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._stop(
                    "PM005",
                    "a key must be a text, not a list, a mapping or an alias",
                    self.source.place(event.start_mark.index),
                    "Write it in quotes. An expression in ${{ }} needs quotes inside { } and [ ].",
                )
            key = self._key(event)
            value = self._node(self._parser.get_event(), depth + 1)
            if (first := entries.get(key.text)) is not None:
                line = self.source.place(first.key.start).line
                self._add("PM004", f"the key `{key.text}` is here twice", key, f"It is on line {line} already.")
            else:
                entries[key.text] = Entry(key, value)
        return entries

    def _key(self, event: _Event) -> Scalar:
        if event.tag is not None:
            self._refuse("PM005", f"tags such as {event.tag!r} are not read", event, "Remove it.")
        style = _STYLES.get(event.style, "plain")
        return Scalar(self.source, event.start_mark.index, event.end_mark.index, event.value, event.value, style)

    def _scalar(self, event: _Event) -> Scalar:
        style = _STYLES.get(event.style, "plain")
        start, end = event.start_mark.index, event.end_mark.index
        value = self._meaning(event) if style == "plain" else event.value
        return Scalar(self.source, start, end, event.value, value, style)

    def _meaning(self, event: _Event) -> Plain:
        text: str = event.value
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in "+-.0123456789":
            return text
        if _INTEGER.fullmatch(text):
            number = _integer(text)
            if number is not None:
                return number
        elif _FLOAT.fullmatch(text):
            amount = float(text)
            if math.isfinite(amount):
                return amount
        elif not _NOT_FINITE.fullmatch(text):
            return text
        self._refuse(
            "PM019", f"the number {text[:40]} cannot be kept exactly", event, "Write it in quotes if it is a text."
        )
        return text

    def _alias(self, event: _Event, depth: int) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._stop(
                "PM003", f"nothing is called &{event.anchor} before this", self.source.place(event.start_mark.index)
            )
        size, height = _extent(node)
        self._shared += size
        if self._shared > MOST_SHARED or depth + height - 1 > DEEPEST:
            raise self._stop(
                "PM007",
                "the aliases of this file repeat too much",
                self.source.place(event.start_mark.index, len(event.anchor) + 1),
                "Write it out, so that it is plain to see.",
            )
        return node

    def _refuse(self, code: str, message: str, event: _Event, way_out: str) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        self.problems.append(Problem(code, message, self.source.place(start, end - start), way_out))

    def _add(self, code: str, message: str, at: Scalar, way_out: str) -> None:
        self.problems.append(Problem(code, message, self.source.place(at.start, at.end - at.start), way_out))

    def _stop(self, code: str, message: str, place: Place, way_out: str = "") -> _Stop:
        self.problems.append(Problem(code, message, place, way_out))
        return _Stop()


def _integer(text: str) -> int | None:
    """Whole numbers that fit 64 bits; others would change on their way through JSON or a database."""
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    if len(text) > 24:
        return None
    number = int(text, base)
    return number if -(2**63) <= number < 2**63 else None


def _extent(node: Node) -> tuple[int, int]:
    """How many values a node holds, itself included, and how deep it is."""
    match node:
        case Scalar():
            return 1, 1
        case Sequence():
            parts = [_extent(item) for item in node.items]
        case Tree():
            parts = [_extent(entry.value) for entry in node.entries.values()]
    return 1 + sum(size for size, _ in parts), 1 + max((height for _, height in parts), default=0)

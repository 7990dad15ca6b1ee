"""A file as it was written: values with the place of every key and value. Immutable, so overlays share parts."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pointsman.spec.problem import Place

Key = str | int
Path = tuple[Key, ...]
Style = Literal["plain", "single", "double", "literal", "folded", "raw"]
"""How a text was written. `raw`: not YAML at all, such as the text of a prompt."""
Plain = None | bool | int | float | str


@dataclass(frozen=True)
class Source:
    """One file. `text` has no byte order mark."""

    file: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        """The index at which each line begins."""
        return [0, *_line_ends(self.text)]

    def place(self, index: int, length: int = 1) -> Place:
        """The place of a character; `length` ends with its line."""
        index = max(0, min(index, len(self.text)))
        row = bisect_right(self._starts, index) - 1
        start = self._starts[row]
        stop = self._starts[row + 1] if row + 1 < len(self._starts) else len(self.text)
        line = self.text[start:stop].rstrip("\r\n")
        column = min(index - start, len(line))
        return Place(self.file, row + 1, column + 1, max(1, min(length, len(line) - column)), line)

    def place_of_line(self, line: int) -> Place:
        """A whole line, from 1."""
        return self.place(self._starts[max(0, min(line, len(self._starts)) - 1)], len(self.text))


def _line_ends(text: str) -> Iterator[int]:
    end = len(text)
    index = 0
    while index < end:
        feed, carriage = text.find("\n", index), text.find("\r", index)
        nearest = min((found for found in (feed, carriage) if found >= 0), default=-1)
        if nearest < 0:
            return
        index = nearest + (2 if text.startswith("\r\n", nearest) else 1)
        yield index


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. `text`: as written, without quotes; `value`: what it means in the core schema."""

    source: Source
    start: int
    end: int
    text: str
    value: Plain
    style: Style


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    source: Source
    start: int
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value`."""

    key: Scalar
    value: "Node"


@dataclass(frozen=True, slots=True)
class Tree:
    """A mapping. Keys are texts, always: `on`, `no` and `1` too."""

    source: Source
    start: int
    entries: Mapping[str, Entry]


Node = Scalar | Sequence | Tree


def value(node: Node) -> Any:
    """What a node means, as plain Python values."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [value(item) for item in node.items]
        case Tree():
            return {key: value(entry.value) for key, entry in node.entries.items()}


def find(node: Node, path: Path) -> tuple[Node, Scalar | None, Path]:
    """The node at a path, or the last one on the way; its key, when a key leads to it; and what is left of the path."""
    key: Scalar | None = None
    for step, element in enumerate(path):
        if isinstance(node, Tree) and element in node.entries:
            entry = node.entries[str(element)]
            node, key = entry.value, entry.key
        elif isinstance(node, Sequence) and isinstance(element, int) and 0 <= element < len(node.items):
            node, key = node.items[element], None
        else:
            return node, key, path[step:]
    return node, key, ()


def put(node: Node, path: Path, new: Scalar) -> Node:
    """The same tree with another scalar at a path that exists."""
    if not path:
        return new
    element, rest = path[0], path[1:]
    if isinstance(node, Tree) and element in node.entries:
        entry = node.entries[str(element)]
        changed = Entry(entry.key, put(entry.value, rest, new))
        return Tree(node.source, node.start, {**node.entries, str(element): changed})
    if isinstance(node, Sequence) and isinstance(element, int):
        items = tuple(put(item, rest, new) if place == element else item for place, item in enumerate(node.items))
        return Sequence(node.source, node.start, items)
    return node


def merge(under: Node, over: Node) -> Node:
    """`over` laid on `under` as a JSON merge patch (RFC 7396): mappings key by key, null takes a key away, everything
    else is replaced. Places stay those of the files."""
    if not isinstance(over, Tree):
        return over
    base = under if isinstance(under, Tree) else Tree(over.source, over.start, {})
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        if isinstance(entry.value, Scalar) and entry.value.value is None:
            entries.pop(key, None)
        else:
            old = entries.get(key)
            entries[key] = Entry(entry.key, merge(old.value if old else entry.value, entry.value))
    return Tree(base.source, base.start, entries)

"""Values with `${{ an expression }}` in them: texts, and trees of texts.

A text that is one `${{ }}` and nothing else (but space) gives the expression's value itself; text around one or more
gives a text. `}}` inside a text or an object of the expression does not end it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pointsman.errors import Refused
from pointsman.language import expression
from pointsman.language.expression import Expression
from pointsman.language.expression.joining import join_all
from pointsman.language.expression.kinds import MOST_TEXT
from pointsman.language.mistake import Mistake
from pointsman.shape import ANY, STRING, Shape, Value, list_of, record, shape_of

Path = tuple[str | int, ...]
Scope = Mapping[str, object]
Names = Mapping[str, Shape]

OPEN: Final = "${{"
CLOSE: Final = "}}"
_BARE: Final = re.compile(r"[^\W\d_]\w*(\.[^\W_]\w*)*")
_QUOTED: Final = re.compile(
    r"'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^\\'])*'|\"(?:\\.|[^\\\"])*\"", re.DOTALL
)
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class _Constant:
    """A part of the tree without expressions: its value is handed out as it is."""

    value: Any

    def evaluate(self, scope: Scope) -> Any:
        return self.value

    def check(self, names: Names, path: Path, mistakes: list[Mistake]) -> Shape:
        return _shape_of(self.value)


@dataclass(frozen=True, slots=True)
class _Unread:
    """A part that could not be read: nothing is known of it."""

    def evaluate(self, scope: Scope) -> Any:
        raise Refused("a part of this value could not be read.")

    def check(self, names: Names, path: Path, mistakes: list[Mistake]) -> Shape:
        return ANY


@dataclass(frozen=True, slots=True)
class _Whole:
    """A text that is one expression."""

    expression: Expression

    def evaluate(self, scope: Scope) -> Any:
        return self.expression.evaluate(scope)

    def check(self, names: Names, path: Path, mistakes: list[Mistake]) -> Shape:
        shape, found = expression.check(self.expression, names)
        mistakes.extend(mistake.shifted(0, path) for mistake in found)
        return shape


@dataclass(frozen=True, slots=True)
class _Text:
    """Texts and expressions in turn."""

    parts: tuple[str | Expression, ...]

    def evaluate(self, scope: Scope) -> Any:
        texts = [part if isinstance(part, str) else part.evaluate_text(scope) for part in self.parts]
        if sum(map(len, texts)) > MOST_TEXT:
            raise Refused(f"a text of more than {MOST_TEXT:,} characters.", way_out="Hand the values on, not a text.")
        return "".join(texts)

    def check(self, names: Names, path: Path, mistakes: list[Mistake]) -> Shape:
        for part in self.parts:
            if isinstance(part, Expression):
                mistakes.extend(mistake.shifted(0, path) for mistake in expression.check_text(part, names))
        return STRING


@dataclass(frozen=True, slots=True)
class _List:
    items: tuple["_Node", ...]

    def evaluate(self, scope: Scope) -> Any:
        return [item.evaluate(scope) for item in self.items]

    def check(self, names: Names, path: Path, mistakes: list[Mistake]) -> Shape:
        return list_of(join_all([item.check(names, (*path, at), mistakes) for at, item in enumerate(self.items)]))


@dataclass(frozen=True, slots=True)
class _Object:
    fields: tuple[tuple[str, "_Node"], ...]

    def evaluate(self, scope: Scope) -> Any:
        return {name: node.evaluate(scope) for name, node in self.fields}

    def check(self, names: Names, path: Path, mistakes: list[Mistake]) -> Shape:
        return record({name: node.check(names, (*path, name), mistakes) for name, node in self.fields})


_Node = _Constant | _Unread | _Whole | _Text | _List | _Object


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A tree of values, read once. `constant`: it holds no expression, and gives the value that was read."""

    expressions: tuple[Expression, ...]
    names: frozenset[str]
    paths: frozenset[tuple[str, ...]]
    _root: _Node

    @property
    def constant(self) -> bool:
        return isinstance(self._root, _Constant)

    def evaluate(self, scope: Scope) -> Value:
        """The tree with its expressions' values. Raises Refused."""
        return cast(Value, self._root.evaluate(scope))

    def check(self, names: Names) -> tuple[Shape, list[Mistake]]:
        """Its shape, and what is wrong when the names have these shapes; each mistake says in which text."""
        mistakes: list[Mistake] = []
        return self._root.check(names, (), mistakes), mistakes


def read(value: object) -> Template:
    """Reads any tree of plain values. Raises the first Mistake, with its path in the tree."""
    template, mistakes = read_all(value)
    if mistakes:
        raise mistakes[0]
    return template


def read_all(value: object) -> tuple[Template, list[Mistake]]:
    """Reads a tree as far as it can be read; parts with a mistake count as anything."""
    reader = _Reader()
    root = reader.node(value, ())
    expressions = tuple(reader.expressions)
    names = frozenset[str]().union(*(part.names for part in expressions))
    paths = frozenset[tuple[str, ...]]().union(*(part.paths for part in expressions))
    return Template(expressions, names, paths, root), reader.mistakes


def reference(text: str) -> Expression:
    """A bare path such as `drafts.ok`, or one `${{ }}`. Raises Mistake."""
    if OPEN in text:
        parts = _parts(text)
        if len(parts) == 1 and isinstance(parts[0], Expression):
            return parts[0]
        raise Mistake("this takes one ${{ … }} and nothing around it", length=len(text))
    bare = text.strip()
    if not _BARE.fullmatch(bare):
        way = "Write a name such as drafts.ok, or ${{ an expression }}."
        raise Mistake("this is neither a name nor ${{ … }}", length=max(len(text), 1), way_out=way)
    return expression.read(text)


class _Reader:
    """Reads one tree; collects its expressions and mistakes."""

    def __init__(self) -> None:
        self.expressions: list[Expression] = []
        self.mistakes: list[Mistake] = []

    def node(self, value: object, path: Path) -> _Node:
        match value:
            case str() if OPEN in value:
                return self._text(value, path)
            case dict():
                nodes = tuple((name, self.node(part, (*path, name))) for name, part in value.items())
                for name in value:
                    if isinstance(name, str) and OPEN in name:
                        self.mistakes.append(
                            Mistake("the name of a field is fixed", length=len(name), path=(*path, name))
                        )
                return _Constant(value) if _all_constant([node for _, node in nodes]) else _Object(nodes)
            case list():
                items = [self.node(part, (*path, at)) for at, part in enumerate(value)]
                return _Constant(value) if _all_constant(items) else _List(tuple(items))
        return _Constant(value)

    def _text(self, text: str, path: Path) -> _Node:
        try:
            parts = _parts(text)
        except Mistake as mistake:
            self.mistakes.append(mistake.shifted(0, path))
            return _Unread()
        self.expressions.extend(part for part in parts if isinstance(part, Expression))
        if len(parts) == 1 and isinstance(parts[0], Expression):
            return _Whole(parts[0])
        return _Text(tuple(parts))


def _all_constant(nodes: list[_Node]) -> bool:
    return all(isinstance(node, _Constant) for node in nodes)


def _shape_of(value: object) -> Shape:
    """Of a written value: a text is known to be itself."""
    match value:
        case str() if type(value) is str:
            return Shape("string", enum=(value,))
        case list():
            return list_of(join_all([_shape_of(item) for item in value]))
        case dict():
            return record({str(name): _shape_of(part) for name, part in value.items()})
    return shape_of(value)


def _parts(text: str) -> list[str | Expression]:
    """Texts and expressions in turn; a lone expression stands without the space around it."""
    parts: list[str | Expression] = []
    at = 0
    while (begin := text.find(OPEN, at)) >= 0:
        inside = begin + len(OPEN)
        end = _end(text, inside)
        if begin > at:
            parts.append(text[at:begin])
        parts.append(expression.read(text[inside:end], inside))
        at = end + len(CLOSE)
    if at < len(text):
        parts.append(text[at:])
    told = [part for part in parts if isinstance(part, Expression) or part.strip()]
    return told if len(told) == 1 else parts


def _end(text: str, start: int) -> int:
    """Where the `}}` is that ends an expression: not inside quotes, and not the end of an object in it."""
    opened: list[str] = []
    at = start
    while at < len(text):
        sign = text[at]
        if sign in "'\"":
            quoted = _QUOTED.match(text, at)
            if quoted is None:
                break
            at = quoted.end()
            continue
        if sign in "([{":
            opened.append(sign)
        elif opened and opened[-1] == _PAIRS.get(sign):
            opened.pop()
        elif text.startswith(CLOSE, at):
            return at
        at += 1
    # a text or bracket in it is open: let the expression's own mistake say so, up to the next `}}`
    end = text.find(CLOSE, start)
    if end < 0:
        raise Mistake("`${{` is never closed", offset=start - len(OPEN), length=len(OPEN), way_out="Close it with }}.")
    return end

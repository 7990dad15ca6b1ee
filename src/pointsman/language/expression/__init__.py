"""Expressions: a closed part of Python's expression grammar, read once, checked against shapes, evaluated fast.

See docs/reference/expressions.md for the grammar, the functions, and every intended difference from Python.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pointsman.errors import Refused
from pointsman.language.expression.check import Checker
from pointsman.language.expression.compile import ABSENT, Compiler
from pointsman.language.expression.grammar import Parsed, parse
from pointsman.language.expression.kinds import BUDGET
from pointsman.language.expression.source import Spot
from pointsman.language.expression.texts import text_of
from pointsman.language.expression.trouble import Trouble
from pointsman.language.mistake import Mistake
from pointsman.shape import Shape, Value

__all__ = ["BUDGET", "Expression", "check", "check_text", "read"]


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """An expression that keeps to the grammar.

    `start`: where it begins in the text it was read from. `names`: the root names it reads, without its loops' own.
    `paths`: what it reads of them as far as that is written out; `("drafts", "ok")` means all of `drafts.ok`.
    """

    source: str
    start: int
    names: frozenset[str]
    paths: frozenset[tuple[str, ...]]
    _parsed: Parsed = field(repr=False)
    _roots: tuple[str, ...] = field(repr=False)
    _room: tuple[None, ...] = field(repr=False)
    _run: Callable[[list[Any]], Any] = field(repr=False)

    def evaluate(self, scope: Mapping[str, object], budget: int = BUDGET) -> Value:
        """Its value. `budget`: items it may go over. Raises Refused, which shows the part and its position."""
        get = scope.get
        env: list[Any] = [budget]
        for name in self._roots:
            env.append(get(name, ABSENT))  # noqa: PERF401 (a comprehension costs more for one or two names)
        env += self._room
        try:
            return self._run(env)  # type: ignore[no-any-return]
        except (Trouble, ArithmeticError, RecursionError) as trouble:
            raise self._refused(trouble) from None

    def evaluate_text(self, scope: Mapping[str, object], budget: int = BUDGET) -> str:
        """Its value as a part of a text. Raises Refused, also when it is null, a list or an object."""
        value = self.evaluate(scope, budget)
        try:
            return text_of(value)
        except Trouble as trouble:
            raise self._refused(trouble) from None

    def _refused(self, trouble: Exception) -> Refused:
        match trouble:
            case Trouble():
                spot = trouble.spot or Spot(0, len(self.source))
                return Refused(self._parsed.source.said(trouble.message, spot), way_out=trouble.way_out)
            case RecursionError():
                return Refused(f"`{self.source}`: values nested too deep.")
        return Refused(f"`{self.source}`: a number in it cannot be worked with.")


def read(source: str, start: int = 0) -> Expression:
    """Raises Mistake. `start`: where the source begins in a longer text; places are told in that text."""
    inner = source.strip()
    start += len(source) - len(source.lstrip()) if inner else 0
    try:
        parsed = parse(inner)
    except Mistake as mistake:
        raise mistake.shifted(start) from None
    compiler = Compiler(parsed)
    run = compiler.build(parsed.tree)
    room = (None,) * (compiler.slots - len(compiler.roots) - 1)
    return Expression(inner, start, parsed.names, parsed.paths, parsed, compiler.roots, room, run)


def check(expression: Expression, names: Mapping[str, Shape]) -> tuple[Shape, list[Mistake]]:
    """Its shape, and what is wrong with it, when its names have these shapes."""
    checker = Checker(expression._parsed.source, names)
    shape = checker.shape(expression._parsed.tree)
    return shape, _placed(checker.mistakes, expression)


def check_text(expression: Expression, names: Mapping[str, Shape]) -> list[Mistake]:
    """What is wrong with it as a part of a text."""
    checker = Checker(expression._parsed.source, names)
    checker.text(expression._parsed.tree)
    return _placed(checker.mistakes, expression)


def _placed(mistakes: list[Mistake], expression: Expression) -> list[Mistake]:
    """In the order of reading, each at its place in the text that the expression was read from."""
    return [mistake.shifted(expression.start) for mistake in sorted(mistakes, key=lambda mistake: mistake.offset)]

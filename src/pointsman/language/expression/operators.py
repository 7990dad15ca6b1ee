"""Closures of the operators: a short way for the common kinds, the strict way for all others."""

import ast
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from pointsman.language.expression.arithmetic import NATIVE, calculate
from pointsman.language.expression.comparing import ORDER, contains, equal, holds, ordered
from pointsman.language.expression.grammar import is_none
from pointsman.language.expression.kinds import LARGEST, Env, kind_of
from pointsman.language.expression.source import Spot
from pointsman.language.expression.trouble import Trouble, null

Run = Callable[[Env], Any]
Condition = Callable[[Env], bool]
Link = Callable[[Run, Run], Run]
Spots = tuple[Spot, ...]

_ALIKE: Final = frozenset((int, str, date, bool))
"""Exact types whose native comparison is already strict."""
_REAL: Final = frozenset((int, float))


def boolean(inner: Run, spot: Spot, word: str) -> Condition:
    """A condition: true or false, nothing that would merely count as one."""

    def run(env: Env) -> bool:
        value = inner(env)
        if value is True or value is False:
            return value
        if value is None:
            raise null(f"as the condition of {word}").at(spot)
        try:
            kind = kind_of(value)
        except Trouble as trouble:
            raise trouble.at(spot) from None
        raise Trouble(f"{word} takes a boolean, got {kind}", way_out=CONDITION_WAYS.get(kind, "")).at(spot)

    return run


CONDITION_WAYS: Final = {
    "number": "Compare it: x != 0.",
    "string": "Compare it: x != ''.",
    "list": "Ask for its length: len(x) > 0.",
    "object": "Ask for its length: len(x) > 0.",
}


def binary(symbol: str, left: Run, right: Run, whole: Spot, spots: Spots) -> Run:
    native = NATIVE[symbol]

    def run(env: Env) -> Any:
        a = left(env)
        b = right(env)
        if type(a) is int and type(b) is int and symbol in "+-*":
            value = native(a, b)
            if -LARGEST <= value <= LARGEST:
                return value
        try:
            return calculate(symbol, env, a, b)
        except Trouble as trouble:
            raise trouble.at(whole, spots) from None

    return run


def comparison(symbol: str, sides: Sequence[ast.expr], whole: Spot, spots: Spots) -> Link:
    """How two sides are compared by this operator; a literal `None` asks whether the other side is null."""
    for position, side in enumerate(sides):
        if is_none(side) and symbol in ("is", "==", "is not", "!="):
            return _null_test(position, symbol in ("is", "=="))
    if symbol in ORDER:
        return lambda left, right: _ordered(symbol, left, right, whole, spots)
    if symbol in ("==", "!="):
        return lambda left, right: _equal(symbol, left, right, whole, spots)
    looks_for_none = is_none(sides[0])
    return lambda left, right: _contains(symbol == "in", looks_for_none, left, right, whole, spots)


def _null_test(position: int, wanted: bool) -> Link:
    def link(left: Run, right: Run) -> Run:
        asked = right if position == 0 else left
        return lambda env: (asked(env) is None) is wanted

    return link


def _ordered(symbol: str, left: Run, right: Run, whole: Spot, spots: Spots) -> Run:
    native = ORDER[symbol]

    def run(env: Env) -> bool:
        a = left(env)
        b = right(env)
        kind = type(a)
        if kind is type(b) and kind in _ALIKE and kind is not bool:
            return native(a, b)  # type: ignore[no-any-return]
        if kind in _REAL and type(b) in _REAL and native(a, b):
            return True
        try:
            return ordered(symbol, a, b)
        except Trouble as trouble:
            raise trouble.at(whole, spots) from None

    return run


def _equal(symbol: str, left: Run, right: Run, whole: Spot, spots: Spots) -> Run:
    wanted = symbol == "=="

    def run(env: Env) -> bool:
        a = left(env)
        b = right(env)
        if type(a) is type(b) and type(a) in _ALIKE:
            return (a == b) is wanted
        try:
            return equal(symbol, env, a, b) is wanted
        except Trouble as trouble:
            raise trouble.at(whole, spots) from None

    return run


def _contains(wanted: bool, for_none: bool, left: Run, right: Run, whole: Spot, spots: Spots) -> Run:
    def run(env: Env) -> bool:
        item, inside = left(env), right(env)
        try:
            if for_none and isinstance(inside, list):
                return holds(env, None, inside) is wanted
            return contains(env, item, inside) is wanted
        except Trouble as trouble:
            raise trouble.at(whole, spots) from None

    return run

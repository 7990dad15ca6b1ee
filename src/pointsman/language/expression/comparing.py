"""`== != < <= > >= in`: between values of one kind, never with a null by accident."""

import operator
from collections.abc import Callable
from typing import Any, Final

from pointsman.language.expression.arithmetic import aligned
from pointsman.language.expression.kinds import Env, kind_of, spend
from pointsman.language.expression.trouble import Trouble, null

ORDER: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ORDERED: Final = ("number", "string", "date", "timestamp")
MISMATCH_WAYS: Final[dict[frozenset[str], str]] = {
    frozenset(("date", "string")): "A text becomes a date with date('2026-01-31').",
    frozenset(("date", "timestamp")): "A timestamp becomes a date with date(x).",
    frozenset(("number", "string")): "A text becomes a number with float(x) or int(x), a number a text with str(x).",
    frozenset(("timestamp", "string")): "A text becomes a date with date('2026-01-31'), a timestamp with date(x).",
}


def _one_kind(symbol: str, a: Any, b: Any) -> str:
    kinds = kind_of(a), kind_of(b)
    for part, kind in enumerate(kinds):
        if kind == "null":
            raise null(f"compared by `{symbol}`", part)
    if kinds[0] != kinds[1]:
        raise Trouble(
            f"`{symbol}` compares values of one kind, got {kinds[0]} and {kinds[1]}",
            way_out=MISMATCH_WAYS.get(frozenset(kinds), ""),
        )
    if kinds[0] == "number":
        for part, value in enumerate((a, b)):
            if value != value:
                raise Trouble("not a number (NaN) in a comparison", part=part)
    return kinds[0]


def ordered(symbol: str, a: Any, b: Any) -> bool:
    """`a symbol b` for `< <= > >=`. Raises Trouble."""
    kind = _one_kind(symbol, a, b)
    if kind not in ORDERED:
        raise Trouble(f"`{symbol}` orders numbers, texts, dates and timestamps, not {kind} values")
    if kind == "number":
        a, b = aligned(a, b)
    try:
        return bool(ORDER[symbol](a, b))
    except TypeError:
        raise Trouble(
            "one timestamp has a time zone, the other has none", way_out="Compare their days: date(x)."
        ) from None


def equal(symbol: str, env: Env, a: Any, b: Any) -> bool:
    """`a == b`. Raises Trouble when one is null (the literal `None` is compared elsewhere) or kinds differ."""
    _one_kind(symbol, a, b)
    return same(env, a, b)


def same(env: Env, a: Any, b: Any) -> bool:
    """Deep equality: values of different kinds differ; nulls inside lists and objects equal each other."""
    kind = kind_of(a)
    if kind != kind_of(b):
        return False
    if kind == "list":
        spend(env, min(len(a), len(b)))
        return len(a) == len(b) and all(same(env, x, y) for x, y in zip(a, b, strict=True))
    if kind == "object":
        spend(env, min(len(a), len(b)))
        return a.keys() == b.keys() and all(same(env, value, b[key]) for key, value in a.items())
    if kind == "number":
        a, b = aligned(a, b)
    return bool(a == b)


def contains(env: Env, item: Any, inside: Any) -> bool:
    """`item in inside`: a part of a text, an item of a list, a field of an object. Raises Trouble."""
    kind = kind_of(inside)
    if kind == "null":
        raise null("searched by `in`", 1)
    if kind not in ("string", "list", "object"):
        raise Trouble(f"`in` searches a text, a list or an object, got {kind}", part=1)
    if item is None:
        raise null("looked for by `in`", 0)
    if kind == "list":
        return holds(env, item, inside)
    if not isinstance(item, str):
        raise Trouble(f"`in` looks for a text in {_A[kind]}, got {kind_of(item)}", part=0)
    return item in inside


_A: Final = {"string": "a text", "object": "an object"}


def holds(env: Env, item: Any, items: list[Any]) -> bool:
    """Whether a list has an item. Texts are found fast, so sixteen of them count as one against the budget."""
    if isinstance(item, str):
        spend(env, len(items) >> 4)
        return item in items
    spend(env, len(items))
    return any(same(env, item, other) for other in items)

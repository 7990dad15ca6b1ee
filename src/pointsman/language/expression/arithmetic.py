"""`+ - * / // %` and signs: on numbers; `+` also joins texts and lists; days are added to dates."""

import operator
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from pointsman.language.expression.kinds import (
    DECIMALS,
    Env,
    bounded,
    bounded_text,
    kind_of,
    refuse_long,
    spend,
)
from pointsman.language.expression.trouble import Trouble, null

NATIVE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def _floor_mod(a: Decimal, b: Decimal) -> Decimal:
    """Takes the divisor's sign, as integers do (Python's decimals take the dividend's)."""
    rest = DECIMALS.remainder(a, b)
    return DECIMALS.add(rest, b) if rest and rest.is_signed() != b.is_signed() else rest


def _floor_div(a: Decimal, b: Decimal) -> Decimal:
    return DECIMALS.divide_int(DECIMALS.subtract(a, _floor_mod(a, b)), b)


_DECIMAL: Final[dict[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": DECIMALS.add,
    "-": DECIMALS.subtract,
    "*": DECIMALS.multiply,
    "/": DECIMALS.divide,
    "//": _floor_div,
    "%": _floor_mod,
}


def calculate(symbol: str, env: Env, a: Any, b: Any) -> Any:
    """`a symbol b`. Raises Trouble."""
    kinds = kind_of(a), kind_of(b)
    for part, kind in enumerate(kinds):
        if kind == "null":
            raise null("in arithmetic", part)
    if kinds == ("number", "number"):
        return numbers(symbol, a, b)
    if symbol == "+" and kinds == ("string", "string"):
        refuse_long(len(a) + len(b))
        return bounded_text(env, a + b)
    if symbol == "+" and kinds == ("list", "list"):
        spend(env, len(a) + len(b))
        return [*a, *b]
    if "date" in kinds and symbol in "+-":
        return _days(symbol, a, b, kinds)
    raise Trouble(f"`{symbol}` {_TAKES[symbol]}, got {kinds[0]} and {kinds[1]}")


_TAKES: Final = {
    "+": "adds numbers, joins texts or lists, or adds days to a date",
    "-": "subtracts numbers, dates, or days from a date",
    "*": "multiplies numbers",
    "/": "divides numbers",
    "//": "divides numbers",
    "%": "divides numbers",
}


def numbers(symbol: str, a: Any, b: Any) -> Any:
    """Arithmetic on two numbers: a decimal with an integer stays a decimal, with a float it becomes a float."""
    a, b = aligned(a, b)
    try:
        if type(a) is Decimal or type(b) is Decimal:
            return bounded(_DECIMAL[symbol](Decimal(a), Decimal(b)))
        return bounded(NATIVE[symbol](a, b))
    except ZeroDivisionError:
        raise Trouble("divides by zero") from None
    except ArithmeticError:
        raise Trouble("gives a number that is too large") from None


def aligned(a: Any, b: Any) -> tuple[Any, Any]:
    """Two numbers that can be compared and added: decimals become floats beside a float."""
    if isinstance(a, Decimal) and isinstance(b, float):
        return float(bounded(a)), b
    if isinstance(a, float) and isinstance(b, Decimal):
        return a, float(bounded(b))
    return a, b


def _days(symbol: str, a: Any, b: Any, kinds: tuple[str, str]) -> Any:
    try:
        if kinds == ("date", "date") and symbol == "-":
            return (a - b).days
        if kinds == ("date", "number") and type(b) is int:
            return a + timedelta(b) if symbol == "+" else a - timedelta(b)
        if kinds == ("number", "date") and type(a) is int and symbol == "+":
            return b + timedelta(a)
    except OverflowError:
        raise Trouble("gives a date outside the years 1 to 9999") from None
    raise Trouble(
        f"`{symbol}` takes two dates (-) or a date and whole days, got {kinds[0]} and {kinds[1]}",
        way_out="A text becomes a date with date(x)." if "string" in kinds else "",
    )


def signed(symbol: str, value: Any) -> Any:
    """`-x` and `+x`. Raises Trouble."""
    kind = kind_of(value)
    if kind == "null":
        raise null("in arithmetic", 0)
    if kind != "number":
        raise Trouble(f"`{symbol}` takes a number, got {kind}")
    if symbol == "+":
        return value
    return DECIMALS.minus(value) if isinstance(value, Decimal) else bounded(-value)

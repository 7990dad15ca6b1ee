"""The kinds of values at run time, and the limits on them."""

from datetime import date, datetime
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any, Final

from pointsman.language.expression.trouble import Trouble
from pointsman.quantity import Quarter

BUDGET: Final = 200_000
"""Items that one evaluation may go over: about a fifth of a second."""
MOST_TEXT: Final = 1_000_000
"""Characters of a text that an expression makes."""
LARGEST: Final = 2**63 - 1
"""Integers are those of 64 bits, as in JSON readers and databases."""
LARGEST_DECIMAL: Final = 40
"""Digits before the point of a decimal."""
DECIMALS: Final = Context(prec=38, traps=[DivisionByZero, InvalidOperation, Overflow])
"""38 digits, as in the databases that decimals come from; never the thread's own setting."""

Env = list[Any]
"""One evaluation: what is left of the budget, then the names' values, each at its slot."""

_KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    Decimal: "number",
    str: "string",
    Quarter: "string",
    date: "date",
    datetime: "timestamp",
    list: "list",
    dict: "object",
}


def kind_of(value: object) -> str:
    """The kind of a value. Raises Trouble for anything that is not one."""
    if found := _KINDS.get(type(value)):
        return found
    for kind in (str, bool, int, float, Decimal, datetime, date, list, dict):
        if isinstance(value, kind):
            return _KINDS[kind]
    raise Trouble(f"a Python {type(value).__name__} is not a value that expressions know")


def a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aio" else f"a {kind}"


def spend(env: Env, items: int) -> None:
    """Takes from the budget of this evaluation."""
    env[0] -= items
    if env[0] < 0:
        raise Trouble(
            "goes over more items than it may",
            way_out="Do it in a `sql` step, which is made for many rows.",
        )


def bounded(value: Any) -> Any:
    """A number that arithmetic gave, when it is within the limits. Raises Trouble."""
    if type(value) is float:
        if value - value != 0.0:
            raise Trouble("gives a number that is not finite")
    elif type(value) is Decimal:
        if not value.is_finite() or value.adjusted() >= LARGEST_DECIMAL:
            raise Trouble(f"gives a decimal of more than {LARGEST_DECIMAL} digits")
    elif not -LARGEST <= value <= LARGEST:
        raise Trouble("gives an integer of more than 64 bits")
    return value


def bounded_text(env: Env, text: str) -> str:
    spend(env, len(text) >> 8)
    return text


def refuse_long(length: int) -> None:
    """Raises Trouble before a text gets longer than it may."""
    if length > MOST_TEXT:
        raise Trouble(f"gives a text of more than {MOST_TEXT:,} characters")

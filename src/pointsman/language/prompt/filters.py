"""The filters of prompts: those of Jinja2 that are plain, the expressions' functions, and a few for prose."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, cast

from jinja2 import Undefined, pass_context
from jinja2.filters import FILTERS as JINJA
from jinja2.runtime import Context

from pointsman.language.expression.functions import FUNCTIONS
from pointsman.language.expression.kinds import Env, bounded, kind_of, refuse_long, spend
from pointsman.language.expression.texts import text_of
from pointsman.language.expression.trouble import Trouble, null
from pointsman.shape import Value

METER: Final = "_meter"
"""The variable of a rendering that holds what is left of its budget."""
_PLAIN: Final = (
    *("capitalize", "first", "last", "list", "map", "rejectattr", "reverse", "selectattr", "sort", "title", "trim"),
    *("truncate", "unique"),
)
_OF_EXPRESSIONS: Final = {"length": "len"} | {
    name: name for name in ("abs", "float", "int", "lower", "max", "min", "round", "sum", "upper")
}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def meter(context: Context) -> Env:
    return cast(Env, context.resolve(METER))


@pass_context
def counted(context: Context, value: Any) -> Any:
    """Takes what a loop or filter goes over from the budget."""
    budget = meter(context)
    if isinstance(value, str):
        spend(budget, len(value) >> 8)
    elif isinstance(value, Iterable) and not isinstance(value, Undefined | dict):
        value = list(islice(value, budget[0] + 1))
        spend(budget, len(value))
    elif isinstance(value, dict):
        spend(budget, len(value))
    return value


def _of_expressions(name: str) -> Callable[..., Any]:
    call = FUNCTIONS[name].run

    @pass_context
    def run(context: Context, value: Any, *arguments: Any) -> Any:
        return call(meter(context), given(value), *arguments)

    return run


def given(value: Any) -> Any:
    """The value, when it is there. Raises UndefinedError."""
    if isinstance(value, Undefined):
        str(value)
    return value


def joined(parts: Iterable[Any], between: str = "") -> str:
    """Texts of the parts, with this between them."""
    texts = [text_of(given(part)) for part in given(parts)]
    refuse_long(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _default(value: Any, otherwise: Any = "") -> Any:
    return otherwise if value is None or isinstance(value, Undefined) else value


@pass_context
def _json(context: Context, value: Any) -> str:
    """Compact JSON, letters as they are; dates and decimals as texts."""
    _count(meter(context), given(value))
    text = json.dumps(value, ensure_ascii=False, default=text_of)
    refuse_long(len(text))
    return text


def _count(budget: Env, value: Any) -> None:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    spend(budget, 1 + (len(value) >> 8 if isinstance(value, str) else 0))
    for part in parts:
        _count(budget, part)


def _number(name: str, value: Any) -> Any:
    kind = kind_of(given(value))
    if kind == "null":
        raise null(f"given to {name}")
    if kind != "number":
        raise Trouble(f"{name} takes a number, got {kind}")
    return bounded(value)


def _digits(name: str, digits: Any) -> int:
    if type(digits) is not int or not 0 <= digits <= 15:
        raise Trouble(f"{name} takes 0 to 15 digits")
    return digits


def _percent(value: Any, digits: int = 0) -> str:
    return f"{_number('percent', value) * 100:.{_digits('percent', digits)}f}%"


def _money(value: Any, currency: str = "", digits: int = 2) -> str:
    number = _number("money", value)
    return f"{'-' if number < 0 else ''}{text_of(currency)}{abs(number):,.{_digits('money', digits)}f}"


def _date(value: Any) -> str:
    day = given(value)
    if isinstance(day, str):
        day = FUNCTIONS["date"].run([0], day)
    if day is None:
        raise null("given to date")
    if not isinstance(day, date | datetime):
        raise Trouble(f"date takes a date, got {kind_of(day)}")
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_OURS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {"date": _date, "default": _default, "join": joined, "json": _json, "money": _money, "percent": _percent}
)
ALL: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {name: JINJA[name] for name in _PLAIN}
    | {name: _of_expressions(function) for name, function in _OF_EXPRESSIONS.items()}
    | dict(_OURS)
)
FILTERS: Final = frozenset(ALL)


def written(value: Value | Undefined) -> str:
    """What `{{ }}` writes."""
    return text_of(given(value))

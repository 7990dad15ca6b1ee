"""The functions that expressions may call, and no others."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from pointsman.language.expression.access import field
from pointsman.language.expression.arithmetic import numbers
from pointsman.language.expression.comparing import ORDERED, ordered
from pointsman.language.expression.kinds import DECIMALS, Env, bounded, bounded_text, kind_of, spend
from pointsman.language.expression.texts import text_of
from pointsman.language.expression.trouble import Trouble, null
from pointsman.quantity import Quarter

_MOST_DIGITS: Final = 30
_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Function:
    """`run(env, *arguments, **keywords)`, between `least` and `most` arguments. `default` is built by the compiler."""

    run: Callable[..., Any]
    least: int = 1
    most: int = 1
    keywords: tuple[str, ...] = ()


def _kind(name: str, value: Any, *kinds: str, part: int = 0) -> str:
    kind = kind_of(value)
    if kind == "null":
        raise null(f"given to {name}()", part)
    if kind not in kinds:
        raise Trouble(f"{name}() takes {' or '.join(kinds)}, got {kind}", part=part)
    return kind


def _items(env: Env, name: str, value: Any, kinds: tuple[str, ...]) -> list[Any]:
    """The list's items, counted, each of one of these kinds."""
    _kind(name, value, "list")
    spend(env, len(value))
    for item in value:
        kind = kind_of(item)
        if kind == "null":
            raise null(f"among the items of {name}()", 0)
        if kind not in kinds:
            raise Trouble(f"{name}() takes items of kind {' or '.join(kinds)}, got {kind}", part=0)
    return list(value)


def _len(env: Env, value: Any) -> int:
    _kind("len", value, "string", "list", "object")
    return len(value)


def _sum(env: Env, value: Any) -> Any:
    items = _items(env, "sum", value, ("number",))
    try:
        if any(isinstance(item, float) for item in items):
            return bounded(math.fsum(items))
        total: Any = 0
        for item in items:
            total = numbers("+", total, item)
        return bounded(total)
    except (ArithmeticError, ValueError):
        raise Trouble("gives a number that is too large or not finite") from None


def _comparable(env: Env, name: str, items: list[Any]) -> list[Any]:
    """What to compare the items by: one kind, decimals as floats when any is a float."""
    keys = _items(env, name, items, ORDERED)
    for key in keys[1:]:
        ordered("<", keys[0], key)
    if any(isinstance(key, float) for key in keys):
        if any(key != key for key in keys):
            raise Trouble("not a number (NaN) in a comparison", part=0)
        return [float(key) if isinstance(key, Decimal) else key for key in keys]
    return keys


def _extreme(name: str, choose: Callable[..., int]) -> Callable[..., Any]:
    def run(env: Env, *values: Any, **keywords: Any) -> Any:
        if len(values) == 1:
            _kind(name, values[0], "list")
            items = values[0]
        else:
            items = list(values)
        if not items:
            if "default" in keywords:
                return keywords["default"]
            raise Trouble(f"{name}() of no items", way_out=f"Say what it is then: {name}(x, default=0).", part=0)
        keys = _comparable(env, name, items)
        return items[choose(range(len(keys)), key=keys.__getitem__)]

    return run


def _sorted(env: Env, items: Any, *, key: str = "", reverse: bool = False) -> list[Any]:
    _kind("sorted", items, "list")
    if type(reverse) is not bool:
        raise Trouble(f"reverse= takes a boolean, got {kind_of(reverse)}")
    chosen = items
    if key:
        spend(env, len(items))
        chosen = [_along(item, key.split(".")) for item in items]
    keys = _comparable(env, "sorted", chosen)
    return [items[at] for at in sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)]


def _along(item: Any, path: list[str]) -> Any:
    for name in path:
        item = field(item, name)
    return item


def _round(env: Env, value: Any, digits: Any = None) -> Any:
    _kind("round", value, "number")
    if digits is None:
        return _int(env, round(bounded(value)))
    if type(digits) is not int or abs(digits) > _MOST_DIGITS:
        raise Trouble(f"round() takes a whole number of digits, at most {_MOST_DIGITS}", part=1)
    if isinstance(value, Decimal):
        return bounded(DECIMALS.quantize(bounded(value), Decimal(1).scaleb(-digits)))
    return bounded(round(value, digits))


def _int(env: Env, value: Any) -> int:
    if _kind("int", value, "number", "boolean", "string") == "string":
        if not re.fullmatch(r"[+-]?[0-9]{1,19}", value):
            raise Trouble("int() takes a text of digits", part=0)
        return bounded(int(value))  # type: ignore[no-any-return]
    return bounded(int(bounded(value)))  # type: ignore[no-any-return]


def _float(env: Env, value: Any) -> float:
    if _kind("float", value, "number", "boolean", "string") == "string" and not _NUMBER.fullmatch(value):
        raise Trouble("float() takes a text that is a number", part=0)
    return float(bounded(float(value)))


def _bool(env: Env, value: Any) -> bool:
    if _kind("bool", value, "boolean", "number", "string") == "string":
        if value not in ("true", "false"):
            raise Trouble("bool() takes the text true or false", part=0)
        return bool(value == "true")
    return bool(bounded(value))


def _abs(env: Env, value: Any) -> Any:
    _kind("abs", value, "number")
    return bounded(value.copy_abs() if isinstance(value, Decimal) else abs(value))


def _cased(name: str, change: Callable[[str], str]) -> Callable[..., str]:
    def run(env: Env, value: Any) -> str:
        _kind(name, value, "string")
        return bounded_text(env, change(value))

    return run


def _date(env: Env, value: Any) -> date:
    if _kind("date", value, "string", "date", "timestamp") != "string":
        return value.date() if isinstance(value, datetime) else value
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise Trouble("date() takes a text such as 2026-01-31", part=0)


def _quarter(env: Env, value: Any) -> Quarter:
    if _kind("quarter", value, "string", "date", "timestamp") != "string":
        return Quarter.containing(value)
    try:
        return Quarter(value)
    except ValueError:
        raise Trouble("quarter() takes a text such as 2026-Q4", part=0) from None


def _every(name: str, decide: Callable[[list[bool]], bool]) -> Callable[..., bool]:
    def run(env: Env, value: Any) -> bool:
        return decide(_items(env, name, value, ("boolean",)))

    return run


def _str(env: Env, value: Any) -> str:
    return text_of(value)


def _built_by_the_compiler(env: Env, value: Any, otherwise: Any) -> Any:
    raise NotImplementedError


FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "abs": Function(_abs),
        "all": Function(_every("all", all)),
        "any": Function(_every("any", any)),
        "bool": Function(_bool),
        "date": Function(_date),
        "default": Function(_built_by_the_compiler, 2, 2),
        "float": Function(_float),
        "int": Function(_int),
        "len": Function(_len),
        "lower": Function(_cased("lower", str.lower)),
        "max": Function(_extreme("max", max), 1, 16, ("default",)),
        "min": Function(_extreme("min", min), 1, 16, ("default",)),
        "quarter": Function(_quarter),
        "round": Function(_round, 1, 2),
        "sorted": Function(_sorted, 1, 1, ("key", "reverse")),
        "str": Function(_str),
        "sum": Function(_sum),
        "upper": Function(_cased("upper", str.upper)),
    }
)

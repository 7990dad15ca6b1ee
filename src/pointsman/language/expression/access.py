"""Fields and items: look-up in objects, lists and texts, never Python's attributes."""

from datetime import date
from typing import Any, Final

from pointsman.errors import nearest
from pointsman.language.expression.kinds import Env, a, kind_of, spend
from pointsman.language.expression.trouble import Missing, Trouble
from pointsman.quantity import Quarter

DATE_FIELDS: Final = ("year", "month", "day")
_DEFAULT: Final = "If it may be missing: default(x, y)."


def field(value: Any, name: str) -> Any:
    """`value.name`. Raises Trouble, Missing when an object lacks it or the value is null."""
    match value:
        case dict():
            if name in value:
                return value[name]
            raise Missing(f"there is no field `{name}`", way_out=_known(name, value))
        case None:
            raise Missing(f"null has no field `{name}`", way_out="Say what null stands for: default(x, y).", part=0)
        case Quarter() if name in Quarter.FIELDS:
            return _of_quarter(value, name)
        case date() if name in DATE_FIELDS:
            return {"year": value.year, "month": value.month, "day": value.day}[name]
        case Quarter() | date():
            fields = Quarter.FIELDS if isinstance(value, Quarter) else DATE_FIELDS
            raise Trouble(f"there is no field `{name}`", way_out=f"Fields: {', '.join(fields)}.")
    raise Trouble(f"{a(kind_of(value))} has no field `{name}`")


def _of_quarter(quarter: Quarter, name: str) -> Any:
    try:
        return getattr(quarter, name)  # one of Quarter.FIELDS
    except ValueError:
        raise Trouble("gives a quarter outside the years 1 to 9999") from None


def _known(name: str, fields: dict[str, Any]) -> str:
    """Names a near field, or lists those that look like field names: keys can be data, and data is not shown."""
    names = [key for key in fields if key.isidentifier()]
    if near := nearest(name, names):
        return f"Did you mean `{near}`?"
    return f"Fields: {', '.join(sorted(names)[:12])}. {_DEFAULT}" if names else _DEFAULT


def item(value: Any, key: Any) -> Any:
    """`value[key]`: an object's field by text, a list's or text's item by number. Raises Trouble, Missing."""
    kind = kind_of(value)
    if kind == "null":
        raise Missing("null has no items", way_out="Say what null stands for: default(x, y).", part=0)
    if kind == "object":
        if not isinstance(key, str):
            raise Trouble(f"an object's field is named by a text, got {kind_of(key)}", part=1)
        if key not in value:
            raise Missing("there is no field of that name", way_out=_DEFAULT, part=1)
        return value[key]
    if kind not in ("list", "string"):
        raise Trouble(f"{a(kind)} has no items")
    if type(key) is not int:
        raise Trouble(f"an item of {a(kind)} is named by a whole number, got {kind_of(key)}", part=1)
    try:
        return value[key]
    except IndexError:
        raise Missing(f"there is no such item in {len(value)} items", way_out=_DEFAULT, part=1) from None


def part_of(env: Env, value: Any, bounds: tuple[Any, Any, Any]) -> Any:
    """`value[a:b:c]` of a list or a text. Raises Trouble."""
    kind = kind_of(value)
    if kind not in ("list", "string"):
        raise Trouble(f"only lists and texts have parts, got {kind}", part=0)
    for bound in bounds:
        if bound is not None and type(bound) is not int:
            raise Trouble(f"a part is named by whole numbers, got {kind_of(bound)}")
    if bounds[2] == 0:
        raise Trouble("a step of zero goes nowhere")
    found = value[slice(*bounds)]
    spend(env, len(found) if kind == "list" else len(found) >> 8)
    return found

"""Values as texts: how f-strings, `str(x)` and `${{ }}` inside a text write them."""

from decimal import Decimal
from typing import Any

from pointsman.language.expression.kinds import LARGEST_DECIMAL, a, bounded, kind_of
from pointsman.language.expression.trouble import Trouble, null


def text_of(value: Any) -> str:
    """A text; a number in full; `true` or `false`; a date as 2026-01-31. Raises Trouble for null, lists, objects."""
    kind = kind_of(value)
    if kind == "string":
        return str.__str__(value)
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "number":
        plain = isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < LARGEST_DECIMAL
        return format(value, "f") if plain else str(bounded(value))
    if kind in ("date", "timestamp"):
        return str(value.isoformat())
    if kind == "null":
        raise null("in a text")
    raise Trouble(f"{a(kind)} cannot be a part of a text")

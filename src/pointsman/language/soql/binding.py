"""Puts values into a query: each becomes exactly one literal, whatever it holds."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from pointsman.errors import way_out
from pointsman.language.mistake import Mistake
from pointsman.language.soql.cursor import fail
from pointsman.language.soql.literals import quoted
from pointsman.language.soql.query import Bind, Comparison, Membership, Query, conditions

MOST_VALUES: Final = 4_000
"""Values of one IN list, so that a query stays under Salesforce's 100,000 characters with ids."""


def bind(query: Query, params: Mapping[str, object]) -> str:
    """The query's text with its binds replaced.

    Takes text, numbers, booleans, None, dates, timestamps with a zone, and lists of these after IN. In LIKE, `%` and
    `_` of a bound text keep their meaning. Raises Mistake for a value that is missing, left over or of another kind.
    """
    known = {one.name for one in query.binds}
    if extra := sorted(set(params) - known):
        raise Mistake(
            f"The query has no `:{extra[0]}`.", length=len(query.text), way_out=way_out(extra[0], known, "Its binds")
        )
    texts = {one.span.offset: _text(one, query, params) for one in query.binds}
    parts: list[str] = []
    end = 0
    for one in query.binds:
        parts += [query.text[end : one.span.offset], texts[one.span.offset]]
        end = one.span.offset + one.span.length
    return "".join([*parts, query.text[end:]])


def _text(one: Bind, query: Query, params: Mapping[str, object]) -> str:
    if one.name not in params:
        fail(f"No value for `:{one.name}`.", one.span, f"Give `{one.name}` under `params:`.")
    value = params[one.name]
    if one in (query.limit, query.offset):
        return _count(one, value)
    condition = _condition_of(one, query)
    if isinstance(condition, Membership) and condition.values is one:
        return _list(one, value)
    if isinstance(condition, Comparison) and condition.operator == "LIKE" and not isinstance(value, str):
        fail(f"LIKE takes a text; `:{one.name}` is {_noun(value)}.", one.span)
    if value is None and isinstance(condition, Comparison) and condition.operator not in ("=", "!="):
        fail(f"Nothing is {condition.operator} null, and `:{one.name}` is null.", one.span)
    return _literal(one, value)


def _condition_of(one: Bind, query: Query) -> Comparison | Membership | None:
    for condition in conditions(query.where):
        if isinstance(condition, Comparison) and condition.value is one:
            return condition
        if isinstance(condition, Membership) and condition.values is one:
            return condition
    return None


def _count(one: Bind, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        fail(f"`:{one.name}` must be a whole number from 0; it is {_noun(value)}.", one.span)
    return str(value)


def _list(one: Bind, value: object) -> str:
    if not isinstance(value, list | tuple):
        fail(f"IN takes a list; `:{one.name}` is {_noun(value)}.", one.span)
    if not value:
        fail(f"`:{one.name}` is an empty list, which SOQL cannot say.", one.span, "Guard the step with `when:`.")
    if len(value) > MOST_VALUES:
        fail(f"`:{one.name}` has {len(value):,} values; one IN takes at most {MOST_VALUES:,}.", one.span)
    return f"({', '.join(_literal(one, item) for item in value)})"


def _literal(one: Bind, value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() | Decimal() if math.isfinite(value):
            return format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
        case str():
            return quoted(value)
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case datetime():
            fail(f"`:{one.name}` is a time without a zone.", one.span, "Give it one; SOQL needs it.")
        case date():
            return value.isoformat()
    fail(f"`:{one.name}` is {_noun(value)}, which SOQL has no word for.", one.span)


def _noun(value: object) -> str:
    """What a value is, without showing it."""
    match value:
        case None:
            return "null"
        case str():
            return "a text"
        case bool():
            return "a boolean"
        case int() | float() | Decimal():
            return "a number"
        case list() | tuple():
            return "a list"
        case date():
            return "a date"
        case dict():
            return "an object"
    return f"a {type(value).__name__}"

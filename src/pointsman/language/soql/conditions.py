"""Reads a WHERE clause.

Salesforce does not mix AND, OR and NOT without parentheses; neither does this, so that a query means one thing.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from pointsman.errors import way_out
from pointsman.language.soql.cursor import Cursor, bind_of, fail
from pointsman.language.soql.lexer import Token
from pointsman.language.soql.literals import COUNTED_LITERALS, DATE_LITERALS, unquoted
from pointsman.language.soql.query import (
    And,
    Bind,
    Comparison,
    Condition,
    Constant,
    DateLiteral,
    Membership,
    Not,
    Operand,
    Operator,
    Or,
    Path,
)

_DEEPEST: Final = 50
_WORDS: Final[dict[str, bool | None]] = {"TRUE": True, "FALSE": False, "NULL": None}
_OPERATORS: Final[dict[str, Operator]] = {
    "=": "=",
    "!=": "!=",
    "<>": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "LIKE": "LIKE",
}


def condition(cursor: Cursor, depth: int = 0) -> Condition:
    """Comparisons joined by AND, or by OR, or one NOT."""
    if depth > _DEEPEST:
        fail(f"Parentheses are nested deeper than {_DEEPEST}.", cursor.next.span)
    if cursor.took("NOT"):
        negated: Condition = Not(_one(cursor, depth))
        _no_mixing(cursor, "NOT")
        return negated
    first = _one(cursor, depth)
    for word, kind in (("AND", And), ("OR", Or)):
        if cursor.next.says(word):
            parts = [first]
            while cursor.took(word):
                parts.append(_one(cursor, depth))
            _no_mixing(cursor, word)
            return kind(tuple(parts))
    return first


def _no_mixing(cursor: Cursor, word: str) -> None:
    if cursor.next.says("AND", "OR"):
        other = cursor.next.text.upper()
        fail(
            f"SOQL does not mix {word} and {other} without parentheses.", cursor.next.span, f"Put the {word} in `(…)`."
        )


def _one(cursor: Cursor, depth: int) -> Condition:
    if cursor.took("("):
        inner = condition(cursor, depth + 1)
        cursor.need(")", "after the condition")
        return inner
    if cursor.next.says("NOT"):
        fail("SOQL does not mix NOT with AND or OR without parentheses.", cursor.next.span, "Put the NOT in `(…)`.")
    path = cursor.path("a field to compare")
    if cursor.next.says("("):
        fail(
            f"Functions in WHERE are not read; got `{path}(`.",
            path.span,
            "Compare the field with a date or a date literal such as THIS_QUARTER.",
        )
    if cursor.took("IN"):
        return Membership(path, False, _members(cursor))
    if cursor.next.says("NOT") and cursor.after_next.says("IN"):
        cursor.take()
        cursor.take()
        return Membership(path, True, _members(cursor))
    return _comparison(cursor, path)


def _comparison(cursor: Cursor, path: Path) -> Comparison:
    token = cursor.next
    if token.kind not in ("sign", "name") or token.text.upper() not in _OPERATORS:
        cursor.expected("a comparison (=, !=, <, <=, >, >=, LIKE, IN, NOT IN)")
    operator = _OPERATORS[cursor.take().text.upper()]
    value = operand(cursor)
    missing = isinstance(value, Constant) and value.value is None
    if missing and operator not in ("=", "!="):
        fail(f"Nothing is {operator} null.", value.span, "Compare null with = or !=.")
    if operator == "LIKE" and not (isinstance(value, Bind) or (isinstance(value, Constant) and _is_text(value))):
        fail("LIKE takes a text.", value.span)
    return Comparison(path, operator, value)


def _is_text(value: Constant) -> bool:
    return isinstance(value.value, str)


def _members(cursor: Cursor) -> tuple[Operand, ...] | Bind:
    if cursor.next.kind == "bind":
        return bind_of(cursor.take())
    cursor.need("(", "or a bound list such as `:ids` after IN")
    members = [operand(cursor)]
    while cursor.took(","):
        members.append(operand(cursor))
    cursor.need(")", "after the values of IN")
    return tuple(members)


def operand(cursor: Cursor) -> Operand:
    """A value: written, a date literal, or bound."""
    token = cursor.next
    if token.kind == "bind":
        return bind_of(cursor.take())
    if token.kind == "name" and token.text.upper() in _WORDS:
        cursor.take()
        return Constant(_WORDS[token.text.upper()], token.span)
    if token.kind == "name" and token.text.upper() in DATE_LITERALS:
        cursor.take()
        return DateLiteral(token.text.upper(), None, token.span)
    if token.kind == "counted":
        return _counted(cursor.take())
    if token.kind in ("text", "number", "date", "datetime"):
        return Constant(_value(cursor.take()), token.span)
    if token.kind == "name" and not token.says("SELECT"):
        _no_value(token)
    cursor.expected("a value")


def _no_value(token: Token) -> None:
    """A bare word where a value stands: a date literal misspelt, or a text without quotes."""
    if "_" in token.text and token.text.upper() in COUNTED_LITERALS:
        fail(f"`{token.text}` needs a number.", token.span, f"Write `{token.text.upper()}:30`.")
    hint = way_out(token.text, [*DATE_LITERALS, "null", "true", "false"])
    fail(
        f"`{token.text}` is not a value.",
        token.span,
        hint if hint.startswith("Did") else f"Write `'{token.text}'` for a text, `:{token.text}` for a bound value.",
    )


def _counted(token: Token) -> DateLiteral:
    name, _, number = token.text.partition(":")
    if name.upper() not in COUNTED_LITERALS:
        fail(f"There is no date literal `{name}:n`.", token.span, way_out(name, COUNTED_LITERALS))
    if len(number) > 6:
        fail(f"`{number}` is too many.", token.span)
    return DateLiteral(name.upper(), int(number), token.span)


def _value(token: Token) -> str | int | Decimal | date | datetime:
    try:
        match token.kind:
            case "text":
                return unquoted(token.text[1:-1])
            case "number":
                return int(token.text) if token.text.lstrip("+-").isdigit() else Decimal(token.text)
            case "date":
                return date.fromisoformat(token.text)
        return datetime.fromisoformat(token.text)
    except ValueError as error:
        if token.kind == "text":
            fail(f"SOQL has no escape `{error}`.", token.span, "Write `\\\\` for a backslash.")
        fail(f"`{token.text}` is no {'number' if token.kind == 'number' else 'date in the calendar'}.", token.span)

"""Reads one SELECT, and refuses all that is not one."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as _Dialect
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from pointsman.language.mistake import Mistake
from pointsman.language.sql import functions
from pointsman.language.sql.parameters import Parameter, found

Dialect = Literal["duckdb", "sqlite", "postgres"]

_LONGEST: Final = 100_000
_STARTS: Final = {TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN, TokenType.FROM}
_ALONE: Final = {TokenType.CROSS, TokenType.NATURAL}
_BARE_JOINS: Final = 8
_ONE: Final = "Write one SELECT (WITH and UNION are fine)."

_WRITES: Final = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.Copy, exp.Command)


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT. `tables`: base tables it names; `parameters`: names it needs; both once, in order of appearance."""

    text: str
    dialect: Dialect
    tables: tuple[str, ...]
    parameters: tuple[str, ...]
    places: tuple[Parameter, ...]
    tree: exp.Expr
    """sqlglot's tree, for this package only."""


@lru_cache(maxsize=512)
def read(text: str, dialect: Dialect) -> Query:
    """The query in a text. Raises Mistake where it is not exactly one that only reads what it is given."""
    if len(text) > _LONGEST:
        raise Mistake(f"the SQL is longer than {_LONGEST:,} characters.", way_out="Split it into steps.")
    reader = _Dialect.get_or_raise(dialect)
    try:
        tokens = reader.tokenize(text)
        _starts_right(tokens)
        _joins_by_something(tokens)
        trees = reader.parser().parse(tokens, text)
    except TokenError as fault:
        raise _unfinished(text) from fault
    except ParseError as fault:
        raise _unreadable(text, tokens, fault) from fault
    except RecursionError:
        raise Mistake("the SQL is nested too deeply.", length=len(text), way_out="Split it into steps.") from None
    tree = _only(trees, tokens)
    places = tuple(found(tokens, flow=dialect == "duckdb"))
    try:
        _only_reads(tree, tokens)
        tables = tuple(dict.fromkeys(_base_tables(tree)))
    except RecursionError:
        raise Mistake("the SQL is nested too deeply.", length=len(text), way_out="Split it into steps.") from None
    return Query(text, dialect, tables, tuple(dict.fromkeys(place.name for place in places)), places, tree)


def table_name(table: exp.Table) -> str:
    """`usage`, or `analytics.usage`; the default schema (`public`, `main`) goes without saying."""
    return table.name if table.db in ("", "public", "main") else f"{table.db}.{table.name}"


def _starts_right(tokens: list[Token]) -> None:
    if not tokens:
        raise Mistake("there is no SQL.", way_out=_ONE)
    first = tokens[0]
    if first.token_type not in _STARTS:
        raise Mistake(
            f"{first.text.upper()} is not a query: SQL here only reads.",
            offset=first.start,
            length=len(first.text),
            way_out=_ONE,
        )


def _joins_by_something(tokens: list[Token]) -> None:
    """Refuses a row of JOINs without ON: sqlglot tries every way to nest them, which doubles with each."""
    bare = 0
    before: Token | None = None
    for token in tokens:
        if token.token_type in (TokenType.ON, TokenType.USING):
            bare = 0
        elif token.token_type == TokenType.JOIN and not (before and before.token_type in _ALONE):
            bare += 1
        if bare > _BARE_JOINS:
            raise Mistake("there are many JOINs without ON.", offset=token.start, length=4, way_out="Join by columns.")
        before = token


def _only(trees: list[exp.Expr | None], tokens: list[Token]) -> exp.Expr:
    statements = [tree for tree in trees if tree is not None]
    if len(statements) != 1:
        second = next((token for token in tokens if token.token_type == TokenType.SEMICOLON), tokens[-1])
        raise Mistake("there is more than one statement.", offset=second.start, way_out=_ONE)
    tree = statements[0]
    inner = tree.unnest() if isinstance(tree, exp.Subquery) else tree
    if not isinstance(inner, exp.Select | exp.SetOperation):
        raise Mistake(f"{inner.key.upper()} is not a query: SQL here only reads.", way_out=_ONE)
    return inner


def _only_reads(tree: exp.Expr, tokens: list[Token]) -> None:
    for node in tree.walk():
        if isinstance(node, _WRITES):
            raise _no(node.key.upper(), "changes data: SQL here only reads.", tokens)
        if isinstance(node, exp.Into):
            raise _no("INTO", "makes a table: SQL here only reads.", tokens)
        if isinstance(node, exp.Lock):
            raise _no("FOR", "locks rows: SQL here only reads.", tokens)
        if isinstance(node, exp.Pivot):
            raise _no("PIVOT", "gives columns that nobody can know beforehand.", tokens)
        if isinstance(node, exp.Columns):
            raise _no("COLUMNS", "gives columns that nobody can know beforehand; name them.", tokens)
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Func):
            name = function_name(node.this)
            if name not in functions.MAKE_ROWS:
                raise _no(name, "may not stand in FROM: SQL here reads tables, not files or addresses.", tokens)
        if isinstance(node, exp.Func):
            name = function_name(node)
            if name in functions.BARRED or name.startswith(functions.BARRED_STARTS):
                raise _no(name, "reaches outside of the data.", tokens)


def function_name(node: exp.Func) -> str:
    """A function's name in lower case, as written where sqlglot does not know it."""
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower()
    if isinstance(node, exp.Unnest):
        return "unnest"
    return node.sql_name().lower().replace("exploding_", "")


def _no(word: str, why: str, tokens: list[Token]) -> Mistake:
    """A Mistake at the first token that is this word."""
    place = next((token for token in tokens if token.text.lower() == word.lower()), tokens[0])
    return Mistake(f"`{word}` {why}", offset=place.start, length=len(place.text))


def _base_tables(tree: exp.Expr) -> Iterator[str]:
    """Tables that are no name of a WITH in whose reach they stand."""
    for table in tree.find_all(exp.Table, bfs=False):
        if isinstance(table.this, exp.Identifier) and not (table.db == "" and _is_named_above(table)):
            yield table_name(table)


def _is_named_above(table: exp.Table) -> bool:
    name, node = table.name.lower(), table.parent
    while node is not None:
        with_ = node.args.get("with_")
        if with_ and any(cte.alias.lower() == name for cte in with_.expressions):
            return True
        if isinstance(node, exp.CTE) and node.alias.lower() == name:
            return True
        node = node.parent
    return False


def _unreadable(text: str, tokens: list[Token], fault: ParseError) -> Mistake:
    error = fault.errors[0] if fault.errors else {}
    line, column = int(error.get("line") or 1), int(error.get("col") or 1)
    word = str(error.get("highlight") or "")
    start = sum(len(part) + 1 for part in text.split("\n")[: line - 1]) + column - len(word)
    offset = max(0, min(start, len(text) - 1))
    last = tokens[-1]
    if word and last.start == offset:
        return Mistake(f"the SQL ends too early, after `{word}`.", offset=offset, length=len(word))
    near = f" near `{word}`" if word else ""
    return Mistake(f"the SQL cannot be read{near}.", offset=offset, length=max(1, len(word)))


def _unfinished(text: str) -> Mistake:
    """A quote or a comment that never ends: point at the last quote."""
    offset = max(text.rfind(sign) for sign in ("'", '"', "/*", "$"))
    return Mistake("a quote or a comment is not closed.", offset=max(offset, 0))

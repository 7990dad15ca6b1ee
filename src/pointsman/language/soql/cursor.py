"""Walks the tokens of a query; what is wrong is said where the walk stands."""

from typing import NoReturn

from pointsman.language.mistake import Mistake
from pointsman.language.soql.lexer import Token, tokens
from pointsman.language.soql.query import Bind, Path, Span

CLAUSES = ("FROM", "WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET")
LEFT_OUT = ("HAVING", "WITH", "FOR", "USING", "ALL", "UPDATE", "TYPEOF", "INCLUDES", "EXCLUDES")


class Cursor:
    """The next token, and ways to take it."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    @property
    def after_next(self) -> Token:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        token = self.next
        if token.kind != "end":
            self._at += 1
        return token

    def took(self, *words: str) -> bool:
        """Takes the next token if it is one of these words."""
        if not self.next.says(*words):
            return False
        self._at += 1
        return True

    def need(self, word: str, where: str) -> Token:
        if not self.next.says(word):
            self.expected(f"`{word}` {where}")
        return self.take()

    def path(self, what: str) -> Path:
        """A field, perhaps of a parent."""
        token = self.next
        if token.kind != "name" or token.says(*CLAUSES, *LEFT_OUT):
            self.expected(what)
        self.take()
        return Path(tuple(token.text.split(".")), token.span)

    def simple_name(self, what: str) -> Token:
        """A name without dots."""
        token = self.next
        if token.kind != "name" or token.says(*CLAUSES, *LEFT_OUT) or "." in token.text:
            self.expected(what)
        return self.take()

    def expected(self, what: str) -> NoReturn:
        token = self.next
        if token.says(*LEFT_OUT):
            fail(
                f"`{token.text.upper()}` is not part of the SOQL that flows use.",
                token.span,
                "Leave it out, and do that part in a `sql` step.",
            )
        if token.says("SELECT"):
            fail("A query inside a query is not read.", token.span, "Ask twice, and join in a `sql` step.")
        got = "the query ends" if token.kind == "end" else f"got `{token.text}`"
        fail(f"Expected {what}; {got}.", token.span)


def bind_of(token: Token) -> Bind:
    return Bind(token.text[1:].strip(), token.span)


def fail(message: str, span: Span, way_out: str = "") -> NoReturn:
    raise Mistake(message, offset=span.offset, length=span.length, way_out=way_out)

"""SOQL text into tokens."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from pointsman.language.mistake import Mistake
from pointsman.language.soql.query import Span

Kind = Literal["name", "text", "number", "date", "datetime", "counted", "bind", "sign", "end"]

_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d(?!\w))
    | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w))
    | (?P<counted>[A-Za-z_]\w*:\d+)
    | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    | (?P<bind>:\s*[A-Za-z_]\w*)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    span: Span

    def says(self, *words: str) -> bool:
        """Whether it is one of these keywords or signs; letter case does not matter."""
        return self.kind in ("name", "sign") and self.text.upper() in words


def tokens(text: str) -> list[Token]:
    """All tokens and an `end`. Raises Mistake."""
    found: list[Token] = []
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise _unreadable(text, offset)
        if match.lastgroup != "space":
            kind: Kind = match.lastgroup  # type: ignore[assignment]  # the groups are named after the kinds
            found.append(Token(kind, match[0], Span(offset, len(match[0]))))
        offset = match.end()
    found.append(Token("end", "", Span(len(text), 1)))
    return found


def _unreadable(text: str, offset: int) -> Mistake:
    if text[offset] == "'":
        return Mistake("This text is not closed.", offset=offset, way_out="Add the missing `'`.")
    if text[offset] == '"':
        return Mistake("SOQL writes texts in single quotes.", offset=offset, way_out="Write `'…'`.")
    word = re.compile(r"\S[\w.]*").match(text, offset)
    got = word[0] if word else text[offset]
    return Mistake(f"SOQL has no `{got}`.", offset=offset, length=len(got))

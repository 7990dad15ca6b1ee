"""The text of an expression, and the places in it that messages point at."""

import ast
from dataclasses import dataclass

from pointsman.language.mistake import Mistake

_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the text: `length` characters from `offset` on."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Source:
    """One line of text: line ends were made spaces, so that a column is a place."""

    text: str

    def spot(self, node: ast.expr) -> Spot:
        """Where a node is. CPython counts bytes of UTF-8, and inside f-strings (before 3.12) only roughly."""
        start, end = node.col_offset, node.end_col_offset or node.col_offset + 1
        if not self.text.isascii():
            start, end = self._characters(start), self._characters(end)
        start = min(max(start, 0), max(len(self.text) - 1, 0))
        return Spot(start, max(min(end, len(self.text)) - start, 1))

    def _characters(self, count: int) -> int:
        return len(self.text.encode()[:count].decode(errors="ignore"))

    def said(self, message: str, spot: Spot) -> str:
        """The message with the part it speaks of, its position, and the whole."""
        part = self.text[spot.offset : spot.offset + spot.length]
        if part == self.text.strip():
            return f"`{_short(part)}`: {message}."
        return f"`{_short(part)}`: {message} (character {spot.offset + 1} of `{_short(self.text)}`)."

    def mistake(self, message: str, node: ast.expr, way_out: str = "") -> Mistake:
        spot = self.spot(node)
        return Mistake(message, offset=spot.offset, length=spot.length, way_out=way_out)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

"""From an offset in a text to its place in the file, through quotes, escapes, folding and indentation."""

import re
from collections.abc import Iterator

from pointsman.spec.node import Scalar
from pointsman.spec.problem import Place

_BLANK = " \t\r\n\x85\u2028\u2029"
_ESCAPES = {"x": 2, "u": 4, "U": 8}
_LETTERS = {"0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b"}


def inside(scalar: Scalar, offset: int, length: int) -> Place:
    """The place of `length` characters from `offset` of the text that the scalar stands for."""
    if scalar.style == "raw":
        return scalar.source.place(scalar.start + offset, length)
    start, end = _index(scalar, offset), _index(scalar, offset + max(length, 1) - 1)
    return scalar.source.place(start, max(1, end - start + 1))


def _index(scalar: Scalar, offset: int) -> int:
    """The index in the file of one character of the text.

    Blanks may be folded or indented, everything else is written once and in order. So characters that are not blank
    are paired up, and a blank is found by counting on from the one before it.
    """
    text = scalar.text
    offset = max(0, min(offset, len(text)))
    ink = sum(sign not in _BLANK for sign in text[:offset])
    at_ink = offset < len(text) and text[offset] not in _BLANK
    last, last_end = None, _content(scalar)
    for count, (start, end) in enumerate(_written(scalar)):
        if count == ink and at_ink:
            return start
        if count == ink:
            break
        last, last_end = start, end
    if last is None:
        return min(last_end + offset, scalar.end)
    gap = offset - 1
    while gap >= 0 and text[gap] in _BLANK:
        gap -= 1
    return min(last_end + offset - gap - 1, scalar.end)


def _content(scalar: Scalar) -> int:
    """Where the text starts: after the quote, or on the line below `|` or `>`."""
    if scalar.style in ("single", "double"):
        return scalar.start + 1
    if scalar.style in ("literal", "folded"):
        header = re.compile(r"[^\r\n]*(\r\n|\r|\n)?").match(scalar.source.text, scalar.start, scalar.end)
        return header.end() if header else scalar.end
    return scalar.start


def _written(scalar: Scalar) -> Iterator[tuple[int, int]]:
    """Start and end, in the file, of each character of the text that is not blank."""
    source = scalar.source.text
    index, end = _content(scalar), scalar.end
    if scalar.style in ("single", "double"):
        end -= 1
    while index < end:
        sign = source[index]
        stop = index + 1
        if scalar.style == "double" and sign == "\\":
            sign, stop = _escape(source, index)
        elif scalar.style == "single" and sign == "'":
            stop = index + 2
        if sign not in _BLANK:
            yield index, stop
        index = stop


def _escape(source: str, index: int) -> tuple[str, int]:
    """What an escape of a double-quoted text stands for, and where it ends."""
    letter = source[index + 1]
    if letter in _ESCAPES:
        stop = index + 2 + _ESCAPES[letter]
        return chr(int(source[index + 2 : stop], 16)), stop
    return {**_LETTERS, "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}.get(letter, letter), index + 2

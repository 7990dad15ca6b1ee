"""Values for a terminal: nothing in them can move its cursor, change its colours or turn the reading direction.

What is approved may have been written by a stranger or a model, so every letter that would not show as itself is shown
as its code point.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories of letters that a terminal acts on or does not show."""
_JOINERS: Final = frozenset("\u200c\u200d")
"""Needed to write some languages and emoji; they change only how their neighbours look."""


def plain(text: object) -> str:
    """One line, each letter of it visible."""
    return "".join(_seen(letter) for letter in str(text))


def _seen(letter: str) -> str:
    if letter == "\n":
        return "⏎"
    hidden = unicodedata.category(letter) in _HIDDEN and letter not in _JOINERS
    return f"<U+{ord(letter):04X}>" if hidden else letter


def cut(text: object, letters: int) -> str:
    """One line of at most so many letters."""
    line = plain(text)
    return line if len(line) <= letters else line[: letters - 1] + "…"


def paragraph(text: str, indent: str) -> list[str]:
    """A text line by line, each behind `indent`."""
    return [f"{indent}{plain(line)}".rstrip() for line in text.split("\n")]


def field_lines(value: Any, indent: str = "") -> list[str]:
    """`name: value` for each field; texts of several lines below their name."""
    if not isinstance(value, dict):
        return paragraph(str(value), indent)
    found: list[str] = []
    for name, part in value.items():
        if isinstance(part, str) and "\n" in part:
            found += [f"{indent}{plain(name)}:", *paragraph(part, f"{indent}  │ ")]
        elif isinstance(part, dict) and part:
            found += [f"{indent}{plain(name)}:", *field_lines(part, f"{indent}  ")]
        else:
            found.append(f"{indent}{plain(name)}: {plain(part)}")
    return found


def moment(at: datetime | None) -> str:
    """`2026-11-20 15:11`, in UTC."""
    return "–" if at is None else f"{at:%Y-%m-%d %H:%M}"


def lasted(seconds: float) -> str:
    """`8.3 ms`, `12.4 s`, `3.1 min`, `2.0 h`, `1.5 d`."""
    units = (("ms", 0.001, 1.0), ("s", 1.0, 90.0), ("min", 60.0, 5400.0), ("h", 3600.0, 129_600.0))
    for unit, length, until in units:
        if seconds < until:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds / 86400.0:.1f} d"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Columns as wide as they must be; those numbered in `right` end at their right edge."""
    lines, ends = [head, *rows], set(right)
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return [
        "  ".join(
            cell.rjust(width) if column in ends else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]

"""What is wrong in a project's files: where, the rule, what was got, the way out."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

DOCS = "https://github.com/pointsman/pointsman/blob/main/docs/reference/problems.md"
WIDEST = 100
"""Columns of a source line that a caret frame shows; the rest is clipped around the caret."""
_LONGEST = 400

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file. Lines and columns count from 1, columns in characters; line 0 = the file as a whole."""

    file: str
    line: int = 0
    column: int = 0
    length: int = 1
    excerpt: str = field(default="", compare=False, repr=False)
    """The source line, for the caret frame."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a person must change in a file. `code` has a section in docs/reference/problems.md."""

    code: str
    message: str
    place: Place
    way_out: str = ""
    severity: Severity = "error"

    def as_dict(self) -> dict[str, str | int]:
        """For `--json`."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": printable(self.message),
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "help": printable(self.way_out),
            "docs": f"{DOCS}#{self.code.lower()}",
        }

    def sentence(self) -> str:
        """One line: `flows/churn.yaml:12:5: unknown key `modle`. Did you mean `model`?`"""
        return f"{self.place}: {_stopped(printable(self.message))} {printable(self.way_out)}".rstrip()

    def frame(self, *, color: bool = False) -> str:
        """The message over the line it is about, with a caret under the fault."""
        paint = _Paint(color, self.severity)
        head = f"{paint.strong(f'{self.severity}[{self.code}]')}: {printable(self.message)}"
        hint = _uncapitalised(printable(self.way_out))
        if not self.place.line:
            return "\n".join([head, f" {paint.faint('-->')} {self.place}", *([f"  = {hint}"] if hint else [])])
        number = str(self.place.line)
        margin = " " * len(number)
        line, before, width = _window(self.place)
        carets = f"{' ' * before}{paint.strong('^' * width)}"
        return "\n".join(
            [
                head,
                f"{margin}{paint.faint('-->')} {self.place}",
                f"{margin} {paint.faint('|')}",
                f"{paint.faint(f'{number} |')} {line}".rstrip(),
                f"{margin} {paint.faint('|')} {carets} {hint}".rstrip(),
            ]
        )


def render(problems: Sequence[Problem], *, color: bool = False) -> str:
    """Every frame and the count, as `pointsman check` prints them; empty when there is nothing to say."""
    if not problems:
        return ""
    frames = [problem.frame(color=color) for problem in problems]
    return "\n\n".join([*frames, summary(problems)])


def summary(problems: Sequence[Problem]) -> str:
    """`2 errors and 1 warning in 2 files`."""
    errors = sum(problem.severity == "error" for problem in problems)
    counts = [(errors, "error"), (len(problems) - errors, "warning")]
    said = " and ".join(_plural(count, noun) for count, noun in counts if count) or "no problems"
    files = len({problem.place.file for problem in problems})
    return f"{said} in {_plural(files, 'file')}" if files else said


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """By file, then down the file; the same problem once."""
    once = dict.fromkeys(problems)
    return sorted(once, key=lambda problem: (problem.place.file, problem.place.line, problem.place.column))


def without_secrets(problems: Sequence[Problem]) -> list[Problem]:
    """The problems with every secret that one of them points at (PM015) starred in all their source lines."""
    spans = [problem.place for problem in problems if problem.code == "PM015"]
    return [replace(problem, place=_starred(problem.place, spans)) for problem in problems]


def _starred(place: Place, spans: Sequence[Place]) -> Place:
    line = place.excerpt
    for span in spans:
        if (span.file, span.line) == (place.file, place.line):
            start, end = span.column - 1, span.column - 1 + span.length
            line = line[:start] + "*" * len(line[start:end]) + line[end:]
    return replace(place, excerpt=line) if line is not place.excerpt else place


def printable(text: str) -> str:
    """The text on one line, without anything that a terminal would obey, and not endless."""
    clipped = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return "".join(_visible(sign) for sign in clipped)


def _visible(sign: str) -> str:
    if sign in "\n\r\t\u2028\u2029":
        return " "
    return "\ufffd" if unicodedata.category(sign) in ("Cc", "Cf", "Cs") else sign


def _window(place: Place) -> tuple[str, int, int]:
    """What the frame shows of the line, and the screen columns before and under the carets."""
    line = "".join(_visible(sign) for sign in place.excerpt)
    start = min(place.column - 1, len(line))
    end = max(min(start + place.length, len(line)), start + 1)
    first = max(0, min(start - WIDEST // 2, len(line) - WIDEST)) if len(line) > WIDEST else 0
    last = first + WIDEST
    head, tail = ("…" if first else ""), ("…" if last < len(line) else "")
    before = head + line[first:start]
    return head + line[first:last] + tail, _width(before), max(1, _width(line[start : min(end, last)]))


def _width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _stopped(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _uncapitalised(text: str) -> str:
    return text[0].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


@dataclass(frozen=True, slots=True)
class _Paint:
    on: bool
    severity: Severity

    def strong(self, text: str) -> str:
        tone = "31" if self.severity == "error" else "33"
        return f"\x1b[1;{tone}m{text}\x1b[0m" if self.on else text

    def faint(self, text: str) -> str:
        return f"\x1b[34m{text}\x1b[0m" if self.on else text

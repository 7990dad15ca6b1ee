"""The source of a prompt, and places in it: Jinja2 tells lines, carets want characters."""

import re
from dataclasses import dataclass

from pointsman.language.mistake import Mistake


@dataclass(frozen=True, slots=True)
class Text:
    source: str

    def mistake(self, message: str, line: int, word: str = "", way_out: str = "") -> Mistake:
        """At the word in its line (the first, when it stands there more than once), else at the line."""
        start, end = self._line(line)
        # a tag may span lines, and is told at its first: look on, but not far
        found = (
            re.compile(rf"(?<![\w.]){re.escape(word)}(?!\w)").search(self.source, start, end + 400) if word else None
        )
        if found:
            return Mistake(message, offset=found.start(), length=len(word), way_out=way_out)
        shown = self.source[start:end]
        indent = len(shown) - len(shown.lstrip())
        return Mistake(message, offset=start + indent, length=max(len(shown.strip()), 1), way_out=way_out)

    def _line(self, number: int) -> tuple[int, int]:
        start = 0
        for _ in range(number - 1):
            start = self.source.find("\n", start) + 1
        end = self.source.find("\n", start)
        return start, len(self.source) if end < 0 else end

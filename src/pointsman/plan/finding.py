"""What is wrong in a plan, addressed by file and path, so that a door can show the line."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pointsman.language.mistake import Mistake

Key = str | int
Path = tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` and `name` say whose file it is (`flow`, `at-risk`); `path` where in it; `offset` where in that text."""

    code: str
    kind: Literal["flow", "prompt", "connection", "model"]
    name: str
    path: Path
    message: str
    way_out: str = ""
    offset: int | None = None
    length: int = 1
    severity: Literal["error", "warning"] = "error"


@dataclass(slots=True)
class Findings:
    """Collects what is wrong in one flow, so that all of it is reported in one go."""

    flow: str
    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, path: Path, message: str, way_out: str = "") -> None:
        self.found.append(Finding(code, "flow", self.flow, path, message, way_out))

    def warn(self, code: str, path: Path, message: str, way_out: str = "") -> None:
        self.found.append(Finding(code, "flow", self.flow, path, message, way_out, severity="warning"))

    def mistake(self, code: str, path: Path, mistake: Mistake) -> None:
        """A mistake inside the text at `path`."""
        self.found.append(
            Finding(code, "flow", self.flow, path, mistake.message, mistake.way_out, mistake.offset, mistake.length)
        )

    def mistakes(self, code: str, path: Path, mistakes: Iterable[Mistake]) -> None:
        for mistake in mistakes:
            self.mistake(code, path, mistake)

"""Where everything that was loaded stands, so that a later finding can point at its line."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman.spec.kinds import KindName
from pointsman.spec.node import Node, Path, Source
from pointsman.spec.place import at, within
from pointsman.spec.problem import Place, Problem, Severity


@dataclass(frozen=True, slots=True)
class Sources:
    """`trees`: each file with the overlay laid on it, so a place may be in the overlay's file. A prompt's text is at
    the path `("text",)` of its tree, its offline text at `("offline",)`."""

    trees: Mapping[str, Node] = field(default_factory=dict)
    texts: Mapping[str, Source] = field(default_factory=dict)
    homes: Mapping[tuple[KindName, str], str] = field(default_factory=dict)

    def file_of(self, kind: KindName, name: str) -> str:
        """The file that says it: `("flow", "at-risk")` is in `flows/at_risk.yaml`."""
        return self.homes.get((kind, name), name)

    def problem(
        self,
        code: str,
        file: str,
        path: Path,
        message: str,
        way_out: str = "",
        *,
        offset: int | None = None,
        length: int = 1,
        severity: Severity = "error",
    ) -> Problem:
        """A problem at a path of a file; with `offset`, at characters of the text that stands there."""
        tree = self.trees.get(file)
        if tree is None:
            return Problem(code, message, Place(file), way_out, severity)
        place = at(tree, path) if offset is None else within(tree, path, offset, length)
        return Problem(code, message, place, way_out, severity)

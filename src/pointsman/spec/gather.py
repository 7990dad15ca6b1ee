"""Reads the files of one kind after the other, and remembers where everything stands and what could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pydantic import BaseModel

from pointsman.spec import overlay, yaml
from pointsman.spec.kinds import Kind, KindName, chosen
from pointsman.spec.node import Node, Scalar, Source, Tree
from pointsman.spec.place import at
from pointsman.spec.problem import Place, Problem
from pointsman.spec.sources import Sources
from pointsman.spec.text import source
from pointsman.spec.validation import check


@dataclass(slots=True)
class Gathered:
    """What was read so far. `overlay`: of the chosen environment."""

    files: Mapping[str, str]
    overlay: Node | None = None
    problems: list[Problem] = field(default_factory=list)
    trees: dict[str, Node] = field(default_factory=dict)
    texts: dict[str, Source] = field(default_factory=dict)
    homes: dict[tuple[KindName, str], str] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)
    """Names in each section, of broken files too: nobody should be told that those are unknown."""
    broken: set[tuple[KindName, str]] = field(default_factory=set)
    """Kind and plain name of what could not be read."""

    def source(self, file: str) -> Source:
        """A file that exists."""
        found = self.texts.get(file)
        if found is None:
            found = self.texts[file] = source(file, self.files[file])
        return found

    def tree(self, file: str) -> Node | None:
        """A YAML file."""
        tree, problems = yaml.read(self.source(file))
        self.problems += problems
        return tree

    def add(self, code: str, place: Place, message: str, way_out: str = "") -> None:
        self.problems.append(Problem(code, message, place, way_out))

    def one(self, kind: Kind, file: str, tree: Node | None) -> tuple[str, BaseModel | None]:
        """The name and the object of a file, with what the environment says of it."""
        name = _name(kind, file, tree)
        self.names.setdefault(kind.section, set()).add(name)
        found = None if tree is None else self._object(kind, file, name, tree)
        if found is None:
            self.broken.add((kind.name, plain(name)))
        return name, found

    def _object(self, kind: Kind, file: str, name: str, tree: Node) -> BaseModel | None:
        twice = self.homes.get((kind.name, name))
        self.homes.setdefault((kind.name, name), file)
        laid = self.trees[file] = overlay.laid(kind, name, tree, self.overlay)
        choice = chosen(kind, laid)
        if isinstance(choice, Problem):
            self.problems.append(choice)
            return None
        found, problems = check(choice, laid)
        self.problems += problems
        if kind.folder and found is not None:
            self._check_name(kind, file, name, twice)
        return None if twice else found

    def _check_name(self, kind: Kind, file: str, name: str, twice: str | None) -> None:
        place = at(self.trees[file], (kind.name,))
        stem = PurePosixPath(file).stem
        if twice:
            self.add("PM032", place, f"there is a {kind.name} `{name}` already", f"It is in {twice}. Rename one.")
        elif plain(stem) != plain(name):
            suffix = PurePosixPath(file).suffix
            cure = f"Rename the file to {name}{suffix}, or write `{kind.name}: {stem}`."
            self.add("PM030", place, f"the {kind.name} `{name}` stands in a file of another name", cure)

    def sources(self) -> Sources:
        return Sources(self.trees, self.texts, self.homes)


def plain(name: str) -> str:
    """Names that differ in - and _ only are one name for people and files."""
    return name.replace("-", "_").lower()


def gather(kind: Kind, files: list[str], gathered: Gathered) -> dict[str, BaseModel]:
    """The objects of a kind by name; those with mistakes are left out."""
    found = {}
    for file in files:
        name, item = gathered.one(kind, file, gathered.tree(file))
        if item is not None:
            found[name] = item
    return found


def _name(kind: Kind, file: str, tree: Node | None) -> str:
    """What the file calls itself, or its own name."""
    if isinstance(tree, Tree) and kind.name in tree.entries:
        named = tree.entries[kind.name].value
        if isinstance(named, Scalar):
            return named.text
    return PurePosixPath(file).stem

"""Environments: `env/<name>.yaml` says only what differs, as `{connections: {crm: {url: …}}}`."""

from collections.abc import Iterable, Mapping, Set

from pointsman.errors import way_out
from pointsman.spec import words
from pointsman.spec.kinds import NAMED, PROJECT, Kind
from pointsman.spec.node import Entry, Node, Scalar, Tree, merge, value
from pointsman.spec.place import at, at_key
from pointsman.spec.problem import Problem

SECTIONS = tuple(kind.section for kind in (PROJECT, *NAMED))
Names = Mapping[str, Set[str]]
"""The names in each section."""


def check(overlay: Node, names: Names) -> list[Problem]:
    """What is wrong with an overlay whichever environment is chosen: it only changes what the project has."""
    if not isinstance(overlay, Tree):
        return [_no_mapping(overlay, (), "the file")]
    problems = []
    for section, entry in overlay.entries.items():
        if section not in SECTIONS:
            said = words.unknown_key(section, SECTIONS)
            problems.append(Problem(said.code, said.message, at_key(overlay, (section,)), said.way_out))
        elif not isinstance(entry.value, Tree):
            problems.append(_no_mapping(overlay, (section,), f"`{section}`"))
        elif section != PROJECT.section:
            problems += _check_section(overlay, section, entry.value, names.get(section, set()))
    return problems


def _check_section(overlay: Node, section: str, tree: Tree, known: Set[str]) -> Iterable[Problem]:
    noun = next(kind.name for kind in NAMED if kind.section == section)
    for name, entry in tree.entries.items():
        path = (section, name)
        if name not in known:
            message = f"no {noun} named `{name}` that this could change"
            yield Problem("PM040", message, at_key(overlay, path), way_out(name, known, section.capitalize()))
        elif not isinstance(entry.value, Tree):
            yield _no_mapping(overlay, path, f"`{name}`")
        elif noun in entry.value.entries:
            message = "an overlay cannot rename things"
            yield Problem("PM042", message, at_key(overlay, (*path, noun)), "Take this line out.")


def _no_mapping(root: Node, path: tuple[str, ...], name: str) -> Problem:
    node = root
    for key in path:
        assert isinstance(node, Tree)
        node = node.entries[key].value
    said = words.wrong_type(name, [words.TYPES["dict_type"]], value(node))
    return Problem(said.code, said.message, at(root, path), said.way_out)


def laid(kind: Kind, name: str, base: Node, overlay: Node | None) -> Node:
    """A file with what the overlay says of it. Another `type` (or `task`) replaces the whole file but its name;
    null takes a key away."""
    over = _part(kind, name, overlay)
    if over is None or not isinstance(base, Tree):
        return base
    key = kind.chosen_by
    if key in over.entries and _text(over, key) != _text(base, key) and kind.name in base.entries:
        named = {str(kind.name): base.entries[kind.name]}
        return merge(Tree(over.source, over.start, named), over)
    return merge(base, over)


def _part(kind: Kind, name: str, overlay: Node | None) -> Tree | None:
    if not isinstance(overlay, Tree) or kind.section not in overlay.entries:
        return None
    section = overlay.entries[kind.section].value
    if kind is PROJECT or not isinstance(section, Tree):
        return section if isinstance(section, Tree) else None
    entry: Entry | None = section.entries.get(name)
    return entry.value if entry and isinstance(entry.value, Tree) else None


def _text(tree: Tree, key: str) -> str:
    entry = tree.entries.get(key)
    return entry.value.text if entry and isinstance(entry.value, Scalar) else ""

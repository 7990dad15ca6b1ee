"""Where a path of a tree stands in the file."""

from pointsman.spec.node import Node, Path, Scalar, Sequence, Tree, find
from pointsman.spec.positions import inside
from pointsman.spec.problem import Place


def at(root: Node, path: Path) -> Place:
    """The value at a path: a scalar itself; of a mapping or list the key that leads to it. A path that goes on
    beyond what is there ends at the last thing that is."""
    node, key, _ = find(root, path)
    if isinstance(node, Scalar) and node.end > node.start:
        return _whole(node)
    if key is not None:
        return _whole(key)
    return _beginning(node)


def at_key(root: Node, path: Path) -> Place:
    """The key that a path ends with, or its value where no key leads to it."""
    _, key, rest = find(root, path)
    return _whole(key) if key is not None and not rest else at(root, path)


def within(root: Node, path: Path, offset: int, length: int) -> Place:
    """Characters of the text at a path, from `offset`."""
    node, _, rest = find(root, path)
    return inside(node, offset, length) if isinstance(node, Scalar) and not rest else at(root, path)


def _whole(scalar: Scalar) -> Place:
    if scalar.style == "raw":
        return scalar.source.place(scalar.start)
    return scalar.source.place(scalar.start, scalar.end - scalar.start)


def _beginning(node: Node) -> Place:
    if isinstance(node, Tree) and node.entries:
        first = next(iter(node.entries.values())).key
        return first.source.place(first.start, first.end - first.start)
    if isinstance(node, Sequence):
        return node.source.place(node.start)
    return node.source.place(node.start)

"""Shapes that meet: what a value is when it can be one or the other, and which kinds compare."""

from collections.abc import Iterable
from functools import reduce
from typing import Final

from pointsman.shape import ANY, NULL, Shape, list_of, record

_FAMILY: Final = {"integer": "number", "quarter": "string"}


def family(shape: Shape) -> str:
    """The kind that comparisons go by."""
    return _FAMILY.get(shape.kind, shape.kind)


def join(a: Shape, b: Shape) -> Shape:
    """What a value is that is one or the other."""
    if a == b:
        return a
    if a.kind == "null" or b.kind == "null":
        return (b if a.kind == "null" else a).or_null()
    if a.kind == "any" or b.kind == "any" or family(a) != family(b):
        return ANY
    joined = _not_null(a, b)
    return joined.or_null() if a.nullable or b.nullable else joined


def _not_null(a: Shape, b: Shape) -> Shape:
    if a.kind == "list":
        return list_of(join(a.item or ANY, b.item or ANY))
    if a.kind == "object":
        return _objects(a, b)
    enum = tuple(dict.fromkeys((*a.enum, *b.enum))) if a.enum and b.enum else ()
    return Shape(a.kind if a.kind == b.kind else family(a), enum=enum)  # type: ignore[arg-type]


def _objects(a: Shape, b: Shape) -> Shape:
    both = {name: join(shape, b.fields[name]) for name, shape in a.fields.items() if name in b.fields}
    return record(both, closed=a.closed and b.closed and len(both) == len(a.fields) == len(b.fields))


def join_all(shapes: Iterable[Shape]) -> Shape:
    """What the items of a list are; of an empty one nothing is known."""
    found = list(shapes)
    return reduce(join, found) if found else ANY


def always_null(shape: Shape) -> bool:
    return shape.kind == NULL.kind

"""The shapes that functions take and give."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pointsman.language.expression import fields
from pointsman.language.expression.comparing import ORDERED
from pointsman.language.expression.demands import TEXTS, Demands
from pointsman.language.expression.joining import family, join, join_all
from pointsman.shape import ANY, BOOLEAN, DATE, INTEGER, NUMBER, QUARTER, STRING, Shape


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its arguments' shapes beside its nodes."""

    demands: Demands
    node: ast.Call
    shapes: list[Shape]
    keywords: Mapping[str, Shape]
    keyword_nodes: Mapping[str, ast.expr]

    @property
    def name(self) -> str:
        return f"{self.node.func.id}()" if isinstance(self.node.func, ast.Name) else ""

    def takes(self, at: int, *families: str) -> bool:
        return self.demands.kind(self.node.args[at], self.shapes[at], self.name, *families)

    def takes_list_of(self, *families: str) -> Shape:
        """The shape of the items of the first argument, a list; ANY when it is not known or wrong."""
        if not self.takes(0, "list") or self.shapes[0].kind == "any":
            return ANY
        item = self.shapes[0].item or ANY
        if item.nullable:
            way = "Leave such items out, or give each a value: [default(x, 0) for x in …]."
            return self.demands.wrong(self.node.args[0], f"an item may be null, which {self.name} does not take", way)
        return item if self.demands.kind(self.node.args[0], item, f"an item in {self.name}", *families) else ANY


Signature = Callable[[Call], Shape]


def _gives(shape: Shape, *families: str) -> Signature:
    def signature(call: Call) -> Shape:
        call.takes(0, *families)
        return shape

    return signature


def _abs(call: Call) -> Shape:
    return call.shapes[0] if call.takes(0, "number") else ANY


def _round(call: Call) -> Shape:
    call.takes(0, "number")
    if len(call.shapes) == 1:
        return INTEGER
    call.takes(1, "integer")
    return INTEGER if call.shapes[0].kind == "integer" else NUMBER


def _sum(call: Call) -> Shape:
    return INTEGER if call.takes_list_of("number").kind == "integer" else NUMBER


def _every(call: Call) -> Shape:
    call.takes_list_of("boolean")
    return BOOLEAN


def _extreme(call: Call) -> Shape:
    if len(call.shapes) == 1:
        found = call.takes_list_of(*ORDERED)
        return join(found, call.keywords["default"]) if "default" in call.keywords else found
    taken = [call.takes(at, *ORDERED) for at in range(len(call.shapes))]
    if not all(taken):
        return ANY
    known = [shape for shape in call.shapes if shape.kind != "any"]
    if len({family(shape) for shape in known}) > 1:
        kinds = ", ".join(dict.fromkeys(shape.kind for shape in known))
        return call.demands.wrong(call.node, f"{call.name} compares values of one kind, got {kinds}")
    return join_all(call.shapes)


def _sorted(call: Call) -> Shape:
    if "reverse" in call.keywords:
        call.demands.kind(call.keyword_nodes["reverse"], call.keywords["reverse"], "reverse=", "boolean")
    if not call.takes(0, "list"):
        return ANY
    item = call.shapes[0].item or ANY
    key = call.keyword_nodes.get("key")
    if isinstance(key, ast.Constant):
        item = _along(call, key, item, str(key.value))
    call.demands.kind(key or call.node.args[0], item, f"{call.name} compares items, and", *ORDERED)
    return call.shapes[0]


def _along(call: Call, key: ast.expr, item: Shape, path: str) -> Shape:
    for name in path.split("."):
        if not call.demands.present(key, item, "has no fields"):
            return ANY
        item = fields.field(call.demands, key, item, name)
    return item


SIGNATURES: Final[Mapping[str, Signature]] = MappingProxyType(
    {
        "abs": _abs,
        "all": _every,
        "any": _every,
        "bool": _gives(BOOLEAN, "boolean", "number", "string"),
        "date": _gives(DATE, "string", "date", "timestamp"),
        "float": _gives(NUMBER, "number", "boolean", "string"),
        "int": _gives(INTEGER, "number", "boolean", "string"),
        "len": _gives(INTEGER, "string", "list", "object"),
        "lower": _gives(STRING, "string"),
        "max": _extreme,
        "min": _extreme,
        "quarter": _gives(QUARTER, "string", "date", "timestamp"),
        "round": _round,
        "sorted": _sorted,
        "str": _gives(STRING, *TEXTS),
        "sum": _sum,
        "upper": _gives(STRING, "string"),
    }
)

"""The shapes of fields and items."""

import ast
from typing import Final

from pointsman.errors import way_out
from pointsman.language.expression.access import DATE_FIELDS
from pointsman.language.expression.demands import Demands
from pointsman.language.expression.joining import join_all
from pointsman.language.expression.kinds import a
from pointsman.shape import ANY, DATE, INTEGER, QUARTER, STRING, Shape

QUARTER_FIELDS: Final = {
    "start": DATE,
    "end": DATE,
    "year": INTEGER,
    "number": INTEGER,
    "previous": QUARTER,
    "next": QUARTER,
}


def field(demands: Demands, node: ast.expr, base: Shape, name: str) -> Shape:
    """`x.name`, when x has this shape (null aside)."""
    if base.kind in ("any", "null"):
        return ANY
    if base.kind == "object":
        if name in base.fields:
            return base.fields[name]
        if not base.closed:
            return ANY
        return demands.wrong_field(node, f"there is no field `{name}`", way_out(name, base.fields, "Fields"))
    known = {"quarter": tuple(QUARTER_FIELDS), "date": DATE_FIELDS, "timestamp": DATE_FIELDS}.get(base.kind, ())
    if name in known:
        return QUARTER_FIELDS[name] if base.kind == "quarter" else INTEGER
    if known:
        return demands.wrong_field(node, f"{a(base.kind)} has no field `{name}`", way_out(name, known, "Fields"))
    way = f"Take it of each item: [x.{name} for x in …]." if base.kind == "list" else ""
    return demands.wrong_field(node, f"{a(base.kind)} has no field `{name}`", way)


def item(demands: Demands, node: ast.Subscript, base: Shape, key: Shape) -> Shape:
    """`x[key]`, when x has this shape (null aside)."""
    if base.kind in ("any", "null"):
        return ANY
    if base.kind == "object":
        if not demands.kind(node.slice, key, "an object", "string"):
            return ANY
        if isinstance(node.slice, ast.Constant):
            return field(demands, node, base, str(node.slice.value))
        return join_all(base.fields.values()) if base.closed and base.fields else ANY
    if base.kind in ("list", "string", "quarter"):
        if not demands.kind(node.slice, key, f"{a(base.kind)}", "integer"):
            return ANY
        return (base.item or ANY) if base.kind == "list" else STRING
    return demands.wrong(node, f"{a(base.kind)} has no items")

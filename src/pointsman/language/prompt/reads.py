"""What a prompt reads: its root variables, the paths written out, and, beside known shapes, what cannot be there."""

from collections.abc import Mapping

from jinja2 import nodes

from pointsman.errors import way_out
from pointsman.language.expression.access import DATE_FIELDS
from pointsman.language.expression.fields import QUARTER_FIELDS
from pointsman.language.mistake import Mistake
from pointsman.language.prompt.text import Text
from pointsman.shape import ANY, INTEGER, Shape

Path = tuple[str, ...]


class Reads:
    """Walks a tree in reading order. `inputs`: None when only what is read is wanted."""

    def __init__(self, text: Text, inputs: Mapping[str, Shape] | None) -> None:
        self.names: set[str] = set()
        self.paths: set[Path] = set()
        self.mistakes: list[Mistake] = []
        self._text, self._inputs = text, inputs
        self._own: dict[str, Shape] = {}

    def visit(self, node: nodes.Node) -> None:
        match node:
            case nodes.Name(ctx="load") | nodes.Getattr() | nodes.Getitem():
                self._shape(node)
            case nodes.For():
                self._loop(node)
            case nodes.Assign():
                shape = self._value(node.node)
                if isinstance(node.target, nodes.Name):
                    self._own[node.target.name] = shape
            case nodes.Call():
                for part in (*node.args, *node.kwargs):
                    self.visit(part)
            case _:
                for part in node.iter_child_nodes():
                    self.visit(part)

    def _loop(self, node: nodes.For) -> None:
        item = self._value(node.iter).item or ANY
        before = dict(self._own)
        self._own |= {"loop": ANY, node.target.name: item} if isinstance(node.target, nodes.Name) else {"loop": ANY}
        if node.test is not None:
            self.visit(node.test)
        for part in node.body:
            self.visit(part)
        self._own = before
        for part in node.else_:
            self.visit(part)

    def _value(self, node: nodes.Node) -> Shape:
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
            return self._shape(node)
        self.visit(node)
        return ANY

    def _shape(self, node: nodes.Expr) -> Shape:
        """Of a path: notes the whole of it, and walks its shapes link by link."""
        links, base = _links(node)
        for link in links:
            if isinstance(link, nodes.Getitem) and not _is_name(link):
                self.visit(link.arg)
        if not isinstance(base, nodes.Name):
            self.visit(base)
            return ANY
        if base.name not in self._own:
            self.names.add(base.name)
            self.paths.add((base.name, *_written_out(links)))
        shape, said = self._root(base), base.name
        for link in links:
            shape, said = self._link(link, shape, said)
        return shape

    def _root(self, node: nodes.Name) -> Shape:
        if node.name in self._own:
            return self._own[node.name]
        if self._inputs is None or node.name in self._inputs:
            return ANY if self._inputs is None else self._inputs[node.name]
        way = way_out(node.name, self._inputs, "Inputs")
        self.mistakes.append(self._text.mistake(f"no input is named `{node.name}`", node.lineno, node.name, way))
        return ANY

    def _link(self, link: nodes.Getattr | nodes.Getitem, shape: Shape, said: str) -> tuple[Shape, str]:
        if isinstance(link, nodes.Getitem) and not _is_name(link):
            single = not isinstance(link.arg, nodes.Slice)
            return (shape.item or ANY) if single else shape, ""
        name = link.attr if isinstance(link, nodes.Getattr) else str(link.arg.as_const())
        known = _fields(shape)
        said = f"{said}.{name}" if said else ""
        if known is None or name in known:
            return ANY if known is None else known[name], said
        way = way_out(name, known, "Fields")
        self.mistakes.append(self._text.mistake(f"there is no field `{name}`", link.lineno, said, way))
        return ANY, said


def _fields(shape: Shape) -> Mapping[str, Shape] | None:
    """The fields that a value of this shape can have; None when they are not known."""
    match shape.kind:
        case "object":
            return shape.fields if shape.closed else None
        case "quarter":
            return QUARTER_FIELDS
        case "date" | "timestamp":
            return dict.fromkeys(DATE_FIELDS, INTEGER)
        case "string" | "integer" | "number" | "boolean" | "list":
            return {}
    return None


def _links(node: nodes.Expr) -> tuple[list[nodes.Getattr | nodes.Getitem], nodes.Expr]:
    links = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        links.append(node)
        node = node.node
    return links[::-1], node


def _is_name(link: nodes.Getitem) -> bool:
    return isinstance(link.arg, nodes.Const) and isinstance(link.arg.value, str)


def _written_out(links: list[nodes.Getattr | nodes.Getitem]) -> Path:
    path = []
    for link in links:
        if isinstance(link, nodes.Getitem) and not _is_name(link):
            break
        path.append(link.attr if isinstance(link, nodes.Getattr) else str(link.arg.as_const()))
    return tuple(path)

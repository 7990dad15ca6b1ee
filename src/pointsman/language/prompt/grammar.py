"""What of Jinja2 a prompt may use. Whatever is not named here is refused."""

from typing import Final

from jinja2 import nodes

from pointsman.errors import way_out
from pointsman.language.prompt.filters import FILTERS
from pointsman.language.prompt.sandbox import TESTS
from pointsman.language.prompt.text import Text

COUNTED: Final = "_counted"
"""The filter through which everything passes that a loop or a filter goes over."""
JOINED: Final = "_joined"

_ALLOWED: Final = frozenset(
    (
        *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign),
        *(nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword),
        *(nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.Call, nodes.CondExpr),
        *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Concat),
        *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod),
    )
)
_SAID: Final[dict[type[nodes.Node], str]] = {
    nodes.Include: "`include`: a prompt is one file",
    nodes.Import: "`import`: a prompt is one file",
    nodes.FromImport: "`from`: a prompt is one file",
    nodes.Extends: "`extends`: a prompt is one file",
    nodes.Macro: "`macro`: a prompt is read from top to bottom",
    nodes.Pow: "`**`",
}


def refuse(tree: nodes.Template, text: Text) -> None:
    """Raises Mistake for the first part that is not of the grammar."""
    for node in _all(tree):
        kind = type(node)
        if kind not in _ALLOWED:
            raise text.mistake(f"prompts have no {_SAID.get(kind, f'`{kind.__name__.lower()}`')}", node.lineno)
        _refuse_names(node, text)
        match node:
            case nodes.For():
                _refuse_loop(node, text)
            case nodes.Assign():
                _refuse_set(node, text)
            case nodes.Call():
                _refuse_call(node, text)
            case nodes.Filter():
                _refuse_unknown(node, node.name, FILTERS, "filter", text)
            case nodes.Test():
                _refuse_unknown(node, node.name, TESTS, "test", text)


def _all(tree: nodes.Node) -> list[nodes.Node]:
    """Every node, parents first; a list, so that depth costs no recursion."""
    found = [tree]
    for node in found:
        found.extend(node.iter_child_nodes())
    return found


def _refuse_names(node: nodes.Node, text: Text) -> None:
    name = node.name if isinstance(node, nodes.Name) else node.attr if isinstance(node, nodes.Getattr) else ""
    if name == "self" and isinstance(node, nodes.Name):
        raise text.mistake("`self` is Jinja2's own name", node.lineno, name, "Name the input otherwise.")
    if name.startswith("_"):
        raise text.mistake(f"names do not begin with `_`, got `{name}`", node.lineno, name)


def _refuse_loop(node: nodes.For, text: Text) -> None:
    if node.recursive:
        raise text.mistake("prompts have no recursive loops", node.lineno)
    if not isinstance(node.target, nodes.Name):
        raise text.mistake("`for` takes one name", node.lineno)


def _refuse_set(node: nodes.Assign, text: Text) -> None:
    if not isinstance(node.target, nodes.Name):
        raise text.mistake("`set` takes one name", node.lineno)
    if any(isinstance(part, nodes.List | nodes.Tuple | nodes.Dict) for part in _all(node.node)):
        raise text.mistake("`set` takes no list and no object", node.lineno, way_out="Make it in the flow.")


def _refuse_call(node: nodes.Call, text: Text) -> None:
    if isinstance(node.node, nodes.Name) and node.node.name == "range" and not node.dyn_args and not node.dyn_kwargs:
        return
    name = node.node.attr if isinstance(node.node, nodes.Getattr) else ""
    way = (
        f"Use the filter: x | {name}." if name in FILTERS else "Only range() is called; filters do the rest: x | upper."
    )
    raise text.mistake("values have no methods, and prompts no functions", node.lineno, way_out=way)


def _refuse_unknown(node: nodes.Filter | nodes.Test, name: str, known: frozenset[str], noun: str, text: Text) -> None:
    if name not in known:
        raise text.mistake(f"there is no {noun} `{name}`", node.lineno, name, way_out(name, known, f"{noun}s".title()))
    if node.dyn_args or node.dyn_kwargs:
        raise text.mistake(f"a {noun} takes no `*`", node.lineno, name)


def bound(tree: nodes.Template) -> nodes.Template:
    """The tree with everything that loops and filters go over counted, and `~` bounded. Changes it."""
    for node in _all(tree):
        match node:
            case nodes.For():
                node.iter = _through(COUNTED, node.iter)
            case nodes.Filter() if node.node is not None and node.name not in (COUNTED, JOINED):
                node.node = _through(COUNTED, node.node)
            case nodes.Concat():
                node.nodes = [_through(JOINED, nodes.List(node.nodes, lineno=node.lineno))]
    tree.set_environment(tree.environment)  # type: ignore[arg-type]
    return tree


def _through(name: str, node: nodes.Node) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)

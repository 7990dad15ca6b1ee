"""The grammar: the part of Python's expression grammar that is ours, and what an expression reads.

Whatever is not named here is refused, so a node type that a later Python adds is refused too.
"""

import ast
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pointsman.errors import nearest
from pointsman.language.expression.functions import FUNCTIONS
from pointsman.language.expression.kinds import LARGEST
from pointsman.language.expression.source import Source
from pointsman.language.mistake import Mistake

MOST_SOURCE: Final = 4096
MOST_DEPTH: Final = 80
BINARY: Final[dict[type[ast.operator], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
SIGNS: Final[dict[type[ast.unaryop], str]] = {ast.USub: "-", ast.UAdd: "+"}
COMPARISONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
Path = tuple[str, ...]

_WORDS: Final = {"true": "True", "false": "False", "null": "None", "none": "None"}
_SAID: Final[dict[type[ast.AST], tuple[str, str]]] = {
    ast.Lambda: ("`lambda` makes a function", "sorted() takes a path: sorted(x, key='value.score')."),
    ast.NamedExpr: ("`:=` gives a name", "Write the part twice, or make it a step."),
    ast.Starred: ("`*` unpacks", "Join lists with +."),
    ast.Await: ("`await` waits", ""),
    ast.Yield: ("`yield` makes a generator", ""),
    ast.YieldFrom: ("`yield` makes a generator", ""),
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A tree that keeps to the grammar, the root names it reads, and its dotted paths from them."""

    source: Source
    tree: ast.expr
    names: frozenset[str]
    paths: frozenset[Path]


def parse(text: str) -> Parsed:
    """A text without space around it. Raises Mistake for anything that is not of the grammar."""
    if len(text) > MOST_SOURCE:
        raise Mistake(f"an expression has at most {MOST_SOURCE} characters, got {len(text)}", length=len(text))
    if not text:
        raise Mistake("an expression is missing")
    source = Source(text.translate(_LINE_ENDS))
    tree = _tree(source.text)
    grammar = _Grammar(source)
    grammar.visit(tree)
    return Parsed(source, tree, frozenset(grammar.names), frozenset(grammar.paths))


_LINE_ENDS: Final = {ord(sign): " " for sign in "\n\r\t\f\v"}


def _tree(line: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python only warns of (`'\q'`, `1in x`) is refused
            tree = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        offset = min((error.offset or len(line)) - 1, len(line) - 1)  # 0: it ends too early
        raise Mistake(f"not an expression: {error.msg.split(' (<')[0]}", offset=offset) from None
    except (ValueError, MemoryError, RecursionError):
        raise Mistake("not an expression that can be read", length=len(line)) from None
    if "#" in line.encode()[tree.end_col_offset :].decode(errors="ignore"):
        raise Mistake("an expression holds no comment", offset=line.rindex("#"))
    return tree


def static_path(node: ast.expr) -> Path | None:
    """`a.b['c']` as ("a", "b", "c"); None when the way is not written out."""
    links: list[str] = []
    while True:
        match node:
            case ast.Name():
                return (node.id, *reversed(links))
            case ast.Attribute():
                links.append(node.attr)
                node = node.value
            case ast.Subscript(slice=ast.Constant(value=str() as key)):
                links.append(key)
                node = node.value
            case _:
                return None


class _Grammar:
    """Walks a tree once: refuses what is not ours, and notes what is read."""

    def __init__(self, source: Source) -> None:
        self.names: set[str] = set()
        self.paths: set[Path] = set()
        self._source, self._depth = source, 0
        self._bound, self._noted = frozenset[str](), False
        self._rules: dict[type[ast.AST], Callable[[Any], None]] = {
            ast.Constant: self._constant,
            ast.Name: self._access,
            ast.Attribute: self._access,
            ast.Subscript: self._access,
            ast.BoolOp: self._parts,
            ast.IfExp: self._parts,
            ast.List: self._parts,
            ast.Tuple: self._parts,
            ast.Set: self._parts,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._binary,
            ast.Compare: self._compare,
            ast.Dict: self._dict,
            ast.JoinedStr: self._joined,
            ast.Call: self._call,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
        }

    def visit(self, node: ast.expr) -> None:
        rule = self._rules.get(type(node))
        if rule is None:
            what, way = _SAID.get(type(node), (f"this is {type(node).__name__}", ""))
            raise self._source.mistake(f"{what}, which expressions do not have", node, way)
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise self._source.mistake(f"nested more than {MOST_DEPTH} deep", node, "Make a part of it a step.")
        rule(node)
        self._depth -= 1

    def _parts(self, node: ast.expr) -> None:
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                self.visit(part)

    def _constant(self, node: ast.Constant) -> None:
        value = node.value
        if value is not None and type(value) not in (bool, int, float, str):
            raise self._source.mistake(f"a {type(value).__name__} is not a value that expressions know", node)
        if (type(value) is int and value > LARGEST) or (type(value) is float and value - value != 0.0):
            raise self._source.mistake("a number that is too large", node)
        if type(value) is str and any("\ud800" <= sign <= "\udfff" for sign in value):
            raise self._source.mistake("half a character (a lone surrogate) in a text", node)

    def _access(self, node: ast.Name | ast.Attribute | ast.Subscript) -> None:
        """A link of a path. The outermost link of a written-out path notes the whole of it."""
        path = static_path(node)
        if path is not None and path[0] not in self._bound and not self._noted:
            self.paths.add(path)
            self.names.add(path[0])
        if isinstance(node, ast.Name):
            self._name(node.id, node)
            return
        if isinstance(node, ast.Attribute):
            self._name(node.attr, node)
        noted, self._noted = self._noted, path is not None
        self.visit(node.value)
        self._noted = noted
        if isinstance(node, ast.Subscript):
            self._subscript(node.slice)

    def _name(self, name: str, node: ast.expr) -> None:
        if name.startswith("_"):
            raise self._source.mistake(f"names do not begin with `_`, got `{name}`", node)
        if isinstance(node, ast.Name) and name in _WORDS and name not in self._bound:
            raise self._source.mistake(f"`{name}` is written {_WORDS[name]} in an expression", node)

    def _subscript(self, node: ast.expr) -> None:
        if isinstance(node, ast.Slice):
            self._parts(node)
        else:
            self.visit(node)

    def _unary(self, node: ast.UnaryOp) -> None:
        if type(node.op) not in SIGNS and not isinstance(node.op, ast.Not):
            raise self._source.mistake("bits are not worked on", node)
        self.visit(node.operand)

    def _binary(self, node: ast.BinOp) -> None:
        if type(node.op) not in BINARY:
            sign = _SIGNS_SAID.get(type(node.op), type(node.op).__name__)
            raise self._source.mistake(
                f"there is no operator `{sign}`", node, f"There are {' '.join(BINARY.values())}."
            )
        self._parts(node)

    def _compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        for position, op in enumerate(node.ops):
            if type(op) not in COMPARISONS:
                raise self._source.mistake(f"there is no comparison {type(op).__name__}", node)
            if isinstance(op, ast.Is | ast.IsNot) and not any(map(is_none, sides[position : position + 2])):
                raise self._source.mistake("`is` only asks for None", node, "Compare with == or !=.")
        self._parts(node)

    def _dict(self, node: ast.Dict) -> None:
        for key in node.keys:
            if key is None:
                raise self._source.mistake("`**` unpacks, which expressions do not have", node, "Name the fields.")
        self._parts(node)

    def _joined(self, node: ast.JoinedStr) -> None:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                if part.conversion != -1 or part.format_spec is not None:
                    raise self._source.mistake(
                        "an f-string takes no `!r` and no `:format`", node, "Use round(x, 2) or str(x) inside it."
                    )
                self.visit(part.value)
            else:
                self.visit(part)

    def _call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            way = f"Write {node.func.attr}(x)." if node.func.attr in FUNCTIONS else _functions("")
            raise self._source.mistake("values have no methods", node.func, way)
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            what = f"there is no function `{name}`" if name else "only functions are called"
            raise self._source.mistake(what, node.func, _functions(name))
        function = FUNCTIONS[node.func.id]
        self._arguments(node, node.func.id)
        if not function.least <= len(node.args) <= function.most:
            takes = f"{function.least}" if function.least == function.most else f"{function.least} to {function.most}"
            raise self._source.mistake(f"{node.func.id}() takes {takes} argument(s), got {len(node.args)}", node)

    def _arguments(self, node: ast.Call, name: str) -> None:
        allowed = FUNCTIONS[name].keywords
        for keyword in node.keywords:
            if keyword.arg not in allowed:
                way = f"It takes {', '.join(f'{word}=' for word in allowed)}." if allowed else ""
                what = f"`{keyword.arg}=`" if keyword.arg else "`**`"
                raise self._source.mistake(f"{name}() takes no {what}", keyword.value, way)
            if keyword.arg == "key" and not is_path_text(keyword.value):
                raise self._source.mistake(
                    "key= takes a path as a text", keyword.value, "Such as sorted(x, key='value.score')."
                )
            self.visit(keyword.value)
        for argument in node.args:
            self.visit(argument)

    def _comprehension(self, node: Comprehension) -> None:
        bound = self._bound
        for part in node.generators:
            if part.is_async:
                raise self._source.mistake("`async` waits, which expressions do not have", node)
            self.visit(part.iter)
            if not isinstance(part.target, ast.Name):
                raise self._source.mistake("`for` takes one name", part.target)
            self._name(part.target.id, part.target)
            self._bound |= {part.target.id}
            for condition in part.ifs:
                self.visit(condition)
        for result in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(result)
        self._bound = bound


def is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def is_path_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_PATH_TEXT.fullmatch(node.value))


_PATH_TEXT: Final = re.compile(r"[^\W_]\w*(\.[^\W_]\w*)*")
_SIGNS_SAID: Final[dict[type[ast.operator], str]] = {
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}


def _functions(name: str) -> str:
    near = nearest(name, FUNCTIONS) if name else None
    return f"Did you mean `{near}`?" if near else f"Functions: {', '.join(FUNCTIONS)}."

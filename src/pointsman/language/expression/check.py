"""What an expression gives, and what is wrong with it, worked out from shapes alone."""

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from pointsman.errors import way_out
from pointsman.language.expression import fields
from pointsman.language.expression.demands import Demands
from pointsman.language.expression.grammar import BINARY, COMPARISONS, Comprehension, Path, is_none, static_path
from pointsman.language.expression.joining import family, join, join_all
from pointsman.language.expression.knowing import not_null_when
from pointsman.language.expression.signatures import SIGNATURES, Call
from pointsman.language.expression.source import Source
from pointsman.language.mistake import Mistake
from pointsman.shape import ANY, BOOLEAN, DATE, INTEGER, NULL, NUMBER, STRING, Shape, list_of, record

_CONSTANTS: Final[dict[type, Shape]] = {type(None): NULL, bool: BOOLEAN, int: INTEGER, float: NUMBER}


class Checker:
    """Checks one expression. After a mistake a part counts as `any`, so that one fault is told once."""

    def __init__(self, source: Source, names: Mapping[str, Shape]) -> None:
        self.mistakes: list[Mistake] = []
        self._demands = Demands(source, self.mistakes)
        self._names: dict[str, Shape] = dict(names)
        self._not_null: frozenset[Path] = frozenset()
        self._rules: dict[type[ast.AST], Callable[[Any], Shape]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._path,
            ast.Subscript: self._path,
            ast.BoolOp: self._bool_op,
            ast.IfExp: self._if,
            ast.List: self._list,
            ast.Tuple: self._list,
            ast.Set: self._list,
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

    def shape(self, node: ast.expr) -> Shape:
        return self._rules[type(node)](node)

    def text(self, node: ast.expr) -> None:
        """As a part of a text."""
        self._demands.text(node, self.shape(node))

    def _constant(self, node: ast.Constant) -> Shape:
        if isinstance(node.value, str):
            return Shape("string", enum=(node.value,))
        return _CONSTANTS[type(node.value)]

    def _name(self, node: ast.Name) -> Shape:
        if node.id not in self._names:
            return self._demands.wrong(node, f"there is no name `{node.id}`", way_out(node.id, self._names))
        return self._known((node.id,), self._names[node.id])

    def _known(self, path: Path | None, shape: Shape) -> Shape:
        return shape.not_null() if path in self._not_null else shape

    def _path(self, node: ast.Attribute | ast.Subscript, *, tolerant: bool = False) -> Shape:
        """A field or an item. `tolerant`: inside default(x, y), where nulls and missing parts are answered for."""
        inner = node.value
        base = (
            self._path(inner, tolerant=tolerant)
            if isinstance(inner, ast.Attribute | ast.Subscript)
            else self.shape(inner)
        )
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            key = self.shape(node.slice)
        else:
            key = None
        if not tolerant and not self._demands.present(inner, base, "has no fields or items"):
            return ANY
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            found = self._slice(node.slice, inner, base)
        elif isinstance(node, ast.Subscript) and key is not None:
            found = fields.item(self._demands, node, base, key)
        else:
            found = fields.field(self._demands, node, base, node.attr if isinstance(node, ast.Attribute) else "")
        maybe = tolerant and (base.nullable or isinstance(node, ast.Subscript))
        return self._known(static_path(node), found.or_null() if maybe else found)

    def _slice(self, node: ast.Slice, inner: ast.expr, base: Shape) -> Shape:
        for bound in (node.lower, node.upper, node.step):
            if bound is not None:
                self._demands.kind(bound, self.shape(bound), "the bound of a part", "integer")
        if not self._demands.kind(inner, base.not_null(), "a part", "list", "string"):
            return ANY
        return base.not_null() if base.kind == "list" else STRING if base.kind != "any" else ANY

    def _condition(self, node: ast.expr, word: str) -> None:
        self._demands.kind(node, self.shape(node), word, "boolean")

    @contextmanager
    def _knowing(self, paths: frozenset[Path]) -> Iterator[None]:
        before = self._not_null
        self._not_null |= paths
        yield
        self._not_null = before

    def _bool_op(self, node: ast.BoolOp) -> Shape:
        goes_on_when = isinstance(node.op, ast.And)
        before = self._not_null
        for part in node.values:
            self._condition(part, "`and`" if goes_on_when else "`or`")
            self._not_null |= not_null_when(part, goes_on_when)
        self._not_null = before
        return BOOLEAN

    def _if(self, node: ast.IfExp) -> Shape:
        self._condition(node.test, "`if`")
        with self._knowing(not_null_when(node.test, True)):
            then = self.shape(node.body)
        with self._knowing(not_null_when(node.test, False)):
            otherwise = self.shape(node.orelse)
        return join(then, otherwise)

    def _list(self, node: ast.List | ast.Tuple | ast.Set) -> Shape:
        return list_of(join_all([self.shape(part) for part in node.elts]))

    def _dict(self, node: ast.Dict) -> Shape:
        known: dict[str, Shape] = {}
        closed = True
        for key, value in zip(node.keys, node.values, strict=True):
            shape = self.shape(value)
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                known[key.value] = shape
            elif key is not None:
                self._demands.kind(key, self.shape(key), "the name of a field", "string")
                closed = False
        return record(known if closed else {}, closed=closed)

    def _joined(self, node: ast.JoinedStr) -> Shape:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.text(part.value)
        return STRING

    def _unary(self, node: ast.UnaryOp) -> Shape:
        if isinstance(node.op, ast.Not):
            self._condition(node.operand, "`not`")
            return BOOLEAN
        shape = self.shape(node.operand)
        return shape if self._demands.kind(node.operand, shape, "arithmetic", "number") else ANY

    def _binary(self, node: ast.BinOp) -> Shape:
        a, b = self.shape(node.left), self.shape(node.right)
        if not (
            self._demands.present(node.left, a, "is no number") & self._demands.present(node.right, b, "is no number")
        ):
            return ANY
        symbol = BINARY[type(node.op)]
        kinds = family(a), family(b)
        if "any" in kinds:
            return NUMBER if symbol in "*///%" else ANY
        if kinds == ("number", "number"):
            return INTEGER if a.kind == b.kind == "integer" and symbol != "/" else NUMBER
        if symbol == "+" and kinds == ("string", "string"):
            return STRING
        if symbol == "+" and kinds == ("list", "list"):
            return join(a, b)
        if symbol == "-" and kinds == ("date", "date"):
            return INTEGER
        if (symbol in "+-" and (a.kind, b.kind) == ("date", "integer")) or (
            symbol == "+" and (a.kind, b.kind) == ("integer", "date")
        ):
            return DATE
        way = "A text becomes a date with date(x)." if "date" in kinds and "string" in kinds else ""
        return self._demands.wrong(node, f"`{symbol}` does not work on {a.kind} and {b.kind}", way)

    def _compare(self, node: ast.Compare) -> Shape:
        sides = [node.left, *node.comparators]
        shapes = [self.shape(side) for side in sides]
        for at, op in enumerate(node.ops):
            symbol, pair, two = COMPARISONS[type(op)], sides[at : at + 2], shapes[at : at + 2]
            if symbol in ("in", "not in"):
                self._contains(pair, two)
            elif symbol in ("<", "<=", ">", ">=") or not any(map(is_none, pair)):
                self._demands.comparable(symbol, node, pair, two)
        return BOOLEAN

    def _contains(self, pair: list[ast.expr], shapes: list[Shape]) -> None:
        item, inside = pair
        if not self._demands.kind(inside, shapes[1], "`in`", "string", "list", "object"):
            return
        if is_none(item):
            return
        if isinstance(inside, ast.List | ast.Tuple | ast.Set):
            for other in inside.elts:
                if not is_none(other):
                    self._demands.comparable("==", other, [item, other], [shapes[0], self.shape(other)])
        elif shapes[1].kind == "list":
            held = (shapes[1].item or ANY).not_null()
            self._demands.comparable("==", item, [item, inside], [shapes[0], held])
        elif shapes[1].kind != "any":
            self._demands.kind(item, shapes[0], "`in`", "string")

    def _call(self, node: ast.Call) -> Shape:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "default":
            return self._default(node)
        keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        call = Call(
            self._demands,
            node,
            [self.shape(argument) for argument in node.args],
            {word: self.shape(value) for word, value in keywords.items()},
            keywords,
        )
        return SIGNATURES[name](call)

    def _default(self, node: ast.Call) -> Shape:
        wanted, otherwise = node.args
        if isinstance(wanted, ast.Attribute | ast.Subscript):
            first = self._path(wanted, tolerant=True)
        else:
            first = self.shape(wanted)
        second = self.shape(otherwise)
        return second if first.kind == "null" else join(first.not_null(), second)

    def _comprehension(self, node: Comprehension) -> Shape:
        names, before = dict(self._names), self._not_null
        for part in node.generators:
            item = self._item(part.iter)
            name = part.target.id if isinstance(part.target, ast.Name) else ""
            self._names[name] = item
            self._not_null = frozenset(path for path in self._not_null if path[0] != name)
            for condition in part.ifs:
                self._condition(condition, "`if`")
                self._not_null |= not_null_when(condition, True)
        if isinstance(node, ast.DictComp):
            self._demands.kind(node.key, self.shape(node.key), "the name of a field", "string")
            self.shape(node.value)
            found = record({}, closed=False)
        else:
            found = list_of(self.shape(node.elt))
        self._names, self._not_null = names, before
        return found

    def _item(self, node: ast.expr) -> Shape:
        shape = self.shape(node)
        if not self._demands.kind(node, shape, "`for`", "list", "object") or shape.kind == "any":
            return ANY
        return STRING if shape.kind == "object" else shape.item or ANY

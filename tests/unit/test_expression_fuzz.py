"""Random expressions: they agree with Python where they should, and nothing but a Mistake or Refused gets out."""

import ast
import warnings
from typing import Any

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from pointsman.errors import Refused
from pointsman.language import expression
from pointsman.language.mistake import Mistake
from pointsman.shape import shape_of

QUICK = settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
THOROUGH = settings(QUICK, max_examples=1000)

INTEGERS = st.integers(-50, 50)
FLOATS = st.floats(-50, 50, allow_nan=False).map(lambda value: round(value, 2))
TEXTS = st.text("ab é'\\{}", max_size=4)


class Look(dict[str, Any]):
    """An object as Python's evaluation can see it: a dot looks a field up."""

    __getattr__ = dict.__getitem__


def scopes() -> st.SearchStrategy[dict[str, Any]]:
    row = st.fixed_dictionaries({"n": INTEGERS, "x": FLOATS, "s": TEXTS, "b": st.booleans()}).map(Look)
    return st.fixed_dictionaries(
        {
            "n": INTEGERS,
            "x": FLOATS,
            "s": TEXTS,
            "b": st.booleans(),
            "row": row,
            "rows": st.lists(row, min_size=1, max_size=4),
            "ns": st.lists(INTEGERS, min_size=1, max_size=4),
            "names": st.lists(TEXTS, min_size=1, max_size=4),
        }
    )


def _leaves(kind: str, names: tuple[str, ...]) -> st.SearchStrategy[str]:
    field = {"integer": "n", "number": "x", "string": "s", "boolean": "b"}[kind]
    literals = {"integer": INTEGERS, "number": FLOATS, "string": TEXTS, "boolean": st.booleans()}[kind]
    paths = [field, f"row.{field}", f"rows[0].{field}", f"row['{field}']", *(f"{name}.{field}" for name in names)]
    return st.one_of(st.sampled_from(paths), literals.map(repr))


@st.composite
def typed(draw: st.DrawFn, kind: str, depth: int = 3, names: tuple[str, ...] = ()) -> str:
    """The source of an expression of a kind; `names`: the loops' own, each a row."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return draw(_leaves(kind, names))

    def part(of: str) -> str:
        return draw(typed(of, depth - 1, names))

    def each(of: str) -> str:
        name = f"r{len(names)}"
        inner = draw(typed(of, depth - 1, (*names, name)))
        only = draw(st.one_of(st.just(""), typed("boolean", depth - 1, (*names, name)).map(lambda test: f" if {test}")))
        return f"{inner} for {name} in rows{only}"

    def shown(text: str) -> str:
        return text if not set(text) & set("'\"\\{}") else "s"

    forms = {
        "integer": [
            lambda: f"({part('integer')} {draw(st.sampled_from(['+', '-', '*', '//', '%']))} {part('integer')})",
            lambda: f"-({part('integer')})",
            lambda: f"len({part('string')})",
            lambda: f"sum([{each('integer')}])",
            lambda: f"{draw(st.sampled_from(['min', 'max']))}([{each('integer')}])",
            lambda: f"{draw(st.sampled_from(['min', 'max']))}({part('integer')}, {part('integer')})",
            lambda: f"abs({part('integer')})",
            lambda: f"round({part('number')})",
            lambda: f"int({part('number')})",
            lambda: f"ns[{part('integer')} % len(ns)]",
            lambda: f"sorted([{each('integer')}])[0]",
            lambda: f"({part('integer')} if {part('boolean')} else {part('integer')})",
            lambda: f"len({{{each('string').replace(' for ', ': 1 for ', 1)}}})" if depth == 1 else part("integer"),
        ],
        "number": [
            lambda: f"({part('number')} {draw(st.sampled_from(['+', '-', '*', '/', '//', '%']))} {part('number')})",
            lambda: f"({part('integer')} / {part('integer')})",
            lambda: f"round({part('number')}, {draw(st.integers(-2, 3))})",
            lambda: f"float({part('integer')})",
            lambda: f"({part('number')} if {part('boolean')} else {part('number')})",
            lambda: f"[{each('number')}][{part('integer')}]",
        ],
        "string": [
            lambda: f"({part('string')} + {part('string')})",
            lambda: f"str({part('integer')})",
            lambda: f"({part('string')})[{part('integer')}]",
            lambda: f"(({part('string')}) + 'xyz')[{part('integer')} % 3:{part('integer')}]",
            lambda: f"f'a{{{shown(part('integer'))}}}b{{{shown(part('string'))}}}'",
            lambda: f"names[{part('integer')} % 2]",
            lambda: f"max([{each('string')}])",
        ],
        "boolean": [
            lambda: f"({part('integer')} {draw(st.sampled_from(['<', '<=', '>', '>=', '==', '!=']))} {part('number')})",
            lambda: (
                f"({part('string')} {draw(st.sampled_from(['<', '<=', '==', '!=', 'in', 'not in']))} {part('string')})"
            ),
            lambda: f"({part('integer')} < {part('integer')} <= {part('integer')})",
            lambda: f"({part('boolean')} {draw(st.sampled_from(['and', 'or']))} {part('boolean')})",
            lambda: f"(not {part('boolean')})",
            lambda: f"({part('string')} in names)",
            lambda: f"({part('integer')} in ns[{part('integer')}:])",
            lambda: f"{draw(st.sampled_from(['any', 'all']))}([{each('boolean')}])",
            lambda: f"([{each('string')}] == [{each('string')}])",
            lambda: f"({part('string')} is not None)",
        ],
    }
    return draw(st.sampled_from(forms[kind]))()


def in_python(source: str, scope: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return eval(source, dict(scope))
        except (ZeroDivisionError, IndexError, ValueError, OverflowError) as error:
            return type(error)


def here(source: str, scope: dict[str, Any]) -> Any:
    try:
        return expression.read(source).evaluate(scope)
    except Refused as refused:
        assume(not any(limit in refused.sentence for limit in ("64 bits", "not finite", "too large", "more items")))
        return refused


KINDS = st.sampled_from(["integer", "number", "string", "boolean"])


@THOROUGH
@given(source=KINDS.flatmap(typed), scope=scopes())
@example(source="(n // 0)", scope={"n": 1})
def test_it_agrees_with_python(source: str, scope: dict[str, Any]):
    assume(len(source) <= 4096)
    python, ours = in_python(source, scope), here(source, scope)
    if isinstance(python, type):
        assert isinstance(ours, Refused), f"{source} is {ours!r} here, {python} in Python"
    else:
        assert (type(ours), ours) == (type(python), python), source


@QUICK
@given(kind=KINDS, data=st.data(), scope=scopes())
def test_a_sound_expression_checks_and_has_the_shape_it_was_said_to_have(
    kind: str, data: st.DataObject, scope: dict[str, Any]
):
    source = data.draw(typed(kind))
    assume(len(source) <= 4096)
    shape, mistakes = expression.check(expression.read(source), {name: shape_of(part) for name, part in scope.items()})
    never = [mistake for mistake in mistakes if "none of the values" not in mistake.message]
    assert never == [], source
    assert shape.kind in {"integer": ("integer",), "number": ("number", "integer")}.get(kind, (kind,))
    value = here(source, scope)
    if not isinstance(value, Refused) and shape.kind != "number":
        assert shape_of(value).kind == shape.kind


TOKENS = st.sampled_from(
    [
        *(
            "n",
            "row",
            "rows",
            "s",
            "b",
            "nothing",
            "x",
            "_a",
            "__class__",
            "r",
            "None",
            "True",
            "1",
            "0",
            "2.5",
            "'a'",
            "''",
        ),
        *(
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            ".",
            "+",
            "-",
            "*",
            "/",
            "//",
            "%",
            "**",
            "@",
            "==",
            "!=",
            "<",
            ">=",
            ":=",
        ),
        *(
            "is",
            "in",
            "not",
            "and",
            "or",
            "if",
            "else",
            "for",
            "lambda",
            "yield",
            "await",
            "async",
            "f'{",
            "}'",
            "#",
            "\\",
        ),
        *(
            "len(",
            "sum(",
            "default(",
            "sorted(",
            "min(",
            "str(",
            "date(",
            "quarter(",
            "round(",
            "int(",
            ".x",
            ".n",
            "\n",
            "é",
        ),
    ]
)
WILD = {
    "n": 1,
    "x": 2.5,
    "s": "a",
    "b": True,
    "nothing": None,
    "row": {"n": 1},
    "rows": [{"n": 1}, {"n": None}],
    "r": [],
}
SHAPES = {name: shape_of(value) for name, value in WILD.items()}


def only_mistakes_and_refusals(source: str) -> None:
    try:
        read = expression.read(source)
    except Mistake as mistake:
        assert mistake.message
        assert 0 <= mistake.offset <= len(source)
        return
    expression.check(read, SHAPES)
    try:
        read.evaluate(WILD, budget=1000)
    except Refused as refused:
        assert refused.sentence


@QUICK
@given(st.lists(TOKENS, max_size=14).map(" ".join))
def test_nothing_else_gets_out_of_tokens(source: str):
    only_mistakes_and_refusals(source)


@QUICK
@given(st.text(max_size=30))
def test_nothing_else_gets_out_of_any_text(source: str):
    only_mistakes_and_refusals(source)


def _nodes() -> st.SearchStrategy[ast.expr]:
    """Trees of every kind of node, written out again as source."""
    names = st.sampled_from(list(WILD)).map(lambda name: ast.Name(name, ast.Load()))
    constants = st.sampled_from([None, True, 0, 1, -1, 2.5, "a", "", b"a", 1j, ...]).map(ast.Constant)
    load = ast.Load()

    def grow(part: st.SearchStrategy[ast.expr]) -> st.SearchStrategy[ast.expr]:
        parts = st.lists(part, min_size=1, max_size=3)
        operators = [
            ast.Add,
            ast.Sub,
            ast.Mult,
            ast.Div,
            ast.Mod,
            ast.FloorDiv,
            ast.Pow,
            ast.LShift,
            ast.BitOr,
            ast.MatMult,
        ]
        compares = [ast.Eq, ast.NotEq, ast.Lt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn]
        loop = st.builds(
            lambda iterable, test: [ast.comprehension(ast.Name("r", ast.Store()), iterable, [test], 0)], part, part
        )
        functions = st.sampled_from(["len", "sum", "min", "default", "sorted", "str", "int", "bool", "round", "open"])
        return st.one_of(
            st.builds(lambda a, op, b: ast.BinOp(a, op(), b), part, st.sampled_from(operators), part),
            st.builds(lambda a, op, b: ast.Compare(a, [op()], [b]), part, st.sampled_from(compares), part),
            st.builds(lambda op, some: ast.BoolOp(op(), [*some, some[0]]), st.sampled_from([ast.And, ast.Or]), parts),
            st.builds(lambda op, a: ast.UnaryOp(op(), a), st.sampled_from([ast.Not, ast.USub, ast.Invert]), part),
            st.builds(lambda a, b, c: ast.IfExp(a, b, c), part, part, part),
            st.builds(
                lambda a, name: ast.Attribute(a, name, load), part, st.sampled_from(["n", "x", "real", "__class__"])
            ),
            st.builds(lambda a, b: ast.Subscript(a, b, load), part, part),
            st.builds(lambda a, b, c: ast.Subscript(a, ast.Slice(b, c, None), load), part, part, part),
            st.builds(lambda some: ast.List(some, load), parts),
            st.builds(lambda some: ast.Tuple(some, load), parts),
            st.builds(lambda some: ast.Set(some), parts),
            st.builds(lambda a, b: ast.Dict([a, None], [b, a]), part, part),
            st.builds(lambda a, b: ast.Dict([a], [b]), part, part),
            st.builds(lambda name, some: ast.Call(ast.Name(name, load), some, []), functions, parts),
            st.builds(lambda a: ast.Call(a, [], []), part),
            st.builds(lambda a, loops: ast.ListComp(a, loops), part, loop),
            st.builds(lambda a, loops: ast.SetComp(a, loops), part, loop),
            st.builds(lambda a, b, loops: ast.DictComp(a, b, loops), part, part, loop),
            st.builds(lambda a, loops: ast.GeneratorExp(a, loops), part, loop),
            st.builds(lambda a: ast.NamedExpr(ast.Name("y", ast.Store()), a), part),
            st.builds(lambda a: ast.Await(a), part),
            st.builds(lambda a: ast.List([ast.Starred(a, load)], load), part),
        )

    return st.recursive(st.one_of(names, constants), grow, max_leaves=8)


@QUICK
@given(_nodes())
def test_nothing_else_gets_out_of_any_tree(tree: ast.expr):
    only_mistakes_and_refusals(ast.unparse(ast.fix_missing_locations(ast.Expression(tree))))

"""Expressions: what they give, what they read, how they refuse, and what they keep away."""

import ast
import inspect
from datetime import date, datetime
from decimal import Decimal

import pytest

from pointsman.errors import Refused
from pointsman.language import expression
from pointsman.language.expression import grammar
from pointsman.language.expression.check import Checker
from pointsman.language.expression.compile import Compiler
from pointsman.language.expression.functions import FUNCTIONS
from pointsman.language.expression.grammar import MOST_DEPTH, MOST_SOURCE
from pointsman.language.expression.signatures import SIGNATURES
from pointsman.language.expression.source import Source
from pointsman.language.mistake import Mistake
from pointsman.quantity import Quarter

ROWS = [
    {"key": key, "item": {"name": key.upper()}, "value": {"score": score}}
    for key, score in [("a", 3), ("b", 1), ("c", 2)]
]
SCOPE = {
    "c": {"name": "Acme", "score": 0.5, "phone": None},
    "rows": ROWS,
    "input": {"region": "EMEA", "quarter": Quarter("2026-Q4")},
    "renewal": date(2026, 12, 15),
    "stamp": datetime(2026, 12, 15, 8, 30),
    "price": Decimal("12.50"),
}


def value(source: str, **scope: object) -> object:
    return expression.read(source).evaluate(SCOPE | scope)


GIVES = {
    "c.score >= 0.5 and input.region == 'EMEA'": True,
    "c['name']": "Acme",
    "rows[0].value.score": 3,
    "rows[-1].key": "c",
    "[r.key for r in rows if r.value.score > 1]": ["a", "c"],
    "{r.key: r.value.score for r in rows}": {"a": 3, "b": 1, "c": 2},
    "[r.key for r in sorted(rows, key='value.score')]": ["b", "c", "a"],
    "[r.key for r in sorted(rows, key='value.score', reverse=True)]": ["a", "c", "b"],
    "sum(r.value.score for r in rows)": 6,
    "[[a, b] for a in [1, 2] for b in [a, a + 1] if b > 1]": [[1, 2], [2, 2], [2, 3]],
    "[[x for x in [y, y]] for y in [1, 2]]": [[1, 1], [2, 2]],
    "[x for x in [1] for x in [x + 1]]": [2],
    "0 < c.score <= 1": True,
    "1 < 2 < 3 > 2": True,
    "[1 < x < 3 for x in [1, 2, 3]]": [False, True, False],
    "f'{c.name}: {rows[0].value.score}'": "Acme: 3",
    "'Ac' in c.name and 'name' in c and 3 in [1, 3.0]": True,
    "c.phone is None": True,
    "default(c.phone, '-')": "-",
    "default(c.fax.number, '-')": "-",
    "default(c.name, 1 / 0)": "Acme",
    "default(rows[9].key, 'none')": "none",
    "input.quarter.end": date(2026, 12, 31),
    "input.quarter.previous.year": 2026,
    "renewal <= input.quarter.end": True,
    "renewal.month": 12,
    "date(stamp) == renewal": True,
    "renewal - 14": date(2026, 12, 1),
    "quarter(renewal) == input.quarter": True,
    "price * 2": Decimal("25.00"),
    "round(price / 3, 2)": Decimal("4.17"),
    "round(2.567, 1)": 2.6,
    "min(r.value.score for r in rows)": 1,
    "max([], default=0)": 0,
    "max(1, 2.5, price)": Decimal("12.50"),
    "'yes' if c.score > 0.4 else 1 / 0": "yes",
    "False and 1 / 0 == 1": False,
    "True or 1 / 0 == 1": True,
    "not (1 == 2)": True,
    "'abc'[1:] + rows[0].key": "bca",
    "[1, 2, 3][::-1]": [3, 2, 1],
    "{'a': [1, {'b': None}]} == {'a': [1.0, {'b': None}]}": True,
    "-7 % 3": 2,
    "[k for k in {'x': 1, 'y': 2}]": ["x", "y"],
    " c.name\n ": "Acme",
    "[\n  1,\n  2\n]": [1, 2],
    "'é' + c.name": "éAcme",
}


@pytest.mark.parametrize("source", GIVES)
def test_it_gives(source: str):
    assert value(source) == GIVES[source]
    assert type(value(source)) is type(GIVES[source])


READS = {
    "drafts.ok": ({"drafts"}, {("drafts", "ok")}),
    "c.a['b'].d + c.x": ({"c"}, {("c", "a", "b", "d"), ("c", "x")}),
    "rows[0].name": ({"rows"}, {("rows",)}),
    "rows[i.at].name": ({"rows", "i"}, {("rows",), ("i", "at")}),
    "[s.value for s in scored.ok if s.value > least]": ({"scored", "least"}, {("scored", "ok"), ("least",)}),
    "[x for x in x]": ({"x"}, {("x",)}),
    "[y for x in xs for y in x.ys] + y": ({"xs", "y"}, {("xs",), ("y",)}),
    "len(rows)": ({"rows"}, {("rows",)}),
    "f'{a.b}'": ({"a"}, {("a", "b")}),
    "1 + 2": (set(), set()),
    "[k for k in a.b[k.z]]": ({"a", "k"}, {("a", "b"), ("k", "z")}),
}


@pytest.mark.parametrize("source", READS)
def test_it_knows_what_it_reads(source: str):
    read = expression.read(source)
    assert (read.names, read.paths) == READS[source]


ATTACKS = [
    "().__class__",
    "[x for x in ().__class__.__bases__]",
    "__import__('os')",
    "c.__class__.__mro__",
    "(lambda: 1)()",
    "f'{c.__class__!r}'",
    "'a'*10**9",
    "[1]*10**9",
    "2**10**8",
    "open('/etc/passwd')",
    "getattr(c,'x')",
    "'{0.__class__}'.format(c)",
    "'%1000000000d' % 1",
    "c.keys()",
    "len.__self__",
    "_a.__globals__",
    "(c:=1)",
    "str(_a)",
    "yield 1",
    "await x",
    "[i for i in many for j in many for k in many for l in many]",
    "range(10)",
    "'a' * 1000000000",
    "[0] * 1000000000",
    "c['__class__']",
    "[c][0].__init__",
    "len",
    "sorted(rows, key=len)",
    "sorted(rows, key='__class__')",
    "sorted(rows, key='item.__class__')",
    "[x async for x in rows]",
    "f'{c:{c}}'",
    "len(*rows)",
    "default(c.__class__, 1)",
    "ｃ.__class__",
    "c.＿_class__",
    "int('9' * 9)",
    "1 << 99999999",
    "'\\ud800'",
    "int(many)",
    "round(price, 999999999)",
    "many in [many + [x] for x in many]",
    "sum([many for x in many])",
    "[x == many for x in [many for y in many]]",
    "{'a': 1}.a.real",
    "stamp.tzinfo",
    "stamp.replace",
    "input.quarter.upper",
    "(1).real",
    "c.name.real",
]


@pytest.mark.parametrize("source", ATTACKS)
def test_an_attack_is_refused(source: str):
    with pytest.raises((Mistake, Refused)):
        value(source, many=list(range(500)))


MISREAD = {
    "": "missing",
    "   ": "missing",
    "1 +": "not an expression",
    "(1": "never closed",
    "'abc": "unterminated",
    "a b": "not an expression",
    "nul and true": "`true` is written True",
    "null": "`null` is written None",
    "a.lenght()": "no methods",
    "lenn(a)": "Did you mean `len`",
    "len()": "takes 1 argument",
    "round(1, 2, 3)": "takes 1 to 2 argument",
    "sorted(a, by='x')": "takes no `by=`",
    "min(a, **b)": "takes no `**`",
    "a @ b": "no operator `@`",
    "a is b": "only asks for None",
    "'\\q'": "invalid escape",
    "1in [1]": "invalid decimal",
    "1e999": "too large",
    "a # b": "comment",
    "\x00": "not an expression",
    "\ud800": "not an expression",
}


@pytest.mark.parametrize("source", MISREAD)
def test_what_is_not_an_expression_is_told(source: str):
    with pytest.raises(Mistake, match=_escaped(MISREAD[source])) as caught:
        expression.read(source)
    assert 0 <= caught.value.offset <= len(source)


def _escaped(text: str) -> str:
    return text.replace("*", r"\*").replace("(", r"\(")


PLACES = {
    "a.b + lenn(c)": (6, 4),
    "  a.b + lenn(c)": (8, 4),
    "'é' + lenn(c)": (6, 4),
    "[\n 1,\n x ** 2]": (7, 6),
}


@pytest.mark.parametrize("source", PLACES)
def test_a_mistake_has_its_place(source: str):
    with pytest.raises(Mistake) as caught:
        expression.read(source)
    assert (caught.value.offset, caught.value.length) == PLACES[source]


REFUSALS = {
    "c.scroe > 1": "`c.scroe`: there is no field `scroe` (character 1 of `c.scroe > 1`). Did you mean `score`?",
    "1 < c.phone": "`c.phone`: null compared by `<` (character 5 of `1 < c.phone`). "
    "Say what null stands for: default(x, y).",
    "c.name < 1": "`c.name < 1`: `<` compares values of one kind, got string and number. "
    "A text becomes a number with float(x) or int(x), a number a text with str(x).",
    "1 / 0": "`1 / 0`: divides by zero.",
    "rows[7]": "`7`: there is no such item in 3 items (character 6 of `rows[7]`). If it may be missing: default(x, y).",
    "unknown": "`unknown`: there is no value of this name.",
    "len(c.score)": "`c.score`: len() takes string or list or object, got number (character 5 of `len(c.score)`).",
    "1 if rows else 2": "`rows`: `if` takes a boolean, got list (character 6 of `1 if rows else 2`). "
    "Ask for its length: len(x) > 0.",
    "9999999999 * 9999999999": "`9999999999 * 9999999999`: gives an integer of more than 64 bits.",
}


@pytest.mark.parametrize("source", REFUSALS)
def test_a_refusal_shows_the_part_and_its_place(source: str):
    with pytest.raises(Refused) as caught:
        value(source)
    assert caught.value.sentence == REFUSALS[source]
    assert caught.value.where == "", "the step puts its place before it"


def test_a_refusal_shows_no_value():
    with pytest.raises(Refused) as caught:
        value("c.name + 1 + customers['Jane Doe'].x", customers={"Jane Doe": {"email": "jane@acme.example"}})
    assert "Acme" not in caught.value.sentence
    for source in ("customers.x", "customers[c.name]", "date(c.name)", "int(c.name)", "customers[c.name + '']"):
        with pytest.raises(Refused) as caught:
            value(source, customers={"Jane Doe": 1, "jane@acme.example": 2})
        assert not any(word in caught.value.sentence for word in ("Acme", "Jane", "jane@"))


def test_the_budget_counts_over_all_loops():
    read = expression.read("[a + b for a in xs for b in xs]")
    assert len(read.evaluate({"xs": list(range(10))}, budget=110)) == 100
    with pytest.raises(Refused, match="more items than it may"):
        read.evaluate({"xs": list(range(10))}, budget=109)


def test_each_evaluation_has_its_own_budget():
    read = expression.read("sum(xs)")
    assert [read.evaluate({"xs": [1] * 60}, budget=100) for _ in range(3)] == [60, 60, 60]


@pytest.mark.parametrize(
    "source", ["a" + ".b" * 1000, "-" * 3000 + "1", "(" * 1500 + "1" + ")" * 1500, "1" + "+1" * 900]
)
def test_deep_nesting_is_refused(source: str):
    with pytest.raises(Mistake):
        expression.read(source)


def test_the_bounds_of_a_source():
    expression.read("-" * (MOST_DEPTH - 1) + "1")
    with pytest.raises(Mistake, match="deep"):
        expression.read("-" * MOST_DEPTH + "1")
    expression.read("[" + "1," * (MOST_SOURCE // 2 - 1) + "]")
    with pytest.raises(Mistake, match="4096 characters"):
        expression.read("1" * (MOST_SOURCE + 1))


def test_values_nested_too_deep_are_refused():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Refused, match="too deep"):
        value("a == b", a=deep, b=[deep])


def test_a_value_of_another_kind_is_refused():
    with pytest.raises(Refused, match="Python bytes"):
        value("x == 1", x=b"1")
    with pytest.raises(Refused, match="Python object"):
        value("x.y", x=object())


def test_a_node_type_nobody_heard_of_is_refused():
    class Unheard(ast.expr):
        pass

    node = Unheard()
    node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = 1, 0, 1, 1
    with pytest.raises(Mistake, match="Unheard"):
        grammar._Grammar(Source("x")).visit(node)


def test_grammar_compiler_and_checker_know_the_same_nodes():
    allowed = set(grammar._Grammar(Source("x"))._rules)
    parsed = grammar.parse("1")
    assert allowed == set(Compiler(parsed)._rules) == set(Checker(parsed.source, {})._rules)
    every = {kind for _, kind in inspect.getmembers(ast, inspect.isclass) if issubclass(kind, ast.expr)}
    refused = {"Lambda", "NamedExpr", "Starred", "Await", "Yield", "YieldFrom", "Slice", "FormattedValue"}
    newer = {"TemplateStr", "Interpolation"}
    old = {"Num", "Str", "Bytes", "NameConstant", "Ellipsis"}  # deprecated names of Constant
    assert {kind.__name__ for kind in every - allowed} - newer - old == {"expr", *refused}


def test_functions_and_signatures_are_the_same():
    assert set(FUNCTIONS) == {*SIGNATURES, "default"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a + b", "null in arithmetic"),
        ("-b", "null in arithmetic"),
        ("b and True", "condition of `and`"),
        ("not b", "condition of `not`"),
        ("1 if b else 2", "condition of `if`"),
        ("[x for x in [1] if b]", "condition of `if`"),
        ("b == a", "null compared"),
        ("b in [1]", "null looked for"),
        ("1 in b", "null searched"),
        ("b.x", "null has no field"),
        ("b[0]", "null has no items"),
        ("[x for x in b]", "null gone over"),
        ("len(b)", "null given to len"),
        ("sum([1, b])", "null among the items"),
        ("f'{b}'", "null in a text"),
        ("[1][b:]", "null as the bound"),
    ],
)
def test_null_is_never_silent(source: str, message: str):
    with pytest.raises(Refused, match=message):
        value(source, a=1, b=None)

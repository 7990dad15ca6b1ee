"""Texts and trees that hold `${{ }}`."""

from datetime import date

import pytest

from pointsman.errors import Refused
from pointsman.language import template
from pointsman.language.mistake import Mistake
from pointsman.quantity import Quarter
from pointsman.shape import BOOLEAN, INTEGER, STRING, Shape, list_of, record

SCOPE = {
    "c": {"name": "Acme", "n": 3, "share": 0.5, "gone": None, "tags": ["a"]},
    "q": Quarter("2026-Q4"),
    "d": date(2026, 1, 31),
}

GIVES = [
    ("${{ c.n }}", 3),
    ("${{c.tags}}", ["a"]),
    (" ${{ c.n }}\n", 3),
    ("${{ c.gone }}", None),
    ("n=${{ c.n }}", "n=3"),
    ("${{ c.n }}${{ c.share }}", "30.5"),
    ("${{ c.name }}: ${{ q }} ${{ d }}", "Acme: 2026-Q4 2026-01-31"),
    ("${{ c.n > 1 }}!", "true!"),
    ("${{ '}}' }}", "}}"),
    ("a ${{ \"}}\" + '\\'}}' }} b", "a }}'}} b"),
    ("${{ {'a': {'b': c.n}} }}", {"a": {"b": 3}}),
    ("${{ {'a': {'b': c.n}}}}", {"a": {"b": 3}}),
    ("${{ f'{c.name}}}' }}", "Acme}"),
    ("${{ '${{' }}", "${{"),
    ("${{ '''a'}}b''' }}", "a'}}b"),
    ("no expression }} $ {{ here }}", "no expression }} $ {{ here }}"),
    ({"a": "${{ c.n }}", "b": ["x", "${{ q }}"], "c": {"d": 1}}, {"a": 3, "b": ["x", "2026-Q4"], "c": {"d": 1}}),
    ([1, None, True], [1, None, True]),
]


@pytest.mark.parametrize(("value", "given"), GIVES, ids=[str(value) for value, _ in GIVES])
def test_it_gives(value: object, given: object):
    assert template.read(value).evaluate(SCOPE) == given


def test_a_tree_without_expressions_is_handed_out_as_it_is():
    tree = {"a": [1, {"b": "text"}]}
    read = template.read(tree)
    assert read.constant
    assert read.evaluate({}) is tree
    assert not template.read({"a": ["${{ c.n }}"]}).constant


def test_it_knows_what_it_reads():
    read = template.read({"a": "${{ drafts.ok }} ${{ c.n }}", "b": ["${{ [x for x in c.tags] }}"]})
    assert read.names == {"drafts", "c"}
    assert read.paths == {("drafts", "ok"), ("c", "n"), ("c", "tags")}


@pytest.mark.parametrize("part", ["c.gone", "c.tags", "c"])
def test_a_text_takes_neither_null_nor_lists_nor_objects(part: str):
    with pytest.raises(Refused, match=f"`{part}`"):
        template.read(f"x ${{{{ {part} }}}}").evaluate(SCOPE)


def test_a_text_is_bounded():
    with pytest.raises(Refused, match="1,000,000 characters"):
        template.read("${{ x }}${{ x }}").evaluate({"x": "a" * 600_000})


MISREAD = {
    "a ${{ c.n": (2, 3, "never closed"),
    "a ${{ }}": (5, 1, "missing"),
    "${{ c.n + }}": (8, 1, "not an expression"),
    "${{ a }} ${{ lenn(b) }}": (13, 4, "no function `lenn`"),
    "${{ it's }}": (6, 1, "unterminated"),
    "${{ len(x }}": (7, 1, "never closed"),
    "${{ x) }}": (5, 1, "unmatched"),
}


@pytest.mark.parametrize("text", MISREAD)
def test_a_mistake_has_its_place_in_the_text(text: str):
    with pytest.raises(Mistake) as caught:
        template.read(text)
    offset, length, message = MISREAD[text]
    assert message in caught.value.message
    assert (caught.value.offset, caught.value.length) == (offset, length)


def test_all_mistakes_of_a_tree_are_told_with_their_path():
    read, mistakes = template.read_all(
        {"params": {"region": "${{ 1 + }}"}, "rows": ["ok", "x ${{ open('f') }}"], "${{ k }}": 1}
    )
    assert [mistake.path for mistake in mistakes] == [("params", "region"), ("rows", 1), ("${{ k }}",)]
    with pytest.raises(Mistake) as caught:
        template.read({"params": {"region": "${{ 1 + }}"}})
    assert caught.value.path == ("params", "region")
    with pytest.raises(Refused):
        read.evaluate({})


NAMES = {"c": record({"name": STRING, "n": INTEGER, "gone": STRING.or_null(), "tags": list_of(STRING)})}


def test_it_gives_a_shape():
    read = template.read({"n": "${{ c.n }}", "text": "x ${{ c.n }}", "fixed": "EMEA", "list": ["${{ c.n > 1 }}", True]})
    shape, mistakes = read.check(NAMES)
    assert mistakes == []
    assert shape == record(
        {"n": INTEGER, "text": STRING, "fixed": Shape("string", enum=("EMEA",)), "list": list_of(BOOLEAN)}
    )


def test_the_check_tells_text_and_place():
    _, mistakes = template.read({"a": ["ok", "x ${{ c.nmae }}"], "b": "${{ c.gone }}!", "d": "${{ c.tags }}!"}).check(
        NAMES
    )
    told = [(mistake.path, mistake.offset, mistake.length) for mistake in mistakes]
    assert told == [(("a", 1), 8, 4), (("b",), 4, 6), (("d",), 4, 6)]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("at_risk", {("at_risk",)}),
        ("drafts.ok", {("drafts", "ok")}),
        ("${{ [d for d in drafts.ok] }}", {("drafts", "ok")}),
    ],
)
def test_a_reference(text: str, paths: set[tuple[str, ...]]):
    assert template.reference(text).paths == paths


@pytest.mark.parametrize(
    "text", ["", "a b", "a.", "a[0]", "_a", "a._b", "x ${{ a }}", "${{ a }}${{ b }}", "len(a)", "1", "true"]
)
def test_what_is_no_reference(text: str):
    with pytest.raises(Mistake):
        template.reference(text)

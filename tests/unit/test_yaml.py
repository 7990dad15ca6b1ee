"""YAML as people mean it: nothing changes its look, nothing is silently dropped, nothing can blow up."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.spec import positions, text, yaml
from pointsman.spec.node import Node, Scalar, Source, find, value
from pointsman.spec.place import at, within
from pointsman.spec.problem import Problem, render


def read(written: str) -> Node:
    tree, problems = yaml.read(text.source("f.yaml", written))
    assert not problems, render(problems)
    assert tree is not None
    return tree


def faults(written: str) -> list[Problem]:
    tree, problems = yaml.read(text.source("f.yaml", written))
    assert tree is None
    assert problems
    return problems


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("NO", "NO"),
        ("12:30", "12:30"),
        ("1:30", "1:30"),
        ("12:30:00", "12:30:00"),
        ("2026-01-31", "2026-01-31"),
        ("017", "017"),
        ("0017", "0017"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("0o17", 15),
        ("0xff", 255),
        ("1e3", 1000.0),
        ("1.10", 1.1),
        (".5", 0.5),
        ("-0", 0),
        ("+12", 12),
        ("9223372036854775807", 2**63 - 1),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ('"5"', "5"),
        ("$0.25/1M", "$0.25/1M"),
        ("5%", "5%"),
        ("${{ a.b }}", "${{ a.b }}"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_a_plain_value_stays_what_it_looks_like(written: str, meant: object) -> None:
    found = value(read(f"a: {written}\n"))["a"]
    assert found == meant
    assert type(found) is type(meant)


def test_keys_are_texts() -> None:
    assert value(read("on: 1\n1: a\nnull: b\ntrue: c\n1.10: d\n")) == {
        "on": 1,
        "1": "a",
        "null": "b",
        "true": "c",
        "1.10": "d",
    }


def test_json_is_yaml() -> None:
    written = '{"a": [1, 2.5, true, null, "x\\n\\u00e9\\/"], "b": {"c": ""}}'
    assert value(read(written)) == {"a": [1, 2.5, True, None, "x\né/"], "b": {"c": ""}}


@pytest.mark.parametrize(
    ("written", "code", "line", "column", "words"),
    [
        pytest.param("", "PM008", 0, 0, "empty", id="empty"),
        pytest.param("# only a comment\n", "PM008", 0, 0, "empty", id="comment"),
        pytest.param("a: 1\nb: 2\na: 3\n", "PM004", 3, 1, "`a` is here twice", id="duplicate"),
        pytest.param('a: {"x": 1, x: 2}\n', "PM004", 1, 13, "`x` is here twice", id="duplicate-quoted"),
        pytest.param("a:\n\t- b\n", "PM003", 2, 1, "tab", id="tab"),
        pytest.param("a: {b: ${{ c }}}\n", "PM003", 1, 9, "needs quotes", id="expression"),
        pytest.param("a: on: id\n", "PM003", 1, 6, "cannot stand here", id="colon"),
        pytest.param('a: "b\n', "PM003", 1, 4, "never closed", id="quote"),
        pytest.param("a: [1, 2\n", "PM003", 2, 1, "", id="bracket"),
        pytest.param("a: *b\n", "PM003", 1, 4, "nothing is called", id="alias"),
        pytest.param("a: &a [*a]\n", "PM003", 1, 8, "nothing is called", id="alias-in-itself"),
        pytest.param("a: !!python/object:os.system x\n", "PM005", 1, 4, "tags", id="tag"),
        pytest.param("!x k: 1\n", "PM005", 1, 1, "tags", id="tag-on-a-key"),
        pytest.param("a: 1\n---\nb: 2\n", "PM005", 2, 1, "second document", id="documents"),
        pytest.param("%TAG ! tag:x\n---\na: 1\n", "PM005", 1, 1, "directives", id="directive"),
        pytest.param("? [a]\n: b\n", "PM005", 1, 3, "a key must be a text", id="list-as-key"),
        pytest.param("[" * 100_000, "PM006", 1, 41, "deeper than 40", id="deep"),
        pytest.param("- " * 50_000, "PM006", 1, 81, "deeper than 40", id="deep-block"),
        pytest.param("a: .inf\n", "PM019", 1, 4, "cannot be kept", id="infinite"),
        pytest.param("a: .nan\n", "PM019", 1, 4, "cannot be kept", id="nan"),
        pytest.param("a: 1e999\n", "PM019", 1, 4, "cannot be kept", id="huge-float"),
        pytest.param(f"a: {'9' * 5000}\n", "PM019", 1, 4, "cannot be kept", id="huge-integer"),
        pytest.param("a: b\0c\n", "PM001", 1, 5, "U+0000", id="binary"),
        pytest.param("a: 1\nb: \udcff\n", "PM001", 2, 4, "0xff is not UTF-8", id="latin-1"),
        pytest.param("a" * (2**20 + 1), "PM002", 0, 0, "longer than", id="megabyte"),
    ],
)
def test_what_is_refused(written: str, code: str, line: int, column: int, words: str) -> None:
    first = faults(written)[0]
    assert (first.code, first.place.line, first.place.column) == (code, line, column)
    assert words in first.message


def test_every_duplicate_is_reported_at_once() -> None:
    assert [fault.place.line for fault in faults("a: 1\na: 2\nb:\n  c: 1\n  c: 2\n")] == [2, 5]


def test_aliases_share_within_a_bound() -> None:
    assert value(read("a: &x {b: [1, 2]}\nc: *x\n")) == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
    bomb = "\n".join(["l0: &l0 [x, x, x, x, x, x, x, x, x, x]", *levels])
    assert [fault.code for fault in faults(bomb)] == ["PM007"]


def test_aliases_cannot_nest_deeper_than_brackets() -> None:
    chain = "\n".join(["l0: &l0 [x]", *(f"l{n}: &l{n} [*l{n - 1}]" for n in range(1, 60))])
    assert [fault.code for fault in faults(chain)] == ["PM007"]


def test_a_byte_order_mark_moves_no_column() -> None:
    tree = read("\ufeffabc: 1\n")
    assert value(tree) == {"abc": 1}
    assert (at(tree, ("abc",)).line, at(tree, ("abc",)).column) == (1, 6)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old-mac"])
def test_lines_end_as_they_may(ending: str) -> None:
    tree = read(ending.join(["a: 1", "", "b:", "  c: x", "d: |", "  one", "  two", ""]))
    assert value(tree) == {"a": 1, "b": {"c": "x"}, "d": "one\ntwo\n"}
    place = at(tree, ("b", "c"))
    assert (place.line, place.column, place.excerpt) == (4, 6, "  c: x")
    inner = within(tree, ("d",), 4, 3)
    assert (inner.line, inner.column, inner.excerpt) == (7, 3, "  two")


def test_columns_count_characters() -> None:
    tree = read("é𝒳: {naïve: '𝒳𝒳', b: c}\n")
    assert at(tree, ("é𝒳", "b")).column == 22


@pytest.mark.parametrize(
    ("written", "part", "line", "column"),
    [
        pytest.param("a: one two\n", "two", 1, 8, id="plain"),
        pytest.param("a: one\n  two three\n", "three", 2, 7, id="plain-folded"),
        pytest.param("a: 'it''s two'\n", "two", 1, 11, id="single"),
        pytest.param('a: "x\\u0041\\n\\"two"\n', "two", 1, 16, id="double"),
        pytest.param('a: "one \\\n   two"\n', "two", 2, 4, id="double-continued"),
        pytest.param("a: |\n  one\n  two\n", "two", 3, 3, id="literal"),
        pytest.param("a: |  # why\n\n    one\n\n      two\n", "two", 5, 7, id="literal-blank-lines"),
        pytest.param("a: |2-\n    one two\n", "two", 2, 9, id="literal-indented"),
        pytest.param("a: >\n  one\n  two\n\n  three\n", "three", 5, 3, id="folded"),
    ],
)
def test_a_place_inside_a_text(written: str, part: str, line: int, column: int) -> None:
    tree = read(written)
    offset = value(tree)["a"].index(part)
    place = within(tree, ("a",), offset, len(part))
    assert (place.line, place.column, place.length) == (line, column, len(part))


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=60), st.data())
def test_every_character_of_a_quoted_text_is_found_again(meant: str, data: st.DataObject) -> None:
    tree, problems = yaml.read(Source("f.yaml", f"a: {json.dumps(meant, ensure_ascii=False)}\n"))
    if tree is None:
        assert problems  # signs that YAML does not allow
        return
    scalar, _, _ = find(tree, ("a",))
    assert isinstance(scalar, Scalar)
    offset = data.draw(st.integers(0, max(0, len(scalar.text) - 1)))
    place = positions.inside(scalar, offset, 1)
    sign = scalar.text[offset : offset + 1]
    if sign and sign not in ' \t\n\r\x85\u2028\u2029"\\' and sign.isprintable():
        assert place.excerpt[place.column - 1] == sign


TOKENS = [*"ab:-[]{}&*!|>'\"%#?,~ \n\t\r01.\\", "é", "\udc80", "\0", "---", "&a", "*a", ": ", "- ", "<<", "\u2028"]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=40).map("".join))
def test_nothing_raises(written: str) -> None:
    tree, problems = yaml.read(text.source("f.yaml", written))
    assert (tree is None) == bool(problems)
    assert all(problem.frame() for problem in problems)

"""Prompts: what they write, what they read, what is found beforehand, and what bounds them."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pointsman.errors import Refused
from pointsman.language import prompt
from pointsman.language.mistake import Mistake
from pointsman.language.prompt.filters import FILTERS
from pointsman.language.prompt.sandbox import TESTS
from pointsman.quantity import Quarter
from pointsman.shape import DATE, QUARTER, STRING, list_of, record

VALUES = {
    "customer": {"name": "Acme <&>", "contact": None, "renewal": date(2026, 12, 5), "items": 3},
    "reasons": [{"text": "orders down", "share": 0.416}, {"text": "late", "share": 0.1}],
    "quarter": Quarter("2026-Q4"),
    "arr": Decimal("12500.5"),
    "flag": True,
}

WRITES = {
    "{{ customer.name }}": "Acme <&>",
    "{{ customer.items }}": "3",
    "{{ customer['name'] }}\n": "Acme <&>\n",
    "{{ customer.contact or 'the team' }}": "the team",
    "{{ customer.contact | default('the team') }}": "the team",
    "{{ customer.phone | default('-') }}": "-",
    "{% if customer.contact %}x{% else %}y{% endif %}": "y",
    "{{ 'x' if customer.contact is none else 'y' }}": "x",
    "{% for r in reasons %}{{ loop.index }}. {{ r.text }}{% if not loop.last %}, {% endif %}{% endfor %}": "1. orders down, 2. late",
    "{% for r in reasons if r.share > 0.2 %}{{ r.text }}{% else %}none{% endfor %}": "orders down",
    "{% for i in range(3) %}{{ i }}{% endfor %}": "012",
    "{% set name = customer.name | upper %}{{ name }}": "ACME <&>",
    "{{ quarter.start }} {{ quarter.end | date }}": "2026-10-01 31 December 2026",
    "{{ customer.renewal | date }} {{ '2026-01-31' | date }}": "5 December 2026 31 January 2026",
    "{{ reasons[0].share | percent }} {{ reasons[0].share | percent(1) }}": "42% 41.6%",
    "{{ arr | money }} {{ arr | money('€', 0) }} {{ -1 | money('$') }}": "12,500.50 €12,500 -$1.00",
    "{{ reasons | map(attribute='text') | join('; ') }}": "orders down; late",
    "{{ reasons | map(attribute='share') | sum | round(2) }}": "0.52",
    "{{ reasons | sort(attribute='share') | map(attribute='text') | first }}": "late",
    "{{ reasons | selectattr('share', 'gt', 0.2) | list | length }}": "1",
    "{{ reasons | json }}": '[{"text": "orders down", "share": 0.416}, {"text": "late", "share": 0.1}]',
    "{{ {'d': customer.renewal, 'é': arr} | json }}": '{"d": "2026-12-05", "é": "12500.5"}',
    "{{ customer.name ~ ' ' ~ 1 }}": "Acme <&> 1",
    "{{ flag }} {{ 1 + 2 * 3 }} {{ 7 % 4 }} {{ -2 | abs }}": "true 7 3 2",
    "{# a comment #}{% raw %}{{ x }}{% endraw %}": "{{ x }}",
}


@pytest.mark.parametrize("text", WRITES)
def test_it_writes(text: str):
    assert prompt.read(text).render(VALUES) == WRITES[text]


def test_it_knows_what_it_reads():
    read = prompt.read(
        "{{ customer.name }}{% for r in reasons %}{{ r.text }}{{ loop.index }}{{ extra.a['b'][0].c }}{% endfor %}"
        "{% set x = quarter.start %}{{ x.year }}{{ rows[at.key] }}{{ range(3) | length }}{{ name | default(other) }}"
    )
    assert read.names == {"customer", "reasons", "extra", "quarter", "rows", "at", "name", "other"}
    assert read.paths == {
        ("customer", "name"),
        ("reasons",),
        ("extra", "a", "b"),
        ("quarter", "start"),
        ("rows",),
        ("at", "key"),
        ("name",),
        ("other",),
    }


REFUSALS = {
    "a\nb {{ customer.nmae }}": "line 2 of the prompt: there is no field `nmae`. Did you mean `name`?",
    "{{ nobody }}": "line 1 of the prompt: 'nobody' is undefined.",
    "{% if customer.nobody %}{% endif %}": "line 1 of the prompt: there is no field `nobody`",
    "\n\n{{ customer.contact }}": "line 3 of the prompt: null in a text. Say what null stands for: {{ x | default(y) }}.",
    "{{ reasons }}": "line 1 of the prompt: a list cannot be a part of a text.",
    "{{ customer }}": "an object cannot be a part of a text.",
    "{{ customer.contact.name }}": "null has no field `name`",
    "{{ customer.name + 1 }}": "`+` adds numbers",
    "{{ customer.name * 1000000000 }}": "`*` multiplies numbers",
    "{{ '%1000000000d' % 1 }}": "`%` divides numbers",
    "{{ customer.contact > 1 }}": "an operator or filter got a value that it does not take.",
    "{{ customer.contact | upper }}": "null given to upper()",
    "{{ customer.name | percent }}": "percent takes a number, got string",
    "{{ 0.5 | percent(99) }}": "percent takes 0 to 15 digits",
    "{{ customer.name | date }}": "date() takes a text such as 2026-01-31",
    "{{ reasons | map('nothing') | list }}": "an operator or filter got a value that it does not take.",
    "{{ 1 / 0 }}": "divides by zero",
    "{{ customer['__class__'] }}": "there is no field of that name",
    "{{ quarter['upper'] }}": "named by a whole number",
    "{{ reasons | map(attribute='__class__') | list | length }}{{ (reasons | map(attribute='__class__') | list)[0] }}": "",
    "{% for i in range(1001) %}{% endfor %}": "range() gives at most 1000 numbers",
    "{% for i in many %}{% for i in many %}{% for j in many %}{% endfor %}{% endfor %}{% endfor %}": "more items than it may",
    "{% for i in range(900) %}{{ long }}{% endfor %}": "grows beyond 400,000 characters",
    "{% set s = long %}" + "{% set s = s ~ s %}" * 40: "more than 1,000,000 characters",
    "{% set s = long %}" + "{% set s = s + s %}" * 40: "more than 1,000,000 characters",
    "{{ many | join(long) }}": "more than 1,000,000 characters",
}


@pytest.mark.parametrize("text", REFUSALS, ids=[text[:60] for text in REFUSALS])
def test_it_refuses_with_the_line(text: str):
    with pytest.raises(Refused) as caught:
        prompt.read(text).render(VALUES | {"many": list(range(500)), "long": "x" * 10_000})
    assert REFUSALS[text] in caught.value.sentence


def test_a_refusal_shows_no_value():
    with pytest.raises(Refused) as caught:
        prompt.read("{{ customer.name | int }}{{ customer[customer.name] }}").render(VALUES)
    assert "Acme" not in caught.value.sentence


MISREAD = {
    "a\n{% if %}": (2, "Expected an expression"),
    "{% for r in reasons %}": (0, "Unexpected end of template"),
    "a\n{{ x | uper }}": (9, "no filter `uper` Did you mean `upper`?"),
    "{{ x | attr('y') }}": (7, "no filter `attr`"),
    "{{ x is callable }}": (8, "no test `callable`"),
    "{{ x.items() }}": (0, "no methods"),
    "{{ x.upper() }}": (0, "Use the filter: x | upper."),
    "{{ lipsum() }}": (0, "no functions"),
    "{{ x.__class__ }}": (0, "do not begin with `_`"),
    "{{ _x }}": (3, "do not begin with `_`"),
    "{{ self }}": (3, "Jinja2's own name"),
    "{% include 'x' %}": (0, "no `include`"),
    "{% import 'x' as y %}": (0, "no `import`"),
    "{% extends 'x' %}": (0, "no `extends`"),
    "{% macro m() %}{% endmacro %}": (0, "no `macro`"),
    "{% block b %}{% endblock %}": (0, "no `block`"),
    "{% filter upper %}{% endfilter %}": (0, "no `filterblock`"),
    "{% set x %}a{% endset %}": (0, "no `assignblock`"),
    "{% set a = [b, b] %}": (0, "`set` takes no list"),
    "{% for a, b in x %}{% endfor %}": (0, "`for` takes one name"),
    "{% for a in x recursive %}{% endfor %}": (0, "no recursive loops"),
    "{{ 2 ** 9 }}": (0, "no `**`"),
    "{% do x %}": (0, "unknown tag 'do'"),
    "{{ x | join(*y) }}": (7, "takes no `*`"),
}


@pytest.mark.parametrize("text", MISREAD)
def test_what_is_no_prompt_is_told(text: str):
    with pytest.raises(Mistake) as caught:
        prompt.read(text)
    offset, message = MISREAD[text]
    assert message in str(caught.value)
    assert caught.value.offset == offset
    assert 0 < caught.value.length <= len(text) - offset


INPUTS = {
    "customer": record({"name": STRING, "renewal": DATE}),
    "reasons": list_of(record({"text": STRING})),
    "quarter": QUARTER,
    "loose": record({}, closed=False),
}

FOUND = {
    "{{ customer.name }}{{ loose.x.y }}{{ quarter.start.year }}": [],
    "{% for r in reasons %}{{ r.text }}{{ loop.index }}{% endfor %}": [],
    "{% set n = customer.name %}{{ n }}": [],
    "a {{ custmer.name }}": [(5, "no input is named `custmer`", "Did you mean `customer`?")],
    "{{ customer.nmae }}": [(3, "no field `nmae`", "Did you mean `name`?")],
    "{{ customer['nmae'] }}": [(0, "no field `nmae`", "")],
    "{% for r in reasons %}\n{{ r.txet }}{% endfor %}\n{{ r }}": [(26, "`txet`", ""), (51, "named `r`", "Inputs:")],
    "{{ quarter.begin }} {{ customer.name.first }}": [(3, "`begin`", "Fields:"), (23, "`first`", "")],
    "{% set d = customer.renewal %}{{ d.week }}": [(33, "`week`", "Fields: day, month, year.")],
    "{{ reasons[0].txet }}": [(0, "`txet`", "Did you mean `text`?")],
    "{{ nope | default(customer.nope) if flag }}": [(3, "`nope`", ""), (18, "`nope`", ""), (36, "`flag`", "")],
}


@pytest.mark.parametrize("text", FOUND)
def test_the_check_finds_what_cannot_be_there(text: str):
    found = prompt.read(text).check(INPUTS)
    assert [mistake.offset for mistake in found] == [offset for offset, _, _ in FOUND[text]]
    for mistake, (_, message, way_out) in zip(found, FOUND[text], strict=True):
        assert message in mistake.message
        assert way_out in mistake.way_out


def test_a_rendering_leaves_the_values_as_they_were():
    before = repr(VALUES)
    prompt.read(
        "{{ reasons | sort(attribute='share') | list | length }}{{ reasons | reverse | list | length }}"
    ).render(VALUES)
    assert repr(VALUES) == before


def test_the_page_names_every_filter_and_test():
    page = (Path(__file__).parents[2] / "docs/reference/prompts.md").read_text()
    filters, tests = page[page.index("## Filters") :].split("Tests after")
    rows = "".join(line.split("|")[1] for line in filters.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)", rows)) == FILTERS
    assert set(re.findall(r"`(\w+)`", tests)) - {"is", "selectattr"} == {name for name in TESTS if name.isalpha()}

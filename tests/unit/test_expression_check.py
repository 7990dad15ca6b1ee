"""What the check of an expression finds before anything runs, and the shapes it gives."""

import pytest

from pointsman.language import expression
from pointsman.shape import (
    ANY,
    BOOLEAN,
    DATE,
    INTEGER,
    NULL,
    NUMBER,
    QUARTER,
    STRING,
    TIMESTAMP,
    Shape,
    list_of,
    record,
)

CUSTOMER = record(
    {
        "name": STRING,
        "score": NUMBER,
        "orders": INTEGER,
        "phone": STRING.or_null(),
        "renewal": DATE,
        "tags": list_of(STRING),
    }
)
NAMES = {
    "customer": CUSTOMER,
    "customers": list_of(CUSTOMER),
    "maybe": CUSTOMER.or_null(),
    "loose": record({"known": INTEGER}, closed=False),
    "region": Shape("string", enum=("EMEA", "AMER", "APAC")),
    "quarter": QUARTER,
    "at": TIMESTAMP,
    "flag": BOOLEAN,
    "thing": ANY,
    "n": INTEGER.or_null(),
    "ns": list_of(INTEGER.or_null()),
}

SHAPES = {
    "customer.name": STRING,
    "customer['score']": NUMBER,
    "customer.orders + 1": INTEGER,
    "customer.orders / 2": NUMBER,
    "customer.orders > 1 and flag": BOOLEAN,
    "[c.name for c in customers if c.score > 0.5]": list_of(STRING),
    "[{'n': c.name, 's': c.score} for c in customers]": list_of(record({"n": STRING, "s": NUMBER})),
    "customers[0].renewal": DATE,
    "customers[:2]": list_of(CUSTOMER),
    "customer.renewal - quarter.start": INTEGER,
    "customer.renewal + 90 <= quarter.end": BOOLEAN,
    "quarter.previous.number": INTEGER,
    "quarter(customer.renewal) == quarter": BOOLEAN,
    "date(at).year": INTEGER,
    "customer.phone": STRING.or_null(),
    "default(customer.phone, '-')": STRING,
    "default(maybe.orders, 0)": INTEGER,
    "default(loose.unheard.of, 1)": ANY,
    "default(customers[0].orders, None)": INTEGER.or_null(),
    "None": NULL,
    "customer.phone if flag else None": STRING.or_null(),
    "'high' if flag else 'low'": Shape("string", enum=("high", "low")),
    "1 if flag else 0.5": NUMBER,
    "1 if flag else 'x'": ANY,
    "loose.anything.below": ANY,
    "thing.a[thing.b] + thing.c": ANY,
    "region == 'EMEA'": BOOLEAN,
    "region in ['EMEA', 'AMER']": BOOLEAN,
    "n is not None and n > 3": BOOLEAN,
    "n is None or n > 3": BOOLEAN,
    "n + 1 if n != None else 0": INTEGER,
    "0 if n is None else n + 1": INTEGER,
    "0 if not (n is not None) else n": INTEGER,
    "maybe is not None and maybe.score > 0.5": BOOLEAN,
    "[x + 1 for x in ns if x is not None]": list_of(INTEGER),
    "[c.phone + '!' for c in customers if c.phone is not None and c.phone != '']": list_of(STRING),
    "sum(default(x, 0) for x in ns)": INTEGER,
    "max(customer.score, 0.5)": NUMBER,
    "min([c.orders for c in customers], default=None)": INTEGER.or_null(),
    "sorted(customers, key='renewal', reverse=flag)": list_of(CUSTOMER),
    "round(customer.score)": INTEGER,
    "round(customer.score, 2)": NUMBER,
    "f'{customer.name} {flag}'": STRING,
    "[k for k in customer]": list_of(STRING),
    "len(customer.tags) > 0 and 'vip' in customer.tags": BOOLEAN,
    "all(c.score > 0 for c in customers)": BOOLEAN,
    "customer.tags + ['x']": list_of(STRING),
}


@pytest.mark.parametrize("source", SHAPES)
def test_it_gives_a_shape(source: str):
    shape, mistakes = expression.check(expression.read(source), NAMES)
    assert [str(mistake) for mistake in mistakes] == []
    assert shape == SHAPES[source]


MISTAKES = {
    "custmer.name": ("there is no name `custmer`", "Did you mean `customer`?", "custmer"),
    "1 + customer.scroe": ("there is no field `scroe`", "Did you mean `score`?", "scroe"),
    "[c.nmae for c in customers]": ("there is no field `nmae`", "Did you mean `name`?", "nmae"),
    "customers.name": ("a list has no field `name`", "Take it of each item", "name"),
    "customer.renewal.week": ("a date has no field `week`", "Fields: day, month, year.", "week"),
    "quarter.begin": ("a quarter has no field `begin`", "Fields:", "begin"),
    "customer.name.first": ("a string has no field", "", "first"),
    "customer.phone == 'x'": ("may be null", "default(customer.phone, y)", "customer.phone"),
    "n + 1": ("may be null, which is no number", "default(n, y)", "n"),
    "n > 1": ("may be null", "default(n, y)", "n"),
    "maybe.name": ("may be null", "default(maybe, y)", "maybe"),
    "n is not None or n > 3": ("may be null", "", "n"),
    "[x for x in ns if x > 1]": ("may be null", "", "x"),
    "sum(ns)": ("an item may be null", "[default(x, 0) for x in …]", "ns"),
    "f'{n}'": ("may be null", "", "n"),
    "default(customer.fax, 1)": ("there is no field `fax`", "", "fax"),
    "customer.name > 1": ("string and integer are never compared", "float(x)", "customer.name > 1"),
    "customer.renewal > '2026-01-31'": ("date and string", "date('2026-01-31')", "customer.renewal > '2026-01-31'"),
    "customer.renewal > at": ("date and timestamp", "date(x)", "customer.renewal > at"),
    "customer.tags > customer.tags": ("does not order list", "", "customer.tags > customer.tags"),
    "flag == 1": ("boolean and integer", "", "flag == 1"),
    "region == 'EMAE'": ("'EMAE' is none of the values", "Did you mean `EMEA`?", "'EMAE'"),
    "region in ['EMEA', 'AMRE']": ("'AMRE' is none of the values", "Did you mean `AMER`?", "'AMRE'"),
    "customer.orders in ['1']": ("integer and string", "", "'1'"),
    "customer.name in 5": ("`in` takes", "", "5"),
    "customer.name + 1": ("`+` does not work on string and integer", "", "customer.name + 1"),
    "customer.name * 2": ("`*` does not work", "", "customer.name * 2"),
    "customer.renewal - '2026-01-01'": (
        "does not work on date and string",
        "date(x)",
        "customer.renewal - '2026-01-01'",
    ),
    "-customer.name": ("arithmetic takes number", "", "customer.name"),
    "1 if customer.orders else 2": ("`if` takes boolean", "x != 0", "customer.orders"),
    "customer.tags and flag": ("`and` takes boolean", "len(x) > 0", "customer.tags"),
    "not customer.name": ("`not` takes boolean", "x != ''", "customer.name"),
    "[x for x in customer.name]": ("`for` takes list or object", "", "customer.name"),
    "len(customer.orders)": ("len() takes", "", "customer.orders"),
    "lower(customer.orders)": ("lower() takes string", "", "customer.orders"),
    "sum(customer.tags)": ("an item in sum() takes number", "", "customer.tags"),
    "any(customer.tags)": ("an item in any() takes boolean", "", "customer.tags"),
    "sorted(customers)": ("sorted() compares items", "", "customers"),
    "sorted(customers, key='scroe')": ("there is no field `scroe`", "Did you mean `score`?", "'scroe'"),
    "max(customer.score, customer.name)": ("one kind, got number, string", "", "max(customer.score, customer.name)"),
    "f'{customers}'": ("a text takes", "", "customers"),
    "customers['x']": ("a list takes integer", "", "'x'"),
    "customer[0]": ("an object takes string", "", "0"),
    "{1: 2}": ("the name of a field takes string", "", "1"),
}


@pytest.mark.parametrize("source", MISTAKES)
def test_it_finds_a_mistake(source: str):
    message, way_out, place = MISTAKES[source]
    _, mistakes = expression.check(expression.read(source), NAMES)
    assert len(mistakes) == 1, [str(mistake) for mistake in mistakes]
    assert message in mistakes[0].message
    assert way_out in mistakes[0].way_out
    assert source[mistakes[0].offset :][: mistakes[0].length] == place


def test_all_mistakes_are_found_at_once():
    _, mistakes = expression.check(expression.read("custmer.name + n * regoin"), NAMES)
    assert [mistake.offset for mistake in mistakes] == [0, 15, 19]


def test_places_are_told_in_the_text_around():
    _, mistakes = expression.check(expression.read("  nope", start=10), NAMES)
    assert mistakes[0].offset == 12


def test_a_loop_hides_a_name_and_what_is_known_of_it():
    _, mistakes = expression.check(expression.read("n is not None and len([n + 1 for n in ns]) > n"), NAMES)
    assert [mistake.offset for mistake in mistakes] == [23]

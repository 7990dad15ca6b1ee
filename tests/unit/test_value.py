"""Values from outside against typed fields: what is taken, as what, and what is said of the rest."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from pointsman.doors.api.body import to_json
from pointsman.quantity import Quarter
from pointsman.spec.field import Field, fields_schema
from pointsman.spec.value import DEEPEST, MOST_TOLD, accept, accept_one, default_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CUSTOMER = {"id": {"type": "string", "pattern": "[a-z]+"}, "since": {"type": "quarter", "default": "2024-Q1"}}


def field(**keys: object) -> Field:
    return Field.model_validate(keys)


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("keys", "given", "typed"),
    [
        pytest.param({"type": "string"}, "Zoë 🚂", "Zoë 🚂", id="text"),
        pytest.param({"type": "string"}, Quarter("2026-Q4"), Quarter("2026-Q4"), id="a quarter is a text"),
        pytest.param({"type": "string", "enum": ["a", "b"]}, "b", "b", id="choice"),
        pytest.param({"type": "string", "max": 3}, "🚂🚂🚂", "🚂🚂🚂", id="characters count, not bytes"),
        pytest.param({"type": "string", "pattern": "[a-z]+"}, "ab", "ab", id="pattern"),
        pytest.param({"type": "integer"}, 3, 3, id="integer"),
        pytest.param({"type": "integer"}, 3.0, 3, id="3.0 is an integer"),
        pytest.param({"type": "integer"}, Decimal("3.00"), 3, id="a decimal without a fraction is an integer"),
        pytest.param({"type": "integer"}, 2**63 - 1, 2**63 - 1, id="largest"),
        pytest.param({"type": "integer"}, -(2**63), -(2**63), id="least"),
        pytest.param({"type": "number", "minimum": 0, "maximum": 1}, 1, 1, id="the most is allowed"),
        pytest.param({"type": "number", "minimum": 0, "maximum": 1}, 0, 0, id="the least is allowed"),
        pytest.param({"type": "number"}, Decimal("12.50"), Decimal("12.50"), id="a database's decimal"),
        pytest.param({"type": "boolean"}, False, False, id="boolean"),
        pytest.param({"type": "date"}, "2026-11-20", date(2026, 11, 20), id="date"),
        pytest.param({"type": "date"}, date(2026, 11, 20), date(2026, 11, 20), id="a date already"),
        pytest.param({"type": "timestamp"}, "2026-11-20T12:00:00Z", NOON, id="timestamp"),
        pytest.param({"type": "timestamp"}, NOON, NOON, id="a timestamp already"),
        pytest.param({"type": "quarter"}, "2026-Q4", Quarter("2026-Q4"), id="quarter"),
        pytest.param({"type": "list"}, [1, "a", None], [1, "a", None], id="list of anything"),
        pytest.param({"type": "list", "items": "integer", "max": 2}, [1.0, 2], [1, 2], id="list"),
        pytest.param({"type": "list", "items": "integer"}, (1, 2), [1, 2], id="a tuple is a list"),
        pytest.param({"type": "list", "items": {"type": "date", "optional": True}}, [None], [None], id="null item"),
        pytest.param({"type": "object"}, {"a": {"b": [1.5]}}, {"a": {"b": [1.5]}}, id="open object"),
        pytest.param({"type": "object", "fields": CUSTOMER}, {"id": "a", "since": "2026-Q4"}, {"id": "a", "since": Quarter("2026-Q4")}, id="object"),
        pytest.param({"type": "object", "fields": CUSTOMER}, {"id": "a"}, {"id": "a", "since": Quarter("2024-Q1")}, id="a default inside"),
        pytest.param({"type": "any"}, None, None, id="null is anything too"),
        pytest.param({"type": "any"}, {"at": NOON, "sum": Decimal(1)}, {"at": NOON, "sum": Decimal(1)}, id="anything"),
        pytest.param({"type": "any"}, nested(DEEPEST), nested(DEEPEST), id="as deep as may be"),
        pytest.param({"type": "number", "optional": True}, None, None, id="optional null"),
        pytest.param({"type": "quarter", "default": "2026-Q4"}, None, Quarter("2026-Q4"), id="null takes the default"),
    ],
)  # fmt: skip
def test_what_fits_is_typed(keys, given, typed):
    value, faults = accept_one(field(**keys), given)
    assert faults == []
    assert (repr(value), type(value)) == (repr(typed), type(typed))


@pytest.mark.parametrize(
    ("keys", "given", "said"),
    [
        pytest.param({"type": "string"}, 1, "it must be a text, got the number 1.", id="number for a text"),
        pytest.param({"type": "string"}, None, "it must be a text, got null.", id="null for a text"),
        pytest.param({"type": "string"}, "\ud83d", "it holds half of a character (a lone surrogate).", id="surrogate"),
        pytest.param({"type": "string", "enum": ["EMEA", "APAC"]}, "EMAE", "it must be one of EMEA, APAC, got the text 'EMAE'. Did you mean `EMEA`?", id="no choice"),
        pytest.param({"type": "string", "enum": ["EMEA", "APAC"]}, 1, "it must be one of EMEA, APAC, got the number 1.", id="no text among choices"),
        pytest.param({"type": "string", "max": 2}, "abc", "it has 3 characters, at most 2 are allowed.", id="long text"),
        pytest.param({"type": "string", "pattern": "[a-z]+"}, "ab1", "it must match the pattern [a-z]+, got the text 'ab1'.", id="a pattern is about the whole text"),
        pytest.param({"type": "integer"}, True, "it must be a whole number, got true.", id="true is no number"),
        pytest.param({"type": "integer"}, 1.5, "it must be a whole number, got the number 1.5.", id="fraction"),
        pytest.param({"type": "integer"}, "1", "it must be a whole number, got the text '1'.", id="digits in a text"),
        pytest.param({"type": "integer"}, 2**63, "it holds a number that is too large: it needs over 64 bits.", id="above 64 bits"),
        pytest.param({"type": "integer"}, 1e30, "it holds a number that is too large: it needs over 64 bits.", id="a float above 64 bits"),
        pytest.param({"type": "number"}, 10**400, "it holds a number that is too large: it needs over 64 bits.", id="beyond floats"),
        pytest.param({"type": "number"}, float("nan"), "it holds a number that is too large, or NaN, which is none.", id="NaN"),
        pytest.param({"type": "number"}, Decimal("sNaN"), "it holds a number that is too large, or NaN, which is none.", id="signalling NaN"),
        pytest.param({"type": "number"}, Decimal("1e400"), "it holds a number that is too large, or NaN, which is none.", id="a decimal beyond floats"),
        pytest.param({"type": "number", "minimum": 0}, -0.5, "it must be at least 0, got the number -0.5.", id="below"),
        pytest.param({"type": "integer", "maximum": 1_000_000}, 1_000_001, "it must be at most 1000000, got the number 1000001.", id="above"),
        pytest.param({"type": "boolean"}, 1, "it must be true or false, got the number 1.", id="1 is not true"),
        pytest.param({"type": "boolean"}, 10**5000, "it must be true or false, got a number that is too large.", id="a number too long to print"),
        pytest.param({"type": "date"}, "2026-02-30", "it must be a date such as 2026-11-20, got the text '2026-02-30'.", id="no such day"),
        pytest.param({"type": "date"}, "20261120", "it must be a date such as 2026-11-20, got the text '20261120'.", id="a date that JSON Schema does not know"),
        pytest.param({"type": "date"}, NOON, "it must be a date such as 2026-11-20, got the time 2026-11-20T12:00:00+00:00.", id="a timestamp is no date"),
        pytest.param({"type": "timestamp"}, date(2026, 11, 20), "it must be a time such as 2026-11-20T09:30:00+00:00, got the date 2026-11-20.", id="a date is no timestamp"),
        pytest.param({"type": "timestamp"}, "noon", "it must be a time such as 2026-11-20T09:30:00+00:00, got the text 'noon'.", id="no time"),
        pytest.param({"type": "quarter"}, "Q4", "it must be a quarter such as 2026-Q4, got the text 'Q4'.", id="no quarter"),
        pytest.param({"type": "quarter"}, "٢٠٢٦-Q4", "it must be a quarter such as 2026-Q4, got the text '٢٠٢٦-Q4'.", id="other digits"),
        pytest.param({"type": "list"}, {}, "it must be a list, got an object.", id="object for a list"),
        pytest.param({"type": "list", "max": 1}, [1, 2], "it has 2 items, at most 1 are allowed.", id="long list"),
        pytest.param({"type": "list", "items": "integer"}, [1, None], "`[1]` must be a whole number, got null.", id="item"),
        pytest.param({"type": "object"}, [], "it must be an object, got a list.", id="list for an object"),
        pytest.param({"type": "object", "fields": CUSTOMER}, {"id": "a", "sinze": 1}, "`sinze` is not a known field. Did you mean `since`?", id="unknown field"),
        pytest.param({"type": "object", "fields": CUSTOMER}, {}, "`id` is missing: it must be a text.", id="missing field"),
        pytest.param({"type": "list", "items": {"type": "object", "fields": CUSTOMER}}, [{"id": "A"}], "`[0].id` must match the pattern [a-z]+, got the text 'A'.", id="path"),
        pytest.param({"type": "any"}, {"a": [0, {"b": 2**64}]}, "`a[1].b` holds a number that is too large: it needs over 64 bits.", id="deep inside anything"),
        pytest.param({"type": "object"}, {"a": [float("inf")]}, "`a[0]` holds a number that is too large, or NaN, which is none.", id="infinity inside an open object"),
        pytest.param({"type": "list"}, [{"\ud83d": 1}], "`[0]` holds half of a character (a lone surrogate).", id="surrogate in a name"),
        pytest.param({"type": "any"}, nested(DEEPEST + 1), f"`{'[0]' * DEEPEST}` is nested deeper than {DEEPEST} levels.", id="too deep"),
        pytest.param({"type": "any"}, {"a": {1}}, "`a` must be a value that JSON can carry, got something of Python's type set.", id="no JSON"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_with_its_place_the_rule_and_what_was_got(keys, given, said):
    _, faults = accept_one(field(**keys), given)
    assert [str(fault) for fault in faults] == [said]


def test_a_list_that_holds_itself_is_too_deep():
    endless: list[object] = []
    endless.append(endless)
    _, (fault,) = accept_one(field(type="any"), endless)
    assert "nested deeper" in fault.message


def test_everything_wrong_is_told_at_once_with_paths_that_can_be_written():
    _, faults = accept({"a": field(type="integer"), "b": field(type="string")}, {"a": "x", "c\ud800": 1})
    assert [fault.path for fault in faults] == [("c\ufffd",), ("a",), ("b",)]


def test_an_input_is_an_object():
    values, (fault,) = accept({}, [1])
    assert (values, fault.sentence("the answer")) == ({}, "the answer must be an object, got a list.")


@pytest.mark.parametrize(
    "given",
    [{f"n{at}": at for at in range(100_000)}, {"list": ["x"] * 100_000}],
    ids=["unknown names", "wrong items"],
)
def test_a_long_input_of_nonsense_is_not_explained_to_the_end(given):
    _, faults = accept({"list": field(type="list", items="integer")}, given)
    assert len(faults) == MOST_TOLD


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ({"type": "quarter", "default": "2026-Q4"}, Quarter("2026-Q4")),
        ({"type": "date", "default": "2026-11-20"}, date(2026, 11, 20)),
        ({"type": "string", "optional": True}, None),
    ],
    ids=["quarter", "date", "none"],
)
def test_a_default_has_the_type_of_its_field(keys, value):
    found = default_of(field(**keys))
    assert (found, type(found)) == (value, type(value))


TEXTS = st.text(st.characters(exclude_categories=()), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
NUMBERS = st.integers(-9, 9) | st.floats(-9, 9)
WHOLE = st.text("abc", max_size=4)
LEAVES: dict[str, st.SearchStrategy[object]] = {
    "string": WHOLE,
    "integer": st.integers(-9, 9) | st.integers(-9, 9).map(float),
    "number": NUMBERS,
    "boolean": st.booleans(),
    "date": st.dates().map(date.isoformat),
    "timestamp": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    "quarter": st.sampled_from(["0001-Q1", "2026-Q4", "9999-Q3"]),
    "any": st.none() | st.booleans() | NUMBERS | st.lists(WHOLE, max_size=2) | st.dictionaries(WHOLE, NUMBERS),
}
PLAIN = st.builds(lambda kind, optional: Field(type=kind, optional=optional), st.sampled_from([*LEAVES]), st.booleans())
RULED = st.sampled_from(
    [
        field(type="string", enum=["abc", "b"]),
        field(type="string", enum=["abc"], optional=True),
        field(type="string", max=3),
        field(type="string", pattern="a|bc"),
        field(type="integer", minimum=0),
        field(type="number", maximum=0.5, optional=True),
    ]
)
FIELDS = st.recursive(
    PLAIN | RULED,
    lambda inner: (
        st.builds(lambda items: Field(type="list", items=items, max=2), inner)
        | st.builds(lambda fields: Field(type="object", fields=fields), st.dictionaries(st.sampled_from("xyz"), inner))
    ),
    max_leaves=5,
)


def near(given: Field) -> st.SearchStrategy[object]:
    """Values of the field's type, most of which keep its rules too."""
    if given.items:
        found: st.SearchStrategy[object] = st.lists(near(given.items), max_size=3)
    elif given.type == "object":
        found = st.fixed_dictionaries({name: near(part) for name, part in given.fields.items()})
    else:
        found = LEAVES[given.type]
    return found | st.none() if given.optional else found


@given(st.dictionaries(st.sampled_from("abc"), FIELDS), st.data())
def test_what_is_accepted_fits_its_schema_can_be_written_and_is_accepted_again_unchanged(fields, data):
    shaped = st.fixed_dictionaries({name: near(part) | JSON for name, part in fields.items()})
    value = data.draw(shaped | JSON)
    typed, faults = accept(fields, value)
    if faults:
        assert all(fault.sentence("it").encode() and to_json(fault.path) for fault in faults)
    else:
        Draft202012Validator(fields_schema(fields)).validate(value)
        to_json(typed)
        again, faults = accept(fields, typed)
        assert (repr(again), faults) == (repr(typed), [])


@given(FIELDS, st.data())
def test_what_the_schema_of_a_field_promises_is_accepted(given, data):
    value = data.draw(near(given))
    if Draft202012Validator(given.json_schema()).is_valid(value):
        assert accept_one(given, value)[1] == []


def test_a_pattern_takes_no_longer_than_its_text() -> None:
    field = Field(type="string", pattern="(a+)+")
    assert accept({"x": field}, {"x": "a" * 5000})[1] == []
    assert len(accept({"x": field}, {"x": "a" * 5000 + "b"})[1]) == 1


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", r"(a)\1"], ids=["open", "look-ahead", "back-reference"])
def test_a_pattern_that_could_take_for_ever_or_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="no regular expression"):
        Field(type="string", pattern=pattern)

"""Values of steps to JSON and back: the same value, of the same type, and nothing else."""

from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import Broken, Refused
from pointsman.frame import Column, Frame
from pointsman.journal import codec
from pointsman.quantity import Quarter
from pointsman.shape import DATE, INTEGER, STRING, list_of, record

NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
POINTS = st.dates() | st.datetimes(timezones=st.just(UTC)) | st.builds(Quarter.containing, st.dates())
SCALARS = st.none() | st.booleans() | NUMBERS | st.text() | POINTS | st.decimals(allow_nan=False, allow_infinity=False)
KEYS = st.text() | st.sampled_from(["~d", "~o", "~f", "~", "~x"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)


def same(one, two):
    """Equal, and of equal types all the way down: 1 is not 1.0, a quarter is no plain text."""
    if isinstance(one, dict):
        return isinstance(two, dict) and one.keys() == two.keys() and all(same(one[k], two[k]) for k in one)
    if isinstance(one, list):
        return isinstance(two, list) and len(one) == len(two) and all(map(same, one, two))
    return type(one) is type(two) and one == two


@given(VALUES)
def test_a_value_comes_back_as_it_was(value):
    assert same(codec.loads(codec.dumps(value)), value)


@given(st.lists(st.tuples(SCALARS, VALUES), max_size=5))
def test_a_frame_comes_back_with_its_columns_types_and_labels(rows):
    columns = (
        Column("a", STRING.or_null(), frozenset({"personal.name", "untrusted"})),
        Column("b", list_of(record({"x": INTEGER, "y": DATE.or_null()}))),
    )
    frame = Frame(columns, [{"a": a, "b": b} for a, b in rows])
    back = codec.loads(codec.dumps(frame))
    assert back.columns == columns
    assert same(back.rows, frame.rows)


@pytest.mark.parametrize("value", [float("nan"), 2**64, {"a": object()}, {1: 2}], ids=["NaN", "large", "object", "key"])
def test_what_has_no_form_is_refused_or_comes_back_as_null(value):
    if value != value:
        assert codec.loads(codec.dumps(value)) is None
        return
    with pytest.raises(Refused, match="cannot be kept"):
        codec.dumps(value)


@pytest.mark.parametrize("content", [b'{"~x": 1}', b'[{"~z": {}}]', b'{"a": {"~": 1}}'])
def test_an_unknown_tag_is_never_read_as_something_else(content):
    with pytest.raises(Broken, match="does not know"):
        codec.loads(content)


def test_what_is_kept_is_plain_json():
    assert orjson.loads(codec.dumps({"day": date(2026, 11, 20), "n": Decimal("1.50")})) == {
        "day": {"~d": "2026-11-20"},
        "n": {"~n": "1.50"},
    }
    assert codec.loads(codec.dumps({"at": datetime(2026, 11, 20, 9, tzinfo=UTC)})) == {
        "at": datetime(2026, 11, 20, 9, tzinfo=UTC)
    }

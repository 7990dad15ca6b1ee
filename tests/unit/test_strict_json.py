"""JSON from outside: what means one thing is read, the rest is refused with a reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.language import strict_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_whatever_json_can_say_is_read(value):
    text = json.dumps(value)
    assert strict_json.read(text) == strict_json.read(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(b"", "is not JSON: expecting value (line 1, column 1).", id="nothing"),
        pytest.param(b'{\n "a": }', "is not JSON: expecting value (line 2, column 7).", id="half"),
        pytest.param(b"1 2", "is not JSON: extra data (line 1, column 3).", id="two values"),
        pytest.param(b'"\x01"', "is not JSON: invalid control character at (line 1, column 2).", id="control sign"),
        pytest.param(b'["\xff"]', "is not JSON: byte 3 is not UTF-8.", id="not UTF-8"),
        pytest.param("{}".encode("utf-16"), "is not JSON: byte 1 is not UTF-8.", id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf{}", "is not JSON: unexpected UTF-8 BOM", id="byte order mark"),
        pytest.param(b"[NaN]", "is not JSON: NaN is not a JSON number.", id="NaN"),
        pytest.param(b"-Infinity", "is not JSON: -Infinity is not a JSON number.", id="infinity"),
        pytest.param(b"9" * 5000, "holds a number that is too long.", id="digits"),
        pytest.param(b"[" * 100_000, "is nested too deeply to be read.", id="deep"),
        pytest.param(b'{"a":' * 100_000, "is nested too deeply to be read.", id="deep objects"),
        pytest.param(b'{"a": 1, "b": 2, "a": 3}', "holds 'a' twice in one object.", id="twice"),
        pytest.param(b'[{"x": {"a": 1, "\\u0061": 1}}]', "holds 'a' twice in one object.", id="twice, inside, escaped"),
        pytest.param(b'{"\\ud800": 1, "\\ud800": 1}', "holds '\\ud800' twice in one object.", id="twice half a sign"),
    ],
)
def test_what_is_refused(text, said):
    with pytest.raises(strict_json.NotJson) as refused:
        strict_json.read(text)
    assert str(refused.value).startswith(said)
    str(refused.value).encode()


@given(st.binary() | st.text(st.sampled_from('{}[]",:0e-\\u')).map(str.encode))
def test_no_bytes_raise_anything_else(body):
    try:
        assert strict_json.read(body) == json.loads(body)
    except strict_json.NotJson as refused:
        assert str(refused).endswith(".")

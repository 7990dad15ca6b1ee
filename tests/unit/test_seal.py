"""Sealing: opened only with the key, in its place, unchanged; keys change without losing what was written."""

import base64
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import Broken
from pointsman.journal.key_file import add_key, new_key, open_key_file, read_keys
from pointsman.journal.payload import Payloads
from pointsman.journal.port import TooLarge
from pointsman.journal.seal import Sealer, context

K1, K2 = bytes(range(32)), bytes(range(1, 33))
ONE = Sealer({"k1": K1}, "k1")
BOTH = Sealer({"k1": K1, "k2": K2}, "k2")
PLACE = context("step", "r1", "a", "output")


@given(st.binary(max_size=3000), st.text(max_size=30))
def test_what_is_sealed_opens_in_its_place(payload: bytes, place: str) -> None:
    assert ONE.open(ONE.seal(payload, place), place) == payload
    assert Sealer({"k1": K1}, "k1").open(ONE.seal(payload, place), place) == payload, "in another process too"


def test_it_tells_nothing_and_never_looks_the_same() -> None:
    payload = b"Anna Schmidt, anna@acme.example" * 3
    first, second = ONE.seal(payload, PLACE), ONE.seal(payload, PLACE)
    assert first != second and b"Anna" not in first + second


@given(st.integers(0), st.integers(1, 255))
def test_a_changed_byte_is_found(at: int, by: int) -> None:
    sealed = bytearray(ONE.seal(b"payload", PLACE))
    sealed[at % len(sealed)] ^= by
    with pytest.raises(Broken):
        ONE.open(bytes(sealed), PLACE)


@pytest.mark.parametrize("length", [0, 1, 2, 10, 30, 46, 50])
def test_a_cut_one_is_refused(length: int) -> None:
    with pytest.raises(Broken):
        ONE.open(ONE.seal(b"payload", PLACE)[:length], PLACE)


def test_it_does_not_open_elsewhere() -> None:
    with pytest.raises(Broken, match="does not open with the key 'k1'"):
        ONE.open(ONE.seal(b"approved", PLACE), context("step", "r2", "a", "output"))


def test_two_places_are_never_the_same() -> None:
    assert context("a", "bc") != context("ab", "c") != context("a:b", "c") != context("a", "b", "c")
    assert context("1:a", "b") != context("1", "a", "b")


def test_keys_change() -> None:
    old = ONE.seal(b"before", PLACE)
    new = BOTH.seal(b"after", PLACE)
    assert (BOTH.open(old, PLACE), BOTH.open(new, PLACE)) == (b"before", b"after")
    assert BOTH.needs_new_key(old) and not BOTH.needs_new_key(new)
    with pytest.raises(Broken, match="sealed with the key 'k2', which is not here") as broken:
        ONE.open(new, PLACE)
    assert "Put it back" in broken.value.way_out
    assert ONE.hashed("dedup", b"order-1") in BOTH.hashes("dedup", b"order-1")
    assert BOTH.hashes("dedup", b"order-1")[0] == BOTH.hashed("dedup", b"order-1") != ONE.hashed("dedup", b"order-1")


def test_a_changed_key_under_the_same_id_is_told() -> None:
    with pytest.raises(Broken, match="does not open") as broken:
        Sealer({"k1": K2}, "k1").open(ONE.seal(b"x", PLACE), PLACE)
    assert "restore the key" in broken.value.way_out


@pytest.mark.parametrize(
    ("keys", "current", "match"),
    [
        ({"k1": b"short"}, "k1", "has 5 bytes; AES-256 needs 32"),
        ({"k1": K1}, "k2", "no key 'k2'"),
        ({"": K1}, "", "1 to 255 bytes"),
    ],
    ids=["short", "unknown", "nameless"],
)
def test_keys_that_cannot_be(keys: dict[str, bytes], current: str, match: str) -> None:
    with pytest.raises(Broken, match=match):
        Sealer(keys, current)


def test_subjects_are_the_same_however_they_are_written() -> None:
    assert ONE.subject_hash("Anna@Acme.example ") == ONE.subject_hash("anna@acme.EXAMPLE")
    assert ONE.subject_hash("ＡＮＮＡ") == ONE.subject_hash("anna") != ONE.subject_hash("anne")
    assert ONE.hashed("subject", b"x") != ONE.hashed("dedup", b"x")
    assert ONE.hashed("dedup", b"X") != ONE.hashed("dedup", b"x")


def test_rows_shrink() -> None:
    rows = b'{"Id":"001A000001","Name":"Acme","Region__c":"EMEA"},' * 100
    assert len(ONE.seal(rows, PLACE)) < len(rows) / 5
    noise = os.urandom(5000)
    assert len(ONE.seal(noise, PLACE)) < len(noise) + 60


def test_a_derived_key_is_renewed() -> None:
    sealer = Sealer({"k1": K1}, "k1")
    salts = set()
    for _ in range(3):
        sealed = sealer.seal(b"x", PLACE)
        salts.add(sealed[4:20])
        assert sealer.open(sealed, PLACE) == b"x"
        sealer._left = 1
    assert len(salts) == 3


def test_large_payloads_go_beside_and_belong_to_their_place() -> None:
    payloads = Payloads(BOTH, most=1000, inline=100)
    small, large = payloads.pack(b"s" * 100, "run", "r1"), payloads.pack(b"l" * 101, "run", "r1")
    assert small.blob is None and payloads.digest_of(small.column) is None
    assert payloads.unpack(small.column, None, "run", "r1") == b"s" * 100
    again = payloads.pack(b"l" * 101, "run", "r2")
    assert again.digest == large.digest == payloads.digest_of(large.column)
    assert large.blob and payloads.unpack(large.column, again.blob, "run", "r1") == b"l" * 101
    with pytest.raises(Broken, match="does not belong"):
        payloads.unpack(large.column, large.blob, "run", "r2")
    with pytest.raises(Broken, match="gone from the journal"):
        payloads.unpack(large.column, None, "run", "r1")
    with pytest.raises(TooLarge, match="1,001 bytes; the journal keeps at most 1,000"):
        payloads.pack(b"x" * 1001, "run", "r1")
    with pytest.raises(TooLarge):
        payloads.whole(b"x" * 1001, "run", "r1")


def test_a_reference_of_an_older_key_is_followed() -> None:
    before = Payloads(ONE, inline=10).pack(b"l" * 11, "run", "r1")
    assert Payloads(BOTH, inline=10).unpack(before.column, before.blob, "run", "r1") == b"l" * 11


def test_a_machine_makes_its_key_once(tmp_path: Path) -> None:
    path = tmp_path / ".pointsman" / "journal.key"
    sealed = open_key_file(path).seal(b"x", PLACE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["journal.key"]
    assert open_key_file(path).open(sealed, PLACE) == b"x"
    add_key(path)
    changed = open_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert changed.open(sealed, PLACE) == b"x" and changed.needs_new_key(sealed)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "journal.key"
    open_key_file(path)
    path.chmod(mode)
    with pytest.raises(Broken, match="others may read") as broken:
        open_key_file(path)
    assert broken.value.way_out == f"chmod 600 {path}"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "holds no key"),
        ("# nothing\n", "holds no key"),
        ("k1\n", "file:1: a key of the journal is"),
        ("k1 not-base64!\n", "file:1: a key of the journal is"),
        (f"{new_key()}k2 {base64.b64encode(b'canary').decode()}\n", "'k2' has 6 bytes"),
    ],
    ids=["empty", "comment", "one word", "no base64", "short"],
)
def test_a_key_file_that_cannot_be_read(text: str, match: str) -> None:
    with pytest.raises(Broken, match=match) as broken:
        read_keys(text, "file")
    assert "canary" not in str(broken.value) and "Y2FuYXJ5" not in str(broken.value)

"""The retry law: what is tried again, when, and why not."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.control.asked_wait import LONGEST, retry_after
from pointsman.control.retry import Backoff, decide
from pointsman.errors import Broken, Later, Refused

THREE = Backoff(attempts=3, first=1.0, most=4.0)


@pytest.mark.parametrize(
    ("tried", "fault", "left", "chance", "wait", "reason"),
    [
        pytest.param(1, Later("busy"), None, 0.0, 0.5, "try 2 of 3 in 0.5 s", id="first wait is at least half"),
        pytest.param(2, Later("busy"), None, 0.0, 1.0, "try 3 of 3 in 1.0 s", id="then it doubles"),
        pytest.param(2, Later("busy"), None, 0.5, 1.5, "try 3 of 3 in 1.5 s", id="jitter fills the other half"),
        pytest.param(3, Later("busy"), None, 0.0, None, "no tries left", id="tries run out"),
        pytest.param(1, Later("busy", delay=9), None, 0.0, 9, "try 2 of 3 in 9.0 s", id="Retry-After wins when longer"),
        pytest.param(1, Later("busy", delay=9), 5.0, 0.0, None, "after the deadline", id="never past the deadline"),
        pytest.param(1, Refused("no"), None, 0.0, None, "trying again gives the same", id="refused is final"),
        pytest.param(1, Broken("no"), None, 0.0, None, "trying again gives the same", id="broken is final"),
    ],
)
def test_a_failed_try(tried, fault, left, chance, wait, reason):
    verdict = decide(THREE, tried, fault, left, chance)
    assert verdict.wait == wait
    assert reason in verdict.reason


def test_waits_never_pass_the_longest():
    assert decide(Backoff(20, 1.0, 4.0), 10, Later("busy"), None, 0.999).wait <= 4.0


def test_without_a_retry_there_is_one_try():
    assert decide(Backoff(), 1, Later("busy"), None, 0.0).reason == "no retry is set"


NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("", None, id="empty"),
        pytest.param(" 7 ", 7.0, id="seconds"),
        pytest.param("1.5", 1.5, id="a fraction"),
        pytest.param("9" * 400, LONGEST, id="endless"),
        pytest.param("-1", None, id="negative"),
        pytest.param("inf", None, id="infinity"),
        pytest.param("\N{SUPERSCRIPT TWO}", None, id="a digit that is no number"),
        pytest.param("soon", None, id="a word"),
        pytest.param(format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0, id="date"),
        pytest.param("Fri, 20 Nov 2026 12:00:30 -0000", 30.0, id="a date without its zone is UTC"),
        pytest.param("Fri, 20 Nov 2026 11:00:00 GMT", 0.0, id="gone"),
        pytest.param("Fri, 20 Nov 2036 11:00:00 GMT", LONGEST, id="years away"),
        pytest.param("Mon, 01 Jan 99999999999999 00:00:00 GMT", None, id="no such year"),
        pytest.param("Mon, 01 Jan 2026 00:00:00 +99999999999999", None, id="no such zone"),
    ],
)
def test_the_wait_that_a_header_asks_for(header, seconds):
    assert retry_after(header, NOW) == seconds


@given(st.text() | st.from_regex(r"(Mon, )?[0-9]{1,3} (Jan|Feb) [0-9]{1,6} [0-9:]{1,9} ([+-][0-9]{1,5}|GMT)?"))
def test_no_header_raises_or_asks_for_more_than_is_waited(header):
    found = retry_after(header, NOW)
    assert found is None or 0 <= found <= LONGEST

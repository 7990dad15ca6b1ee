"""The retry law: what is tried again, when, and why not."""

import pytest

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

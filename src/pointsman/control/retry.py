"""Whether a failed try is tried again, when, and why."""

from dataclasses import dataclass

from pointsman.errors import Fault, Later


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often, and how long between tries; seconds."""

    attempts: int = 1
    first: float = 0.2
    most: float = 30.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wait`: seconds until the next try, None = give up."""

    wait: float | None
    reason: str


def decide(backoff: Backoff, tried: int, fault: Fault, left: float | None, chance: float) -> Verdict:
    """After `tried` tries, with `left` seconds to the deadline and `chance` in [0, 1) for the jitter.

    Exponential backoff with equal jitter (M. Brooker, "Exponential Backoff And Jitter", 2015): half of the step is
    fixed, half is by chance. What the other side asked for wins when it is longer.
    """
    if not isinstance(fault, Later):
        return Verdict(None, "trying again gives the same")
    if tried >= backoff.attempts:
        return Verdict(None, "no tries left" if backoff.attempts > 1 else "no retry is set")
    step = min(backoff.most, backoff.first * 2.0 ** (tried - 1))
    wait = max(step / 2 + step / 2 * chance, fault.delay or 0.0)
    if left is not None and wait >= left:
        return Verdict(None, f"the next try would be in {wait:.1f} s, after the deadline")
    return Verdict(wait, f"try {tried + 1} of {backoff.attempts} in {wait:.1f} s")

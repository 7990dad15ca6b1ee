"""How long another system asks us to wait before the next try."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST: Final = 24 * 3600.0
"""Seconds. Nobody here waits longer, whatever a header says."""
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds of a `Retry-After` (RFC 9110 section 10.2.3: a number, or a date); None for none and for nonsense.

    A fraction is taken too, since some servers send one.
    """
    text = (header or "").strip()
    if _NUMBER.fullmatch(text):
        return min(float(text), LONGEST)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST)

"""Times in the file: whole microseconds since 1970, exact both ways."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def after(now: int, seconds: float) -> int:
    return now + round(seconds * 1_000_000)


def moment(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def maybe(at: int | None) -> datetime | None:
    return None if at is None else moment(at)

"""What an HTTP status means for the one who reads the error (RFC 9110 section 15)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from pointsman.clock import Clock
from pointsman.control.asked_wait import retry_after
from pointsman.errors import Broken, Fault, Later, Refused, Uncertain

_LONGEST_DETAIL: Final = 300


def of_status(
    status: int, headers: Mapping[str, str], detail: str, *, asked: str, where: str, clock: Clock, once: bool
) -> Fault:
    """The fault of a status from 400. `asked`: `GET /people`; `once`: a write that must not be tried twice."""
    said = f"{asked} answered {status}{': ' + detail if detail else ''}."
    if status in (429, 503) or (status >= 500 and not once):
        delay = retry_after(headers.get("Retry-After"), clock.now())
        return Later(said, delay=delay, where=where, status=429 if status == 429 else 503)
    if status >= 500:
        return Uncertain(said, where=where)
    if status in (401, 407):
        return Broken(said, where=where, way_out="The credential is wrong or has run out: correct `auth`.")
    if status == 403:
        return Broken(said, where=where, way_out="The credential may not do this: give it the right, or use another.")
    if status in (408, 425):
        return Later(said, where=where)
    return Refused(said, where=where)


def detail_of(body: bytes) -> str:
    """The system's own words: `detail` or `title` of a problem (RFC 9457), or the usual other keys; one line."""
    try:
        said: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    if isinstance(said, list) and said:
        said = said[0]
    if isinstance(said, dict) and isinstance(said.get("error"), dict):
        said = said["error"]
    if isinstance(said, dict):
        keys = ("detail", "title", "message", "error_description", "error")
        said = next((said[key] for key in keys if isinstance(said.get(key), str) and said[key]), "")
    if not isinstance(said, str):
        return ""
    line = " ".join(said.split()).rstrip(".")
    return line if len(line) <= _LONGEST_DETAIL else f"{line[:_LONGEST_DETAIL]}…"


def as_of(headers: Mapping[str, str], clock: Clock) -> str | None:
    """When the data were true, where a cache on the way says how old they are (`Age`, RFC 9111 section 5.1)."""
    age = headers.get("Age", "")
    if not (age.isascii() and age.isdigit()):
        return None
    moment = clock.now().timestamp() - min(float(age), 1e9)
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")

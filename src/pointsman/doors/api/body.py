"""JSON bodies: read within limits, strictly; written with the values that steps give."""

from decimal import Decimal
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request

from pointsman.errors import Broken, Refused
from pointsman.language import strict_json
from pointsman.spec import words

LARGEST: Final = 1_000_000


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body; an empty body is an empty object. Raises Refused."""
    from_this_site(request)
    kind = request.headers.get("content-type", "nothing").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Refused(
            f"the body must be JSON; got {kind!r}.", way_out="Send content-type: application/json.", status=415
        )
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                raise Refused(f"the body is larger than {LARGEST:,} bytes.", way_out="Send less.", status=413)
    except ClientDisconnect:
        raise Refused("the caller left before the body was complete.", status=400) from None
    if not body.strip():
        return {}
    try:
        value = strict_json.read(bytes(body))
    except strict_json.NotJson as fault:
        raise Refused(f"the body {fault}", status=400) from None
    if not isinstance(value, dict):
        raise Refused(f"the body must be a JSON object, got {words.got(value)}.", status=400)
    return value


def from_this_site(request: Request) -> None:
    """Refuses what a browser sends for a page of another site: nobody may act here through somebody else's browser."""
    sent_for = request.headers.get("sec-fetch-site", "none")
    origin = request.headers.get("origin")
    elsewhere = origin is not None and origin.partition("://")[2] != request.headers.get("host")
    if sent_for not in ("none", "same-origin") or elsewhere:
        raise Refused("a page of another site may not ask for this.", way_out="Call it from here.", status=403)


def limit(request: Request) -> int:
    """How many lines of a list are asked for: 1 to 500, 50 when nothing is said. Raises Refused."""
    text = request.query_params.get("limit", "50")
    if not text.isascii() or not text.isdecimal() or len(text) > 3 or not 1 <= int(text) <= 500:
        raise Refused(f"`limit` must be a whole number from 1 to 500, got {text[:20]!r}.")
    return int(text)


def to_json(value: object, *, pretty: bool = False) -> bytes:
    """JSON of anything that a step can give: dates as ISO 8601, decimals as numbers. Raises Broken."""
    options = orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if pretty else 0)
    try:
        return orjson.dumps(value, default=_plain, option=options)
    except TypeError as unfit:
        raise Broken(f"the answer holds a value that JSON cannot carry: {unfit}.") from None


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"no JSON form of {type(value).__name__}")

"""JSON bodies: read within limits, strictly; written with the values that steps give."""

from decimal import Decimal
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request

from pointsman.errors import Refused
from pointsman.language import strict_json
from pointsman.spec import words

LARGEST: Final = 1_000_000


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body; an empty body is an empty object. Raises Refused."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
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


def to_json(value: object, *, pretty: bool = False) -> bytes:
    """JSON of anything that a step can give: dates as ISO 8601, decimals as numbers."""
    options = orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if pretty else 0)
    return orjson.dumps(value, default=_plain, option=options)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"no JSON form of {type(value).__name__}")

"""JSON in and out, and the sign that every answer carries."""

from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from pointsman.sandbox.salesforce.refusal import Refusal

SIGN: Final = {"x-pointsman-sandbox": "salesforce stand-in"}
"""In every answer, so that nobody takes it for Salesforce."""


def json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type="application/json", headers=SIGN)


async def body(request: Request) -> Any:
    """The request's JSON. Raises Refusal."""
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise Refusal("JSON_PARSER_ERROR", f"The request body is no JSON: {error}") from None


async def record_body(request: Request) -> dict[str, Any]:
    found = await body(request)
    if not isinstance(found, dict):
        raise Refusal("JSON_PARSER_ERROR", "The request body is no JSON object")
    return found

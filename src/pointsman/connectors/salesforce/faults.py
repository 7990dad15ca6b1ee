"""What an answer of Salesforce asks of the reader. Pure.

Source: Salesforce REST API Developer Guide, "Status Codes and Error Responses".
"""

from datetime import datetime
from typing import Any, Final

import orjson

from pointsman.connectors.salesforce.wire import Answer
from pointsman.control.asked_wait import retry_after
from pointsman.errors import Broken, Fault, Later, Refused

_PASSING: Final = frozenset(
    {
        "REQUEST_LIMIT_EXCEEDED",
        "SERVER_UNAVAILABLE",
        "UNABLE_TO_LOCK_ROW",
        "QUERY_TIMEOUT",
        "INVALID_QUERY_LOCATOR",
        "TXN_SECURITY_METERING_ERROR",
    }
)
"""Error codes that may be gone later, whatever the status. A query locator ends when its result was let go."""
_LONGEST: Final = 400


def fault_of(answer: Answer, now: datetime) -> Fault:
    """The fault that an answer other than 2xx is."""
    code, message = said(answer)
    text = f"Salesforce answered {answer.status}" + (f", {code}: {message}" if code else ".")
    text = text if text.endswith((".", "!", "?")) else f"{text}."
    if answer.status in (429, 503) or answer.status >= 500 or code in _PASSING:
        status = 429 if answer.status == 429 or code == "REQUEST_LIMIT_EXCEEDED" else None
        return Later(text, delay=retry_after(answer.headers.get("Retry-After"), now), where=answer.where, status=status)
    if answer.status in (401, 403):
        way_out = "Look at what the connection's user may do there."
        return Broken(text, where=answer.where, way_out=way_out)
    if answer.status in (414, 431):
        return Refused(
            "the query is too long for an address.", where=answer.where, way_out="Bind fewer values at once."
        )
    if 400 <= answer.status < 500 and code:
        return Refused(text, where=answer.where)
    return Broken(text, where=answer.where, way_out="Look at `url`: that does not answer like the Salesforce API.")


def said(answer: Answer) -> tuple[str, str]:
    """Error code and message of `[{"errorCode": …, "message": …}]`; empty when the body is something else."""
    try:
        content = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return "", ""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, dict):
        return "", ""
    return _text(first.get("errorCode") or first.get("error")), _text(
        first.get("message") or first.get("error_description")
    )


def _text(value: Any) -> str:
    """One line of bounded length."""
    line = " ".join(str(value or "").split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"

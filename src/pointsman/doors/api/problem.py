"""Errors over HTTP: problem details (RFC 9457)."""

import math
from typing import Any

from starlette.responses import Response

from pointsman.doors.api.body import to_json
from pointsman.errors import Fault, Later
from pointsman.flows.engine import UnfitInput
from pointsman.language.question import NotRead

TITLES = {
    400: "The request could not be read",
    403: "Not permitted",
    404: "Not found",
    405: "Method not allowed",
    413: "The body is too large",
    415: "The body is not JSON",
    421: "Not this server",
    422: "The request must change",
    429: "Too many requests",
    500: "An operator must act",
    502: "A system behind us failed",
    503: "Try again later",
    504: "Out of time",
}


def problem(fault: Fault, *, run: str | None = None, answer: dict[str, Any] | None = None) -> Response:
    """The problem document of a fault. A run that failed keeps what it has: `result` and `degraded`."""
    document: dict[str, Any] = {
        "type": f"/problems/{fault.code}" if fault.code else "about:blank",
        "title": TITLES.get(fault.status, "The request failed"),
        "status": fault.status,
        "detail": fault.sentence,
    }
    if run is not None:
        document |= {"instance": f"/api/runs/{run}", "run": run}
    if answer is not None:
        document |= {name: answer[name] for name in ("result", "sources", "degraded")}
    if isinstance(fault, UnfitInput):
        document["errors"] = [
            {"path": list(unfit.path), "message": unfit.message, "help": unfit.way_out} for unfit in fault.faults
        ]
    if isinstance(fault, NotRead):
        document["nearest"] = fault.nearest
    headers = {"x-run-id": run} if run else {}
    if isinstance(fault, Later) and fault.delay is not None:
        headers["retry-after"] = str(math.ceil(fault.delay))
    return Response(to_json(document), fault.status, headers, "application/problem+json")

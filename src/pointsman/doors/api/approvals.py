"""What waits for people, over HTTP: the list, one item with its exact effect, and a decision."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pointsman.assemble import Pointsman
from pointsman.doors.api.body import limit, read_object, to_json
from pointsman.errors import Refused
from pointsman.flows.decisions import Choice, Decider, Decisions, shown
from pointsman.flows.engine import UnfitInput
from pointsman.journal.port import Page
from pointsman.spec.field import Field
from pointsman.spec.value import accept

DECISION: Final = {
    "choice": Field(type="string", enum=("approve", "reject", "snooze")),
    "hash": Field(type="string", optional=True, pattern="[0-9a-f]{64}"),
    "reason": Field(type="string", optional=True, max=2000),
    "edit": Field(type="object", optional=True),
    "seconds": Field(type="number", optional=True, minimum=1),
}
"""The body of a decision. `hash`: of what was seen; without it, of what the item is now."""

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(pointsman: Pointsman) -> list[BaseRoute]:
    return [
        Route("/api/approvals", _list(pointsman)),
        Route("/api/approvals/{approval}", _one(pointsman)),
        Route("/api/approvals/{approval}", _decide(pointsman), methods=["POST"]),
    ]


def decisions(pointsman: Pointsman) -> Decisions:
    """Raises Refused where nothing is kept."""
    if pointsman.decisions is None:
        raise Refused(
            "nothing is kept here, so nothing waits.", way_out="Serve the project with pointsman up.", status=404
        )
    return pointsman.decisions


def _list(pointsman: Pointsman) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        query = request.query_params
        filters = {name: query[name] for name in ("role", "run", "requester") if name in query}
        page = Page(limit=limit(request), before=query.get("before"), filters=filters)
        return _json({"approvals": await decisions(pointsman).waiting(page)})

    return endpoint


def _one(pointsman: Pointsman) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return _json(shown(await decisions(pointsman).one(request.path_params["approval"])))

    return endpoint


def _decide(pointsman: Pointsman) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        said, faults = accept(DECISION, await read_object(request))
        if faults:
            raise UnfitInput("the decision", faults)
        given: dict[str, Any] = dict(said)
        choice: Choice = given.pop("choice")
        # Nobody is authenticated yet: whoever reaches this machine's loopback is its user, with every role.
        decided = await decisions(pointsman).decide(request.path_params["approval"], choice, Decider("local"), **given)
        return _json(shown(decided))

    return endpoint


def _json(value: object) -> Response:
    return Response(to_json(value), media_type="application/json")

"""What stands before every resource of the API: a session, the day's limit, and refusals as JSON."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from pointsman.sandbox.salesforce.answers import SIGN, json
from pointsman.sandbox.salesforce.org import Org
from pointsman.sandbox.salesforce.refusal import Refusal

Resource = Callable[[Org, Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def api(org: Org, resource: Resource) -> Endpoint:
    """The resource as an endpoint."""

    async def answer(request: Request) -> Response:
        try:
            response = await _counted(org, resource, request)
        except Refusal as refusal:
            response = json(refusal.body(), refusal.status)
        response.headers.update({**SIGN, "Sforce-Limit-Info": f"api-usage={org.used}/{org.daily_requests}"})
        return response

    return answer


async def _counted(org: Org, resource: Resource, request: Request) -> Response:
    if not org.sessions.holds(request.headers.get("authorization")):
        raise Refusal("INVALID_SESSION_ID", "Session expired or invalid", status=401)
    if org.used >= org.daily_requests:
        raise Refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
    org.used += 1
    return await resource(org, request)

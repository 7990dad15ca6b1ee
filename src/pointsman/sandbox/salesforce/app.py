"""The stand-in as an application, with its address plan."""

import html
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from pointsman.clock import Clock
from pointsman.sandbox.faults import Faults
from pointsman.sandbox.salesforce import bulk, collections, describe, queries, single
from pointsman.sandbox.salesforce.access import Access
from pointsman.sandbox.salesforce.answers import SIGN, json
from pointsman.sandbox.salesforce.objects import Objects
from pointsman.sandbox.salesforce.org import Org
from pointsman.sandbox.salesforce.refusal import Refusal
from pointsman.sandbox.salesforce.resource import Resource, api

_DATA = "/services/data/{version}"
_RESOURCES: tuple[tuple[str, str, Resource], ...] = (
    ("GET", "/query", queries.query),
    ("GET", "/query/{locator}", queries.more),
    ("GET", "/sobjects", describe.everything),
    ("GET", "/sobjects/{name}", describe.basics),
    ("GET", "/sobjects/{name}/describe", describe.one),
    ("POST", "/sobjects/{name}", single.create),
    ("GET", "/sobjects/{name}/{id}", single.read),
    ("PATCH", "/sobjects/{name}/{id}", single.change),
    ("DELETE", "/sobjects/{name}/{id}", single.delete),
    ("GET", "/sobjects/{name}/{field}/{value:path}", single.read_by_key),
    ("PATCH", "/sobjects/{name}/{field}/{value:path}", single.upsert),
    ("POST", "/composite/sobjects", collections.create),
    ("PATCH", "/composite/sobjects", collections.change),
    ("PATCH", "/composite/sobjects/{name}/{field}", collections.upsert),
    ("POST", "/jobs/query", bulk.create),
    ("GET", "/jobs/query/{id}", bulk.look),
    ("GET", "/jobs/query/{id}/results", bulk.results),
    ("PATCH", "/jobs/query/{id}", bulk.abort),
    ("DELETE", "/jobs/query/{id}", bulk.delete),
)


class SalesforceStandIn:
    """A practice Salesforce org over a SQLite file (see `store.create`). It says that it is none, on `/` and in the
    header `x-pointsman-sandbox`.

    It speaks the REST API's query, describe, records, composite/sobjects and Bulk 2.0 query jobs, behind the same
    sign-in. It has no users, sharing rules, triggers, formulas or flows.

        standin = SalesforceStandIn(file, objects, Access("app", secret="…"), clock)
        async with serve(standin.app) as url: ...
    """

    def __init__(
        self, path: Path, objects: Objects, access: Access, clock: Clock, *, daily_requests: int = 15_000
    ) -> None:
        self.org = Org(path, objects, access, clock, daily_requests)
        self.app = Faults(_application(self.org))
        """Serve this; `app.next(fault)` makes it fail."""

    async def close(self) -> None:
        await self.org.store.close()


def _application(org: Org) -> Starlette:
    def page(_: Request) -> Response:
        return HTMLResponse(_page(org), headers=SIGN)

    def versions(_: Request) -> Response:
        return json([{"label": "stand-in", "url": "/services/data/v62.0", "version": "62.0"}])

    routes = [
        Route("/", page),
        Route("/services/oauth2/token", org.sessions.token, methods=["POST"]),
        Route("/services/data", versions),
        *_routes(org, "", "GET", _overview),
    ]
    for method, path, resource in _RESOURCES:
        routes += _routes(org, path, method, resource)
    return Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_found})


def _routes(org: Org, path: str, method: str, resource: Resource) -> list[Route]:
    """Salesforce takes its addresses with and without a slash at the end."""
    endings = ("",) if path.endswith(":path}") else ("", "/")
    return [Route(f"{_DATA}{path}{ending}", api(org, resource), methods=[method]) for ending in endings]


async def _overview(org: Org, request: Request) -> Response:
    """GET /services/data/vXX.0: what this version has."""
    base = f"/services/data/{request.path_params['version']}"
    return json({name: f"{base}/{name}" for name in ("sobjects", "query", "composite", "jobs")})


async def _not_found(_: Request, __: Exception) -> Response:
    refusal = Refusal("NOT_FOUND", "The requested resource does not exist", status=404)
    return json(refusal.body(), refusal.status)


def _page(org: Org) -> str:
    rows = "".join(
        f"<li><b>{html.escape(name)}</b>: {html.escape(', '.join(fields))}</li>" for name, fields in org.fields.items()
    )
    return (
        "<!doctype html><html lang=en><title>Salesforce stand-in</title>"
        "<h1>This is not Salesforce</h1>"
        "<p>It is the practice stand-in of Pointsman: it answers like the Salesforce REST API, "
        f"from invented records in a SQLite file.</p><ul>{rows}</ul></html>"
    )

"""The HTTP application: the API's routes, and the console beside them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pointsman import __version__
from pointsman.assemble import Pointsman
from pointsman.doors.api import approvals
from pointsman.doors.api.body import from_this_site, limit, read_object, to_json
from pointsman.doors.api.openapi import ASKED, describe
from pointsman.doors.api.problem import problem
from pointsman.errors import Fault, Refused, way_out
from pointsman.flows.engine import UnfitInput
from pointsman.flows.runs import Started
from pointsman.journal.record import summary
from pointsman.spec.value import accept

Endpoint = Callable[[Request], Awaitable[Response]]


def application(pointsman: Pointsman, console: list[BaseRoute]) -> Starlette:
    """`console`: the routes of the pages, which come last."""
    routes: list[BaseRoute] = [
        Route("/flows/{flow}", _flow(pointsman), methods=["POST"]),
        Route("/flows/{flow}/v{version:int}", _flow(pointsman), methods=["POST"]),
        Route("/api/ask", _ask(pointsman), methods=["POST"]),
        Route("/api/runs", _runs(pointsman)),
        Route("/api/runs/{run}", _run(pointsman)),
        Route("/api/runs/{run}/cancel", _cancel(pointsman), methods=["POST"]),
        Route("/api/runs/{run}/retry", _retry(pointsman), methods=["POST"]),
        *approvals.routes(pointsman),
        Route("/openapi.json", _openapi(pointsman)),
        Route("/healthz", _healthy),
        Route("/readyz", _healthy),
        *console,
    ]
    handlers: dict[Any, Any] = {Fault: _fault, HTTPException: _http}
    return Starlette(routes=routes, exception_handlers=handlers)


def _flow(pointsman: Pointsman) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        name = request.path_params["flow"]
        flow = pointsman.heads.get(name)
        if flow is None or flow.doors.http is None:
            open_flows = [known for known, head in pointsman.heads.items() if head.doors.http is not None]
            raise Refused(
                f"no flow named {name!r} is open over HTTP.", way_out=way_out(name, open_flows, "Flows"), status=404
            )
        version = request.path_params.get("version", flow.version)
        if version != flow.version:
            raise Refused(f"{name} has no version {version}.", way_out=f"It is at version {flow.version}.", status=404)
        given = await read_object(request)
        key = request.headers.get("idempotency-key")
        return await _answered(request, await pointsman.runs.start(name, given, door="http", dedup_key=key))

    return endpoint


def _ask(pointsman: Pointsman) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        body, faults = accept(ASKED, await read_object(request))
        if faults:
            raise UnfitInput("/api/ask", faults)
        return await _answered(request, await pointsman.start_question(str(body["question"]), door="ask"))

    return endpoint


async def _answered(request: Request, run: Started) -> Response:
    """The run's answer; a caller that leaves cancels a run that nobody keeps."""
    answered = asyncio.ensure_future(run.answered())
    left = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({answered, left}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            run.leave()
            return Response(status_code=499)
        answer = answered.result()
    except Fault as fault:
        return problem(fault, run=run.id, answer=run.record.answer if run.record else None)
    finally:
        left.cancel()
        answered.cancel()
    return Response(to_json(answer), headers={"x-run-id": run.id}, media_type="application/json")


async def _left(request: Request) -> None:
    """Until the caller has gone. The body was read, so only the disconnect can come."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _runs(pointsman: Pointsman) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        query = request.query_params
        runs = await pointsman.runs.newest(
            limit=limit(request),
            before=query.get("before"),
            flow=query.get("flow"),
            status=query.get("status"),
        )
        return _json({"runs": [summary(run) for run in runs]})

    return endpoint


def _run(pointsman: Pointsman) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        record = await pointsman.runs.get(request.path_params["run"])
        return _json(
            {**summary(record), "steps": [asdict(step) for step in record.steps.values()], "answer": record.answer}
        )

    return endpoint


def _cancel(pointsman: Pointsman) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        from_this_site(request)
        await pointsman.runs.cancel(request.path_params["run"], "cancelled over HTTP")
        return _json(summary(await pointsman.runs.get(request.path_params["run"])))

    return endpoint


def _retry(pointsman: Pointsman) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        from_this_site(request)
        await pointsman.runs.retry(request.path_params["run"])
        return _json(summary(await pointsman.runs.get(request.path_params["run"])))

    return endpoint


def _openapi(pointsman: Pointsman) -> Endpoint:
    document = to_json(describe(pointsman.project.file.project, __version__, pointsman.plans))

    async def endpoint(request: Request) -> Response:
        return Response(document, media_type="application/json")

    return endpoint


async def _healthy(request: Request) -> Response:
    return _json({"status": "ok"})


def _json(value: object) -> Response:
    return Response(to_json(value), media_type="application/json")


async def _fault(request: Request, fault: Fault) -> Response:
    return problem(fault)


async def _http(request: Request, fault: HTTPException) -> Response:
    what = {404: f"there is nothing at {request.url.path}.", 405: f"{request.method} is not for {request.url.path}."}
    return problem(Refused(what.get(fault.status_code, str(fault.detail)), status=fault.status_code))

"""A JSON API on loopback for tests: people, many events, every way of paging, and faults on demand."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from aiohttp import web

TOKEN = "canary-Http/99+token"
PAGE = 500

Rows = list[dict[str, Any]]


@dataclass
class HttpServer:
    """`url`: its base address. `seen`: each request as it came. `busy`: requests being answered now."""

    url: str = ""
    seen: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    busy: int = 0
    wait: float = 0.0
    """Seconds before every answer."""
    answers: list[Callable[[], web.StreamResponse]] = field(default_factory=list)
    """Answers to give next, whatever is asked."""
    people: Rows = field(default_factory=list)
    events: Rows = field(default_factory=list)

    def paths(self) -> list[str]:
        return [request.path_qs for request in self.seen]

    def last(self) -> web.Request:
        return self.seen[-1]


def json(value: object, status: int = 200, **headers: str) -> web.Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json", headers=named)


def raw(body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> web.Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return web.Response(body=body, status=status, content_type=kind, headers=named)


def gzipped(value: object) -> web.Response:
    return raw(gzip.compress(orjson.dumps(value)), Content_Encoding="gzip")


def deflated(value: object, *, bare: bool) -> web.Response:
    packer = zlib.compressobj(wbits=-15 if bare else 15)
    return raw(packer.compress(orjson.dumps(value)) + packer.flush(), Content_Encoding="deflate")


def bomb(size: int) -> web.Response:
    """A few kilobytes that unpack to `size` bytes."""
    return raw(gzip.compress(b"[" + b" " * size + b"]"), Content_Encoding="gzip")


@asynccontextmanager
async def serving(people: Rows, events: Rows) -> AsyncIterator[HttpServer]:
    """The server while the block runs, under `/api`, with handlers that end when their client leaves."""
    server = HttpServer(people=people, events=events)

    @web.middleware
    async def around(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        server.seen.append(request)
        server.bodies.append(await request.read())
        server.busy += 1
        try:
            if server.wait:
                await asyncio.sleep(server.wait)
            if server.answers:
                return server.answers.pop(0)()
            answer: web.StreamResponse = await handler(request)
            return answer
        finally:
            server.busy -= 1

    app = web.Application(middlewares=[around])
    app.router.add_get("/api/people", partial(_people, server))
    app.router.add_get("/api/people/{id}", partial(_person, server))
    app.router.add_post("/api/people", partial(_echo, server))
    app.router.add_route("*", "/api/echo", partial(_echo, server))
    app.router.add_get("/api/events/{by}", partial(_events, server))
    app.router.add_route("*", "/{rest:.*}", _nothing)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    try:
        yield server
    finally:
        await runner.cleanup()


async def _people(server: HttpServer, request: web.Request) -> web.Response:
    rows = server.people
    if "name" in request.query:
        rows = [row for row in rows if row["name"] == request.query["name"]]
    return json(rows)


async def _person(server: HttpServer, request: web.Request) -> web.Response:
    found = [row for row in server.people if row["id"] == request.match_info["id"]]
    return json(found[0]) if found else await _nothing(request)


async def _echo(server: HttpServer, request: web.Request) -> web.Response:
    return json({"method": request.method, "body": orjson.loads(server.bodies[-1] or b"null")}, status=201)


async def _events(server: HttpServer, request: web.Request) -> web.Response:
    """`link`: RFC 8288; `cursor`: `{items, next_cursor}`; `offset`: a plain list, never more than PAGE rows."""
    start = int(request.query.get("cursor") or request.query.get("offset") or 0)
    page, after = server.events[start : start + PAGE], start + PAGE
    more = after < len(server.events)
    if request.match_info["by"] == "cursor":
        return json({"data": {"items": page}, "meta": {"next": str(after) if more else None}})
    if request.match_info["by"] == "offset":
        return json(page)
    return json(page, Link=f'</api/events/link?cursor={after}>; rel="next"') if more else json(page)


async def _nothing(request: web.Request) -> web.Response:
    problem = {"title": "Not Found", "detail": f"There is nothing at {request.path}."}
    return raw(orjson.dumps(problem), 404, "application/problem+json")

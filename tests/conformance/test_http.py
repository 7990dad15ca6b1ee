"""HTTP keeps what every connector promises, and what only a web API can do wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.conformance.connectors import COLUMNS, MANY, ConnectorContract, Request, World, people
from tests.http_server import TOKEN, HttpServer, bomb, deflated, gzipped, json, raw, serving

from pointsman.clock import FixedClock, SystemClock
from pointsman.connectors.http import HttpConnector
from pointsman.connectors.limits import Limited
from pointsman.connectors.port import Call, FoundColumn
from pointsman.errors import Broken, DeadlinePassed, Fault, Later, Refused, Uncertain
from pointsman.frame import Column
from pointsman.language.openapi import operations
from pointsman.secrets import Secrets
from pointsman.shape import STRING
from pointsman.spec.connection import BasicAuth, BearerAuth, HeaderAuth, HttpConnection, Limits, Paging

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

ADDED: dict[str, Any] = {"body": {"id": "1", "name": "n"}}
PERSON = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "joined": {"type": ["string", "null"], "format": "date"},
        "seen": {"type": "string", "format": "date-time", "nullable": True},
        "score": {"type": "number"},
        "visits": {"type": "integer"},
        "active": {"type": "boolean"},
    },
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "components": {
        "schemas": {"Person": PERSON},
        "parameters": {"Name": {"name": "name", "in": "query", "schema": {"type": "string"}}},
    },
    "paths": {
        "/people": {
            "get": {
                "operationId": "listPeople",
                "parameters": [{"$ref": "#/components/parameters/Name"}],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}}
                            }
                        }
                    }
                },
            },
            "post": {
                "operationId": "addPerson",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}},
                },
                "responses": {"201": {"content": {"application/json": {"schema": {"type": "object"}}}}},
            },
        },
        "/people/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "operationId": "getPerson",
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}}}
                },
            },
        },
        "/echo": {
            "put": {
                "operationId": "echo",
                "parameters": [
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                    {"name": "mode", "in": "query", "required": True, "schema": {"enum": ["a", "b"], "type": "string"}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
                "responses": {"201": {"description": "done"}},
            },
            "post": {
                "operationId": "pay",
                "parameters": [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}],
                "responses": {},
            },
        },
    },
}


def rows_as_json() -> list[dict[str, Any]]:
    """The people as JSON; what is null is left out, as APIs do."""
    rows = [
        {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in row.items()}
        for row in people()
    ]
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    events = [{"id": number, "note": "a note of some length"} for number in range(MANY)]
    async with serving(rows_as_json(), events) as server:
        yield server


def connector(url: str, **more: Any) -> HttpConnector:
    given: dict[str, Any] = {"connection": "crm", "type": "http", "url": url}
    given |= {"auth": BearerAuth(bearer="secret://env/TOKEN"), "paging": Paging(by="link")}
    spec = HttpConnection(**(given | more))
    return HttpConnector(spec, operations(DOCUMENT), Secrets({"TOKEN": TOKEN}, Path()), SystemClock())


@dataclass
class HttpWorld(World):
    server: HttpServer | None = None

    def everything(self) -> Request:
        return Request("request", {"path": "/people"}, COLUMNS)

    def named(self, name: str) -> Request:
        return Request("request", {"path": "/people", "query": {"name": name}}, COLUMNS)

    def many(self) -> Request:
        return Request("request", {"path": "/events/link"})

    def unknown_table(self) -> tuple[Request, str]:
        return Request("request", {"path": "/peple"}), "/peple"

    async def slow(self) -> Request:
        assert self.server
        self.server.wait = 20
        return self.everything()

    async def busy(self) -> int:
        assert self.server
        return self.server.busy

    async def down(self) -> HttpConnector:
        return connector("http://127.0.0.1:1/api")


class TestRequests(ConnectorContract):
    @pytest.fixture
    async def world(self, server: HttpServer) -> AsyncIterator[World]:
        world = HttpWorld(connector(server.url), canary=TOKEN, server=server)
        yield world
        await world.connector.close()


class TestOperations(ConnectorContract):
    """The same through operations of an OpenAPI document."""

    @pytest.fixture
    async def world(self, server: HttpServer) -> AsyncIterator[World]:
        class Operations(HttpWorld):
            def everything(self) -> Request:
                return Request("listPeople", {}, COLUMNS)

            def named(self, name: str) -> Request:
                return Request("listPeople", {"name": name}, COLUMNS)

        world = Operations(connector(server.url), canary=TOKEN, server=server)
        yield world
        await world.connector.close()

    async def test_describe_shows_what_reading_operations_give(self, world: World) -> None:
        tables = await world.connector.describe()
        assert sorted(tables) == ["getPerson", "listPeople"]
        assert tables["listPeople"]["id"] == FoundColumn("string", nullable=False)
        assert tables["listPeople"]["seen"] == FoundColumn("timestamp", nullable=True)


@pytest.fixture
async def crm(server: HttpServer) -> AsyncIterator[Limited]:
    around = Limited(connector(server.url), Limits(bytes=100_000), SystemClock())
    yield around
    await around.close()


async def get(around: Limited, path: str = "/people", **more: Any) -> list[dict[str, Any]]:
    frame, _ = await around.fetch("request", {"path": path, **more}, Call())
    return [dict(row) for row in frame.rows]


@pytest.mark.parametrize(
    ("path", "paging"),
    [
        ("/events/link", {"by": "link"}),
        ("/events/cursor", {"by": "cursor", "items": "data.items", "cursor": "meta.next"}),
        ("/events/offset", {"by": "offset", "parameter": "offset", "size_parameter": "limit", "size": 1000}),
    ],
    ids=["link", "cursor", "offset"],
)
async def test_every_page_is_read_once(crm: Limited, server: HttpServer, path: str, paging: dict[str, Any]) -> None:
    rows = await get(crm, path, paging=paging)
    assert [row["id"] for row in rows] == list(range(MANY))
    assert len(set(server.paths())) == len(server.paths())


async def test_without_paging_a_further_page_is_told(server: HttpServer) -> None:
    around = Limited(connector(server.url, paging=None), Limits(), SystemClock())
    frame, facts = await around.fetch("request", {"path": "/events/link"}, Call())
    assert len(frame) < MANY
    assert any("further pages" in note for note in facts.notes)
    await around.close()


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ({"id": "p-1"}, [{"id": "p-1"}]),
        ([1, "two", None], [{"value": 1}, {"value": "two"}, {"value": None}]),
        (7, [{"value": 7}]),
        ([], []),
        ({"data": [{"a": 1}]}, [{"data": [{"a": 1}]}]),
    ],
    ids=["object", "scalars", "scalar", "empty", "wrapped"],
)
async def test_what_reads_always_gives_rows(
    crm: Limited, server: HttpServer, value: Any, rows: list[dict[str, Any]]
) -> None:
    server.answers = [lambda: json(value)]
    assert await get(crm) == rows


async def test_items_names_the_list_inside_an_answer(crm: Limited, server: HttpServer) -> None:
    server.answers = [lambda: json({"data": {"rows": [{"a": 1}]}}), lambda: json({"data": 1})]
    assert await get(crm, items="data.rows") == [{"a": 1}]
    with pytest.raises(Broken, match=r"no list at `data\.rows`"):
        await get(crm, items="data.rows")


@pytest.mark.parametrize(
    ("answers", "paging", "says"),
    [
        ([[{"a": 1}]] * 3, {"by": "offset", "parameter": "offset"}, "ignores `offset`"),
        ([{"x": [1], "next": "c"}] * 3, {"by": "cursor", "items": "x", "cursor": "next"}, "twice"),
    ],
    ids=["offset", "cursor"],
)
async def test_paging_that_goes_in_a_circle_is_broken(
    crm: Limited, server: HttpServer, answers: list[Any], paging: dict[str, Any], says: str
) -> None:
    server.answers = [lambda value=value: json(value) for value in answers]  # type: ignore[misc]
    with pytest.raises(Broken, match=says):
        await get(crm, paging=paging)


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (lambda: json({"detail": "no such field: nme"}, 400), Refused, "GET /api/people answered 400: no such field: nme."),
        (lambda: json({"error": {"message": "bad"}}, 422), Refused, "422: bad"),
        (lambda: json([{"message": "first", "errorCode": "X"}], 400), Refused, "400: first"),
        (lambda: raw(b"<html>oops</html>", 404, "text/html"), Refused, "answered 404."),
        (lambda: json({"message": f"token {TOKEN} expired"}, 401), Broken, r"token \*\*\* expired.*credential"),
        (lambda: json({}, 403), Broken, "may not do this"),
        (lambda: json({}, 429, Retry_After="7"), Later, "429"),
        (lambda: json({}, 500), Later, "500"),
        (lambda: json({}, 503), Later, "503"),
        (lambda: json({}, 408), Later, "408"),
        (lambda: raw(b'{"rows": [1, 2'), Later, "half a JSON"),
        (lambda: raw(b"[1, NaN]"), Later, "half a JSON"),
        (lambda: raw(b"\xff\xfe garbage"), Later, "no JSON"),
        (lambda: raw(b"[" * 5_000), Later, "half a JSON"),
        (lambda: raw(b"<html>log in</html>", 200, "text/html"), Broken, "a web page, not JSON"),
        (lambda: raw(b"\x1f\x8b\x08broken", Content_Encoding="gzip"), Later, "half a body"),
        (lambda: raw(b"[]", Content_Encoding="br"), Later, "nobody asked for"),
        (lambda: bomb(50_000_000), Refused, r"limits\.bytes"),
        (lambda: raw(b"[" + b" " * 200_000 + b"]"), Refused, r"limits\.bytes"),
        (lambda: raw(b"", 302, Location="http://other.example/api/people"), Broken, "redirected to http://other.example"),
        (lambda: raw(b"", 302, Location="/elsewhere"), Broken, "redirected"),
        (lambda: json([{"a": 1}], Link='<http://other.example/x>; rel="next"'), Broken, "leads out of"),
        (lambda: json([{"a": 1}], Link='</api/%2e%2e/x>; rel="next"'), Broken, "leads out of"),
    ],
)  # fmt: skip
async def test_what_goes_wrong_is_told_by_what_must_be_done(
    crm: Limited, server: HttpServer, answer: Callable[[], web.Response], kind: type[Fault], says: str
) -> None:
    server.answers = [answer]
    around = Limited(connector(server.url, limits=Limits(bytes=100_000)), Limits(), SystemClock())
    with pytest.raises(kind, match=says) as caught:
        await get(around)
    assert type(caught.value) is kind
    assert caught.value.sentence.startswith("connection crm: ")
    assert TOKEN not in caught.value.sentence
    await around.close()


@pytest.mark.parametrize(
    ("header", "delay"),
    [
        ("7", 7.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        ("soon", None),
        ("9" * 30, 86400.0),
    ],
    ids=["seconds", "date", "nonsense", "huge"],
)
async def test_retry_after_is_told(server: HttpServer, header: str, delay: float | None) -> None:
    spec = HttpConnection(connection="crm", type="http", url=server.url)
    crm = HttpConnector(spec, {}, Secrets({}, Path()), FixedClock(NOW))
    server.answers = [lambda: json({}, 429, Retry_After=header)]
    with pytest.raises(Later) as caught:
        await get(Limited(crm, Limits(), SystemClock()))
    assert caught.value.delay == delay
    assert caught.value.status == 429
    await crm.close()


@pytest.mark.parametrize("answer", [gzipped, lambda v: deflated(v, bare=False), lambda v: deflated(v, bare=True)])
async def test_compressed_answers_are_read(crm: Limited, server: HttpServer, answer: Callable[[Any], Any]) -> None:
    rows = [{"a": number, "b": "x" * 50} for number in range(500)]
    server.answers = [lambda: answer(rows)]
    assert await get(crm) == rows


async def test_a_redirect_under_the_base_is_followed(crm: Limited, server: HttpServer) -> None:
    server.answers = [lambda: raw(b"", 307, Location="/api/people/p-000")]
    assert (await get(crm, "/moved"))[0]["id"] == "p-000"


async def test_what_did_not_change_is_not_sent_again(crm: Limited, server: HttpServer) -> None:
    server.answers = [lambda: json([{"a": 1}], ETag='"v1"', Age="60"), lambda: raw(b"", 304), lambda: json([{"a": 2}])]
    assert await get(crm) == [{"a": 1}]
    assert await get(crm) == [{"a": 1}]
    assert server.last().headers["If-None-Match"] == '"v1"'
    assert await get(crm) == [{"a": 2}]


async def test_the_age_of_a_cached_answer_is_told(crm: Limited, server: HttpServer) -> None:
    server.answers = [lambda: json([], Age="3600")]
    _, facts = await crm.fetch("request", {"path": "/people"}, Call())
    assert facts.as_of
    age = datetime.now(UTC) - datetime.fromisoformat(facts.as_of)
    assert timedelta(seconds=3590) < age < timedelta(seconds=3660)


@pytest.mark.parametrize(
    "path",
    ["//other.example/x", "http://other.example/x", "../admin", "/a/../../admin", "/a/./b", "/x?y=1", "/x#y", "/a\\..\\b", "/a\nb"],
)  # fmt: skip
async def test_a_path_that_leads_elsewhere_is_refused(crm: Limited, server: HttpServer, path: str) -> None:
    with pytest.raises(Refused, match="path is not allowed"):
        await get(crm, path)
    assert server.seen == []


async def test_an_encoded_way_up_stays_text(crm: Limited, server: HttpServer) -> None:
    with pytest.raises(Refused, match="404"):
        await get(crm, "/%2e%2e/admin")
    assert server.last().raw_path == "/api/%252e%252e/admin"


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (BearerAuth(bearer="secret://env/TOKEN"), "Authorization", f"Bearer {TOKEN}"),
        (BasicAuth(user="u", password="secret://env/TOKEN"), "Authorization", "Basic dTpjYW5hcnktSHR0cC85OSt0b2tlbg=="),
        (HeaderAuth(header="X-Api-Key", value="secret://env/TOKEN"), "X-Api-Key", TOKEN),
    ],
    ids=["bearer", "basic", "header"],
)
async def test_requests_prove_who_sends_them(server: HttpServer, auth: Any, header: str, value: str) -> None:
    around = Limited(connector(server.url, auth=auth, headers={"X-Team": "sales"}), Limits(), SystemClock())
    await get(around, headers={"X-Trace": "t"})
    assert server.last().headers[header] == value
    assert (server.last().headers["X-Team"], server.last().headers["X-Trace"]) == ("sales", "t")
    for barred in (header.lower(), "Host", "Cookie"):
        with pytest.raises(Refused, match="own"):
            await get(around, headers={barred: "x"})
    with pytest.raises(Refused):
        await get(around, headers={"X-Split": "a\r\nX-Evil: b"})
    await around.close()


async def test_a_write_sends_json_and_its_key(crm: Limited, server: HttpServer) -> None:
    args = {"method": "post", "path": "/echo", "body": {"day": NOW.date(), "name": "Zoë"}, "query": {"a": [1, True]}}
    answer = await crm.write("send", args, Call(key="run:step:1"))
    assert answer == {"method": "POST", "body": {"day": "2026-11-20", "name": "Zoë"}}
    assert server.last().headers["Idempotency-Key"] == "run:step:1"
    assert server.last().path_qs == "/api/echo?a=1&a=true"


async def test_a_read_has_no_key(crm: Limited, server: HttpServer) -> None:
    await crm.fetch("request", {"path": "/people"}, Call(key="run:step"))
    assert "Idempotency-Key" not in server.last().headers


def test_effects_follow_what_the_system_promises(server: HttpServer) -> None:
    actions = connector("http://127.0.0.1:1").actions
    assert {name: action.effect for name, action in actions.items()} == {
        "request": "none",
        "send": "once",
        "listPeople": "none",
        "getPerson": "none",
        "addPerson": "once",
        "echo": "native",
        "pay": "native",
    }


@pytest.mark.parametrize(
    ("action", "args", "answer", "kind"),
    [
        ("addPerson", ADDED, lambda: json({}, 500), Uncertain),
        ("addPerson", ADDED, lambda: json({}, 503), Later),
        ("addPerson", ADDED, lambda: raw(b"{", 201), Uncertain),
        ("addPerson", ADDED, lambda: raw(b"<html>log in</html>", 200, "text/html"), Uncertain),
        ("addPerson", ADDED, lambda: bomb(2**27), Uncertain),
        ("addPerson", ADDED, lambda: raw(b"", 303, Location="/api/done"), Uncertain),
        ("addPerson", ADDED, lambda: raw(b"", 307, Location="/api/there"), Broken),
        ("addPerson", ADDED, lambda: json({}, 400), Refused),
        ("addPerson", ADDED, lambda: raw(bomb(2**27).body, 400, Content_Encoding="gzip"), Refused),
        ("pay", {}, lambda: json({}, 500), Later),
        ("echo", {"mode": "a"}, lambda: json({}, 500), Later),
        ("echo", {"mode": "a"}, lambda: raw(b"{", 201), Broken),
    ],
    ids=[
        "once-500",
        "once-503",
        "once-garbled",
        "once-page",
        "once-too-long",
        "once-see-other",
        "once-elsewhere",
        "once-400",
        "once-400-too-long",
        "keyed-500",
        "put-500",
        "put-garbled",
    ],
)
async def test_a_write_of_unknown_fate_is_not_for_later(
    crm: Limited, server: HttpServer, action: str, args: Any, answer: Callable[[], web.Response], kind: type[Fault]
) -> None:
    server.answers = [answer]
    with pytest.raises(kind) as caught:
        await crm.write(action, args, Call(key="k"))
    assert type(caught.value) is kind


@pytest.mark.parametrize(("action", "kind"), [("addPerson", Uncertain), ("pay", DeadlinePassed)])
async def test_a_write_that_is_too_slow(server: HttpServer, action: str, kind: type[Fault]) -> None:
    server.wait = 5
    around = Limited(connector(server.url), Limits(timeout=0.3), SystemClock())
    args = ADDED if action == "addPerson" else {}
    with pytest.raises(kind):
        await around.write(action, args, Call())
    await around.close()


@pytest.mark.parametrize(
    ("action", "args", "says"),
    [
        ("getPerson", {"id": ".."}, "one part of a path"),
        ("getPerson", {"id": "a/b"}, "one part of a path"),
        ("getPerson", {"id": 5}, "`id` must be a string"),
        ("getPerson", {}, "needs `id`"),
        ("getPerson", {"id": "x", "nme": 1}, "takes no `nme`"),
        ("listPeople", {"name": ["x"]}, "`name` must be a string"),
    ],
)
async def test_arguments_of_an_operation_are_checked(
    crm: Limited, server: HttpServer, action: str, args: dict[str, Any], says: str
) -> None:
    with pytest.raises(Refused, match=says):
        await crm.fetch(action, args, Call())
    assert server.seen == []


@pytest.mark.parametrize(
    ("action", "args", "says"),
    [
        ("addPerson", {"body": {"id": "1"}}, "`body` lacks `name`"),
        ("addPerson", {"body": {"id": "1", "name": 2}}, r"`body\.name` must be a string"),
        ("addPerson", {"body": [1]}, "`body` must be an object"),
        ("echo", {"mode": "c"}, "one of a, b"),
        ("echo", {"mode": "a", "body": {"x": float("nan")}}, "not finite"),
        ("send", {"method": "GET", "path": "/x"}, "`request` reads"),
    ],
)
async def test_bodies_are_checked(crm: Limited, server: HttpServer, action: str, args: Any, says: str) -> None:
    with pytest.raises(Refused, match=says):
        await crm.write(action, args, Call())
    assert server.seen == []


async def test_an_operation_that_gives_one_object_is_one_row(crm: Limited) -> None:
    columns = (Column("id", STRING), Column("joined", STRING.or_null()))
    frame, _ = await crm.fetch("getPerson", {"id": "p-002"}, Call(columns=columns))
    assert frame.rows == [{"id": "p-002", "joined": None}]


async def test_a_link_that_breaks_under_a_write_leaves_its_fate_open() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as cutting:
        around = Limited(connector(f"http://127.0.0.1:{cutting.sockets[0].getsockname()[1]}"), Limits(), SystemClock())
        with pytest.raises(Uncertain, match="Whether it was done is not known"):
            await around.write("addPerson", ADDED, Call(key="k"))
        with pytest.raises(Later):
            await around.write("pay", {}, Call(key="k"))
        await around.close()


async def test_a_link_that_breaks_midway_is_for_later() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[{")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as cutting:
        around = Limited(connector(f"http://127.0.0.1:{cutting.sockets[0].getsockname()[1]}"), Limits(), SystemClock())
        with pytest.raises(Later, match="half a body"):
            await get(around)
        await around.close()

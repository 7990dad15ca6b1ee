"""The HTTP door, over a real socket: flows as routes, questions, runs, and every kind of bad request."""

import asyncio
import io
import json
import os
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from openapi_spec_validator import validate
from tests.projects import running

from pointsman.doors.api.app import application
from pointsman.sandbox.serve import serve

FLOW = """
flow: it
title: Orders from an amount
input: {least: {type: number, default: 0, minimum: 0}, wait: {type: number, default: 0}}
doors: {http: {}, ask: [orders]}
steps:
  orders:
    call: shop.query
    with: {sql: "SELECT id, amount FROM orders WHERE amount >= :least", params: {least: "${{ input.least }}"}}
  wait: {python: "functions:wait", with: {seconds: "${{ input.wait }}"}}
reply: {orders: {from: orders}, waited: "${{ wait }}"}
"""
HIDDEN = 'flow: hidden\nsteps:\n  a: {python: "functions:wait", with: {seconds: 0}}\nreply: {a: "${{ a }}"}\n'
FAILS = 'flow: fails\ndoors: {http: {}}\nsteps:\n  good: {call: shop.query, with: {sql: "SELECT id FROM orders"}}\n  bad: {python: "functions:fail", with: {kind: "${{ input.kind }}", rows: "${{ good }}"}}\ninput: {kind: string}\nreply: {good: {from: good}, bad: "${{ bad }}"}\n'
FUNCTIONS = """
import asyncio
from pointsman.errors import Broken, Later, Refused

stopped = []

async def wait(seconds):
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        stopped.append(seconds)
        raise
    return seconds

def fail(kind, rows):
    if kind == "refused":
        raise Refused("the month is closed.", way_out="Ask for another.")
    if kind == "later":
        raise Later("the ledger is busy.", delay=7)
    if kind == "broken":
        raise Broken("the ledger's key was refused.")
    raise ZeroDivisionError("x")
"""


@asynccontextmanager
async def door(root: Path):
    async with (
        running(root, FLOW, functions_py=FUNCTIONS, flows__hidden_yaml=HIDDEN, flows__fails_yaml=FAILS) as pointsman,
        serve(application(pointsman, [])) as address,
        aiohttp.ClientSession(address) as client,
    ):
        yield client, pointsman


async def test_a_flow_is_a_route_and_answers_with_the_envelope(tmp_path):
    async with door(tmp_path) as (client, _), client.post("/flows/it", json={"least": 15}) as response:
        answer = await response.json()
        assert response.status == 200
        assert response.headers["x-run-id"] == answer["run"]
        assert answer["result"] == {"orders": [{"id": 2, "amount": 20.5}, {"id": 3, "amount": 30.0}], "waited": 0}
        assert list(answer) == ["run", "flow", "version", "title", "reading", "result", "sources", "models", "degraded", "since", "approvals", "cost"]  # fmt: skip
        async with client.post("/flows/it/v1", json={}) as again:
            assert again.status == 200


async def test_its_openapi_document_is_valid_and_types_the_input_and_the_reply(tmp_path):
    async with door(tmp_path) as (client, _), client.get("/openapi.json") as response:
        document = await response.json()
    validate(document)
    assert set(document["paths"]) == {"/flows/it", "/flows/fails", "/api/ask"}
    operation = document["paths"]["/flows/it"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["least"] == {"type": "number", "minimum": 0.0, "default": 0}
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    orders = answer["properties"]["result"]["properties"]["orders"]
    assert orders["items"]["properties"] == {"id": {"type": "integer"}, "amount": {"type": ["number", "null"]}}


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        pytest.param("/flows/it", b"{", 400, "the body is not JSON", id="half a JSON"),
        pytest.param("/flows/it", b'{"least": NaN}', 400, "the body is not JSON", id="NaN"),
        pytest.param("/flows/it", b"[1]", 400, "must be a JSON object, got a list", id="not an object"),
        pytest.param(
            "/flows/it", b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "nested too deeply", id="deep nesting"
        ),
        pytest.param("/flows/it", b'"' + b"x" * 1_100_000 + b'"', 413, "larger than", id="over-long"),
        pytest.param("/flows/it", b"\xff\xfe", 400, "the body is not JSON", id="not UTF-8"),
        pytest.param(
            "/flows/it", b'{"least": "a"}', 422, "`least` must be a number, got the text 'a'.", id="wrong type"
        ),
        pytest.param("/flows/it", b'{"lest": 1}', 422, "Did you mean `least`?", id="unknown field"),
        pytest.param(
            "/flows/it",
            b'{"least": 1e400}',
            422,
            "`least` holds a number that is too large",
            id="a number out of range",
        ),
        pytest.param("/flows/it", b'{"least": ' + b"9" * 5000 + b"}", 400, "a number that is too long", id="digits"),
        pytest.param("/flows/it", b'{"least": 1, "least": 2}', 400, "holds 'least' twice", id="a name twice"),
        pytest.param("/flows/it", b'{"least": {"a": 1, "\\u0061": 2}}', 400, "holds 'a' twice", id="twice, escaped"),
        pytest.param("/flows/it", b'{"\\ud800": 1}', 422, "is not a known field", id="half a character as a name"),
        pytest.param("/flows/ti", b"{}", 404, "Flows: fails, it.", id="unknown flow"),
        pytest.param("/flows/hidden", b"{}", 404, "no flow named 'hidden' is open over HTTP", id="no HTTP door"),
        pytest.param("/flows/it/v2", b"{}", 404, "It is at version 1.", id="unknown version"),
        pytest.param(
            "/api/ask", b'{"question": 1}', 422, "`question` must be a text, got the number 1", id="no question"
        ),
        pytest.param("/api/ask", b"{}", 422, "`question` is missing", id="an empty question"),
        pytest.param("/api/ask", b'{"question": "\\ud83d"}', 422, "half of a character", id="half a character"),
        pytest.param("/api/ask", b'{"question": "a", "q": 1}', 422, "`q` is not a known field", id="more than asked"),
        pytest.param(
            "/api/ask", b'{"question": "what is the weather"}', 422, "Nearest", id="a question it cannot read"
        ),
        pytest.param("/nothing", b"{}", 404, "there is nothing at /nothing", id="unknown path"),
    ],
)
async def test_a_bad_request_is_refused_with_a_sentence(tmp_path, path, body, status, said):
    async with door(tmp_path) as (client, pointsman):
        async with client.post(path, data=io.BytesIO(body), headers={"content-type": "application/json"}) as response:
            problem = await response.json(content_type="application/problem+json")
            assert response.status == status
            assert problem["status"] == status
            assert said in problem["detail"]
        assert pointsman.engine.journal.newest() == []


async def test_a_body_that_is_not_json_is_refused_so_that_no_web_form_can_start_a_flow(tmp_path):
    async with door(tmp_path) as (client, _), client.post("/flows/it", data={"least": "1"}) as response:
        assert response.status == 415


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("refused", 422, "step bad: the month is closed. Ask for another."),
        ("later", 503, "step bad: the ledger is busy."),
        ("broken", 500, "step bad: the ledger's key was refused."),
        ("other", 500, "step bad: ZeroDivisionError: x"),
    ],
)
async def test_a_run_that_fails_keeps_what_it_has_and_names_what_is_missing(tmp_path, kind, status, said):
    async with door(tmp_path) as (client, _), client.post("/flows/fails", json={"kind": kind}) as response:
        problem = await response.json(content_type="application/problem+json")
        assert response.status == status
        assert problem["detail"].startswith(said)
        assert problem["result"] == {"good": [{"id": 1}, {"id": 2}, {"id": 3}]}
        assert len(problem["degraded"]) == 1
        assert response.headers["x-run-id"] == problem["run"]
        assert response.headers.get("retry-after") == ("7" if kind == "later" else None)
        async with client.get(problem["instance"]) as kept:
            run = await kept.json()
            assert (run["status"], run["error"]) == ("failed", problem["detail"])


async def test_a_caller_that_leaves_stops_the_run(tmp_path):
    async with door(tmp_path) as (client, pointsman):
        with pytest.raises(asyncio.TimeoutError):
            await client.post("/flows/it", json={"wait": 20}, timeout=aiohttp.ClientTimeout(total=0.2))
        for _ in range(100):
            if pointsman.engine.journal.newest()[0].status == "cancelled":
                break
            await asyncio.sleep(0.02)
        assert pointsman.engine.journal.newest()[0].error == "the caller left"
        assert pointsman.services.function("functions:wait").__globals__["stopped"] == [20]


async def test_runs_are_listed_newest_first_and_page(tmp_path):
    async with door(tmp_path) as (client, _):
        ids = []
        for _ in range(3):
            async with client.post("/flows/it", json={}) as response:
                ids.append((await response.json())["run"])
        async with client.get("/api/runs?limit=2") as response:
            first = [run["run"] for run in (await response.json())["runs"]]
        async with client.get(f"/api/runs?before={first[-1]}&flow=it") as response:
            rest = [run["run"] for run in (await response.json())["runs"]]
        assert first + rest == ids[::-1]
        async with client.get("/api/runs/unknown") as response:
            assert response.status == 404


@pytest.mark.skipif(
    not (Path(os.environ.get("POINTSMAN_DATA", "../shared/data")) / "attacks/json").is_dir(),
    reason="the JSON attack files are not here; set POINTSMAN_DATA",
)
async def test_no_json_file_makes_a_server_error(tmp_path):
    files = sorted((Path(os.environ.get("POINTSMAN_DATA", "../shared/data")) / "attacks/json").rglob("*.json"))
    assert len(files) > 200
    async with door(tmp_path) as (client, _):
        for file in files:
            headers = {"content-type": "application/json"}
            async with client.post("/flows/it", data=file.read_bytes(), headers=headers) as response:
                body = await response.read()
                assert response.status in (200, 400, 413, 422), (file.name, response.status)
                json.loads(body)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"content-type": ""}, 415, id="no content type, as a page's no-cors request"),
        pytest.param({"content-type": "application/json", "origin": "http://evil.example"}, 403, id="another origin"),
        pytest.param({"content-type": "application/json", "sec-fetch-site": "cross-site"}, 403, id="another site"),
        pytest.param({"content-type": "application/json", "sec-fetch-site": "same-site"}, 403, id="another port"),
        pytest.param({"content-type": "application/json", "sec-fetch-site": "same-origin"}, 200, id="our own page"),
    ],
)
async def test_a_page_of_another_site_can_start_nothing(tmp_path, headers, status):
    async with door(tmp_path) as (client, pointsman):
        async with client.post("/flows/it", data=io.BytesIO(b"{}"), headers=headers) as response:
            assert response.status == status
        assert len(pointsman.engine.journal.newest()) == (status == 200)


@pytest.mark.parametrize("limit", ["0", "501", "abc", "9" * 5000, "-1", ""])
async def test_a_limit_that_is_none_is_refused(tmp_path, limit):
    async with door(tmp_path) as (client, _), client.get(f"/api/runs?limit={limit}") as response:
        assert response.status == 422

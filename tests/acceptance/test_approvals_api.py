"""People decide over HTTP: on exactly what they saw, once; the run goes on; nothing that was not approved is sent."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
from tests.projects import shop

from pointsman.assemble import assemble
from pointsman.clock import SystemClock
from pointsman.doors.api.app import application
from pointsman.journal.key_file import open_key_file
from pointsman.journal.sqlite import SqliteJournal
from pointsman.sandbox.serve import serve

FLOW = """
flow: it
durable: true
doors: {http: {}}
steps:
  rows: {call: shop.query, with: {sql: "SELECT id FROM orders ORDER BY id"}}
  drafts: {each: rows, as: row, key: "${{ row.id }}", python: "functions:draft", with: {x: "${{ row.id }}"}, returns: {type: object, fields: {text: string}}}
  approval: {approve: drafts, by: "role:manager", within: 3d}
  send: {each: approval.approved, as: draft, key: "${{ draft.key }}", python: "functions:send", with: {text: "${{ draft.value.text }}"}}
reply: {drafts: {from: drafts.ok}}
"""
FUNCTIONS = """
sent = []
def draft(x):
    return {"text": f"text {x}"}
def send(text):
    sent.append(text)
"""


@asynccontextmanager
async def door(root):
    journal = SqliteJournal(root / "journal.db", open_key_file(root / "journal.key"), SystemClock())
    examined = shop(root, FLOW, functions_py=FUNCTIONS)
    async with (
        assemble(examined, root, environ={}, journal=journal) as pointsman,
        serve(application(pointsman, [])) as address,
        aiohttp.ClientSession(address) as client,
    ):
        working = asyncio.create_task(pointsman.durable.work())
        try:
            yield client, pointsman
        finally:
            working.cancel()


async def get(client, path):
    async with client.get(path) as response:
        return await response.json()


async def post(client, path, body, status=200):
    async with client.post(path, json=body) as response:
        assert response.status == status, await response.text()
        return await response.json(content_type=None)


async def until(condition):
    for _ in range(400):
        if await condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


async def waiting(client, run):
    found = []

    async def three():
        found[:] = (await get(client, f"/api/approvals?run={run}"))["approvals"]
        return len(found) == 3

    await until(three)
    return {item["key"]: item for item in found}


async def test_approve_edit_and_reject(tmp_path):
    async with door(tmp_path) as (client, pointsman):
        run = (await post(client, "/flows/it", {}))["run"]
        items = await waiting(client, run)
        one = await get(client, f"/api/approvals/{items['1']['id']}")
        assert one == items["1"]
        decided = await post(client, f"/api/approvals/{one['id']}", {"choice": "approve", "hash": one["hash"]})
        assert (decided["decision"], decided["decided_by"]) == ("approved", "local")
        edited = await post(
            client, f"/api/approvals/{items['2']['id']}", {"choice": "approve", "edit": {"text": "kinder"}}
        )
        assert edited["edit"] == {"text": {"from": "text 2", "to": "kinder"}}
        await post(client, f"/api/approvals/{items['3']['id']}", {"choice": "reject", "reason": "no"})

        async def done():
            return (await get(client, f"/api/runs/{run}"))["status"] == "done"

        await until(done)
        sent = pointsman.services.function("functions:send").__globals__["sent"]
        assert sorted(sent) == ["kinder", "text 1"]
        assert (await get(client, "/api/approvals"))["approvals"] == []


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        pytest.param({"choice": "maybe"}, 422, "maybe", id="no such choice"),
        pytest.param({}, 422, "choice", id="no choice"),
        pytest.param({"choice": "approve", "hash": "x"}, 422, "hash", id="a hash that is none"),
        pytest.param({"choice": "approve", "hash": "0" * 64}, 409, "changed since you saw it", id="not what was seen"),
        pytest.param({"choice": "approve", "edit": {"nothing": "x"}}, 422, "no field 'nothing'", id="an unknown field"),
    ],
)
async def test_a_bad_decision_changes_nothing(tmp_path, body, status, said):
    async with door(tmp_path) as (client, pointsman):
        run = (await post(client, "/flows/it", {}))["run"]
        items = await waiting(client, run)
        problem = await post(client, f"/api/approvals/{items['1']['id']}", body, status)
        assert said in problem["detail"]
        assert await waiting(client, run) == items
        assert pointsman.services.function("functions:send").__globals__["sent"] == []


async def test_a_second_decision_is_told_of_the_first(tmp_path):
    async with door(tmp_path) as (client, _):
        run = (await post(client, "/flows/it", {}))["run"]
        item = (await waiting(client, run))["1"]
        await post(client, f"/api/approvals/{item['id']}", {"choice": "reject"})
        problem = await post(client, f"/api/approvals/{item['id']}", {"choice": "approve"}, 409)
        assert problem["detail"] == "it was rejected already by local."
        assert (await client.get("/api/approvals/unknown")).status == 404


async def test_the_same_idempotency_key_is_the_same_run(tmp_path):
    async with door(tmp_path) as (client, _):
        runs = []
        for _ in range(2):
            async with client.post("/flows/it", json={}, headers={"idempotency-key": "k1"}) as response:
                runs.append((await response.json())["run"])
        assert runs[0] == runs[1]


async def test_a_run_is_cancelled_and_retried(tmp_path):
    async with door(tmp_path) as (client, _):
        run = (await post(client, "/flows/it", {}))["run"]
        await waiting(client, run)
        assert (await post(client, f"/api/runs/{run}/cancel", {}))["status"] == "cancelled"
        assert (await get(client, "/api/approvals"))["approvals"] == []
        await post(client, f"/api/runs/{run}/cancel", {}, 409)
        await post(client, f"/api/runs/{run}/retry", {})
        await waiting(client, run)
        await post(client, "/api/runs/unknown/cancel", {}, 404)


async def test_runs_of_the_journal_are_listed_with_their_steps(tmp_path):
    async with door(tmp_path) as (client, _):
        run = (await post(client, "/flows/it", {}))["run"]
        await waiting(client, run)

        async def parked():
            return (await get(client, f"/api/runs/{run}"))["status"] == "waiting"

        await until(parked)
        shown = await get(client, f"/api/runs/{run}")
        steps = {step["name"]: (step["status"], step["rows"]) for step in shown["steps"]}
        assert steps["rows"] == ("done", 3)
        assert steps["drafts"] == ("done", 3)
        assert steps["approval"][0] == "waiting"
        assert [one["run"] for one in (await get(client, "/api/runs?status=waiting"))["runs"]] == [run]

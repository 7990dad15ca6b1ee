"""The command line as people and scripts use it: a process, its output, its exit code."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from tests.projects import SHOP, write

POINTSMAN = Path(sys.executable).with_name("pointsman")
FLOW = """
flow: it
title: Orders from an amount
input: {least: {type: number, default: 0}, who: {type: string, optional: true}}
doors: {http: {}, ask: [orders]}
steps:
  orders:
    call: shop.query
    with: {sql: "SELECT id, customer, amount FROM orders WHERE amount >= :least", params: {least: "${{ input.least }}"}}
reply: {orders: {from: orders}}
"""


def pointsman(*args, cwd=None, code=0, **environ):
    done = subprocess.run(
        [POINTSMAN, *args], cwd=cwd, capture_output=True, text=True, timeout=60, env={**os.environ, **environ}
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def project(tmp_path):
    return write(tmp_path / "shop", {**SHOP, "flows/it.yaml": FLOW}) if (tmp_path / "shop").mkdir() is None else None


def test_the_demo_answers_as_one_json_object(tmp_path):
    answer = json.loads(pointsman("demo", "--json", cwd=tmp_path).stdout)
    customers, drafts = answer["result"]["customers"], answer["result"]["drafts"]
    assert len(customers) == len(drafts) > 5
    assert all(0.25 <= row["probability"] <= 1 and row["reasons"] for row in customers)
    assert {draft["source"] for draft in drafts} == {"template"}
    assert {line["connection"] for line in answer["sources"]} == {"crm", "analytics", "billing"}
    assert answer["degraded"] == []
    assert answer["reading"]["input"]["region"] == "EMEA"
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_the_demo_ends_after_a_readable_answer(tmp_path):
    done = pointsman("demo", cwd=tmp_path)
    assert "Customers at risk of churn, with a drafted email each" in done.stdout
    assert "[draft from a template]" in done.stdout
    assert "Practice data" in done.stderr


def test_init_writes_a_project_that_checks(tmp_path):
    pointsman("init", "mine", cwd=tmp_path)
    assert "No mistakes" in pointsman("check", "mine", cwd=tmp_path).stderr
    again = pointsman("init", "mine", cwd=tmp_path, code=1)
    assert "is there already" in again.stderr


def test_check_shows_every_mistake_with_its_line_and_exits_1(project):
    flow = project / "flows/it.yaml"
    flow.write_text(flow.read_text().replace("call:", "cal:").replace("title:", "titel:"))
    done = pointsman("check", cwd=project, code=1)
    assert "--> flows/it.yaml:3:1" in done.stdout
    assert "did you mean `title`?" in done.stdout
    found = json.loads(pointsman("check", "--json", cwd=project, code=1).stdout)
    assert found["ok"] is False
    assert {"code", "message", "file", "line", "column", "help", "docs"} <= found["problems"][0].keys()


def test_run_prints_the_answer_and_takes_inputs(project):
    answer = json.loads(pointsman("run", "it", "-i", "least=15", "--json", cwd=project).stdout)
    assert [row["id"] for row in answer["result"]["orders"]] == [2, 3]
    assert "orders: 3" in pointsman("run", "it", cwd=project).stdout


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        pytest.param(["run", "ti"], 1, "no flow named 'ti'", id="unknown flow"),
        pytest.param(
            ["run", "it", "-i", "least=x"], 1, "`least` must be a number, got the text 'x'.", id="wrong input"
        ),
        pytest.param(["run", "it", "-i", "least"], 64, "an input is written name=value", id="input without a value"),
        pytest.param(["run", "it", "--input-file", "-"], 1, "not JSON", id="input file that is no JSON"),
        pytest.param(["rnu"], 64, "rnu", id="unknown verb"),
        pytest.param(["ask", "what is the weather"], 1, "orders", id="a question it cannot read"),
        pytest.param(["describe", "shpo"], 1, "Did you mean `shop`?", id="unknown connection"),
        pytest.param(["check", "nowhere"], 1, "there is no folder nowhere", id="no folder"),
        pytest.param(["check", "-e", "prdo"], 1, "no environment named", id="unknown environment"),
        pytest.param(["up", "--host", "0.0.0.0"], 1, "no authentication is set", id="serving to the network"),
        pytest.param(["demo", "-p", "."], 1, "has no practice systems", id="a demo of a project without practice"),
        pytest.param(["init", "x", "--template", "slaes"], 1, "Did you mean `sales`?", id="unknown template"),
    ],
)
def test_a_wrong_call_ends_with_a_sentence_and_a_code(project, args, code, said):
    done = pointsman(*args, cwd=project, code=code)
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    as_json = pointsman(*args, "--json", cwd=project, code=code)
    assert isinstance(json.loads(as_json.stdout), dict)


def test_a_system_that_is_down_ends_with_its_sentence(project):
    (project / "shop.db").unlink()
    done = pointsman("run", "it", cwd=project, code=69)
    assert "shop" in done.stderr
    assert "Traceback" not in done.stderr


def test_describe_writes_a_schema_and_keeps_labels(project):
    with sqlite3.connect(project / "shop.db") as link:
        link.execute("ALTER TABLE orders ADD COLUMN paid BOOLEAN")
    link.close()
    pointsman("describe", "shop", "--write", cwd=project)
    text = (project / "connections/shop.schema.yaml").read_text()
    assert "paid:" in text
    assert "label: personal.name" in text
    assert "No mistakes" in pointsman("check", cwd=project).stderr


def test_schema_writes_json_schemas(tmp_path):
    done = pointsman("schema", "--out", "schemas", cwd=tmp_path)
    files = [Path(line) for line in done.stdout.splitlines()]
    assert {file.stem for file in files} >= {"project", "connection", "model", "flow"}
    assert all(json.loads((tmp_path / file).read_text())["$schema"] for file in files)


def test_doctor_looks_and_enables_nothing(project):
    found = json.loads(pointsman("doctor", "--json", cwd=project, OPENAI_API_KEY="sk-canary-0123456789").stdout)
    assert found["ok"] is True
    said = {finding["about"]: finding["sentence"] for finding in found["findings"]}
    assert said["connection shop"]
    assert "not used until" in said["key"]
    assert "canary" not in json.dumps(found)


async def test_up_serves_until_it_is_told_to_stop(project):
    process = await asyncio.create_subprocess_exec(
        POINTSMAN, "up", "--port", "0", "--json", cwd=project, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    address = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))["address"]
    async with aiohttp.ClientSession() as client:
        async with client.post(f"{address}/flows/it", json={"least": 15}) as response:
            assert response.status == 200
        async with client.get(address) as page:
            assert page.status == 200
            assert "script-src 'self'" in page.headers["content-security-policy"]
        async with client.get(f"{address}/healthz", headers={"host": "evil.example"}) as rebound:
            assert rebound.status == 421
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 15) == 0

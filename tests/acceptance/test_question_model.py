"""Questions outside the grammar, read by the language model that the project names; inside it, no model is asked."""

import json

import pytest
from tests.chat_server import answer, chat_server
from tests.projects import running

from pointsman.errors import Fault, Refused
from pointsman.language.question import NotRead

FLOW = """
flow: it
title: Orders from an amount
input: {least: {type: number, default: 0, minimum: 0}, region: {type: string, enum: [EMEA, AMER]}, quarter: {type: quarter}}
doors: {ask: [orders]}
steps:
  orders: {call: shop.query, with: {sql: "SELECT id, amount FROM orders WHERE amount >= :least", params: {least: "${{ input.least }}"}}}
reply: {orders: {from: orders}}
"""
MODEL = """
model: reader
task: chat
endpoints: [{{name: double, url: "{url}", upstream: test-double, zone: inside}}]
"""


def asked(root, server, **more):
    return running(
        root, FLOW, project_yaml="project: shop\nquestions: reader\n", models__reader_yaml=MODEL.format(url=server.url)
    )


async def test_a_question_of_the_grammar_asks_no_model(tmp_path):
    async with chat_server() as server, asked(tmp_path, server) as pointsman:
        run = await pointsman.start_question("orders in EMEA in 2026-Q3", door="test")
        got = await run.answered()
        assert got["reading"]["by"] == "grammar"
        assert server.bodies == []


async def test_another_question_is_read_by_the_model_and_checked_as_any_input(tmp_path):
    async with chat_server() as server, asked(tmp_path, server) as pointsman:
        server.script += [
            answer(json.dumps({"flow": "it"})),
            answer(json.dumps({"least": 15, "region": "EMEA", "quarter": "2026-Q3"})),
        ]
        run = await pointsman.start_question("Which purchases over there were big last summer?", door="test")
        got = await run.answered()
        assert [row["id"] for row in got["result"]["orders"]] == [2, 3]
        assert got["reading"]["by"] == "model reader (test-double)"
        assert got["reading"]["input"] == {"least": 15, "region": "EMEA", "quarter": "2026-Q3"}
        texts = [request["messages"][-1]["content"] for request in server.bodies]
        assert "Which purchases over there were big last summer?" in texts[0]


async def test_a_question_that_no_flow_answers_is_refused_with_the_nearest_forms(tmp_path):
    async with chat_server() as server, asked(tmp_path, server) as pointsman:
        server.script.append(answer(json.dumps({"flow": "none"})))
        with pytest.raises(NotRead) as refused:
            await pointsman.start_question("What is the weather?", door="test")
        assert refused.value.nearest


async def test_what_the_model_leaves_out_is_refused_like_any_missing_input(tmp_path):
    async with chat_server() as server, asked(tmp_path, server) as pointsman:
        server.script += [answer(json.dumps({"flow": "it"})), answer(json.dumps({"region": "EMEA"}))] * 2
        with pytest.raises(Fault):
            await pointsman.start_question("Big purchases over there?", door="test")


async def test_without_such_a_model_the_question_is_refused(tmp_path):
    async with running(tmp_path, FLOW) as pointsman:
        with pytest.raises(Refused) as refused:
            await pointsman.start_question("Which purchases over there were big?", door="test")
        assert refused.value.status == 422

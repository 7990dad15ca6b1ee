"""The worked example when the language model misbehaves: the customers stay, the letters that came are kept, the others
are listed with the reason, and no key is told to anyone."""

from typing import Any

import aiohttp
import pytest
from tests.chat_server import USAGE, Reply, answer, chat_server, error
from tests.practice import files, in_good_order, practising, writer_at

from pointsman.doors.api.app import application
from pointsman.doors.api.body import to_json
from pointsman.sandbox.serve import serve

pytest_plugins = ["tests.practice_folder"]

LETTER = answer({"subject": "Your orders", "body": "Dear customer"})
ECHO = "your key canary-writer-Kq/7+key is not for this"
MODEL = {
    "is busy": ([error(429, "slow down", retry_after="7")], "it answered 429: slow down. Try again in 7 s."),
    "fails inside and tells our key": ([error(500, ECHO)], "it answered 500: your key *** is not for this. Try again later."),
    "fails and tells half of our key": ([error(500, "x" * 190 + ECHO)], "xyour key *. Try again later."),
    "refuses our key": ([error(401, ECHO)], "it refused our key (401), secret://env/WRITER_KEY. Check the endpoint's `key`."),
    "refuses the prompt": ([error(400, "too long")], "it refused the request (400): too long. Change the prompt"),
    "answers garbage": ([Reply([b"\x00\xff{]"])], "the answer is not whole JSON"),
    "answers a web page": ([Reply([b"<html>Sign in</html>"])], "the answer is not whole JSON: '<html>Sign in</html>'. Try again later."),
    "breaks off": ([Reply([b'{"choices": ['], length=500)], "the connection broke before the answer was whole. Try again"),
    "talks of something else": ([answer("What a lovely day")], "no valid answer in two tries: the answer is not JSON"),
    "gives other fields": ([answer({"subject": 5})], "`subject` must be a text, got the number 5."),
    "writes too much": ([answer({"subject": "x" * 500, "body": "y"})], "`subject` has 500 characters, at most 120 are allowed."),
    "will not": ([answer(None, refusal="I would rather not")], "the model refused: I would rather not. Change the prompt"),
    "sends elsewhere": ([Reply([b""], 302, {"location": "http://127.0.0.1:9/"})], "it answered 302: nothing. Check the endpoint's `url`."),
}  # fmt: skip


@pytest.mark.parametrize(("script", "says"), MODEL.values(), ids=MODEL.keys())
async def test_a_model_that(sales, script, says):
    before = files(sales)
    async with chat_server() as chat, practising(sales, overlay=writer_at(chat.url)) as practice:
        chat.script = list(script)
        run = practice.start()
        answered = await run.answered()
        told = practice.told(run.record)
    _says_that_no_letter_was_written(answered, says)
    in_good_order(told, practice, before)
    assert "canary" not in told


async def test_a_model_that_is_down(sales):
    async with practising(sales, overlay=writer_at("http://127.0.0.1:9/v1")) as practice:
        answered = await practice.ask()
    way_out = "Start it, or correct the endpoint's `url`."
    _says_that_no_letter_was_written(
        answered, f"http://127.0.0.1:9/v1 cannot be reached: nobody answers there. {way_out}"
    )


def _says_that_no_letter_was_written(answered: dict[str, Any], says: str) -> None:
    result = answered["result"]
    assert (len(result["customers"]), result["drafts"], len(result["failed"])) == (12, [], 12)
    for customer, item in zip(result["customers"], result["failed"], strict=True):
        assert item["key"] == customer["account_id"]
        assert item["error"].startswith("model writer, endpoint e1: ")
        assert says in item["error"]
    assert answered["degraded"] == ["drafts: 12 of 12 failed; they are listed with the reason."]
    assert answered["approvals"][0]["waiting"] == 0


async def test_the_second_endpoint_writes_when_the_first_is_down(sales):
    async with chat_server() as chat:
        chat.script = [LETTER]
        async with practising(sales, overlay=writer_at("http://127.0.0.1:9/v1", chat.url)) as practice:
            answered = await practice.ask()
    assert (len(answered["result"]["drafts"]), answered["degraded"]) == (12, [])
    (line,) = (line for line in answered["models"] if line["step"] == "drafts")
    assert line["endpoint"] == "e2"
    assert "nobody answers there" in line["detail"] and line["detail"].endswith("e2 answered")


@pytest.mark.parametrize("timeout", [False, True])
async def test_letters_that_fail_stand_beside_those_that_do_not(sales, timeout):
    bad = [Reply(LETTER.pieces, wait=30)] if timeout else [error(500, "boom"), Reply([b"garbage"])]
    if timeout:
        flow = sales / "flows/at_risk.yaml"
        flow.write_text(flow.read_text().replace("    on_error: collect\n", "    on_error: collect\n    timeout: 1s\n"))
    async with chat_server() as chat, practising(sales, overlay=writer_at(chat.url)) as practice:
        chat.script = [LETTER, LETTER, *bad, LETTER]
        answered = await practice.ask()
        await chat.until(lambda seen: seen.at_once == 0)
    result = answered["result"]
    assert (len(result["drafts"]), len(result["failed"])) == (12 - len(bad), len(bad))
    assert answered["degraded"] == [f"drafts: {len(bad)} of 12 failed; they are listed with the reason."]
    both = [item["key"] for item in (*result["drafts"], *result["failed"])]
    assert sorted(both) == sorted(row["account_id"] for row in result["customers"])
    assert chat.gone == (1 if timeout else 0)


@pytest.mark.parametrize(
    ("script", "answers"),
    [([answer("What a lovely day")], 24), ([answer(None, refusal="no")], 12), ([error(500, "boom")], 0)],
    ids=["two tries of no use", "a refusal", "no answer"],
)
async def test_answers_that_cannot_be_used_are_paid_for_too(sales, script, answers):
    async with chat_server() as chat, practising(sales, overlay=writer_at(chat.url)) as practice:
        chat.script = list(script)
        answered = await practice.ask()
    assert answered["result"]["drafts"] == []
    assert answered["cost"] == {
        "input_tokens": answers * USAGE["prompt_tokens"],
        "output_tokens": answers * USAGE["completion_tokens"],
        "dollars": pytest.approx(answers * (USAGE["prompt_tokens"] * 1 + USAGE["completion_tokens"] * 10) / 1e6),
    }


async def test_what_a_model_writes_stays_text(sales):
    letter = {
        "subject": "<script>alert(1)</script>",
        "body": "<img src=x onerror=alert(1)> {{ 7 * 7 }} ${{ input.region }}",
    }
    async with chat_server() as chat, practising(sales, overlay=writer_at(chat.url)) as practice:
        chat.script = [answer(letter)]
        run = practice.start()
        answered = await run.answered()
        async with (
            serve(application(practice.pointsman, [])) as address,
            aiohttp.ClientSession(address) as client,
            client.get(f"/api/runs/{run.record.id}") as response,
        ):
            kept = await response.json()
    assert [draft["value"] for draft in answered["result"]["drafts"]] == [letter] * 12
    assert [draft["value"] for draft in kept["answer"]["result"]["drafts"]] == [letter] * 12
    assert b"<script>" in to_json(answered)

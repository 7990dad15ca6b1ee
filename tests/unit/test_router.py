"""Which endpoint answers, and why; with real endpoints on loopback."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest
from tests import chat_server as double

from pointsman.clock import SystemClock
from pointsman.errors import Broken, DeadlinePassed, Later, Refused
from pointsman.inference import router
from pointsman.inference.port import Question
from pointsman.secrets import Secrets
from pointsman.spec.model import ChatModel, Endpoint

HELLO = Question("Say hello.")


@pytest.fixture
async def gpt():
    async with double.chat_server() as found:
        yield found


@pytest.fixture
async def local():
    async with double.chat_server() as found:
        found.script = [double.answer("Hello from local.")]
        yield found


@pytest.fixture
async def writer(gpt, local):
    found = model(gpt=gpt.url, local=local.url)
    yield found
    await found.close()


def model(**urls: str) -> router.Router:
    endpoints = tuple(Endpoint(name=name, url=url, upstream="test-double", zone="inside") for name, url in urls.items())
    return router.of_model(
        ChatModel(model="writer", task="chat", endpoints=endpoints), secrets=Secrets({}, Path()), clock=SystemClock()
    )


async def test_the_first_endpoint_answers_when_it_can(writer, gpt, local):
    gpt.script = [double.answer("Hello from gpt.")]
    written = await writer.write(HELLO)
    assert (written.value, written.endpoint, written.reason) == ({"text": "Hello from gpt."}, "gpt", "gpt answered")
    assert local.requests == 0


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        pytest.param(double.error(503, "busy"), "gpt: it answered 503: busy; local answered", id="Later"),
        pytest.param(double.error(404, "gone"), "gpt: it answered 404: gone; local answered", id="Broken"),
        pytest.param(double.error(401, "no"), "gpt: it refused our key (401), none was sent; local answered", id="key"),
    ],
)
async def test_the_next_endpoint_answers_and_the_reason_is_kept(writer, gpt, reply, why):
    gpt.script = [reply]
    written = await writer.write(HELLO)
    assert (written.value, written.endpoint, written.reason) == ({"text": "Hello from local."}, "local", why)


async def test_an_endpoint_that_is_away_is_passed_over(local):
    found = model(away="http://127.0.0.1:1/v1", local=local.url)
    assert (await found.write(HELLO)).endpoint == "local"
    await found.close()


async def test_a_refused_question_is_not_asked_elsewhere(writer, gpt, local):
    gpt.script = [double.error(400, "too long")]
    with pytest.raises(Refused, match="endpoint gpt: it refused the request"):
        await writer.write(HELLO)
    assert local.requests == 0


@pytest.mark.parametrize(
    ("first", "second", "kind", "status", "delay"),
    [
        pytest.param(
            double.error(500, "oops"), double.error(429, "wait", retry_after="7"), Later, 429, 7.0, id="both later"
        ),
        pytest.param(
            double.error(429, "wait", retry_after="7"),
            double.error(404, "gone"),
            Later,
            429,
            7.0,
            id="one later",
        ),
        pytest.param(double.error(404, "gone"), double.error(401, "no"), Broken, 502, None, id="none will work later"),
    ],
)
async def test_all_failed_tells_all_reasons(writer, gpt, local, first, second, kind, status, delay):
    gpt.script, local.script = [first], [second]
    with pytest.raises(kind, match=r"model writer: no endpoint answered. gpt: it .*; local: it ") as raised:
        await writer.write(HELLO)
    assert raised.value.status == status
    assert getattr(raised.value, "delay", None) == delay


async def test_the_only_endpoint_fails_with_its_own_fault(local):
    local.script = [double.error(503, "busy")]
    found = model(local=local.url)
    with pytest.raises(Later, match=r"^model writer, endpoint local: it answered 503: busy"):
        await found.write(HELLO)
    await found.close()


async def test_after_the_deadline_no_other_endpoint_is_asked(writer, gpt, local):
    gpt.script = [double.Reply(wait=20)]
    with pytest.raises(DeadlinePassed, match="endpoint gpt"):
        await writer.write(Question("Hello.", deadline=SystemClock().monotonic() + 0.1))
    assert local.requests == 0


async def test_calls_at_once_are_bounded_and_all_answered(local):
    local.script = [double.Reply(local.script[0].pieces, wait=0.02)]
    found = model(local=local.url)
    written = await asyncio.gather(*(found.write(HELLO) for _ in range(20)))
    assert len(written) == 20
    assert local.most_at_once == router.AT_ONCE == 8
    await found.close()


async def test_waiting_for_a_place_ends_at_the_deadline(local):
    local.script = [double.Reply(wait=20)]
    found = model(local=local.url)
    holding = [asyncio.create_task(found.write(HELLO)) for _ in range(8)]
    await local.until(lambda seen: seen.at_once == 8)
    with pytest.raises(DeadlinePassed, match="no place became free"):
        await found.write(Question("Hello.", deadline=SystemClock().monotonic() + 0.05))
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    await local.until(lambda seen: seen.gone == 8)
    await found.close()


async def test_a_stream_falls_over_before_its_first_text(writer, gpt, local):
    gpt.script = [double.error(503, "busy")]
    local.script = [double.sse([double.stream_bytes(["Hello", " there"])])]
    async with aclosing(writer.stream(HELLO)) as texts:
        assert [text async for text in texts] == ["Hello", " there"]


async def test_a_stream_that_breaks_after_its_first_text_is_not_begun_again(writer, gpt, local):
    gpt.script = [double.sse([double.stream_bytes(["Hello"], done=False)])]
    with pytest.raises(Later, match="endpoint gpt: the stream ended before its end mark"):
        async with aclosing(writer.stream(HELLO)) as texts:
            assert [text async for text in texts] == ["Hello"]
    assert local.requests == 0


async def test_leaving_a_stream_closes_it_at_the_endpoint(writer, gpt):
    gpt.script = [double.sse(double.cut(double.stream_bytes(["Hello"] * 50), 300), pause=0.01)]
    async with aclosing(writer.stream(HELLO)) as texts:
        assert await anext(texts) == "Hello"
    await gpt.until(lambda seen: seen.gone == 1)


async def test_a_model_without_endpoints_writes_from_the_template_or_says_what_is_missing():
    with pytest.raises(Refused, match="model writer has no endpoints, and the prompt has no `template`"):
        await model().write(HELLO)

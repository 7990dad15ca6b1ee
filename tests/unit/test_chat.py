"""Language models over the OpenAI wire: whole answers, streams, and everything that can go wrong on the way."""

import asyncio
import json
from contextlib import aclosing
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import chat_server as double

from pointsman.clock import SystemClock
from pointsman.errors import Broken, DeadlinePassed, Later, Refused
from pointsman.inference import completion, sse, structured
from pointsman.inference.openai import ChatLimits, OpenAiWriter
from pointsman.inference.port import Question, Usage
from pointsman.quantity import Quarter
from pointsman.secrets import Secrets
from pointsman.spec.field import Field
from pointsman.spec.model import Endpoint, TokenPrice

KEY = "sk-very-secret-0123456789"
EMAIL = {"subject": Field(type="string", max=20), "body": Field(type="string", max=200)}
GOOD = {"subject": "Your renewal", "body": "Dear Ada"}
LIMITS = ChatLimits(seconds=5)
PRICE = TokenPrice(input=0.25e-6, output=2e-6)


@pytest.fixture
async def server():
    async with double.chat_server() as found:
        yield found


@pytest.fixture
async def writer(server):
    found = writer_at(server.url)
    yield found
    await found.close()


def writer_at(url: str, *, key: str | None = "secret://env/KEY", limits: ChatLimits = LIMITS) -> OpenAiWriter:
    endpoint = Endpoint(name="local", url=url, upstream="test-double", zone="inside", key=key, price=PRICE)
    secrets = Secrets({"KEY": KEY, "LINES": "a\nb"}, Path())
    return OpenAiWriter(endpoint, "writer", secrets=secrets, clock=SystemClock(), limits=limits)


async def test_a_valid_structured_answer(server, writer):
    server.script = [double.answer(GOOD)]
    written = await writer.write(Question("Write an email.", EMAIL))
    assert (written.value, written.source) == (GOOD, "llm")
    assert (written.model, written.endpoint, written.upstream) == ("writer", "local", "test-double")
    assert written.usage == Usage(12, 5, 12 * 0.25e-6 + 5 * 2e-6, tries=1)
    body = server.bodies[0]
    assert body["messages"] == [{"role": "user", "content": "Write an email."}]
    assert body["model"] == "test-double"
    assert body["response_format"]["json_schema"]["strict"] is True
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


async def test_free_text(server, writer):
    server.script = [double.answer("Hello.")]
    assert (await writer.write(Question("Say hello."))).value == {"text": "Hello."}
    assert "response_format" not in server.bodies[0]


async def test_an_invalid_answer_is_repaired_once_and_both_tries_count(server, writer):
    server.script = [double.answer({"subject": "x" * 30, "extra": 1}), double.answer(GOOD)]
    written = await writer.write(Question("Write.", EMAIL))
    assert written.value == GOOD
    assert written.usage == Usage(24, 10, 2 * (12 * 0.25e-6 + 5 * 2e-6), tries=2)
    first, answered, second = server.bodies[1]["messages"]
    assert first["content"] == "Write."
    assert answered["role"] == "assistant"
    for said in (
        "`subject` has 30 characters, at most 20",
        "`extra` is not a known field. Fields: body, subject.",
        "`body` is missing",
    ):
        assert said in second["content"]


async def test_always_invalid_is_broken_after_two_tries(server, writer):
    server.script = [double.answer("I would rather not write JSON.")]
    with pytest.raises(Broken, match=r"model writer, endpoint local: no valid answer in two tries: .*not JSON"):
        await writer.write(Question("Write.", EMAIL))
    assert server.requests == 2


async def test_fenced_json_is_taken_out_of_its_fence(server, writer):
    server.script = [double.answer(f"Here it is:\n```json\n{json.dumps(GOOD)}\n```\nEnjoy.")]
    assert (await writer.write(Question("Write.", EMAIL))).value == GOOD
    assert server.requests == 1


@pytest.mark.parametrize(
    "usage", [None, {}, {"prompt_tokens": "12"}, {"prompt_tokens": -1, "completion_tokens": 1}], ids=str
)
async def test_usage_that_is_not_told_is_unknown(server, writer, usage):
    server.script = [double.answer(GOOD, usage=usage)]
    assert (await writer.write(Question("Write.", EMAIL))).usage == Usage(0, 0, 0.0, tries=1, known=False)


HALF = json.dumps(double.completion("Hello", None, "stop", None)).encode()[:60]


@pytest.mark.parametrize(
    ("reply", "kind", "status", "said"),
    [
        pytest.param(double.error(429, "slow down", retry_after_ms="250"), Later, 429, "429: slow down", id="429"),
        pytest.param(double.error(429, "pay", "insufficient_quota"), Broken, 502, "no credit", id="no credit"),
        pytest.param(double.error(500, "oops"), Later, 503, "500: oops", id="500"),
        pytest.param(double.Reply([b"<html>bad gateway"], 502), Later, 503, "<html>bad gateway", id="502 in HTML"),
        pytest.param(double.error(400, "too many tokens"), Refused, 422, "too many tokens", id="400"),
        pytest.param(double.error(404, "no such model"), Broken, 502, "upstream: test-double", id="404"),
        pytest.param(double.error(401, f"bad key {KEY}"), Broken, 502, "secret://env/KEY", id="401"),
        pytest.param(double.error(403, f"bad key {KEY}"), Broken, 502, "secret://env/KEY", id="403"),
        pytest.param(double.error(400, f"echo {KEY}"), Refused, 422, "echo ***", id="a key that comes back"),
        pytest.param(
            double.Reply(status=302, headers={"location": "http://127.0.0.1:1/"}), Broken, 502, "302", id="302"
        ),
        pytest.param(double.Reply([HALF]), Later, 502, "not whole JSON", id="half a JSON"),
        pytest.param(double.Reply([HALF], length=500), Later, 503, "connection broke", id="dropped in the middle"),
        pytest.param(double.Reply([b"[]"]), Later, 502, "not a completion", id="not an object"),
        pytest.param(double.Reply([b'{"choices": []}']), Later, 502, "not a completion", id="no choices"),
        pytest.param(double.Reply([b'{"error": {"message": "busy"}}']), Later, 502, "busy", id="error in a 200"),
        pytest.param(double.answer("Dear", finish="length"), Refused, 422, "Shorten the prompt", id="cut off"),
        pytest.param(double.answer(None, finish="content_filter"), Refused, 422, "content filter", id="filtered"),
        pytest.param(double.answer(None, refusal="I cannot."), Refused, 422, "I cannot.", id="refused"),
        pytest.param(double.answer(""), Broken, 502, "empty", id="empty twice"),
        pytest.param(double.Reply([b" " * 5000]), Broken, 502, "more than 4,000 bytes", id="too long"),
    ],
)
async def test_what_can_go_wrong(server, reply, kind, status, said):
    server.script = [reply]
    writer = writer_at(server.url, limits=ChatLimits(seconds=5, bytes=4000))
    with pytest.raises(kind) as raised:
        await writer.write(Question("Hello."))
    await writer.close()
    assert said in raised.value.sentence
    assert raised.value.sentence.startswith("model writer, endpoint local: ")
    assert raised.value.status == status
    assert KEY not in f"{raised.value.sentence} {raised.value} {raised.value.__cause__}"


NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_the_wait_that_an_endpoint_asks_for(headers, seconds):
    assert completion.delay(headers, NOW) == seconds


async def test_a_busy_endpoint_tells_how_long(server, writer):
    server.script = [double.error(429, "slow down", retry_after_ms="250")]
    with pytest.raises(Later) as raised:
        await writer.write(Question("Hello."))
    assert raised.value.delay == 0.25


@pytest.mark.parametrize(
    ("key", "said"),
    [("secret://env/NOTHING", "no variable `NOTHING`"), ("secret://env/LINES", "cannot stand in an HTTP header")],
)
async def test_a_key_that_cannot_be_used_is_never_sent(server, key, said):
    writer = writer_at(server.url, key=key)
    with pytest.raises(Broken, match=said):
        await writer.write(Question("Hello."))
    await writer.close()
    assert server.requests == 0


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        ("http://127.0.0.1:1/v1", Later, "cannot be reached"),
        ("http://[::1/v1", Broken, "cannot be called"),
        ("http://nowhere.invalid/v1", Later, "cannot be reached"),
    ],
)
async def test_an_endpoint_that_is_not_there(url, kind, said):
    writer = writer_at(url)
    with pytest.raises(kind, match=said):
        await writer.write(Question("Hello."))
    await writer.close()


@pytest.mark.parametrize("answer", [b"", b"not HTTP at all\r\n\r\n"], ids=["closes", "garbage"])
async def test_a_port_where_something_else_answers(answer):
    async def talk(reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        out.write(answer)
        out.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listening:
        writer = writer_at(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1")
        with pytest.raises(Later, match="connection broke"):
            await writer.write(Question("Hello."))
        await writer.close()


@pytest.mark.parametrize("mode", ["deadline of the caller", "limit of the endpoint"])
async def test_a_slow_endpoint_is_left_at_the_deadline_and_sees_it(server, mode):
    server.script = [double.Reply(wait=20)]
    callers = mode == "deadline of the caller"
    writer = writer_at(server.url, limits=LIMITS if callers else ChatLimits(seconds=0.1))
    deadline = SystemClock().monotonic() + 0.1 if callers else None
    with pytest.raises(DeadlinePassed, match=r"endpoint local: no full answer within 0\.\d+ s"):
        await writer.write(Question("Hello.", deadline=deadline))
    await server.until(lambda seen: seen.gone == 1)
    await writer.close()


async def test_the_deadline_covers_the_repair_try_too(server, writer):
    server.script = [double.answer("no JSON"), double.Reply(wait=20)]
    with pytest.raises(DeadlinePassed):
        await writer.write(Question("Write.", EMAIL, deadline=SystemClock().monotonic() + 0.3))
    assert server.requests == 2


async def test_a_deadline_that_has_passed_sends_nothing(server, writer):
    with pytest.raises(DeadlinePassed):
        await writer.write(Question("Hello.", deadline=SystemClock().monotonic() - 1))
    assert server.requests == 0


async def test_cancelling_closes_the_connection_upstream(server, writer):
    server.script = [double.Reply(wait=20)]
    asking = asyncio.create_task(writer.write(Question("Hello.")))
    await server.until(lambda seen: seen.requests == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await server.until(lambda seen: seen.gone == 1)


TEXTS = ["Grüße", ", ", "Zoë 🚂\n", "data: [DONE]", "Ende."]
STREAM = double.stream_bytes(TEXTS)


async def read_all(stream) -> str:
    async with aclosing(stream):
        return "".join([text async for text in stream])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
async def test_a_stream_cut_anywhere_is_the_same_text(server, writer, size):
    server.script = [double.sse(double.cut(STREAM, size))]
    stream = writer.stream(Question("Hello."))
    assert await read_all(stream) == "".join(TEXTS)
    assert stream.usage == Usage(12, 5, 12 * 0.25e-6 + 5 * 2e-6)
    assert stream.upstream == "test-double"
    assert server.bodies[0]["stream_options"] == {"include_usage": True}


async def test_a_stream_without_usage_says_that_it_is_unknown(server, writer):
    server.script = [double.sse([double.stream_bytes(TEXTS, usage=False)])]
    stream = writer.stream(Question("Hello."))
    await read_all(stream)
    assert stream.usage == Usage(known=False)


ERROR_EVENT = b'data: {"error": {"message": "out of memory"}}\n\n'


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        pytest.param(
            double.sse([double.stream_bytes(["a"], done=False)]), Later, "before its end mark", id="no end mark"
        ),
        pytest.param(double.sse([STREAM[: len(STREAM) // 2]]), Later, "endpoint local", id="cut in the middle"),
        pytest.param(double.sse([STREAM[:50]], length=5000), Later, "connection broke", id="dropped"),
        pytest.param(double.sse([STREAM[:300] + b"\n\n" + ERROR_EVENT]), Later, "endpoint local", id="garbled"),
        pytest.param(double.sse([ERROR_EVENT]), Later, "out of memory", id="error object"),
        pytest.param(double.sse([b"event: error\ndata: busy\n\n"]), Later, "busy", id="error event"),
        pytest.param(double.sse([b"data: \xff\xfe\n\n"]), Later, "UTF-8", id="not UTF-8"),
        pytest.param(double.sse([double.stream_bytes(["a"], finish="length")]), Refused, "cut off", id="length"),
        pytest.param(double.error(429, "slow down"), Later, "429", id="429"),
        pytest.param(double.sse([b": ping\n\n" * 2000]), Broken, "more than 8,000 bytes", id="too long"),
    ],
)
async def test_what_can_go_wrong_in_a_stream(server, reply, kind, said):
    server.script = [reply]
    writer = writer_at(server.url, limits=ChatLimits(seconds=5, bytes=8000))
    with pytest.raises(kind, match=said):
        await read_all(writer.stream(Question("Hello.")))
    await writer.close()


async def test_a_reader_who_stops_closes_the_connection_upstream(server, writer):
    server.script = [double.sse(double.cut(STREAM, 200) * 100, pause=0.01)]
    async with aclosing(writer.stream(Question("Hello."))) as stream:
        assert await anext(stream) == "Grüße"
    await server.until(lambda seen: seen.gone == 1)


async def test_a_stream_that_stops_talking_is_left_at_the_deadline(server, writer):
    server.script = [double.sse([STREAM[:400], b""], pause=20)]
    deadline = SystemClock().monotonic() + 0.2
    with pytest.raises(DeadlinePassed):
        await read_all(writer.stream(Question("Hello.", deadline=deadline)))
    await server.until(lambda seen: seen.gone == 1)


async def test_objects_are_not_streamed(server, writer):
    with pytest.raises(Refused, match="only free text"):
        await read_all(writer.stream(Question("Write.", EMAIL)))
    assert server.requests == 0


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), max_size=5), st.data())
def test_events_are_the_same_wherever_they_are_cut(texts, data):
    ending = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    whole = "".join(f"data: {text}{ending}{ending}" for text in texts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    parser, found = sse.Events(), []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        found += parser.feed(whole[start:end])
    found += parser.finish()
    assert found == [sse.Event("message", text) for text in texts]


def test_an_event_has_a_name_lines_and_comments():
    parser = sse.Events()
    found = list(
        parser.feed(b"\xef\xbb\xbf: comment\nevent: note\ndata: one\ndata:two\nid: 7\nretry: 9\n\nevent: lost\n\n")
    )
    assert found == [sse.Event("note", "one\ntwo")]


EVERY = {
    "name": Field(type="string", enum=("a", "b")),
    "count": Field(type="integer", minimum=1, maximum=9),
    "share": Field(type="number", optional=True),
    "on": Field(type="boolean", default=True),
    "day": Field(type="date", optional=True),
    "quarter": Field(type="quarter", optional=True),
    "tags": Field(type="list", items=Field(type="string"), max=2, optional=True),
    "who": Field(type="object", fields={"id": Field(type="string", pattern="[a-z]+")}, optional=True),
}
LEAST = {"name": "a", "count": 1}


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ({}, {}),
        ({"share": 1}, {"share": 1}),
        ({"count": 2.0}, {"count": 2}),
        ({"on": False}, {"on": False}),
        ({"day": "2026-11-20"}, {"day": date(2026, 11, 20)}),
        ({"quarter": "2026-Q4"}, {"quarter": Quarter("2026-Q4")}),
        ({"tags": ["x", "y"], "who": {"id": "ab"}}, {"tags": ["x", "y"], "who": {"id": "ab"}}),
    ],
    ids=str,
)
def test_an_answer_that_fits(given, typed):
    nothing = {"share": None, "on": True, "day": None, "quarter": None, "tags": None, "who": None}
    assert structured.read(json.dumps(LEAST | given), EVERY) == nothing | LEAST | typed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"name": "a"}', "`count` is missing"),
        ('{"name": null, "count": 1}', "`name` must be one of a, b, got null"),
        ('{"name": "c", "count": 1}', "`name` must be one of a, b"),
        ('{"name": "a", "count": 0}', "`count` must be at least 1"),
        ('{"name": "a", "count": 10}', "`count` must be at most 9"),
        ('{"name": "a", "count": 1.5}', "`count` must be a whole number, got the number 1.5"),
        ('{"name": "a", "count": true}', "`count` must be a whole number, got true"),
        ('{"name": "a", "count": "1"}', "`count` must be a whole number, got the text '1'"),
        ('{"name": "a", "count": 1, "share": NaN}', "NaN is not a JSON number"),
        ('{"name": "a", "count": 1, "share": -Infinity}', "-Infinity is not a JSON number"),
        ('{"name": "a", "count": 1, "share": 1e999}', "`share` holds a number that is too large"),
        ('{"name": "a", "count": ' + "9" * 5000 + "}", "too long"),
        ('{"name": "a", "count": 1, "share": 1' + "0" * 30 + "}", "`share` holds a number that is too large"),
        ('{"name": "a", "name": "b", "count": 1}', "holds 'name' twice"),
        ('{"name": "a", "count": 1, "who": {"id": "A1"}}', "`who.id` must match the pattern"),
        ('{"name": "a", "count": 1, "who": {"id": "a", "x": 1}}', "`who.x` is not a known field"),
        ('{"name": "a", "count": 1, "who": []}', "`who` must be an object, got a list"),
        ('{"name": "a", "count": 1, "tags": ["x", 1]}', "`tags[1]` must be a text"),
        ('{"name": "a", "count": 1, "tags": ["x", "y", "z"]}', "`tags` has 3 items, at most 2"),
        ('{"name": "a", "count": 1, "tags": "x"}', "`tags` must be a list"),
        ('{"name": "a", "count": 1, "day": "2026-02-30"}', "`day` must be a date"),
        ('{"name": "a", "count": 1, "quarter": "Q4"}', "`quarter` must be a quarter such as 2026-Q4"),
        ('{"name": "a", "count": 1, "on": "yes"}', "`on` must be true or false"),
        ('{"name": "a", "count": 1, "more": 1}', "`more` is not a known field"),
        ("[" * 100_000, "the answer is nested too deeply"),
        ("[1]", "must be an object, got a list"),
        ("", "not JSON"),
        ('{"name": "a", "count": 1', "not JSON"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_an_answer_that_does_not_fit(text, said):
    with pytest.raises(structured.Wrong) as raised:
        structured.read(text, EVERY)
    assert said in str(raised.value)


def test_half_a_character_is_refused_because_it_cannot_be_written_again():
    with pytest.raises(structured.Wrong, match="half of a character"):
        structured.read('{"text": "\\ud83d"}', {"text": Field(type="string")})


async def test_a_name_with_half_a_character_is_told_in_a_repair_that_can_be_sent(server, writer):
    server.script = [double.answer('{"subject": "a", "body": "b", "\\ud83d": 1}'), double.answer(GOOD)]
    assert (await writer.write(Question("Write.", EMAIL))).value == GOOD
    assert "`\ufffd` is not a known field" in server.bodies[1]["messages"][2]["content"]


def test_all_mistakes_are_told_at_once():
    with pytest.raises(structured.Wrong) as raised:
        structured.read('{"name": "c", "count": 0, "more": 1}', EVERY)
    assert len(raised.value.mistakes) == 3


def test_the_schema_is_strict_where_strict_mode_can_say_it():
    strict = structured.response_format(EVERY)["json_schema"]
    assert strict["strict"] is True
    assert strict["schema"]["required"] == list(EVERY)
    assert strict["schema"]["additionalProperties"] is False
    assert strict["schema"]["properties"]["who"]["additionalProperties"] is False
    assert strict["schema"]["properties"]["share"]["type"] == ["number", "null"]
    assert strict["schema"]["properties"]["on"] == {"type": "boolean"}, "strict mode knows no defaults"
    assert structured.response_format({"any": Field(type="object")})["json_schema"]["strict"] is False


def test_inside_lists_and_objects_everything_is_required_too():
    part = Field(type="object", fields={"default": Field(type="string", enum=("a",), optional=True)})
    asked = structured.schema({"parts": Field(type="list", items=part, max=3)})
    assert asked["properties"]["parts"] == {
        "type": "array",
        "maxItems": 3,
        "items": {
            "type": "object",
            "properties": {"default": {"type": ["string", "null"], "enum": ["a", None]}},
            "required": ["default"],
            "additionalProperties": False,
        },
    }


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.integers(), st.lists, max_leaves=5))
def test_whatever_a_model_writes_is_read_or_wrong_and_what_is_read_can_be_written(value):
    text = json.dumps({"name": "a", "count": 1, "extra": value})
    try:
        found = structured.read(text, {**EVERY, "extra": Field(type="any")})
    except structured.Wrong as wrong:
        assert wrong.mistakes
    else:
        orjson.dumps(found)


async def test_the_double_says_what_it_is_and_follows_any_schema(server, writer):
    written = await writer.write(Question("Write.", EMAIL))
    assert written.upstream == "test-double"
    assert written.value == {"subject": "test-double", "body": "test-double"}

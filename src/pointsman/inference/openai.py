"""Language models over the OpenAI wire protocol: `POST <url>/chat/completions`, whole or as a stream.

Hosted models, vLLM, Ollama, llama.cpp and LM Studio speak it. Raises only Refused, Later and Broken, each naming the
model and the endpoint; a key never stands in a text, only its reference.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import aiohttp
import orjson

from pointsman.clock import Clock
from pointsman.errors import Broken, DeadlinePassed, Fault, Later, Refused
from pointsman.inference import completion, sse, structured
from pointsman.inference.port import Question, Usage, Written
from pointsman.secrets import Secrets
from pointsman.shape import Value
from pointsman.spec.field import Field
from pointsman.spec.model import Endpoint

_UNKNOWN: Final = Usage(known=False)
_CONNECT: Final = 5.0
"""Seconds in which an endpoint must take the connection; one that is away must not use up the time of the next."""


@dataclass(frozen=True, slots=True)
class ChatLimits:
    """What one call may take. `seconds`: both tries together; `bytes`: one answer as it comes over the wire."""

    seconds: float = 30.0
    bytes: int = 2**20


class OpenAiWriter:
    """One endpoint of a chat model. `model`: its name in the project."""

    def __init__(
        self, endpoint: Endpoint, model: str, *, secrets: Secrets, clock: Clock, limits: ChatLimits = ChatLimits()
    ) -> None:
        self.endpoint, self.model, self.limits = endpoint, model, limits
        self._secrets, self._clock = secrets, clock
        self._url = f"{endpoint.url.rstrip('/')}/chat/completions"
        self._session: aiohttp.ClientSession | None = None

    async def write(self, question: Question) -> Written:
        """One whole answer, checked against `question.output`; an answer that is not valid is asked for once more.

        Refused: the endpoint refused the prompt, or the answer was cut off or filtered. Later: it is busy, away, or
        sent half an answer. Broken: its key, address or model name is wrong, or no try was valid. Time and money of
        both tries count.
        """
        until = self._until(question)
        messages = [{"role": "user", "content": question.text}]
        first = await self._complete(messages, question, until)
        try:
            return self._written(first, question.output, first.usage or _UNKNOWN)
        except structured.Wrong as wrong:
            messages += _repair(first.text, wrong, question.output)
        second = await self._complete(messages, question, until)
        try:
            return self._written(second, question.output, _sum(first.usage, second.usage))
        except structured.Wrong as wrong:
            raise Broken(
                f"no valid answer in two tries: {' '.join(wrong.mistakes[:3])}",
                where=self._where,
                way_out="Simplify the prompt's output, or use a model that can follow a schema.",
                status=502,
            ) from None

    def stream(self, question: Question) -> "ChatStream":
        """The answer's text as it comes. The connection ends when the reader stops (`aclose`) or is cancelled."""
        return ChatStream(self, question)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def _where(self) -> str:
        return f"model {self.model}, endpoint {self.endpoint.name}"

    def _until(self, question: Question) -> float:
        until = self._clock.monotonic() + self.limits.seconds
        return until if question.deadline is None else min(until, question.deadline)

    async def _complete(self, messages: list[Any], question: Question, until: float) -> completion.Piece:
        body: dict[str, Any] = {"model": self.endpoint.upstream, "messages": messages, "stream": False}
        if question.output:
            body["response_format"] = structured.response_format(question.output)
        with self._faults(until):
            async with asyncio.timeout(until - self._clock.monotonic()), self._post(body) as response:
                piece = completion.read(await self._whole(response), self.endpoint.price)
            if piece.usage and question.spent:
                question.spent(piece.usage)
            if refused := completion.ended(piece):
                raise refused
        return piece

    def _written(self, piece: completion.Piece, output: Mapping[str, Field], usage: Usage) -> Written:
        value: dict[str, Value] = {structured.FREE_TEXT: piece.text}
        if output:
            value = structured.read(piece.text, output)
        elif not piece.text.strip():
            raise structured.Wrong(["the answer is empty."])
        upstream = piece.upstream or self.endpoint.upstream
        return Written(value, "llm", self.model, self.endpoint.name, upstream, usage)

    @asynccontextmanager
    async def _post(self, body: dict[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to one request, if it is a 200; leaving early closes the connection, so the endpoint stops."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT)
            self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        headers = {"content-type": "application/json", **self._key()}
        # A redirect is not followed: it would carry prompt and key to a place that nobody named.
        async with self._session.post(
            self._url, data=orjson.dumps(body), headers=headers, allow_redirects=False
        ) as response:
            if response.status in (401, 403):
                raise Broken(
                    f"it refused our key ({response.status}), {self.endpoint.key or 'none was sent'}.",
                    way_out="Check the endpoint's `key`.",
                    status=502,
                )
            if response.status != 200:
                # Before it is shortened: of a key that is cut in two, the half would not be known.
                text = self._secrets.scrub((await self._whole(response)).decode(errors="replace")).encode()
                now = self._clock.now()
                raise completion.fault(response.status, response.headers, text, self.endpoint.upstream, now)
            yield response

    def _key(self) -> dict[str, str]:
        reference = self.endpoint.key
        if reference is None:
            return {}
        try:
            value = self._secrets.resolve(reference).reveal()
        except Fault as fault:
            raise Broken(fault.rule, way_out=fault.way_out, status=502) from None
        if not (value.isascii() and value.isprintable()):
            raise Broken(f"{reference}: its value cannot stand in an HTTP header.", way_out="Store the key alone.")
        return {"authorization": f"Bearer {value}"}

    async def _whole(self, response: aiohttp.ClientResponse) -> bytes:
        taken = bytearray()
        async for piece in response.content.iter_any():
            taken += piece
            self.within(len(taken))
        return bytes(taken)

    def within(self, taken: int) -> None:
        """Raises Broken above the limit of bytes."""
        if taken > self.limits.bytes:
            raise Broken(f"the answer has more than {self.limits.bytes:,} bytes.", status=502)

    @contextmanager
    def _faults(self, until: float) -> Iterator[None]:
        """Every way in which a call can fail, as what must be done about it, with its place, without secrets."""
        started = self._clock.monotonic()
        try:
            yield
        except Fault as fault:
            fault.rule = self._secrets.scrub(fault.rule)
            fault.args = (fault.sentence,)
            fault.at(self._where)
            raise
        except (aiohttp.InvalidURL, aiohttp.ClientSSLError) as fault:
            out = "Check the endpoint's `url`."
            raise Broken(f"cannot be called: {fault}.", where=self._where, way_out=out, status=502) from None
        except aiohttp.ClientConnectorError as fault:
            unknown = isinstance(fault, aiohttp.ClientConnectorDNSError)
            reason = "its name is not known" if unknown else "nobody answers there"
            out = "Start it, or correct the endpoint's `url`."
            raise Later(f"{self.endpoint.url} cannot be reached: {reason}.", where=self._where, way_out=out) from None
        except aiohttp.ConnectionTimeoutError:
            raise Later(f"cannot be reached within {_CONNECT:g} s.", where=self._where) from None
        except aiohttp.ClientError:
            raise Later("the connection broke before the answer was whole.", where=self._where) from None
        except TimeoutError:
            waited = max(until - started, 0.0)
            raise DeadlinePassed(f"no full answer within {waited:.3g} s.", where=self._where) from None


class ChatStream(AsyncIterator[str]):
    """Free text as it comes. `usage` and `upstream` are known when it has ended, if the endpoint says them."""

    def __init__(self, writer: OpenAiWriter, question: Question) -> None:
        self.usage, self.upstream = _UNKNOWN, writer.endpoint.upstream
        self._writer = writer
        self._texts = self._read(question)

    async def __anext__(self) -> str:
        return await anext(self._texts)

    async def aclose(self) -> None:
        """Ends the stream at the endpoint too, if it has not ended."""
        await self._texts.aclose()

    async def _read(self, question: Question) -> AsyncGenerator[str, None]:
        writer = self._writer
        until = writer._until(question)
        with writer._faults(until):
            if question.output:
                raise Refused(
                    "only free text is streamed.", way_out="Ask without output fields, or for a whole answer."
                )
            async with aclosing(self._pieces(question.text, until)) as pieces:
                async for piece in pieces:
                    if piece.text:
                        yield piece.text
                    if refused := completion.ended(piece):
                        raise refused

    async def _pieces(self, text: str, until: float) -> AsyncGenerator[completion.Piece, None]:
        writer = self._writer
        body = {
            "model": writer.endpoint.upstream,
            "messages": [{"role": "user", "content": text}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        async with AsyncExitStack() as connection:
            async with asyncio.timeout(until - writer._clock.monotonic()):
                response = await connection.enter_async_context(writer._post(body))
            events = await connection.enter_async_context(aclosing(self._events(response, until)))
            async for event in events:
                if event.data == "[DONE]":
                    return
                piece = self._piece(event)
                self.usage, self.upstream = piece.usage or self.usage, piece.upstream or self.upstream
                yield piece
        raise Later("the stream ended before its end mark.", status=502)

    def _piece(self, event: sse.Event) -> completion.Piece:
        if event.name == "error":
            raise Later(f"it reported an error: {event.data[:200]}", status=502)
        return completion.read(event.data.encode(), self._writer.endpoint.price, "delta")

    async def _events(self, response: aiohttp.ClientResponse, until: float) -> AsyncGenerator[sse.Event, None]:
        """Time is bounded read by read: a timeout must never fire while the reader has the word."""
        events, taken = sse.Events(), 0
        try:
            while True:
                async with asyncio.timeout(until - self._writer._clock.monotonic()):
                    piece = await response.content.readany()
                if not piece:
                    break
                taken += len(piece)
                self._writer.within(taken)
                for event in events.feed(piece):
                    yield event
        except UnicodeDecodeError:
            raise Later("the stream holds bytes that are not UTF-8.", status=502) from None
        for event in events.finish():
            yield event


def _repair(text: str, wrong: structured.Wrong, output: Mapping[str, Field]) -> list[dict[str, str]]:
    """What is said before the second try: the answer as it was, what was wrong with it, and the schema in words."""
    faults = "\n".join(f"- {mistake}" for mistake in wrong.mistakes[:20])
    asked = "Answer again."
    if output:
        schema = orjson.dumps(structured.schema(output)).decode()
        asked = f"Answer again with one JSON object and nothing else. It must follow this JSON Schema:\n{schema}"
    return [
        {"role": "assistant", "content": text},
        {"role": "user", "content": f"Your answer is not valid:\n{faults}\n\n{asked}"},
    ]


def _sum(first: Usage | None, second: Usage | None) -> Usage:
    one, two = first or _UNKNOWN, second or _UNKNOWN
    return replace(
        one,
        input_tokens=one.input_tokens + two.input_tokens,
        output_tokens=one.output_tokens + two.output_tokens,
        dollars=one.dollars + two.dollars,
        tries=2,
        known=one.known and two.known,
    )

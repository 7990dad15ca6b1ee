"""A scripted endpoint that speaks the OpenAI wire protocol, for tests and benchmarks. It is no language model.

It says so itself: its model is called `test-double`, and so is the owner in `/v1/models`.

    async with chat_server() as server:
        server.script = [Reply(status=429, headers={"retry-after-ms": "250"}), answer({"text": "hello"})]

By hand, or for a benchmark in its own process: `python -m tests.chat_server --latency 0.05`.
"""

import argparse
import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

MODEL = "test-double"
USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}


@dataclass(frozen=True)
class Reply:
    """One scripted answer. `pieces` are sent one by one with `pause` between; `length` is what the header claims."""

    pieces: Sequence[bytes] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    pause: float = 0.0
    length: int | None = None


def answer(
    value: object, *, usage: dict[str, Any] | None = USAGE, finish: str | None = "stop", refusal: str | None = None
) -> Reply:
    """A completion whose text is `value`: a text as it is, anything else as JSON."""
    text = value if isinstance(value, str) or value is None else json.dumps(value)
    return Reply([json.dumps(completion(text, usage, finish, refusal)).encode()])


def error(status: int, message: str, code: str | None = None, **headers: str) -> Reply:
    """An error in the provider's shape; `retry_after_ms="250"` becomes the header `retry-after-ms`."""
    body = {"error": {"message": message, "type": "test_double", "param": None, "code": code}}
    return Reply([json.dumps(body).encode()], status, {name.replace("_", "-"): text for name, text in headers.items()})


def completion(text: str | None, usage: dict[str, Any] | None, finish: str | None, refusal: str | None) -> object:
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": refusal, "annotations": []}
    found = {
        "id": "chatcmpl-test-double",
        "object": "chat.completion",
        "created": 0,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
    }
    return found if usage is None else {**found, "usage": usage}


def stream_bytes(texts: Sequence[str], *, finish: str = "stop", usage: bool = True, done: bool = True) -> bytes:
    """A whole event stream that says these texts one after the other."""
    deltas: list[Any] = [{"role": "assistant", "content": ""}, *({"content": text} for text in texts)]
    chunks = [_chunk([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
    chunks.append(_chunk([{"index": 0, "delta": {}, "finish_reason": finish}]))
    if usage:
        chunks.append({**_chunk([]), "usage": USAGE})
    events = [f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n" for chunk in chunks]
    return "".join([*events, "data: [DONE]\n\n" if done else ""]).encode()


def cut(whole: bytes, size: int) -> list[bytes]:
    """The same bytes in pieces of `size`, wherever that falls."""
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def sse(pieces: Sequence[bytes], **settings: Any) -> Reply:
    return Reply(pieces, headers={"content-type": "text/event-stream"}, **settings)


def _chunk(choices: list[Any]) -> dict[str, Any]:
    return {"id": "chatcmpl-test-double", "object": "chat.completion.chunk", "model": MODEL, "choices": choices}


@dataclass
class ChatServer:
    """`script`: the replies, in order; the last one stays. Without one, every schema is answered with sample values."""

    url: str
    script: list[Reply] = field(default_factory=list)
    latency: float = 0.0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    gone: int = 0
    """Requests whose client left before the answer was whole."""
    at_once: int = 0
    most_at_once: int = 0

    @property
    def requests(self) -> int:
        return len(self.bodies)

    async def until(self, seen: Callable[["ChatServer"], bool]) -> None:
        """Waits (bounded) until something was seen here; it fails when it never is."""
        async with asyncio.timeout(3):
            while not seen(self):  # noqa: ASYNC110 (what is seen changes in many places)
                await asyncio.sleep(0.005)

    async def complete(self, request: Request) -> "_Scripted":
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        return _Scripted(self, self._next() if self.script else self._sample(body))

    def _next(self) -> Reply:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def _sample(self, body: dict[str, Any]) -> Reply:
        wanted = body.get("response_format", {}).get("json_schema", {}).get("schema")
        text = json.dumps(_value_of(wanted)) if wanted else "This text was not written by a language model."
        if body.get("stream"):
            return sse([stream_bytes(text.split(" "))], wait=self.latency)
        return Reply(answer(text).pieces, wait=self.latency)


def _value_of(schema: dict[str, Any]) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "null")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            return {name: _value_of(part) for name, part in schema.get("properties", {}).items()}
        case "string":
            return "test-double"[: schema.get("maxLength", 100)]
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case "array":
            return []
    return None


class _Scripted:
    """An ASGI response that does as the script says and notices when the client leaves."""

    def __init__(self, server: ChatServer, reply: Reply) -> None:
        self.server, self.reply = server, reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        server = self.server
        server.at_once += 1
        server.most_at_once = max(server.most_at_once, server.at_once)
        sending = asyncio.create_task(self._send(scope, receive, send))
        leaving = asyncio.create_task(self._left(receive))
        try:
            await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()  # a body shorter than its length makes uvicorn drop the connection, as wanted
            else:
                server.gone += 1
        finally:
            server.at_once -= 1
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = self.reply
        await asyncio.sleep(reply.wait)
        headers = {"content-type": "application/json", **reply.headers}
        if reply.length is not None:
            headers["content-length"] = str(reply.length)
        await StreamingResponse(self._pieces(), reply.status, headers)(
            {**scope, "asgi": {"version": "3.0", "spec_version": "2.4"}}, receive, send
        )

    async def _pieces(self) -> AsyncIterator[bytes]:
        for piece in self.reply.pieces:
            yield piece
            await asyncio.sleep(self.reply.pause)

    async def _left(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


class _Server(uvicorn.Server):
    """Tells when it listens, and leaves the signals to the test run."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def chat_server(*, latency: float = 0.0, port: int = 0) -> AsyncIterator[ChatServer]:
    """The server on loopback, in this event loop."""
    # asyncio turns off Nagle's delay (40 ms a reply on loopback) only on sockets that say that they are TCP.
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        chat = ChatServer(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", latency=latency)
        config = uvicorn.Config(
            _app(chat), log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        await server.ready.wait()
        try:
            yield chat
        finally:
            server.should_exit = True
            await serving


def _app(chat: ChatServer) -> Starlette:
    async def models(request: Request) -> JSONResponse:
        return JSONResponse({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": MODEL}]})

    return Starlette(
        routes=[
            Route("/v1/chat/completions", chat.complete, methods=["POST"]),
            Route("/v1/models", models),
        ]
    )


async def _serve(latency: float, port: int) -> None:
    async with chat_server(latency=latency, port=port) as chat:
        print(chat.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(given.latency, given.port))

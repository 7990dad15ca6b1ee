"""Makes a stand-in fail on demand, the way networks and systems do."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pointsman.sandbox.serve import DROP


@dataclass(frozen=True, slots=True)
class Answer:
    """Answers with this in place of the system."""

    status: int
    body: object = None
    """JSON, or bytes as they are."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slow:
    """Answers after this time, unless the caller leaves first."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Half:
    """Sends half of the answer's body, then closes the connection."""


@dataclass(frozen=True, slots=True)
class HalfJson:
    """Sends half of the answer's body as if it were whole."""


@dataclass(frozen=True, slots=True)
class Garbled:
    """Sends bytes that mean nothing, with status 200."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Closes the connection without an answer."""


Fault = Answer | Slow | Half | HalfJson | Garbled | Drop


class Faults:
    """Around a stand-in's application; hands on every request for which no fault is planned."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._planned: deque[tuple[str, Fault]] = deque()
        self.in_flight = 0
        """Requests that are being answered now."""

    def next(self, fault: Fault, *, times: int = 1, path: str = "") -> None:
        """The next `times` requests whose path holds `path` meet this fault; plans are met in order."""
        self._planned.extend([(path, fault)] * times)

    def clear(self) -> None:
        self._planned.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.in_flight += 1
        try:
            await self._meet(self._due(scope["path"]), scope, receive, send)
        finally:
            self.in_flight -= 1

    def _due(self, path: str) -> Fault | None:
        for plan in self._planned:
            if plan[0] in path:
                self._planned.remove(plan)
                return plan[1]
        return None

    async def _meet(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        match fault:
            case None:
                await self._app(scope, receive, send)
            case Answer(status, body, headers):
                content = body if isinstance(body, bytes) else orjson.dumps(body)
                await _send(send, status, {"content-type": "application/json", **headers}, content)
            case Garbled():
                await _send(send, 200, {"content-type": "application/json"}, b"\x00\xff{]garbled\xfe")
            case Drop():
                await _hang_up(scope, receive)
            case Slow(seconds):
                await self._slowly(seconds, scope, receive, send)
            case Half() | HalfJson():
                await self._halve(isinstance(fault, Half), scope, receive, send)

    async def _slowly(self, seconds: float, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the request first: only then does the server tell whether the caller has left."""
        body = await _body(receive)
        left = asyncio.ensure_future(receive())
        done, _ = await asyncio.wait({left}, timeout=seconds)
        if done:
            return
        left.cancel()
        await self._app(scope, _replay(body, receive), send)

    async def _halve(self, hang_up: bool, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        body = b"".join(message.get("body", b"") for message in messages[1:])
        half = body[: len(body) // 2]
        start = messages[0]
        if not hang_up:
            headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
            await send({**start, "headers": [*headers, (b"content-length", str(len(half)).encode())]})
        else:
            await send(start)
        await send({"type": "http.response.body", "body": half, "more_body": hang_up})
        if hang_up:
            await _hang_up(scope, receive)


async def _hang_up(scope: Scope, receive: Receive) -> None:
    scope["extensions"][DROP]()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*pairs, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again

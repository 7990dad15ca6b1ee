"""Serves a stand-in on loopback, inside this process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

DROP: Final = "pointsman.drop"
"""ASGI extension: closes the connection of this request without another byte. The stand-ins' faults use it."""


class _Server(uvicorn.Server):
    """Leaves the process's signals alone: a stand-in is a guest in it. Ends at once when nobody is connected."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        self.should_exit = True
        self._stopped.set()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)

    async def main_loop(self) -> None:
        await self._stopped.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        if self.server_state.connections:
            await super().shutdown(sockets)


@asynccontextmanager
async def serve(app: ASGIApp, *, port: int = 0) -> AsyncIterator[str]:
    """Serves `app` while the context is open; gives its address, such as http://127.0.0.1:40321. Port 0: a free one."""
    # asyncio turns Nagle's algorithm off only where the protocol is named; left on, every answer takes 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        server = _Server(
            uvicorn.Config(
                _with_drop(app, lambda: server),
                lifespan="off",
                log_config=None,
                access_log=False,
                http=H11Protocol,
                ws="none",
                timeout_graceful_shutdown=1,
            )
        )
        running = asyncio.create_task(server.serve([listener]))
        try:
            while not server.started and not running.done():  # noqa: ASYNC110  # uvicorn tells by a flag only
                await asyncio.sleep(0.005)
            if running.done():
                await running
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.stop()
            await running


def _with_drop(app: ASGIApp, server: Callable[[], uvicorn.Server]) -> ASGIApp:
    async def serve_request(scope: Scope, receive: Receive, send: Send) -> None:
        def drop() -> None:
            for connection in server().server_state.connections:
                if isinstance(connection, H11Protocol) and connection.client == scope["client"]:
                    connection.transport.close()

        scope.setdefault("extensions", {})[DROP] = drop
        await app(scope, receive, send)

    return serve_request

"""Serves the HTTP door and the console, until told to stop."""

import asyncio
import ipaddress
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from pointsman.assemble import Pointsman
from pointsman.doors.api.app import application
from pointsman.doors.api.host import OnlyLoopback
from pointsman.doors.backend import ConsoleBackend
from pointsman.doors.console import routes
from pointsman.errors import Broken, Refused

DRAIN_SECONDS = 10
"""How long requests under way may take to end once the server is told to stop."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Refused beyond loopback, because nothing authenticates callers yet; Broken when taken."""
    if not _is_loopback(host):
        raise Refused(
            f"serving on {host} would let anyone on the network in: no authentication is set.",
            way_out="Serve on 127.0.0.1, and reach it through an authenticating proxy or an SSH tunnel.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; left on, every answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as taken:
        listener.close()
        raise Broken(f"port {port} on {host}: {taken.strerror}.", way_out="Choose another with --port.") from None
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def serve(pointsman: Pointsman, listener: socket.socket, ready: Callable[[str], None]) -> None:
    """Until SIGINT or SIGTERM; requests under way may end. `ready` is told the address once it answers."""
    app = OnlyLoopback(application(pointsman, routes(ConsoleBackend(pointsman))))
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            limit_concurrency=512,
            timeout_keep_alive=30,
            h11_max_incomplete_event_size=64 * 1024,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
    loop = asyncio.get_running_loop()
    for kind in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(kind, server.stop)
    host, port = listener.getsockname()[:2]
    running = asyncio.create_task(server.serve([listener]))
    while not server.started and not running.done():  # noqa: ASYNC110  uvicorn has a flag and no event
        await asyncio.sleep(0.005)
    working = asyncio.create_task(pointsman.durable.work()) if pointsman.durable is not None else None
    if not running.done():
        ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    await running
    if working is not None and pointsman.durable is not None:
        # What is under way may end; the rest is given back, for the next worker to take up where it stood.
        await pointsman.durable.drain(DRAIN_SECONDS)
        working.cancel()


async def work(pointsman: Pointsman, ready: Callable[[], None]) -> None:
    """Works on durable runs, until SIGINT or SIGTERM; then what is under way may end."""
    assert pointsman.durable is not None
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for kind in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(kind, stop.set)
    working = asyncio.create_task(pointsman.durable.work())
    ready()
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    await pointsman.durable.drain(DRAIN_SECONDS)
    stopping.cancel()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


class _Server(uvicorn.Server):
    """Stops when we say so: signals are the door's business."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)

    def stop(self) -> None:
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True

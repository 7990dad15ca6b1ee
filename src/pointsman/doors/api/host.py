"""Refuses requests for another host: a page elsewhere whose name was pointed at this machine (DNS rebinding)."""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pointsman.doors.api.problem import problem
from pointsman.errors import Refused

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


class OnlyLoopback:
    """Lets through what names this machine in `Host`; the server is reached over loopback only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            host = Headers(scope=scope).get("host", "")
            name = host[: host.rfind("]") + 1] if host.startswith("[") else host.partition(":")[0]
            if name.lower() not in LOOPBACK:
                refused = Refused(
                    f"this server is not {host!r}.",
                    way_out="Call it at http://127.0.0.1 or http://localhost.",
                    status=421,
                )
                await problem(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)

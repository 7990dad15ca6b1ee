"""What the runs under test write to: a mail server and an order book, which log every delivery as it arrives.

Nothing in the logs is ever put together or left out; the order book knows a repeat by its Idempotency-Key, as such
systems do, and mail servers do not.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import cast

import orjson
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Receivers:
    """`folder`: where each delivery is appended to `mails.log` and `orders.log` before it is answered."""

    folder: Path
    seed: int
    mail_port: int = 0
    url: str = ""
    mails: list[tuple[str, str, str]] = field(default_factory=list)
    """(Message-ID, subject, text) of each message that was taken, in order."""
    orders: list[tuple[str, bytes]] = field(default_factory=list)
    """(Idempotency-Key, body) of each request."""
    longest: float = 0.05
    """Seconds that an answer takes at most; it may be lost meanwhile."""
    away: bool = False
    """Whether the order book answers that it is down."""
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    async def pause(self) -> None:
        await asyncio.sleep(self._random.uniform(0, self.longest))

    def subjects(self) -> Counter[str]:
        return Counter(subject for _, subject, _ in self.mails)

    def repeated_mails(self) -> list[str]:
        """Message-IDs that came more than once."""
        return [id for id, times in Counter(id for id, _, _ in self.mails).items() if times > 1]

    def ordered(self) -> dict[str, set[bytes]]:
        """The bodies that came under each key; more than one is a fault."""
        found: dict[str, set[bytes]] = {}
        for key, body in self.orders:
            found.setdefault(key, set()).add(body)
        return found

    def note(self, log: str, line: object) -> None:
        with (self.folder / log).open("ab") as file:
            file.write(orjson.dumps(line) + b"\n")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        message = message_from_bytes(cast(bytes, envelope.original_content), policy=default)
        text = cast(str, message.get_content()).strip()  # type: ignore[attr-defined]
        self.mails.append((str(message["Message-ID"]), str(message["Subject"]), text))
        self.note("mails.log", self.mails[-1])
        await self.pause()
        return "250 2.0.0 taken"

    async def order(self, request: web.Request) -> web.Response:
        key, body = request.headers["Idempotency-Key"], await request.read()
        self.orders.append((key, body))
        self.note("orders.log", [key, body.decode()])
        if self.away:
            return web.Response(status=503)
        await self.pause()
        return web.json_response({"booked": key})


@asynccontextmanager
async def receiving(folder: Path, seed: int) -> AsyncIterator[Receivers]:
    """Both systems on loopback, while the block runs."""
    receivers, loop = Receivers(folder, seed), asyncio.get_running_loop()
    mail = await loop.create_server(lambda: SMTP(receivers, hostname="mail.test", loop=loop), "127.0.0.1", 0)
    receivers.mail_port = mail.sockets[0].getsockname()[1]
    app = web.Application()
    app.router.add_post("/orders", receivers.order)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receivers.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receivers
    finally:
        await runner.cleanup()
        mail.close()
        await asyncio.sleep(0.05)  # links that were cut are let go

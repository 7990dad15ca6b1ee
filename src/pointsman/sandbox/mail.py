"""A practice mail server: it takes mail over SMTP (RFC 5321) and keeps each message as a file. Nothing goes further."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

LARGEST: Final = 2 * 2**20
"""Bytes of a message."""
GREETING: Final = "220 practice mail server, which sends nothing on"


@asynccontextmanager
async def serve_mail(folder: Path) -> AsyncIterator[int]:
    """Serves on loopback while the context is open; gives the port. Messages are `folder/0001.eml` and on, with the
    envelope in their first lines."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    open_links: set[asyncio.Task[None]] = set()

    async def link(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_links.add(task)
        try:
            await _Session(reader, writer, folder).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client left, or sent a line that no mail has
        finally:
            open_links.discard(task)
            writer.close()

    server = await asyncio.start_server(link, "127.0.0.1", 0, limit=64 * 1024)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in open_links:
            task.cancel()
        await asyncio.gather(*open_links, return_exceptions=True)


class _Session:
    """One link: commands in, answers out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, folder: Path) -> None:
        self._reader, self._writer, self._folder = reader, writer, folder
        self._sender: str | None = None
        self._recipients: list[str] = []

    async def run(self) -> None:
        await self._say(GREETING)
        while line := (await self._reader.readline()).decode("utf-8", "replace").strip():
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO":
                    await self._say("250-practice", f"250-SIZE {LARGEST}", "250 8BITMIME")
                case "HELO" | "NOOP":
                    await self._say("250 practice")
                case "MAIL":
                    self._sender, self._recipients = rest, []
                    await self._say("250 OK")
                case "RCPT" if self._sender is not None:
                    self._recipients.append(rest)
                    await self._say("250 OK")
                case "DATA" if self._recipients:
                    await self._take()
                case "RSET":
                    self._sender, self._recipients = None, []
                    await self._say("250 OK")
                case "QUIT":
                    await self._say("221 bye")
                    return
                case "RCPT" | "DATA":
                    await self._say("503 MAIL and RCPT come first")
                case _:
                    await self._say("502 this practice server does not know that")

    async def _take(self) -> None:
        await self._say("354 the text, ended by a line with a dot")
        lines: list[bytes] = []
        size = 0
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            size += len(line)
            lines.append(line[1:] if line.startswith(b"..") else line)
            if size > LARGEST:
                await self._say("552 too large")
                return
        number = len(list(self._folder.glob("*.eml"))) + 1
        envelope = f"X-Practice-From: {self._sender}\r\nX-Practice-To: {', '.join(self._recipients)}\r\n"
        (self._folder / f"{number:04d}.eml").write_bytes(envelope.encode() + b"".join(lines))
        self._sender, self._recipients = None, []
        await self._say("250 kept; it goes no further")

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()

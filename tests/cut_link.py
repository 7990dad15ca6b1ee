"""A TCP proxy on loopback that can lose an answer: what the client sent arrives, what comes back does not."""

import asyncio
from contextlib import suppress


class CutLink:
    """`port`: where it listens. `lose(n)`: the n-th piece from now on is delivered, then the link is cut."""

    port: int

    def __init__(self, target: int) -> None:
        self._target = target
        self._left = 0
        self.cut = False

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()

    def lose(self, piece: int) -> None:
        self._left, self.cut = piece, False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        answers = asyncio.create_task(self._pump(there, writer))
        with suppress(OSError):
            while piece := await reader.read(2**16):
                mine = self._left == 1
                self._left = max(0, self._left - 1)
                if mine:
                    self.cut = True
                    answers.cancel()
                back.write(piece)
                await back.drain()
                if mine:
                    await asyncio.sleep(0.05)  # it is done there, and nobody hears of it
                    break
        answers.cancel()
        for end in (writer, back):
            end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(2**16):
                into.write(piece)
                await into.drain()
        into.transport.abort()

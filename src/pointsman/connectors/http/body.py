"""Bodies: JSON out, JSON in, never more bytes than allowed, whatever the compression claims."""

import math
import zlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import aiohttp
import orjson

ACCEPTED: Final = "gzip, deflate"
_CHUNK: Final = 64 * 1024


class Garbled(Exception):
    """A body that cannot be read: cut off, badly compressed, no JSON."""


class TooLong(Exception):
    """A body above the limit; the rest was not fetched."""


def encode(value: object) -> bytes:
    """JSON of an argument. Raises ValueError for what JSON cannot hold (NaN, infinities, bytes)."""
    try:
        return orjson.dumps(_plain(value))
    except TypeError as fault:
        raise ValueError(str(fault)) from None


def decode(body: bytes) -> Any:
    """The JSON value of a body. Raises Garbled (NaN, infinities and nesting above 1,024 levels included)."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Garbled("half a JSON" if body[:1] in (b"{", b"[", b'"') else "no JSON") from None


async def read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body, decompressed. Raises TooLong above `most` bytes, Garbled where it breaks off."""
    unpack = _unpacker(response.headers.get("Content-Encoding", "").strip().lower(), most)
    parts: list[bytes] = []
    taken = 0
    try:
        async for chunk in response.content.iter_chunked(_CHUNK):
            part = unpack.feed(chunk, most - taken)
            taken += len(part)
            if taken > most:
                raise TooLong
            parts.append(part)
    except (aiohttp.ClientPayloadError, zlib.error):
        raise Garbled("half a body") from None
    if not unpack.complete:
        raise Garbled("half a body")
    return b"".join(parts)


class _Plain:
    """Not compressed."""

    complete = True

    def feed(self, chunk: bytes, room: int) -> bytes:
        return chunk


class _Zlib:
    """gzip or deflate, one byte more than there is room at most: a bomb stops there."""

    def __init__(self, deflate: bool) -> None:
        self._deflate = deflate
        self._inner: Any = None
        self.complete = True

    def feed(self, chunk: bytes, room: int) -> bytes:
        if self._inner is None:
            # RFC 9110 section 8.4.1.2: deflate is the zlib format, but some send it raw.
            raw = self._deflate and chunk[:1] and chunk[0] & 0x0F != 8
            self._inner = zlib.decompressobj(-15 if raw else 15 if self._deflate else 31)
        part: bytes = self._inner.decompress(self._inner.unconsumed_tail + chunk, room + 1)
        self.complete = bool(self._inner.eof)
        return part


def _unpacker(encoding: str, most: int) -> _Plain | _Zlib:
    if encoding in ("", "identity"):
        return _Plain()
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Zlib(encoding == "deflate")
    raise Garbled(f"a body in the encoding {encoding[:20]!r}, which nobody asked for")


def _plain(value: object) -> object:
    match value:
        case float() | Decimal():
            if not math.isfinite(value):
                raise ValueError("a number that is not finite")
            return float(value)
        case Mapping():
            return {str(key): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value

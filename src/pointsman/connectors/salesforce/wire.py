"""One HTTP request and its whole answer, bounded in time and bytes; what goes wrong on the way becomes a fault."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import orjson

from pointsman.clock import Clock
from pointsman.errors import Broken, DeadlinePassed, Later, Refused
from pointsman.spec.connection import SalesforceConnection

_NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=None)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and the whole body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str

    def json(self) -> Any:
        """Raises Later for what is no JSON: an answer cut short or garbled once may be whole the next time."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise Later(
                f"Salesforce answered {self.status} with something that is not whole JSON.",
                where=self.where,
                way_out="If it stays so, look at what stands between.",
            ) from None


class Wire:
    """Connects at the first request."""

    def __init__(self, spec: SalesforceConnection, clock: Clock) -> None:
        self.where = f"connection {spec.connection}"
        self._spec, self._clock = spec, clock
        self._session: aiohttp.ClientSession | None = None

    async def send(self, method: str, url: str, deadline: float | None, **content: Any) -> Answer:
        """`content`: aiohttp's `headers`, `params`, `data`. Redirects are not followed: they would carry the token."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_NO_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
        async with self.within(deadline):
            try:
                async with self._session.request(method, url, allow_redirects=False, **content) as response:
                    return Answer(response.status, response.headers, await self._body(response), self.where)
            except (aiohttp.ClientSSLError, aiohttp.InvalidURL) as error:
                raise Broken(
                    f"no safe connection to {self._spec.url}: {_reason(error)}.",
                    where=self.where,
                    way_out="Look at `url` and at the server's certificate.",
                ) from None
            except aiohttp.ClientError as error:
                way_out = f"Try again later; if it stays so, correct `url` in connections/{self._spec.connection}.yaml."
                rule = f"{self._spec.url} cannot be asked now: {_reason(error)}."
                raise Later(rule, where=self.where, way_out=way_out) from None

    @asynccontextmanager
    async def within(self, deadline: float | None) -> AsyncIterator[None]:
        """Raises DeadlinePassed when it takes longer; without a deadline, longer than `limits.timeout`."""
        now = self._clock.monotonic()
        left = self._spec.limits.timeout if deadline is None else deadline - now
        try:
            async with asyncio.timeout(left):
                yield
        except TimeoutError:
            raise DeadlinePassed(
                f"Salesforce had not answered after {max(left, 0):.3g} s.",
                where=self.where,
                way_out="Ask for less at once, or give it more time (`timeout:` of the step, `limits.timeout`).",
            ) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        most = self._spec.limits.bytes
        parts: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > most:
                raise Refused(
                    f"one page of the answer has more than {most:,} bytes, the limit of one step.",
                    where=self.where,
                    way_out="Ask for fewer fields, or raise `limits.bytes` of the connection.",
                )
            parts.append(chunk)
        return b"".join(parts)


def _reason(error: Exception) -> str:
    """What happened in words, without addresses or contents."""
    match error:
        case aiohttp.InvalidURL():
            return "that is no address"
        case aiohttp.ClientSSLError():
            return "its certificate is not accepted"
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case aiohttp.ClientConnectorError():
            return "nobody answers there"
        case aiohttp.ClientPayloadError():
            return "the answer broke off"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return "it closed the connection"
    return "it did not speak HTTP"

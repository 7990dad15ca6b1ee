"""One request and its answer, mapped to a value or a fault."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from yarl import URL

from pointsman.clock import Clock
from pointsman.connectors.http import body, faults
from pointsman.connectors.http.address import Base
from pointsman.connectors.http.remembered import Kept, Remembered
from pointsman.errors import Broken, DeadlinePassed, Fault, Later, Refused, Uncertain
from pointsman.secrets import Secrets
from pointsman.spec.connection import BasicAuth, BearerAuth, HeaderAuth, HttpConnection

_CONNECT: Final = 5.0
_REDIRECTS: Final = 5
_OURS: Final = frozenset({"host", "authorization", "content-length", "transfer-encoding", "connection", "cookie"})


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `once`: a write that must not be tried twice when its fate is unknown."""

    method: str
    url: URL
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    once: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.url.raw_path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. `next`: where `Link: rel=next` leads (RFC 8288)."""

    status: int
    value: Any
    next: URL | None
    as_of: str | None


class Client:
    """The link to one system; its session opens with the first request."""

    def __init__(self, spec: HttpConnection, secrets: Secrets, clock: Clock) -> None:
        self.base = Base(spec.url)
        self.where = f"connection {spec.connection}"
        self._spec, self._secrets, self._clock = spec, secrets, clock
        self._session: aiohttp.ClientSession | None = None
        self._remembered = Remembered()

    async def send(self, request: Request, deadline: float | None) -> Answer:
        """The answer of a request. Raises Refused, Later or Broken."""
        try:
            return await self._follow(request, deadline)
        except Fault:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            raise self._unanswered(request, fault, deadline) from None

    async def close(self) -> None:
        session, self._session = self._session, None
        if session:
            await session.close()

    async def _follow(self, request: Request, deadline: float | None) -> Answer:
        kept = self._remembered.get(str(request.url)) if request.method == "GET" else None
        headers = self._headers(request) | ({"If-None-Match": kept.etag} if kept else {})
        url = request.url
        for _ in range(_REDIRECTS + 1):
            async with self._open().request(
                request.method,
                url,
                headers=headers,
                data=request.body,
                timeout=self._timeout(deadline),
                allow_redirects=False,
            ) as response:
                if response.status in (301, 302, 303, 307, 308):
                    url = self._redirected(request, response)
                    continue
                return await self._answer(request, response, kept)
        raise Broken(f"{request} is redirected in a circle.", where=self.where)

    async def _answer(self, request: Request, response: aiohttp.ClientResponse, kept: Kept | None) -> Answer:
        as_of = faults.as_of(response.headers, self._clock)
        if response.status == 304 and kept:
            onward = URL(kept.next) if kept.next else None
            return Answer(200, body.decode(kept.body), onward, as_of)
        try:
            text = await body.read(response, self._spec.limits.bytes)
        except body.TooLong:
            if response.status < 400:
                raise self._too_long(request) from None
            text = b""
        except body.Garbled as fault:
            if response.status < 400:
                raise self._unreadable(request, str(fault)) from None
            text = b""
        if response.status >= 400 or response.status == 304:
            raise faults.of_status(
                response.status,
                response.headers,
                self._secrets.scrub(faults.detail_of(text)),
                asked=str(request),
                where=self.where,
                clock=self._clock,
                once=request.once,
            )
        value = self._value(request, response, text)
        onward = self._onward(response)
        etag = response.headers.get("ETag")
        if request.method == "GET" and etag and text:
            self._remembered.keep(str(request.url), Kept(etag, text, str(onward) if onward else None))
        return Answer(response.status, value, onward, as_of)

    def _value(self, request: Request, response: aiohttp.ClientResponse, text: bytes) -> Any:
        if not text.strip():
            return None
        if response.content_type == "text/html":
            said = f"{request} answered with a web page, not JSON."
            if request.once:
                raise Uncertain(said, where=self.where)
            raise Broken(said, where=self.where, way_out="Correct `url` or `auth`.")
        try:
            return body.decode(text)
        except body.Garbled as fault:
            raise self._unreadable(request, str(fault)) from None

    def _unreadable(self, request: Request, what: str) -> Fault:
        said = f"{request} answered with {what}."
        if request.method != "GET":
            kind = Uncertain if request.once else Broken
            return kind(said, where=self.where, way_out="It was done; only its answer is lost.")
        return Later(said, where=self.where)

    def _too_long(self, request: Request) -> Fault:
        if request.once:
            return self._unreadable(request, f"more than {self._spec.limits.bytes:,} bytes")
        return Refused(
            f"{request} answered with more than {self._spec.limits.bytes:,} bytes, the limit of one step.",
            where=self.where,
            way_out=f"Ask for less, or raise `limits.bytes` in connections/{self._spec.connection}.yaml.",
        )

    def _redirected(self, request: Request, response: aiohttp.ClientResponse) -> URL:
        target = response.url.join(URL(response.headers.get("Location", "")))
        if request.method != "GET" or not self.base.contains(target):
            said = f"{request} is redirected to {target.origin() if target.is_absolute() else 'nowhere'}."
            if request.once and response.status not in (307, 308):
                # RFC 9110 section 15.4.4: many systems do what was asked and point to a page about it.
                raise Uncertain(said, where=self.where)
            raise Broken(
                said,
                where=self.where,
                way_out="Only GET follows, and only under the connection's `url`: correct it.",
            )
        return target

    def _onward(self, response: aiohttp.ClientResponse) -> URL | None:
        link = response.links.get("next")
        target = link.get("url") if link else None
        if target is None:
            return None
        url = URL(str(target))
        if not self.base.contains(url):
            raise Broken("`Link: rel=next` leads out of the connection's `url`.", where=self.where)
        return url

    def _unanswered(self, request: Request, fault: Exception, deadline: float | None) -> Fault:
        """A request without an answer. What never left us is for later, whatever it is."""
        place = f"{request.url.host}:{request.url.port}"
        if isinstance(fault, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
            return Broken(f"the certificate of {place} is not trusted.", where=self.where)
        if isinstance(fault, TimeoutError) and deadline is not None and self._clock.monotonic() >= deadline:
            if request.once:
                return Uncertain(f"{request} did not answer in time.", where=self.where)
            return DeadlinePassed(f"{request} did not answer in time.", where=self.where)
        if isinstance(fault, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return Later(f"no answer from {place}.", where=self.where)
        if isinstance(fault, ValueError):
            return Refused(f"{request} cannot be sent: {type(fault).__name__}.", where=self.where)
        if request.once:
            return Uncertain(f"the link to {place} broke while {request} was under way.", where=self.where)
        return Later(f"the link to {place} broke.", where=self.where)

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": body.ACCEPTED,
            "User-Agent": "pointsman",
            **self._spec.headers,
        }
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        auth = self._authorization()
        barred = _OURS | {name.lower() for name in auth}
        for name, value in request.headers.items():
            if name.lower() in barred:
                raise Refused(f"the header `{name}` is the connection's own.", where=self.where)
            headers[name] = value
        return headers | auth

    def _authorization(self) -> dict[str, str]:
        match self._spec.auth:
            case BearerAuth(bearer=reference):
                return {"Authorization": f"Bearer {self._secrets.resolve(reference).reveal()}"}
            case BasicAuth(user=user, password=reference):
                pair = f"{user}:{self._secrets.resolve(reference).reveal()}"
                return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
            case HeaderAuth(header=header, value=reference):
                return {header: self._secrets.resolve(reference).reveal()}
        return {}

    def _timeout(self, deadline: float | None) -> aiohttp.ClientTimeout:
        left = None if deadline is None else max(deadline - self._clock.monotonic(), 0.001)
        return aiohttp.ClientTimeout(total=left, sock_connect=_CONNECT)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._spec.limits.concurrent),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

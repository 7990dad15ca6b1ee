"""Signing in: OAuth 2.0 JWT bearer (RFC 7523) and client credentials (RFC 6749, section 4.4)."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, Final, assert_never
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from pointsman.clock import Clock
from pointsman.connectors.salesforce.faults import fault_of, said
from pointsman.connectors.salesforce.wire import Answer, Wire
from pointsman.errors import Broken, Fault, Later
from pointsman.secrets import HIDDEN, Secrets
from pointsman.spec.connection import ClientCredentials, JwtBearer, SalesforceConnection

_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_SECONDS: Final = 120
"""How long an assertion is good; Salesforce takes at most 3 minutes."""


@dataclass(frozen=True, slots=True)
class Token:
    """A session: what opens it, and the address of the org's API."""

    value: str = field(repr=False)
    instance: str


class Tokens:
    """The session of one connection, shared by all its callers; signed in for when first needed."""

    def __init__(self, spec: SalesforceConnection, wire: Wire, secrets: Secrets, clock: Clock) -> None:
        self._spec, self._wire, self._secrets, self._clock = spec, wire, secrets, clock
        self._token: Token | None = None
        self._signing_in = asyncio.Lock()

    async def get(self, deadline: float | None) -> Token:
        """The session. Callers that come while it is being asked for wait for the same answer."""
        if self._token is None:
            async with self._wire.within(deadline), self._signing_in:
                if self._token is None:
                    self._token = await self._sign_in(deadline)
        return self._token

    def ended(self, token: Token) -> None:
        """The org no longer knows this session; a newer one stays."""
        if self._token is token:
            self._token = None

    async def _sign_in(self, deadline: float | None) -> Token:
        form = self._form()
        url = f"{self._spec.url.rstrip('/')}/services/oauth2/token"
        answer = await self._wire.send("POST", url, deadline, data=form, headers={"Accept": "application/json"})
        if answer.status != 200:
            raise self._refused(answer, form)
        return self._read(answer.json())

    def _form(self) -> dict[str, str]:
        auth = self._spec.auth
        match auth:
            case ClientCredentials():
                return {
                    "grant_type": "client_credentials",
                    "client_id": self._secret(auth.client_id),
                    "client_secret": self._secret(auth.client_secret),
                }
            case JwtBearer():
                return {"grant_type": _JWT_BEARER, "assertion": self._assertion(auth)}
        assert_never(auth)

    def _secret(self, reference: str) -> str:
        return self._secrets.resolve(reference).reveal()

    def _assertion(self, auth: JwtBearer) -> str:
        claims = {
            "iss": self._secret(auth.client_id),
            "sub": auth.user,
            "aud": auth.audience or self._spec.url.rstrip("/"),
            "exp": int(self._clock.now().timestamp()) + _ASSERTION_SECONDS,
        }
        try:
            return jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(self._secret(auth.key)))
        except (JoseError, ValueError, TypeError):
            raise Broken(
                f"{auth.key} holds no RSA private key that can sign.",
                where=self._wire.where,
                way_out="Put the connected app's private key there, as PEM without a passphrase.",
            ) from None

    def _read(self, content: Any) -> Token:
        value = content.get("access_token") if isinstance(content, dict) else None
        instance = content.get("instance_url") if isinstance(content, dict) else None
        if not isinstance(value, str) or not isinstance(instance, str) or not self._safe(instance):
            raise Broken(
                "the sign-in's answer holds no session and safe address.",
                where=self._wire.where,
                way_out="Look at `url`: that does not answer like the Salesforce API.",
            )
        return Token(value, instance.rstrip("/"))

    def _safe(self, instance: str) -> bool:
        """A token that was fetched over TLS never travels without it."""
        scheme = urlsplit(instance).scheme
        return scheme == "https" or (scheme == "http" and urlsplit(self._spec.url).scheme == "http")

    def _refused(self, answer: Answer, form: dict[str, str]) -> Fault:
        echoed = answer.body.decode(errors="replace").replace(form.get("assertion", HIDDEN), HIDDEN)
        answer = replace(answer, body=self._secrets.scrub(echoed).encode())
        code, message = said(answer)
        if answer.status not in (400, 401) or not code:
            return fault_of(answer, self._clock.now())
        if "rate exceeded" in message:
            return Later(f"Salesforce does not sign in now: {message} ({code}).", where=self._wire.where, status=429)
        return Broken(
            f"Salesforce refuses the sign-in: {message} ({code}).",
            where=self._wire.where,
            way_out=self._look_at(code),
        )

    def _look_at(self, code: str) -> str:
        auth = self._spec.auth
        if code == "invalid_client_id":
            return f"Look at {auth.client_id}."
        if isinstance(auth, ClientCredentials):
            return f"Look at {auth.client_id} and {auth.client_secret}."
        return f"Look at {auth.key}, at `user` ({auth.user}) and at `audience`; the app must be approved for the user."

"""Who may use the stand-in, and the token endpoint: OAuth 2.0 client credentials and JWT bearer (RFC 7523)."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import Response

from pointsman.clock import Clock
from pointsman.sandbox.salesforce.answers import json

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LOGIN_HOSTS: Final = ("https://login.salesforce.com", "https://test.salesforce.com")
_LONGEST_ASSERTION: Final = 300
"""Seconds that an assertion may be good for, from now."""


@dataclass(frozen=True, slots=True)
class Access:
    """One connected app. `secret` allows client credentials; `public_key` (PEM) allows JWT bearer for `users`."""

    client_id: str
    secret: str | None = None
    public_key: str | None = None
    users: tuple[str, ...] = ()
    audiences: tuple[str, ...] = field(default=_LOGIN_HOSTS)
    """Accepted in assertions, beside the stand-in's own address."""


class _Denied(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


class Sessions:
    """Tokens given out and still good."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access, self._clock = access, clock
        self._good: set[str] = set()
        self.given = 0
        """Tokens given out so far."""

    def holds(self, authorization: str | None) -> bool:
        kind, _, token = (authorization or "").partition(" ")
        return kind in ("Bearer", "OAuth") and token in self._good

    def expire_all(self) -> None:
        """Every session ends now, as when an administrator ends them."""
        self._good.clear()

    async def token(self, request: Request) -> Response:
        """POST /services/oauth2/token."""
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        own = str(request.base_url).rstrip("/")
        try:
            user = self._user(form, request.headers.get("authorization"), own)
        except _Denied as denied:
            return json({"error": denied.error, "error_description": denied.description}, 400)
        token = f"00Dstandin!{secrets.token_urlsafe(48)}"
        self._good.add(token)
        self.given += 1
        return json(
            {
                "access_token": token,
                "scope": "api",
                "instance_url": own,
                "id": f"{own}/id/00DSTANDIN/{user}",
                "token_type": "Bearer",
            }
        )

    def _user(self, form: Mapping[str, str], authorization: str | None, own: str) -> str:
        match form.get("grant_type"):
            case "client_credentials":
                return self._by_secret(form, authorization)
            case grant if grant == JWT_BEARER:
                return self._by_assertion(form.get("assertion", ""), own)
        raise _Denied("unsupported_grant_type", "grant type not supported")

    def _by_secret(self, form: Mapping[str, str], authorization: str | None) -> str:
        client, secret = _basic(authorization) or (form.get("client_id", ""), form.get("client_secret", ""))
        if client != self._access.client_id:
            raise _Denied("invalid_client_id", "client identifier invalid")
        if not self._access.secret or not hmac.compare_digest(secret.encode(), self._access.secret.encode()):
            raise _Denied("invalid_client", "invalid client credentials")
        return "integration"

    def _by_assertion(self, assertion: str, own: str) -> str:
        if not self._access.public_key:
            raise _Denied("unsupported_grant_type", "grant type not supported")
        try:
            claims = jwt.decode(assertion, RSAKey.import_key(self._access.public_key), algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            raise _Denied("invalid_grant", "invalid assertion") from None
        return self._accepted(claims, (own, *self._access.audiences))

    def _accepted(self, claims: Mapping[str, Any], audiences: tuple[str, ...]) -> str:
        if claims.get("iss") != self._access.client_id:
            raise _Denied("invalid_client_id", "client identifier invalid")
        audience = claims.get("aud")
        if not set(audiences) & set(audience if isinstance(audience, list) else [audience]):
            raise _Denied("invalid_grant", "audience is invalid")
        now = self._clock.now().timestamp()
        try:
            expires = float(claims.get("exp", 0))
        except (TypeError, ValueError):
            raise _Denied("invalid_grant", "invalid assertion") from None
        if not now < expires <= now + _LONGEST_ASSERTION:
            raise _Denied("invalid_grant", "expired authorization code")
        if claims.get("sub") not in self._access.users:
            raise _Denied("invalid_grant", "user hasn't approved this consumer")
        return str(claims["sub"])


def _basic(authorization: str | None) -> tuple[str, str] | None:
    kind, _, encoded = (authorization or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return client, secret

"""Mail: `send` hands one message to a mail server, at most once.

A server that took a message cannot tell its repeat, so what becomes of a try is told apart exactly: until the text
leaves us, nothing was sent, and every fault says so (Refused, Later, Broken); once the server has answered, its answer
counts; between the two it is Uncertain. A call that is cancelled before the text leaves sends nothing; one that is
cancelled after may have been sent, which whoever cancels must take as uncertain.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from pointsman.clock import Clock
from pointsman.connectors.port import Action, Call, Facts, Page, Tables
from pointsman.connectors.smtp import address
from pointsman.connectors.smtp.link import NOT_KNOWN, Link
from pointsman.connectors.smtp.message import Writer
from pointsman.connectors.smtp.replies import Reader
from pointsman.errors import DeadlinePassed, Fault, Refused, Uncertain, way_out
from pointsman.secrets import Secret, Secrets
from pointsman.shape import Value
from pointsman.spec.connection import SmtpConnection

_ACTIONS: Final = {
    "send": Action("send", "once", frozenset({"to", "subject", "body"}), frozenset({"cc", "reply_to"})),
}


class SmtpConnector:
    """One mail server and one sender; a link for each message. `root`: the project's folder, for `ca`."""

    def __init__(self, spec: SmtpConnection, root: Path, secrets: Secrets, clock: Clock) -> None:
        self.connection = spec.connection
        self._spec, self._root, self._secrets, self._clock = spec, root, secrets, clock
        self._where = f"connection {spec.connection}"
        self._reader = Reader(self._where, secrets.scrub)
        self._trusted: ssl.SSLContext | None = None

    @property
    def actions(self) -> Mapping[str, Action]:
        return _ACTIONS

    async def write(self, action: str, args: Mapping[str, Any], call: Call) -> Value:
        """`send`: `{message_id, accepted: [address], refused: [{address, reason}]}`."""
        if action not in _ACTIONS:
            raise Refused(f"no action named `{action}`.", where=self._where, way_out=way_out(action, _ACTIONS))
        message = self._writer().write(args, call.key, self._clock.now())
        async with self._link(call.deadline) as link:
            taken = await link.send(message)
        refused: list[Value] = [{"address": one, "reason": reason} for one, reason in taken.refused]
        return {"message_id": message.id, "accepted": list(taken.accepted), "refused": refused}

    def read(self, action: str, args: Mapping[str, Any], call: Call, facts: Facts) -> AsyncIterator[Page]:
        raise Refused("a mail connection reads nothing.", where=self._where, way_out="Its one action is `send`.")

    async def describe(self) -> Tables:
        """A mail server shows no tables."""
        return {}

    async def check(self) -> str:
        """Connects and logs in as `send` does, and leaves without sending."""
        self._writer()
        async with self._link(None) as link:
            offered = ", ".join(
                " ".join((name.upper(), *rest.split())) for name, rest in list(link.offers.items())[:12]
            )
        spec = self._spec
        how = {"starttls": " over STARTTLS", "tls": " over TLS", "none": ""}[spec.security]
        into = f", lets {spec.user} in" if spec.user else ""
        said = self._secrets.scrub("".join(sign for sign in offered if sign.isprintable())[:300]) or "nothing more"
        return (
            f"{spec.host}:{spec.port} answers{how}{into} and offers {said}. "
            "`send` is tried at most once: a mail server cannot tell a repeat."
        )

    async def close(self) -> None:
        """Nothing stays open between messages."""

    @asynccontextmanager
    async def _link(self, deadline: float | None) -> AsyncIterator[Link]:
        """A link that is open, and is closed after; the end of time is told by how far it came."""
        password = self._password()
        link = Link(self._spec, self._reader, await self._tls())
        try:
            async with asyncio.timeout(self._left(deadline)):
                await link.open(password)
                yield link
        except (TimeoutError, asyncio.CancelledError) as ended:
            link.drop()
            if isinstance(ended, asyncio.CancelledError) and (deadline is None or self._left(deadline)):
                raise
            # A cancellation at the deadline is the deadline's: the timer of whoever waits for us was the first.
            raise self._late(link) from None
        except BaseException:
            link.leave()
            raise
        link.leave()

    def _left(self, deadline: float | None) -> float | None:
        return None if deadline is None else max(deadline - self._clock.monotonic(), 0.0)

    def _late(self, link: Link) -> Fault:
        place = f"{self._spec.host}:{self._spec.port}"
        if link.text_left:
            rule = f"{place} took the message and did not say in time whether it accepts it."
            return Uncertain(rule, where=self._where, way_out=f"{NOT_KNOWN} Give it more time with `limits.timeout`.")
        return DeadlinePassed(f"{place} was too slow; nothing was sent.", where=self._where)

    def _writer(self) -> Writer:
        try:
            return Writer(address.read(self._spec.sender), self._where)
        except ValueError as fault:
            raise Refused(f"`sender` {fault}.", where=self._where) from None

    def _password(self) -> Secret | None:
        """Raises Refused where it would travel in the clear over a network."""
        spec = self._spec
        if (spec.user is None) != (spec.password is None):
            raise Refused("`user` and `password` go together.", where=self._where, way_out="Give both, or none.")
        if spec.password is None:
            return None
        if spec.security == "none" and not _here(spec.host):
            rule = f"the password would travel to {spec.host} in the clear."
            raise Refused(rule, where=self._where, way_out="Set `security` to `starttls` or `tls`.")
        return self._secrets.resolve(spec.password)

    async def _tls(self) -> ssl.SSLContext | None:
        if self._spec.security == "none":
            return None
        if self._trusted is None:
            self._trusted = await asyncio.to_thread(self._authorities)
        return self._trusted

    def _authorities(self) -> ssl.SSLContext:
        """Checks certificate and host name, and speaks TLS 1.2 or newer."""
        name = self._spec.ca
        try:
            context = ssl.create_default_context(cafile=None if name is None else self._root / name)
        except OSError as fault:
            reason = "it holds no certificate" if isinstance(fault, ssl.SSLError) else fault.strerror
            rule = f"the file `ca`, {name}, cannot be used ({reason})."
            raise Refused(rule, where=self._where, way_out="Name a PEM file in the project's folder.") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""One exchange with a mail server, from its greeting to QUIT: the only file that knows the SMTP library.

A link serves one message. `text_left` says whether the message's text began to leave: until then nothing was sent,
whatever happens (RFC 5321 section 4.1.1.4); from then until the reply nobody can tell.
"""

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import aiosmtplib

from pointsman.connectors.smtp.message import Message
from pointsman.connectors.smtp.replies import About, Reader, Reply
from pointsman.errors import Broken, Fault, Later, Uncertain
from pointsman.secrets import Secret
from pointsman.spec.connection import SmtpConnection

_CONNECT: Final = 5.0
NOT_KNOWN: Final = (
    "It may or may not have been sent: ask the recipient or look at the server's log before you send it again."
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """Who the server took it for, and whom it refused, with its reason."""

    accepted: list[str]
    refused: list[tuple[str, str]]


class Link:
    """`tls`: what checks the server's certificate; None for a link in the clear."""

    def __init__(self, spec: SmtpConnection, reader: Reader, tls: ssl.SSLContext | None) -> None:
        self._spec, self._reader, self._tls = spec, reader, tls
        self._client = aiosmtplib.SMTP(
            hostname=spec.host,
            port=spec.port,
            use_tls=spec.security == "tls",
            start_tls=False,
            tls_context=tls,
            timeout=None,
            local_hostname="localhost",  # never said: `_greet` names our address, which asks no name server
        )
        self.text_left = False

    @property
    def offers(self) -> dict[str, str]:
        """Extensions that the server names, with their parameters, by lower-case keyword (RFC 5321 section 4.1.1.1)."""
        return self._client.esmtp_extensions

    async def open(self, password: Secret | None) -> None:
        """Connects, protects the link as the connection says, and logs in. Raises Later or Broken."""
        with self._mapped("link"):
            await self._client.connect(timeout=_CONNECT)
            await self._greet()
            if self._spec.security == "starttls":
                await self._protect()
        if self._spec.user is not None and password is not None:
            with self._mapped("login"):
                await self._log_in(self._spec.user, password)

    async def send(self, message: Message) -> Delivered:
        """Hands the message over. Raises Refused, Later or Broken where nothing was sent, else Uncertain."""
        with self._mapped("sender"):
            size = [f"SIZE={len(message.text)}"] if "size" in self.offers else []
            await self._client.mail(message.sender, options=size)
        taken = await self._recipients(message)
        with self._mapped("text", message.recipients):
            start = Reply(*await self._client.execute_command(b"DATA"))
            if start.code != 354:
                raise self._reader.fault(start, "text", message.recipients)
            await self._hand_over(message)
        return taken

    def leave(self) -> None:
        """Says QUIT and closes, waiting for nothing: what was accepted stays so."""
        if self._client.protocol is not None and self._client.is_connected:
            self._client.protocol.write(b"QUIT\r\n")
        self._client.close()

    def drop(self) -> None:
        """Ends the link at once; what has not left by now never does."""
        if isinstance(self._client.transport, asyncio.WriteTransport):
            self._client.transport.abort()
        self._client.close()

    async def _greet(self) -> None:
        address = ipaddress.ip_address(self._client.get_transport_info("sockname")[0].partition("%")[0])
        await self._client.ehlo(hostname=f"[IPv6:{address}]" if address.version == 6 else f"[{address}]")

    async def _protect(self) -> None:
        if "starttls" not in self.offers:
            raise self._broken("the mail server offers no STARTTLS", "Correct `port`, or choose another `security`.")
        await self._client.starttls()
        await self._greet()

    async def _log_in(self, user: str, password: Secret) -> None:
        """One try, by one method, so that a wrong password does not lock the account."""
        known = {
            "plain": self._client.auth_plain,
            "login": self._client.auth_login,
            "cram-md5": self._client.auth_crammd5,
        }
        method = next((known[name] for name in known if name in self._client.server_auth_methods), None)
        if method is None:
            raise self._broken("the mail server offers no way of logging in that we know", "Remove `user`.")
        await method(user, password.reveal())

    async def _recipients(self, message: Message) -> Delivered:
        taken = Delivered([], [])
        replies: list[Reply] = []
        for address in message.recipients:
            try:
                with self._mapped("recipient", message.recipients):
                    await self._client.rcpt(address)
                    taken.accepted.append(address)
            except _RecipientRefused as refused:
                replies.append(refused.reply)
                taken.refused.append((address, self._reader.said(refused.reply)))
        if not taken.accepted:
            raise self._reader.nobody(replies, message.recipients)
        return taken

    async def _hand_over(self, message: Message) -> None:
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        self.text_left = True
        protocol.write(re.sub(rb"(?m)^\.", b"..", message.text) + b".\r\n")
        reply = Reply(*await protocol.read_response())
        if not 200 <= reply.code < 600 or 300 <= reply.code < 400:
            raise self._uncertain(f"the mail server answered {self._reader.said(reply, message.recipients)}")
        self.text_left = False
        if reply.code >= 400:
            raise self._reader.fault(reply, "text", message.recipients)

    @contextmanager
    def _mapped(self, about: About, recipients: tuple[str, ...] = ()) -> Iterator[None]:
        try:
            yield
        except Fault:
            raise
        except aiosmtplib.SMTPResponseException as fault:
            reply = Reply(fault.code, fault.message)
            if self.text_left:
                said = self._reader.said(reply, recipients)
                raise self._uncertain(f"the mail server answered {said}") from None
            if about == "recipient" and 400 <= reply.code < 600 and reply.code != 421:
                raise _RecipientRefused(reply) from None
            raise self._reader.fault(reply, about, recipients) from None
        except (aiosmtplib.SMTPException, OSError) as fault:
            raise self._lost(fault) from None

    def _lost(self, fault: Exception) -> Fault:
        """The link broke, or never came up."""
        spec = self._spec
        place, cause = f"{spec.host}:{spec.port}", fault if isinstance(fault, ssl.SSLError) else fault.__cause__
        if self.text_left:
            return self._uncertain(f"the link to {place} broke while the message was handed over")
        if isinstance(cause, ssl.SSLCertVerificationError):
            way_out = "Correct `host`, or name the authority's file as `ca`."
            return self._broken(f"the certificate of {place} is not trusted ({cause.verify_message})", way_out)
        if isinstance(cause, ssl.SSLError):
            return self._broken(f"{place} does not speak TLS as we do", "Correct `port` or `security`.")
        if isinstance(fault, aiosmtplib.SMTPConnectError):
            return Later(f"no answer from {place}.", where=self._reader.where)
        return Later(f"the link to {place} broke before anything was sent.", where=self._reader.where)

    def _broken(self, rule: str, way_out: str) -> Broken:
        return Broken(f"{rule}.", where=self._reader.where, way_out=way_out)

    def _uncertain(self, rule: str) -> Uncertain:
        return Uncertain(f"{rule}.", where=self._reader.where, way_out=NOT_KNOWN)


class _RecipientRefused(Exception):
    """The server does not take one recipient; the others may do."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply

"""A mail server on loopback for tests: aiosmtpd with TLS, logins, and faults on demand at each stage.

`delivered` is what it took responsibility for, message by message, as it came; nothing is put together or left out.
"""

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "mailer", "canary-Smtp/77+pass"
Stage = Literal["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "TEXT"]
"""`DATA`: before the text; `TEXT`: after its final dot."""


@dataclass(frozen=True)
class Delivery:
    """One message as it came."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    user: str | None
    tls: bool

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=default)

    @property
    def text(self) -> str:
        return cast(str, self.message.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """`replies`: what to answer at a stage instead. `refused`: replies by recipient. `dropped`: stages at which the
    link is cut without an answer. `waits`: seconds before answering."""

    port: int = 0
    delivered: list[Delivery] = field(default_factory=list)
    replies: dict[Stage, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    dropped: set[Stage] = field(default_factory=set)
    waits: dict[Stage, float] = field(default_factory=dict)
    reached: list[Stage] = field(default_factory=list)
    """Every stage that was reached, over all links."""
    greeted: list[str] = field(default_factory=list)
    """What clients called themselves."""
    options: list[str] = field(default_factory=list)
    """Options of MAIL."""
    logins: list[str] = field(default_factory=list)
    """Methods of login that were tried."""
    open: int = 0
    """Links that are open now."""

    async def quiet(self, seconds: float = 2.0) -> int:
        """Links that are still open after at most this time."""
        for _ in range(int(seconds / 0.01)):
            if not self.open:
                return 0
            await asyncio.sleep(0.01)
        return self.open

    async def reach(self, stage: Stage, seconds: float = 3.0) -> None:
        for _ in range(int(seconds / 0.01)):
            if stage in self.reached:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{stage} was never reached")


class _Protocol(SMTP):
    """Gives what `MailServer` says at each stage, else what aiosmtpd does."""

    def __init__(self, server: MailServer, **options: Any) -> None:
        super().__init__(_Handler(server), **options)
        self.server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        first = self._original_transport is None
        super().connection_made(transport)
        self.server.open += first

    def connection_lost(self, error: Exception | None) -> None:
        self.server.open -= 1
        super().connection_lost(error)

    async def smtp_EHLO(self, hostname: str) -> None:
        self.server.greeted.append(hostname)
        await self._at("EHLO", super().smtp_EHLO, hostname)

    async def smtp_AUTH(self, arg: str) -> None:
        self.server.logins.append(arg.split()[0])
        await self._at("AUTH", super().smtp_AUTH, arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        self.server.options.append((arg or "").partition("> ")[2])
        await self._at("MAIL", super().smtp_MAIL, arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        address = (arg or "").partition("<")[2].partition(">")[0]
        if address in self.server.refused:
            await self.push(self.server.refused[address])
        else:
            await self._at("RCPT", super().smtp_RCPT, arg)

    async def smtp_DATA(self, arg: str) -> None:
        await self._at("DATA", super().smtp_DATA, arg)

    async def _at(self, stage: Stage, usual: Callable[[Any], Any], arg: Any) -> None:
        said = await before(self.server, stage, self)
        if said is None:
            await usual(arg)
        else:
            await self.push(said)
            if said.startswith("421"):
                self.transport.close()  # type: ignore[union-attr]


async def before(server: MailServer, stage: Stage, protocol: SMTP) -> str | None:
    """Waits or cuts the link as it is told to; what to answer instead of the usual."""
    server.reached.append(stage)
    await asyncio.sleep(server.waits.get(stage, 0))
    if stage in server.dropped:
        (protocol._original_transport or protocol.transport).abort()  # type: ignore[union-attr]
        await asyncio.sleep(60)  # ended by the loss of the link
    return server.replies.get(stage)


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self.server = server

    async def handle_DATA(self, protocol: SMTP, session: Session, envelope: Envelope) -> str:
        said = self.server.replies.get("TEXT", "250 2.0.0 taken")
        if not said.startswith(("4", "5")):
            self.server.delivered.append(
                Delivery(
                    envelope.mail_from or "",
                    tuple(envelope.rcpt_tos),
                    cast(bytes, envelope.original_content),
                    USER if session.authenticated else None,
                    session.ssl is not None or protocol.transport.get_extra_info("sslcontext") is not None,  # type: ignore[union-attr]
                )
            )
        return await before(self.server, "TEXT", protocol) or said


def _known(protocol: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    right = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=given == right, handled=False)


@dataclass(frozen=True)
class Certificates:
    """`ca`: the authority's PEM file. `server`: of a server on this machine, signed by it."""

    ca: Path
    server: ssl.SSLContext


def certificates(folder: Path, host: str = "127.0.0.1") -> Certificates:
    """An authority of our own, and a certificate that it gave the server of a host."""
    key, name = ec.generate_private_key(ec.SECP256R1()), _name("Test authority")
    authority = _certificate(name, name, key.public_key(), key, authority=True)
    own = ec.generate_private_key(ec.SECP256R1())
    server = _certificate(_name(host), name, own.public_key(), key, authority=False)
    (folder / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    pem = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + server.public_bytes(serialization.Encoding.PEM)
    (folder / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return Certificates(folder / "ca.pem", context)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, public: Any, signing: ec.EllipticCurvePrivateKey, *, authority: bool
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    host = str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    address = host.replace(".", "").isdigit()
    names = [] if authority else [x509.IPAddress(ipaddress.ip_address(host)) if address else x509.DNSName(host)]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(signing, hashes.SHA256())


@asynccontextmanager
async def serving(
    tls: Certificates | None = None, *, implicit: bool = False, login: bool = False, **options: Any
) -> AsyncIterator[MailServer]:
    """The server while the block runs. `implicit`: TLS from the first byte, else STARTTLS where there is `tls`."""
    loop, server = asyncio.get_running_loop(), MailServer()
    context = None if tls is None else tls.server
    arguments: dict[str, Any] = {
        "hostname": "mail.test",
        "loop": loop,
        "authenticator": _known,
        "auth_require_tls": tls is not None and not implicit,
        "auth_exclude_mechanism": () if login or tls else ("LOGIN", "PLAIN"),
        "tls_context": None if implicit else context,
        **options,
    }
    # The protocol named, as accepted links take it over: without it asyncio leaves Nagle's algorithm on.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    running = await loop.create_server(
        lambda: _Protocol(server, **arguments), sock=listener, ssl=context if implicit else None
    )
    try:
        yield server
    finally:
        running.close()
        await server.quiet()
        await running.wait_closed()


@asynccontextmanager
async def scripted(*lines: bytes) -> AsyncIterator[int]:
    """A server that says the first line by itself and one more after each line it gets, then closes; its port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, line in enumerate(lines):
            if number and not await reader.readline():
                break
            writer.write(line)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as running:
        yield running.sockets[0].getsockname()[1]

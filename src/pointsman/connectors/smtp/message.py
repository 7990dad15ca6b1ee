"""What `send` says, as a message (RFC 5322) and its envelope.

The Message-ID comes from the effect's key alone, so a message that was sent twice after all can be seen to be one.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final

from pointsman.connectors.smtp import address, header
from pointsman.errors import Refused

MOST_RECIPIENTS: Final = 50
LONGEST_SUBJECT: Final = 500
LARGEST_BODY: Final = 2**20
_POLICY: Final = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Message:
    """`text`: header and body, in CRLF lines of ASCII. `recipients`: each once, whatever line it stands in."""

    id: str
    sender: str
    recipients: tuple[str, ...]
    text: bytes


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the messages of one connection. `sender`: what stands in `From`. `where`: put before its refusals."""

    sender: Address
    where: str

    def write(self, args: Mapping[str, Any], key: str | None, now: datetime) -> Message:
        """The message that the arguments of `send` ask for. Raises Refused."""
        to, cc = self._addresses(args, "to"), self._addresses(args, "cc")
        recipients = {address.same(one): one.addr_spec for one in (*to, *cc)}
        if not to:
            raise self._refused("to", "names nobody", "Give an address, or a list of them.")
        if len(recipients) > MOST_RECIPIENTS:
            rule = f"and `cc` together name {len(recipients)} recipients, and {MOST_RECIPIENTS} are allowed"
            raise self._refused("to", rule, "Send to each one alone, with `each`.")
        id = f"<{_id(key)}@{self.sender.domain}>"
        head = {"From": header.addresses([self.sender]), "To": header.addresses(to)}
        if cc:
            head["Cc"] = header.addresses(cc)
        if args.get("reply_to") is not None:
            head["Reply-To"] = header.addresses([self._address("reply_to", args["reply_to"])])
        head |= {"Subject": header.line(self._subject(args)), "Date": format_datetime(now), "Message-ID": id}
        text = "".join(f"{name}: {value}\r\n" for name, value in head.items()).encode("ascii")
        return Message(id, self.sender.addr_spec, tuple(recipients.values()), text + _part(self._body(args)))

    def _addresses(self, args: Mapping[str, Any], name: str) -> list[Address]:
        given = args.get(name)
        if given is None:
            return []
        if not isinstance(given, list | tuple):
            return [self._address(name, given)]
        return [self._address(f"{name}[{position}]", one) for position, one in enumerate(given)]

    def _address(self, name: str, given: object) -> Address:
        if not isinstance(given, str):
            raise self._refused(name, "must be an address, as a text")
        try:
            return address.read(given)
        except ValueError as fault:
            raise self._refused(name, str(fault), "Several recipients are a list.") from None

    def _subject(self, args: Mapping[str, Any]) -> str:
        given = self._text(args, "subject")
        if len(given) > LONGEST_SUBJECT:
            raise self._refused("subject", f"has {len(given)} letters, and {LONGEST_SUBJECT} are allowed")
        try:
            return header.checked(given)
        except ValueError as fault:
            raise self._refused("subject", str(fault), "Write it as one plain line.") from None

    def _body(self, args: Mapping[str, Any]) -> str:
        given = self._text(args, "body")
        if any(sign < " " and sign not in "\t\r\n" for sign in given) or "\x7f" in given:
            raise self._refused("body", "holds a control character")
        try:
            size = len(given.encode())
        except UnicodeEncodeError:
            raise self._refused("body", "holds half of a character (a lone surrogate)") from None
        if size > LARGEST_BODY:
            raise self._refused("body", f"has {size:,} bytes, and {LARGEST_BODY:,} are allowed")
        return given

    def _text(self, args: Mapping[str, Any], name: str) -> str:
        given = args.get(name)
        if not isinstance(given, str):
            raise self._refused(name, "must be a text")
        return str(given)

    def _refused(self, name: str, rule: str, way_out: str = "") -> Refused:
        return Refused(f"`{name}` {rule}.", where=self.where, way_out=way_out)


def _part(body: str) -> bytes:
    """Content headers and body, encoded where it is more than short lines of ASCII: any server carries it unchanged."""
    part = EmailMessage(_POLICY)
    part.set_content(body, charset="utf-8")
    return part.as_bytes()


def _id(key: str | None) -> str:
    """The key is hashed: it holds the names of steps and the keys of items, which are nobody else's business."""
    return secrets.token_hex(16) if key is None else hashlib.sha256(key.encode()).hexdigest()[:32]

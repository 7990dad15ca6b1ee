"""What a server's reply asks of the reader, by its code (RFC 5321 section 4.2) and where in the exchange it came. Pure.

4yz: not done, may work later. 5yz: not done, and will not be. What it is about decides who must act: the recipient and
the text are the request's (Refused); the login, the sender and the link are the connection's (Broken).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pointsman.errors import Broken, Fault, Later, Refused

About = Literal["link", "login", "sender", "recipient", "text"]
_LONGEST: Final = 300
_LOGIN: Final = frozenset({530, 534, 535, 538})
"""RFC 4954 section 6: log in first, or otherwise."""
_TOO_LARGE: Final = frozenset({523, 552})
_WAYS_OUT: Final[dict[About, str]] = {
    "link": "Correct `host`, `port` or `security`.",
    "login": "Correct `user` or `password`.",
    "sender": "Correct `sender`, or log in as one who may use it.",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A code, and the server's words."""

    code: int
    text: str

    @property
    def passing(self) -> bool:
        return 400 <= self.code < 500


@dataclass(frozen=True, slots=True)
class Reader:
    """Turns replies into faults. `scrub` takes secrets out of a text."""

    where: str
    scrub: Callable[[str], str]

    def said(self, reply: Reply, recipients: Sequence[str] = ()) -> str:
        """`550 5.1.1 no such user`: one line without secrets, and without the addresses of `recipients`."""
        text = self.scrub(" ".join(reply.text.split()))
        for number, address in enumerate(recipients, start=1):
            text = re.sub(rf"<?{re.escape(address)}>?", f"recipient {number}", text, flags=re.IGNORECASE)
        text = "".join(sign if sign.isprintable() else "?" for sign in text).rstrip(".")
        text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        return f"{reply.code} {text}".rstrip()

    def fault(self, reply: Reply, about: About, recipients: Sequence[str] = ()) -> Fault:
        """The fault that a reply is which refuses to go on. Nothing was sent."""
        rule = f"the mail server answered {self.said(reply, recipients)}."
        if reply.passing:
            return Later(rule, where=self.where)
        if not 500 <= reply.code < 600:
            return Broken(rule, where=self.where, way_out="That is not how a mail server answers.")
        if reply.code in _TOO_LARGE:
            return Refused(rule, where=self.where, way_out="Make it shorter.")
        about = "login" if reply.code in _LOGIN else about
        if about in _WAYS_OUT:
            return Broken(rule, where=self.where, way_out=_WAYS_OUT[about])
        return Refused(rule, where=self.where)

    def nobody(self, refused: Sequence[Reply], recipients: Sequence[str]) -> Fault:
        """No recipient was taken; `refused` are the replies, in the order of the recipients."""
        first = next((reply for reply in refused if reply.passing), refused[0])
        if len(recipients) == 1 or first.code in _LOGIN:
            return self.fault(first, "recipient", recipients)
        told = "; ".join(
            f"recipient {number}: {self.said(reply, recipients)}" for number, reply in enumerate(refused[:3], start=1)
        )
        more = f"; and {len(refused) - 3} more" if len(refused) > 3 else ""
        kind = Later if first.passing else Refused
        return kind(f"the mail server takes none of the {len(recipients)} recipients: {told}{more}.", where=self.where)

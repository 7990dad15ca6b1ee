"""Header lines (RFC 5322 sections 2.2.3 and 3.4, RFC 2047 section 5).

Addresses are not left to the standard library's folding: it takes the quotes off a long name, and of `"a, b" <c@d>`
it makes two addresses.
"""

import re
import unicodedata
from collections.abc import Sequence
from email.header import Header
from email.headerregistry import Address
from typing import Final

_ENCODED: Final = re.compile(r"=\?[^?\s]+\?[bBqQ]\?")
_FOLDED: Final = 75


def checked(text: str) -> str:
    """A text that may stand in a header. Raises ValueError for what would break the line, or read as something else."""
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in text):
        raise ValueError("holds a line break or a control character")
    if _ENCODED.search(text):
        raise ValueError("holds an encoded word (`=?…?=`), which mail programs would show as another text")
    return text


def line(text: str) -> str:
    """A checked text, in encoded words where it is more than ASCII. ASCII is not folded: a line of nothing but the
    text's own spaces would end the header for some readers."""
    return text.strip() if text.isascii() else Header(text, "utf-8", maxlinelen=_FOLDED).encode(linesep="\r\n")


def addresses(given: Sequence[Address]) -> str:
    """One address a line. A name is always quoted or encoded, never bare."""
    return ",\r\n ".join(map(_address, given))


def _address(given: Address) -> str:
    name = given.display_name
    if not name:
        return given.addr_spec
    if name.isascii():
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    else:
        name = Header(name, "utf-8", maxlinelen=_FOLDED).encode(linesep="\r\n")
    room = _FOLDED - len(name.rpartition("\n")[2]) - len(given.addr_spec)
    between = " " if room > 2 else "\r\n "
    return f"{name}{between}<{given.addr_spec}>"

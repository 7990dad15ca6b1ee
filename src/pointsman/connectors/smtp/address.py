"""One address of one person: read strictly, because what stands in it often comes from another system.

Only plain forms are taken (`a@b.example`, `Name <a@b.example>`; RFC 5322 section 3.4.1 without quoted local parts,
comments, groups and address literals), so that no text can hold more recipients than it seems to. Addresses beyond
ASCII (RFC 6531) are not sent to; names in any script are.
"""

import re
from email.headerregistry import Address
from typing import Final

from pointsman.connectors.smtp import header

_LOCAL: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SPEC: Final = re.compile(rf"(?P<local>{_LOCAL})@(?P<domain>{_LABEL}(?:\.{_LABEL})*)")
_NAMED: Final = re.compile(r"(?P<name>[^<>]*?)\s*<(?P<spec>[^<>]*)>")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LONGEST: Final = 254
_LONGEST_LOCAL: Final = 64
_LONGEST_NAME: Final = 200


def read(text: str) -> Address:
    """An address with or without a name. Raises ValueError, whose text does not show the address."""
    named = _NAMED.fullmatch(text.strip())
    spec = _SPEC.fullmatch(named["spec"] if named else text.strip())
    if spec is None or len(spec[0]) > _LONGEST or len(spec["local"]) > _LONGEST_LOCAL:
        raise ValueError("is not one address in ASCII such as `ana@acme.example` or `Ana Ruiz <ana@acme.example>`")
    return Address(_name(named["name"]) if named else "", spec["local"], spec["domain"])


def same(address: Address) -> str:
    """What two spellings of one mailbox have in common; the part before the @ is its owner's to read."""
    return f"{address.username}@{address.domain.lower()}"


def _name(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    name = header.checked(re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text)
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"has a name of more than {_LONGEST_NAME} letters")
    return name

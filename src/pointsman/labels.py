"""What a column is, and how labels combine: a value made of several carries all of their labels."""

import re
from collections.abc import Iterable
from typing import Final

Labels = frozenset[str]
PLAIN: Final[Labels] = frozenset()

SIMPLE: Final = ("confidential", "secret", "untrusted", "identifier")
PERSONAL: Final = ("name", "organisation", "email", "phone", "address", "id", "account", "birth", "free_text")
_REGION: Final = re.compile(r"region\.[a-z][a-z0-9-]*")


def known() -> list[str]:
    """Every label that may be written, regions as a pattern."""
    return [*SIMPLE, *(f"personal.{kind}" for kind in PERSONAL), "region.<name>"]


def parse(text: str) -> str:
    """One label as written. Raises ValueError."""
    if text in SIMPLE or _REGION.fullmatch(text):
        return text
    head, _, kind = text.partition(".")
    if head == "personal" and kind in PERSONAL:
        return text
    raise ValueError(f"no label named {text!r}")


def combine(parts: Iterable[Labels]) -> Labels:
    """The labels of a value that was made from all of these."""
    return frozenset().union(*parts)

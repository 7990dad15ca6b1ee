"""What an answer tells besides: how near the limit of API requests is, and whether it is the stand-in. Pure."""

import re
from collections.abc import Mapping
from typing import Final

_NEAR: Final = 0.8
_USAGE: Final = re.compile(r"api-usage=(\d+)/(\d+)")


def notes(headers: Mapping[str, str], connection: str) -> list[str]:
    """Sentences for whoever reads the answer."""
    found: list[str] = []
    if headers.get("x-pointsman-sandbox"):
        found.append(f"{connection} is the practice stand-in, not Salesforce.")
    usage = _USAGE.search(headers.get("Sforce-Limit-Info", ""))
    if usage and int(usage[2]) and int(usage[1]) > _NEAR * int(usage[2]):
        used, limit = int(usage[1]), int(usage[2])
        found.append(f"{connection} has used {used:,} of its {limit:,} API requests of 24 hours ({used / limit:.0%}).")
    return found

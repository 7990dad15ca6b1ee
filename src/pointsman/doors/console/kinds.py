"""What a column or a feature holds, seen from its name and values."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal

from pointsman.doors.console import words

Kind = Literal["text", "number", "percent", "date", "moment", "flag", "nested"]

_SHARE: Final = re.compile(r"(^|_)(probability|share|rate|ratio|percent|confidence|low|high)$")


def of(name: str, values: Sequence[Any]) -> Kind:
    """What a column holds; values that disagree make it text."""
    there = [value for value in values if value is not None]
    if not there:
        return "text"
    if all(isinstance(value, bool) for value in there):
        return "flag"
    if all(isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in there):
        return "percent" if _SHARE.search(name.lower()) and all(0 <= value <= 1 for value in there) else "number"
    if all(words.day(value) for value in there):
        return "date"
    if all(words.instant(value) for value in there):
        return "moment"
    return "nested" if any(isinstance(value, Mapping | list | tuple) for value in there) else "text"

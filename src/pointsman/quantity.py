"""Quantities as people write them: `10m`, `5%`, `16Gi`, `$0.25/1M`, `2026-Q4`."""

import re
from datetime import date
from typing import Final

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES: Final = {"": 1, "k": 10**3, "Ki": 2**10, "M": 10**6, "Mi": 2**20, "G": 10**9, "Gi": 2**30}
_COUNTS: Final = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6}


def seconds(text: str) -> float:
    """`500ms`, `20s`, `10m`, `24h`, `3d` as seconds. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text.strip())
    if not found:
        raise ValueError(f"a duration is a number with a unit, such as 500ms, 20s, 10m, 24h or 3d; got {text!r}")
    return float(found[1]) * _SECONDS[found[2]]


def size(text: str) -> int:
    """`64Mi`, `16Gi`, `10M` as bytes. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(k|Ki|M|Mi|G|Gi|)", text.strip())
    if not found:
        raise ValueError(f"a size is a number with a unit, such as 64Mi or 16Gi; got {text!r}")
    return int(float(found[1]) * _BYTES[found[2]])


def share(text: str) -> float:
    """`5%`, `+0.2%` as 0.05, 0.002. Raises ValueError."""
    found = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)%", text.strip())
    if not found:
        raise ValueError(f"a share is a number with a percent sign, such as 5%; got {text!r}")
    return float(found[1]) / 100


def price(text: str) -> float:
    """`$0.25/1M` as dollars for one token (or request). Raises ValueError."""
    found = re.fullmatch(r"\$(\d+(?:\.\d+)?)(?:/(\d+)(k|K|M|))?", text.strip())
    if not found:
        raise ValueError(f"a price is dollars for a number of tokens, such as $0.25/1M; got {text!r}")
    return float(found[1]) / (int(found[2] or 1) * _COUNTS[found[3] or ""])


class Quarter(str):
    """A calendar quarter, written `2026-Q4`; a text that also knows its days."""

    __slots__ = ()
    FIELDS: Final = ("start", "end", "year", "number", "previous", "next")

    def __new__(cls, text: str) -> "Quarter":
        if not re.fullmatch(r"[0-9]{4}-Q[1-4]", text) or text.startswith("0000"):
            raise ValueError(f"a quarter is written like 2026-Q4; got {text!r}")
        return super().__new__(cls, text)

    @classmethod
    def containing(cls, day: date) -> "Quarter":
        return cls(f"{day.year:04d}-Q{(day.month - 1) // 3 + 1}")

    @property
    def year(self) -> int:
        return int(self[:4])

    @property
    def number(self) -> int:
        return int(self[6])

    @property
    def start(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def end(self) -> date:
        """Its last day."""
        return date.fromordinal(self.next.start.toordinal() - 1)

    @property
    def previous(self) -> "Quarter":
        return Quarter(f"{self.year - 1:04d}-Q4" if self.number == 1 else f"{self.year:04d}-Q{self.number - 1}")

    @property
    def next(self) -> "Quarter":
        return Quarter(f"{self.year + 1:04d}-Q1" if self.number == 4 else f"{self.year:04d}-Q{self.number + 1}")

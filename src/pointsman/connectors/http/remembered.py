"""Answers kept with their ETag, so that what did not change is not sent again (RFC 9110 section 13.1.2)."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

_MOST_ANSWERS: Final = 256
_MOST_BYTES: Final = 8 * 2**20
_LARGEST: Final = 2**20


@dataclass(frozen=True, slots=True)
class Kept:
    """A body and what came with it."""

    etag: str
    body: bytes
    next: str | None


class Remembered:
    """The answers used last, bounded in number and bytes; one principal's, since a connection is one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._bytes = 0

    def get(self, address: str) -> Kept | None:
        kept = self._kept.get(address)
        if kept:
            self._kept.move_to_end(address)
        return kept

    def keep(self, address: str, kept: Kept) -> None:
        self.forget(address)
        if len(kept.body) > _LARGEST:
            return
        self._kept[address] = kept
        self._bytes += len(kept.body)
        while len(self._kept) > _MOST_ANSWERS or self._bytes > _MOST_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)

    def forget(self, address: str) -> None:
        kept = self._kept.pop(address, None)
        self._bytes -= len(kept.body) if kept else 0

"""Payloads on their way to a store: small ones sealed in their row, large ones once beside it, too large ones refused.

A large payload is named by a keyed hash of its content: the same content is kept once, and the name tells nothing.
"""

import hmac
from dataclasses import dataclass
from typing import Final

from pointsman.errors import Broken
from pointsman.journal.port import TooLarge
from pointsman.journal.seal import Sealer, context

MOST: Final = 64 * 2**20
INLINE: Final = 64 * 2**10
_BESIDE: Final = b"\x02"
"""First byte of a reference; a sealed payload begins with its version, 1."""
_DIGEST: Final = 32
_TAG: Final = 16


@dataclass(frozen=True, slots=True)
class Packed:
    """`column`: what goes into the row. `digest`, `blob`: what goes beside it, when the payload is large."""

    column: bytes
    digest: bytes | None = None
    blob: bytes | None = None


class Payloads:
    """Seals and opens payloads, each for its place: `("step", run, key, "output")`."""

    def __init__(self, sealer: Sealer, *, most: int = MOST, inline: int = INLINE) -> None:
        self._sealer, self._most, self._inline = sealer, most, inline

    def pack(self, payload: bytes, *place: str) -> Packed:
        """Raises TooLarge."""
        self._bound(payload, place)
        if len(payload) <= self._inline:
            return Packed(self._sealer.seal(payload, context(*place)))
        digest = self._sealer.hashed("blob", payload)
        column = _BESIDE + digest + self._tag(digest, place)
        return Packed(column, digest, self._sealer.seal(payload, context("blob", digest.hex())))

    def whole(self, payload: bytes, *place: str) -> bytes:
        """A payload that stays in its row, however large. Raises TooLarge."""
        self._bound(payload, place)
        return self._sealer.seal(payload, context(*place))

    def text(self, text: str | None, *place: str) -> bytes | None:
        """A short text (an error, a reason, a title), sealed."""
        return None if text is None else self._sealer.seal(text.encode(), context(*place))

    def digest_of(self, column: bytes) -> bytes | None:
        """The name of the blob that a row refers to, if it does."""
        return column[1 : 1 + _DIGEST] if column[:1] == _BESIDE else None

    def unpack(self, column: bytes, blob: bytes | None, *place: str) -> bytes:
        """`blob`: what is kept under `digest_of(column)`. Raises Broken when anything was changed, moved or is gone."""
        digest = self.digest_of(column)
        if digest is None:
            return self._sealer.open(column, context(*place))
        if not any(hmac.compare_digest(column[1 + _DIGEST :], tag) for tag in self._tags(digest, place)):
            raise Broken("a reference to a large payload does not belong where it was found", where=" ".join(place))
        if blob is None:
            raise Broken(
                "a large payload is gone from the journal",
                where=" ".join(place),
                way_out="Restore the store from a backup.",
            )
        return self._sealer.open(blob, context("blob", digest.hex()))

    def opened(self, sealed: bytes | None, *place: str) -> str | None:
        """The text that `text` sealed."""
        return None if sealed is None else self._sealer.open(sealed, context(*place)).decode()

    def _bound(self, payload: bytes, place: tuple[str, ...]) -> None:
        if len(payload) > self._most:
            raise TooLarge(
                f"a payload of {len(payload):,} bytes; the journal keeps at most {self._most:,}",
                where=" ".join(place),
                way_out="Read less at once, or go through it in chunks with `each`.",
            )

    def _tag(self, digest: bytes, place: tuple[str, ...]) -> bytes:
        return self._sealer.hashed("reference", digest + context(*place).encode())[:_TAG]

    def _tags(self, digest: bytes, place: tuple[str, ...]) -> list[bytes]:
        return [tag[:_TAG] for tag in self._sealer.hashes("reference", digest + context(*place).encode())]

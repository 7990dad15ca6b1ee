"""Sealing: what reaches the disk can be read with the key only, and only in the place that it was sealed for.

AES-256-GCM (NIST SP 800-38D) with a key derived by HKDF-SHA256 (RFC 5869) for each process start: random nonces are
safe for 2^32 messages under one key, which a busy journal reaches in days; under a derived key it never does.

Layout: version, length of the key's id, the id, salt (16 bytes), nonce (12), then ciphertext with its tag. Of the
plain text the first byte says whether the rest is packed.
"""

import hmac
import os
import unicodedata
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pointsman.errors import Broken, way_out

KEY_BYTES: Final = 32
_VERSION: Final = 1
_SALT: Final = 16
_NONCE: Final = 12
_PLAIN: Final = b"\x00"
_PACKED: Final = b"\x01"
_PACK_FROM: Final = 1024
"""Bytes from which zlib pays: ten kilobytes of rows shrink to a seventh in 20 µs, a hundred bytes hardly at all."""
_RENEW_AFTER: Final = 2**28
"""Messages under one derived key."""


def context(*parts: str) -> str:
    """The place of a payload (`context("step", run, key, "output")`), in a form in which no two places are the same."""
    return "".join([f"{len(part)}:{part}" for part in parts])


def _derived(key: bytes, salt: bytes | None, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=b"pointsman journal " + purpose).derive(key)


class Sealer:
    """Seals with the key `current`, opens with any of `keys` (32 bytes each, by id)."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        for name, key in keys.items():
            if len(key) != KEY_BYTES:
                raise Broken(
                    f"the journal's key {name!r} has {len(key)} bytes; AES-256 needs {KEY_BYTES}",
                    way_out="Make one with 32 random bytes, in base64.",
                )
            if not 1 <= len(name.encode()) <= 255:
                raise Broken(f"the id of a journal's key has 1 to 255 bytes; got {name!r}")
        if current not in keys:
            raise Broken(f"the journal has no key {current!r}", way_out=way_out(current, keys))
        self._keys = dict(keys)
        self._head = bytes([_VERSION, len(current.encode())]) + current.encode()
        names = [current, *(name for name in keys if name != current)]
        self._index_keys = [_derived(keys[name], None, b"index") for name in names]
        self._current = current
        self._cipher_of = lru_cache(maxsize=256)(self._make_cipher)
        self._renew()

    def seal(self, payload: bytes, context: str) -> bytes:
        """Sealed for one place; opened for another it is refused."""
        self._left -= 1
        if self._left <= 0:
            self._renew()
        packed = zlib.compress(payload, 1) if len(payload) >= _PACK_FROM else payload
        plain = _PACKED + packed if len(packed) < len(payload) else _PLAIN + payload
        nonce = os.urandom(_NONCE)
        return self._prefix + nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Raises Broken when no key here opens it, or when it was changed or moved."""
        name, start = self._key_of(sealed)
        if name not in self._keys:
            raise Broken(
                f"a payload of the journal is sealed with the key {name!r}, which is not here",
                way_out=f"Put it back beside the current key. {way_out(name, self._keys)}",
            )
        cipher = self._cipher_of(name, sealed[start : start + _SALT])
        nonce_at = start + _SALT
        body_at = nonce_at + _NONCE
        try:
            plain = cipher.decrypt(sealed[nonce_at:body_at], sealed[body_at:], context.encode())
        except (InvalidTag, ValueError):
            raise Broken(
                f"a payload of the journal does not open with the key {name!r}",
                way_out="Either the key has changed under the same id, or the store was altered: "
                "restore the key, or the store from a backup.",
            ) from None
        return zlib.decompress(plain[1:]) if plain[:1] == _PACKED else plain[1:]

    def needs_new_key(self, sealed: bytes) -> bool:
        """Whether it was sealed with another key than new payloads are."""
        return self._key_of(sealed)[0] != self._current

    def hashed(self, purpose: str, value: bytes) -> bytes:
        """A keyed hash (HMAC-SHA256, 32 bytes): equal values are found, without the key nothing is told or tried."""
        return hmac.digest(self._index_keys[0], f"{purpose}:".encode() + value, "sha256")

    def hashes(self, purpose: str, value: bytes) -> list[bytes]:
        """The hash under each key, the current one first: what was kept before a rotation is found too."""
        text = f"{purpose}:".encode() + value
        return [hmac.digest(key, text, "sha256") for key in self._index_keys]

    def subject_hash(self, value: str) -> bytes:
        """Of a person's or an account's value; case, form and blanks around it make no difference."""
        return self.hashed("subject", _folded(value))

    def subject_hashes(self, value: str) -> list[bytes]:
        return self.hashes("subject", _folded(value))

    def _renew(self) -> None:
        salt = os.urandom(_SALT)
        self._cipher = self._make_cipher(self._current, salt)
        self._prefix = self._head + salt
        self._left = _RENEW_AFTER

    def _make_cipher(self, name: str, salt: bytes) -> AESGCM:
        return AESGCM(_derived(self._keys[name], salt, b"payload"))

    def _key_of(self, sealed: bytes) -> tuple[str, int]:
        """The id of the key, and where the salt begins."""
        end = 2 + sealed[1] if len(sealed) > 1 else 0
        if sealed[:1] != bytes([_VERSION]) or len(sealed) < end + _SALT + _NONCE + 17:
            raise Broken(
                "a payload of the journal is not sealed in a form that this version knows",
                way_out="Use the version of Pointsman that wrote it, or restore the store from a backup.",
            )
        return sealed[2:end].decode(errors="replace"), end


def _folded(value: str) -> bytes:
    return unicodedata.normalize("NFKC", value).casefold().strip().encode()

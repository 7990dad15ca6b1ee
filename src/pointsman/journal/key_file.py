"""The journal's keys as text: one `<id> <base64>` a line, the last one current. A file on one machine, elsewhere a
secret.

A new key is a new last line; the others stay as long as payloads refer to them.
"""

import base64
import binascii
import os
import secrets
from pathlib import Path

from pointsman.errors import Broken
from pointsman.journal.seal import KEY_BYTES, Sealer


def read_keys(text: str, where: str) -> Sealer:
    """A sealer with the keys of a text. Raises Broken; no part of a key is in it."""
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split()
        if not parts or line.startswith("#"):
            continue
        try:
            name, encoded = parts
            keys[name] = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise Broken(
                "a key of the journal is `<id> <base64 of 32 bytes>`, and this line is not", where=f"{where}:{number}"
            ) from None
    if not keys:
        raise Broken(
            "it holds no key", where=where, way_out="Restore it from a backup: without it the journal cannot be read."
        )
    return Sealer(keys, list(keys)[-1])


def open_key_file(path: Path) -> Sealer:
    """The sealer of a machine's own key file, which is made when it is missing. Raises Broken when others may
    read it."""
    if not path.exists():
        _make(path, new_key())
    mode = path.stat().st_mode
    if mode & 0o077:
        raise Broken(
            f"others may read the journal's keys (mode {mode & 0o777:o})", where=str(path), way_out=f"chmod 600 {path}"
        )
    return read_keys(path.read_text(), str(path))


def new_key() -> str:
    """A line with a new key."""
    return f"{secrets.token_hex(4)} {base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n"


def add_key(path: Path) -> None:
    """Makes a new key current; what was sealed before still opens. Running processes go on with the one that
    they have."""
    open_key_file(path)
    text = path.read_text()
    draft = _draft(path, text + ("" if text.endswith("\n") else "\n") + new_key())
    os.replace(draft, path)


def _make(path: Path, text: str) -> None:
    """Whole or not at all; of two processes that start at once, the second takes the first one's key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, text)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        os.unlink(draft)


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft

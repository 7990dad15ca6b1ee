"""Reads a project's folder: the texts of its files, and nothing that is data, hidden or made."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pointsman.errors import Refused

_READ: Final = frozenset({".yaml", ".yml", ".md", ".json", ".py", ".txt", ".j2", ".jinja"})
_SKIPPED: Final = frozenset({"tests", "node_modules", "__pycache__", "venv", "dist", "build"})
_MOST: Final = 16 * 2**20 + 1
"""Characters read of a file: one more than any file may have, so that the loader sees that it is too long."""


def read_folder(path: Path) -> dict[str, str]:
    """Text by name from the folder, with `/`. Bytes that are no UTF-8 come as surrogate escapes, for the loader to
    point at. Raises Refused."""
    if not path.is_dir():
        raise Refused(
            f"there is no folder {path}.",
            way_out="Go to a project's folder, or make one: pointsman init.",
            code="PM033",
        )
    return {file.relative_to(path).as_posix(): _text(file) for file in _files(path)}


def _files(path: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        for name in sorted(files):
            file = Path(folder, name)
            if not name.startswith(".") and file.suffix in _READ and file.is_file():
                yield file


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="surrogateescape", newline="") as opened:
            return opened.read(_MOST)
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}.", where=str(file), way_out="Check its permissions.") from None

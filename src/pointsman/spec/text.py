"""What every file must be before it is parsed: text, and not too much of it."""

import re
from typing import Final

from pointsman.spec.node import Source
from pointsman.spec.problem import Place, Problem

MOST: Final = 2**20
"""Characters of a file that people write."""
MOST_DATA: Final = 16 * 2**20
"""Characters of a file that a tool writes: a model's JSON, an OpenAPI document."""

_NOT_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
"""Named one by one: the complement of what is text takes 4 ms to compile, a hundredth of a whole `check`."""


def source(file: str, text: str) -> Source:
    """The file without a byte order mark. Bytes that are no UTF-8 are expected as Python's surrogate escapes."""
    return Source(file, text.removeprefix("\ufeff"))


def unreadable(source: Source, most: int = MOST) -> Problem | None:
    """Why the file cannot be looked at, if it cannot."""
    if len(source.text) > most:
        return Problem(
            "PM002",
            f"the file is longer than {most // 2**20} Mi characters",
            Place(source.file),
            "Split it, or keep only what the flows use.",
        )
    found = _NOT_TEXT.search(source.text)
    if not found:
        return None
    sign = ord(found[0])
    if 0xDC80 <= sign <= 0xDCFF:
        what, cure = f"the byte 0x{sign - 0xDC00:02x} is not UTF-8", "Save the file as UTF-8."
    else:
        what, cure = f"the character U+{sign:04X} is not allowed in a text file", "Remove it."
    return Problem("PM001", what, source.place(found.start()), cure)

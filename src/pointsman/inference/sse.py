"""Server-sent events from bytes that are cut anywhere (WHATWG HTML, section 9.2.6, "Interpreting an event stream")."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_LINE: Final = re.compile(rb"([^\r\n]*)(\r\n|\n|\r(?!\Z))")
"""A whole line. A carriage return at the very end waits: its line feed may be in the next piece."""
_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is `message` where the sender gave none."""

    name: str
    data: str


@dataclass(slots=True)
class Events:
    """Reads one stream. Bytes are decoded a whole line at a time, so a character cut in two is put together again."""

    _left: bytes = b""
    _name: str = ""
    _data: list[str] = field(default_factory=list)
    _started: bool = False

    def feed(self, piece: bytes) -> Iterator[Event]:
        """The events that this piece completes. Raises UnicodeDecodeError."""
        buffer = self._left + piece
        if not self._started:
            if len(buffer) < len(_MARK) and _MARK.startswith(buffer):
                self._left = buffer
                return
            self._started = True
            buffer = buffer.removeprefix(_MARK)
        end = 0
        for line in _LINE.finditer(buffer):
            end = line.end()
            self._left = buffer[end:]
            yield from self._line(line[1].decode())
        self._left = buffer[end:]

    def finish(self) -> Iterator[Event]:
        """What stands at the end without its empty line: some senders leave out the last one."""
        rest, self._left = self._left.rstrip(b"\r"), b""
        if rest:
            yield from self._line(rest.decode(errors="replace"))
        yield from self._line("")

    def _line(self, line: str) -> Iterator[Event]:
        if not line:
            if self._data:
                yield Event(self._name or "message", "\n".join(self._data))
            self._name, self._data = "", []
            return
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if key == "data":
            self._data.append(value)
        elif key == "event":
            self._name = value

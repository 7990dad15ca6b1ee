"""Addresses inside a connection's base address, and nothing outside it."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from urllib.parse import quote, unquote, urlencode

from yarl import URL


class Base:
    """The base address of a connection."""

    def __init__(self, url: str) -> None:
        self._url = URL(url)
        self._prefix = self._url.raw_path.rstrip("/")

    def __str__(self) -> str:
        return str(self._url)

    def join(self, path: str, query: Iterable[tuple[str, str]] = ()) -> URL:
        """A path under the base, given as plain text and encoded here. Raises ValueError where it leads elsewhere."""
        segments = path.lstrip("/").split("/")
        if path.startswith("//") or "\\" in path or "://" in path:
            raise ValueError("it leads to another host")
        if any(segment in (".", "..") for segment in segments):
            raise ValueError("`.` and `..` are not followed")
        if any(sign in path for sign in "?#"):
            raise ValueError("`?` and `#` have no place in it; parameters go into `query:`")
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in path):
            raise ValueError("it holds control characters")
        text = quote("/".join(segments), safe="/:@!$&'()*+,;=~-._")
        asked = urlencode(list(query), quote_via=quote)
        return URL(f"{self._url.origin()}{self._prefix}/{text}{'?' if asked else ''}{asked}", encoded=True)

    def contains(self, url: URL) -> bool:
        """Whether an address that a system named is still under the base."""
        if not url.is_absolute() or (url.scheme, url.host, url.port) != (
            self._url.scheme,
            self._url.host,
            self._url.port,
        ):
            return False
        parts = unquote(unquote(url.raw_path)).replace("\\", "/").split("/")
        inside = url.raw_path == self._prefix or url.raw_path.startswith(f"{self._prefix}/")
        return inside and ".." not in parts


def fill(template: str, values: Mapping[str, object]) -> str:
    """`/people/{id}` with its values. A value is one segment: it is encoded whole. Raises ValueError."""
    path = template
    for name, value in values.items():
        text = as_text(value)
        if text in ("", ".", "..") or "/" in text or "\\" in text:
            raise ValueError(f"`{name}` must be one part of a path, not empty and without `/`")
        path = path.replace(f"{{{name}}}", text)
    return path


def pairs(query: Mapping[str, object]) -> list[tuple[str, str]]:
    """Query parameters as text: a list is its name repeated, null is left out."""
    listed = ((name, value if isinstance(value, list | tuple) else [value]) for name, value in query.items())
    return [(name, as_text(item)) for name, items in listed for item in items if item is not None]


def as_text(value: object) -> str:
    """A value in an address or a header. Raises ValueError for objects."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float() | Decimal():
            return str(value)
        case date():
            return value.isoformat()
    raise ValueError(f"a {type(value).__name__} has no place in an address")

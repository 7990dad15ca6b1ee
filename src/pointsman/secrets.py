"""Resolves `secret://` references, as late as possible, and takes secrets out of texts.

The only reader of the environment besides the doors, which hand it in.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, final
from urllib.parse import quote, quote_plus

from pointsman.errors import Broken, Refused

HIDDEN: Final = "***"
_SHORTEST: Final = 4
"""Values below this length are not looked for in texts: replacing every `a` would hide nothing and spoil all."""


@final
class Secret:
    """A value that prints as `***` wherever it is put into a text; `reveal()` gives it to the one who sends it."""

    __slots__ = ("_value", "reference")

    def __init__(self, value: str, reference: str) -> None:
        self._value, self.reference = value, reference

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return HIDDEN

    def __repr__(self) -> str:
        return f"Secret({self.reference})"

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __reduce__(self) -> str:
        raise TypeError("a secret is never stored")


class Secrets:
    """Secrets of one project. `environ`: the environment; `root`: the project's folder, for `secret://file/`."""

    def __init__(self, environ: Mapping[str, str], root: Path) -> None:
        self._environ, self._root = environ, root
        self._known: dict[str, Secret] = {}

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(secret.reference for secret in self._known.values())) or 'none resolved'})"

    def resolve(self, reference: str) -> Secret:
        """The secret behind `secret://env/NAME` or `secret://file/path`.

        It is read again at each call, so a rotated key is picked up. Naming the reference, raises Broken when there is
        no such value, Refused when no provider is called so.
        """
        provider, _, name = reference.removeprefix("secret://").partition("/")
        match provider:
            case "env":
                value = self._from_environment(reference, name)
            case "file":
                value = self._from_file(reference, name)
            case _:
                raise Refused(
                    f"{reference}: secrets from `{provider}` are not available yet.",
                    way_out="Use secret://env/NAME or secret://file/path.",
                )
        secret = Secret(value, reference)
        self._known[value] = secret
        return secret

    def scrub(self, text: str) -> str:
        """The text with every secret resolved so far replaced by `***`, also where it stands encoded."""
        for form in sorted(self._forms(), key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        return text

    def _from_environment(self, reference: str, name: str) -> str:
        value = self._environ.get(name, "")
        if not value:
            raise Broken(
                f"{reference}: the environment has no variable `{name}`, or it is empty.",
                way_out=f"Set it: export {name}=…",
            )
        return value

    def _from_file(self, reference: str, name: str) -> str:
        path = self._root / name
        try:
            value = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as fault:
            reason = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8 text"
            raise Broken(
                f"{reference}: the file cannot be read ({reason}).",
                way_out=f"Put the secret into `{name}` in the project's folder, readable for this user, not in git.",
            ) from None
        if not value:
            raise Broken(f"{reference}: the file is empty.", way_out=f"Put the secret into `{name}`.")
        return value

    def _forms(self) -> Iterator[str]:
        for value in self._known:
            if len(value) < _SHORTEST:
                continue
            yield from {value, quote(value, safe=""), quote(value), quote_plus(value)}
            yield from {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
            yield from _base64_forms(value.encode())
            lines = value.splitlines()
            if len(lines) > 1:
                # Of a PEM key, each line alone gives part of it away; its frame (-----BEGIN …) does not.
                yield from (line for line in lines if len(line) >= 16 and not line.startswith("-----"))


def _base64_forms(value: bytes) -> Iterator[str]:
    """How the value looks inside base64, at each of the three places where it may begin in a group of bytes.

    Basic authentication encodes `user:password` together, so the password need not start a group.
    """
    for lead in range(3):
        whole = len(value) - (lead + len(value)) % 3
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * lead + value[: max(whole, 0)]).decode()
            inner = text[(0, 2, 3)[lead] :].rstrip("=")
            if len(inner) >= _SHORTEST * 2:
                yield inner

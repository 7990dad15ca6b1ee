"""What an approval will set in motion, in words, and exactly."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from pointsman.doors.console import words
from pointsman.doors.console.envelope import Part

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Characters that are there and not seen: controls, turned writing, no width, tags (Unicode TR 36)."""
_LONGEST: Final = 60
_PEOPLE: Final = ("contact", "person", "full_name", "name")


class Effect(Part):
    """One write that follows: what step will call, with what."""

    step: str
    call: str
    given: Mapping[str, Any] = {}

    @property
    def is_mail(self) -> bool:
        return {"to", "subject", "body"} <= self.given.keys()

    @property
    def in_words(self) -> str:
        """`mail.send to ida@nordwind.example: Your renewal in December`."""
        to = f" to {_people(self.given['to'])}" if "to" in self.given else ""
        about = next((self.given[name] for name in ("subject", "title", "name") if self.given.get(name)), None)
        if about is None and not to:
            about = ", ".join(
                f"{words.label(name).lower()} {value}"
                for name, value in self.given.items()
                if isinstance(value, str | int | float) and len(str(value)) <= _LONGEST
            )
        return f"{self.call}{to}" + (f": {about}" if about else "")


def exact(value: object) -> str:
    """A value as it will be sent, with nothing folded or cut; what cannot be seen is named."""
    if not isinstance(value, str):
        value = json.dumps(value, default=str, ensure_ascii=False, indent=2)
    text = value.replace("\r\n", "\n")
    return _UNSEEN.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", text)


def promise(effects: tuple[Effect, ...], row: object, person: str) -> str:
    """What approving does: `Send this email to Ida Berg <ida@nordwind.example> as ana.ruiz`."""
    if not effects:
        return f"Let the flow go on with this item, as {person}"
    if len(effects) == 1 and effects[0].is_mail:
        to = effects[0].given["to"]
        name = _named(row, to)
        return f"Send this email to {f'{name} <{to}>' if name else _people(to)} as {person}"
    return f"Do {words.listed([effect.call for effect in effects])} as {person}"


def _people(to: object) -> str:
    return ", ".join(map(str, to)) if isinstance(to, list | tuple) else str(to)


def _named(row: object, to: object) -> str:
    """The name beside an address in the row that it comes from."""
    if not isinstance(row, Mapping) or to not in row.values():
        return ""
    return next((str(row[name]) for name in _PEOPLE if row.get(name)), "")

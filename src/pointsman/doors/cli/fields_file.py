"""The texts of an item in a file, for an editor: `name: |`, then its lines two spaces in, as YAML has them."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pointsman.errors import Refused

_HEAD: Final = "# Change the texts; leave the names and the two spaces before each line. Save and leave to go on.\n"
_NAME: Final = re.compile(r"([^\s:#][^:]*): \|")


def written(value: Mapping[str, Any]) -> str:
    """The texts of a value. Raises Refused when it has none."""
    texts = {name: text for name, text in value.items() if isinstance(text, str)}
    if not texts:
        raise Refused("this item has no texts to edit.")
    parts = [
        f"{name}: |\n" + "".join(f"  {line}\n" if line else "\n" for line in text.split("\n"))
        for name, text in texts.items()
    ]
    return _HEAD + "".join(parts)


def read(text: str, value: Mapping[str, Any]) -> dict[str, str]:
    """The fields whose text has changed. Raises Refused for a file that `written` would not have made."""
    found: dict[str, list[str]] = {}
    name: str | None = None
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        head = _NAME.fullmatch(line.rstrip())
        if head is not None:
            name = head[1]
            if name in found:
                raise Refused(f"line {number} of the edited text: {name!r} is there twice.")
            found[name] = []
        elif name is not None and (line.startswith("  ") or not line.strip()):
            found[name].append(line[2:])
        elif not line.startswith("#") and line.strip():
            raise Refused(
                f"line {number} of the edited text is neither `name: |` nor a line two spaces in: {line[:60]!r}.",
                way_out="Nothing was decided; edit it again.",
            )
    for name in (name for name, old in value.items() if isinstance(old, str) and name not in found):
        raise Refused(f"the field {name!r} is gone from the edited text.", way_out="Nothing was decided; edit again.")
    return {name: text for name, lines in found.items() if (text := "\n".join(lines)) != value.get(name)}

"""JSON from outside (RFC 8259), read so that it means one thing: no name twice in one object, no NaN or Infinity."""

import json
from collections import Counter
from typing import Any


class NotJson(ValueError):
    """Why a text is not taken. Its message goes on after what the text is called: `is not JSON: …`."""


def read(text: str | bytes) -> Any:
    """The value of a JSON text, bytes as UTF-8. Raises NotJson.

    Lone surrogates in texts and numbers out of range are left to whoever knows what each value must be.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode()
        return json.loads(decoded, object_pairs_hook=_once, parse_constant=_no_constant)
    except NotJson:
        raise
    except json.JSONDecodeError as garbled:
        place = f"line {garbled.lineno}, column {garbled.colno}"
        raise NotJson(f"is not JSON: {garbled.msg[:1].lower()}{garbled.msg[1:]} ({place}).") from None
    except UnicodeDecodeError as garbled:
        raise NotJson(f"is not JSON: byte {garbled.start + 1} is not UTF-8.") from None
    except RecursionError:
        raise NotJson("is nested too deeply to be read.") from None
    except ValueError:  # Python refuses whole numbers of more than 4,300 digits
        raise NotJson("holds a number that is too long.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise NotJson(f"holds {twice[:60]!r} twice in one object.")
    return found


def _no_constant(name: str) -> Any:
    raise NotJson(f"is not JSON: {name} is not a JSON number.")

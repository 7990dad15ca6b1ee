"""A prompt's file: YAML between two lines of `---`, then its text."""

import re
from typing import Final

from pointsman.spec import yaml
from pointsman.spec.node import Node, Scalar, Source
from pointsman.spec.problem import Problem
from pointsman.spec.text import unreadable

_OPENING: Final = re.compile(r"---[ \t]*(\r\n|\r|\n)")
_CLOSING: Final = re.compile(r"^---[ \t]*(\r\n|\r|\n|\Z)", re.MULTILINE)


def has_front_matter(source: Source) -> bool:
    return _OPENING.match(source.text) is not None


def read(source: Source) -> tuple[Node | None, Scalar | None, list[Problem]]:
    """The head's tree and the text below it."""
    opening = _OPENING.match(source.text)
    if fault := unreadable(source):
        return None, None, [fault]
    closing = _CLOSING.search(source.text, opening.end()) if opening else None
    if closing is None:
        fault = Problem(
            "PM009",
            "the front matter is not closed",
            source.place(0, 3),
            "End it with a line of --- before the text.",
        )
        return None, None, [fault]
    head, problems = yaml.read(source, end=closing.start())
    return head, raw(source, closing.end()), problems


def raw(source: Source, start: int = 0) -> Scalar:
    """A file's text as it is, from an index on."""
    text = source.text[start:]
    return Scalar(source, start, len(source.text), text, text, "raw")

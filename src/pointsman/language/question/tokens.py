"""A question as words, numbers, quoted texts and signs, each with its place."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

_PARTS: Final = re.compile(
    r"""
      (?P<quoted>"[^"]*"|“[^”]*”)
    | (?P<date>(?<![\w-])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![\w-]))
    | (?P<number>(?<![\w.,])[-−]?[0-9]+(?:[.,][0-9]+)*(?!\w))
    | (?P<word>[^\W_]+(?:['’][^\W_]+)?)
    | (?P<skip>[\s.,;:?!()/_'’‘"“”…–—-])
    | (?P<sign>>=|<=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_THOUSANDS: Final = re.compile(r"[-−]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_UNCLEAR: Final = re.compile(r"[-−]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
"""1.000: a thousand to some, one to others."""

Kind = Literal["word", "number", "date", "quoted", "sign"]


@dataclass(frozen=True, slots=True)
class Token:
    """`word`: the text without case and without a possessive 's; `number`: its value, if it is one beyond doubt."""

    text: str
    word: str
    offset: int
    kind: Kind
    number: float | None = None

    @property
    def end(self) -> int:
        return self.offset + len(self.text)


def tokens(text: str) -> list[Token]:
    """The parts of a question; punctuation between them is left out, every other sign is kept."""
    found = []
    for part in _PARTS.finditer(text):
        match part.lastgroup:
            case "word" | "number" | "date" | "quoted" | "sign" as kind:
                found.append(_token(part[0], part.start(), kind))
    return found


def _token(text: str, offset: int, kind: Kind) -> Token:
    word = unicodedata.normalize("NFKC", text).casefold()
    for ending in ("'s", "’s"):
        word = word.removesuffix(ending)
    return Token(text, word, offset, kind, _number(text) if kind == "number" else None)


def _number(text: str) -> float | None:
    if _UNCLEAR.fullmatch(text):
        return None
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    try:
        return float(text.replace("−", "-"))
    except ValueError:
        return None

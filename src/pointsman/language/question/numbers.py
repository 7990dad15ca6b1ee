"""Numbers in words: at least 40 %, probability above 0.4, top 10."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

from pointsman.language.question.readable import InputField
from pointsman.language.question.tokens import Token
from pointsman.language.question.words import NUMBER_WORDS, follows

Phrases = tuple[tuple[str, ...], ...]
Bound = Literal["least", "most", "limit"]

AT_LEAST: Final[Phrases] = (
    ("at", "least"), ("over",), ("above",), ("more", "than"), ("greater", "than"), ("higher", "than"),
    (">",), (">=",), ("≥",),
)  # fmt: skip
AT_MOST: Final[Phrases] = (
    ("at", "most"), ("under",), ("below",), ("less", "than"), ("lower", "than"), ("up", "to"), ("<",), ("<=",), ("≤",),
)  # fmt: skip
LIMIT: Final[Phrases] = (
    ("top",),
    ("first",),
    ("limit",),
    ("limit", "to"),
    ("at", "most"),
    ("up", "to"),
    ("no", "more", "than"),
)
SHARE_NOUNS: Final[Phrases] = (("probability",), ("chance",), ("likelihood",), ("risk",))
PERCENT: Final = ("%", "percent", "pct")

_WORDS: Final[dict[Bound, Phrases]] = {"least": AT_LEAST, "most": AT_MOST, "limit": LIMIT}
_NAMES: Final[dict[Bound, tuple[str, ...]]] = {
    "least": ("at_least", "min", "minimum"),
    "most": ("at_most", "max", "maximum"),
    "limit": ("limit", "top", "first"),
}


def bound(field: InputField) -> Bound | None:
    """What kind of bound a field is, by its name: `at_least`, `min_arr`; `at_most`, `max_age`; `limit`, `top`."""
    if field.kind not in ("number", "integer"):
        return None
    for kind, names in _NAMES.items():
        if any(field.name == name or (kind != "limit" and field.name.startswith(f"{name}_")) for name in names):
            return kind
    return None


def match(
    tokens: Sequence[Token], start: int, field: InputField, alone: bool, own: Callable[[int], int]
) -> Iterator[tuple[int, float]]:
    """Every way to read a bound from here: the index after it, and the number.

    `alone`: no other field is a bound of its kind, so the noun may be left out. `own`: how many tokens from an index
    are the flow's own words ("probability *of churn* above 40 %").
    """
    kind = bound(field)
    if kind is None:
        return
    for at, named in _starts(tokens, start, field, own):
        for phrase in _WORDS[kind]:
            if follows(tokens, at, phrase):
                for end, value, clear in amount(tokens, at + len(phrase), field):
                    after = _noun(tokens, end, field)
                    if (clear or named or after > end) and (alone or named or after > end or field.is_share):
                        yield after, value


def amount(tokens: Sequence[Token], start: int, field: InputField) -> Iterator[tuple[int, float, bool]]:
    """A number from here: the index after it, its value, and whether it is clear without a noun.

    A share is clear with a percent sign or as a decimal: `at least 40` could be forty customers.
    """
    if start >= len(tokens):
        return
    here = tokens[start]
    value = here.number if here.kind == "number" else NUMBER_WORDS.get(here.word)
    if value is None:
        return
    percent = start + 1 < len(tokens) and tokens[start + 1].word in PERCENT
    if percent and field.is_share:
        yield start + 2, value / 100, True
    elif not percent and (field.kind == "number" or float(value).is_integer()):
        clear = "." in here.text if field.is_share else True
        yield start + 1, int(value) if field.kind == "integer" else value, clear


def _starts(
    tokens: Sequence[Token], start: int, field: InputField, own: Callable[[int], int]
) -> Iterator[tuple[int, bool]]:
    """Where the bound's words may begin: here, or after the noun that they are about."""
    yield start, False
    at = _noun(tokens, start, field)
    if at == start:
        return
    yield at, True
    if at < len(tokens) and tokens[at].word == "of":
        yield at + 1, True
        if length := own(at + 1):
            yield at + 1 + length, True


def _noun(tokens: Sequence[Token], start: int, field: InputField) -> int:
    """The index after the noun of a field, if it stands here."""
    rest = field.words[2:] if field.name.startswith("at_") else field.words[1:]
    nouns = SHARE_NOUNS if field.is_share and not rest else ((*rest,),)
    return max((start + len(noun) for noun in nouns if noun and follows(tokens, start, noun)), default=start)

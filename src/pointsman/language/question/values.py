"""Values in words: what a field's own enum, kind and name let a question say."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from pointsman.language.question import numbers, periods, words
from pointsman.language.question.readable import InputField
from pointsman.language.question.tokens import Token, tokens
from pointsman.shape import Value

SYNONYMS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "enterprise": (("large", "enterprise"),),
    "mid-market": (("midmarket",), ("mid", "sized"), ("midsized",), ("mid", "size"), ("midsize",), ("medium", "sized")),
    "smb": (
        ("small", "business"), ("small", "and", "medium", "business"), ("small", "and", "medium", "sized", "business"),
        ("small", "and", "medium", "enterprise"), ("small", "and", "medium", "sized", "enterprise"), ("sme",),
    ),
    "emea": (
        ("europe",), ("european",), ("europe", "middle", "east", "and", "africa"),
        ("europe", "the", "middle", "east", "and", "africa"),
    ),
    "amer": (
        ("america",), ("american",), ("north", "america"), ("north", "american"), ("US",), ("usa",),
        ("united", "states"),
    ),
    "apac": (("asia",), ("asian",), ("asia", "pacific"), ("asia", "and", "the", "pacific")),
}  # fmt: skip
"""Other words for common business values, used only where a field's enum has the value (its case does not matter)."""

LINKS: Final = ("is", "of", "=", "to", "are")
_BOOLEANS: Final = {"yes": True, "true": True, "no": False, "false": False}
Found = Iterator[tuple[int, Value]]


def unnamed(found: Sequence[Token], start: int, field: InputField, today: date, only: bool) -> Found:
    """Values that are clear without the field's name: enum words, and quarters when no other field is one (`only`)."""
    if field.enum:
        for value in field.enum:
            for phrase in spoken(value):
                if words.follows(found, start, phrase) and _not_a_filler(found, start, phrase, value):
                    yield start + len(phrase), value
    elif field.kind == "quarter" and only:
        yield from periods.match(found, start, today)


def named(found: Sequence[Token], start: int, field: InputField, today: date) -> Found:
    """Values with the field's name before them ("region EMEA", "limit 10"), or after an enum value ("EMEA region")."""
    if words.follows(found, start, field.words):
        at = start + len(field.words)
        if at < len(found) and found[at].word in LINKS:
            yield from _after_name(found, at + 1, field, today)
        yield from _after_name(found, at, field, today)
    if field.enum or field.kind == "quarter":
        for end, value in unnamed(found, start, field, today, True):
            if words.follows(found, end, field.words):
                yield end + len(field.words), value


def spoken(value: str) -> list[tuple[str, ...]]:
    """The ways to say an enum value."""
    own = tuple(token.word for token in tokens(value))
    ways = [own, ("".join(own),)] if len(own) > 1 else [own]
    return [way for way in [*ways, *SYNONYMS.get(value.casefold(), ())] if way]


def _after_name(found: Sequence[Token], start: int, field: InputField, today: date) -> Found:
    if start >= len(found):
        return
    here = found[start]
    match field.kind:
        case _ if field.enum or field.kind == "quarter":
            yield from unnamed(found, start, field, today, True)
            for value in field.enum:
                if here.text == value:
                    yield start + 1, value
        case "number" | "integer" if field.words not in (*numbers.AT_LEAST, *numbers.AT_MOST):
            for end, number, _ in numbers.amount(found, start, field):
                yield end, number
        case "string" if here.kind == "quoted":
            yield start + 1, here.text[1:-1]
        case "boolean" if here.word in _BOOLEANS:
            yield start + 1, _BOOLEANS[here.word]
        case "date":
            yield from _date(here, start, today)


def _date(here: Token, start: int, today: date) -> Found:
    if here.word == "today":
        yield start + 1, today
    elif here.kind == "date":
        try:
            yield start + 1, date.fromisoformat(here.text)
        except ValueError:
            return


def _not_a_filler(found: Sequence[Token], start: int, phrase: tuple[str, ...], value: str) -> bool:
    """A value that is also a small word (IN, IT, no) must be written as in the enum, and not in small letters."""
    if len(phrase) > 1 or not (phrase[0] in words.FILLERS or phrase[0] in words.NEGATIONS):
        return True
    return found[start].text == value != value.casefold()

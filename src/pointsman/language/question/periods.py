"""Quarters in words: this quarter, Q4, 2026-Q4, the fourth quarter of 2026."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from pointsman.language.question.tokens import Token
from pointsman.language.question.words import same
from pointsman.quantity import Quarter

RELATIVE: Final = {"this": 0, "current": 0, "next": 1, "coming": 1, "last": -1, "previous": -1, "past": -1}
ORDINALS: Final = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_YEARS: Final = range(1900, 3000)


def match(tokens: Sequence[Token], start: int, today: date) -> Iterator[tuple[int, Quarter]]:
    """Every way to read a quarter from here: the index after it, and the quarter.

    A quarter without a year is one of the current calendar year.
    """
    here = tokens[start].word
    second = tokens[start + 1] if start + 1 < len(tokens) else None
    if second and here in RELATIVE and same(second, "quarter"):
        yield start + 2, _moved(Quarter.containing(today), RELATIVE[here])
    for end, number in _numbers(tokens, start):
        yield end, Quarter(f"{today.year:04d}-Q{number}")
        for after, year in _year(tokens, end, today):
            yield after, Quarter(f"{year:04d}-Q{number}")
    first = _plain_year(tokens[start])
    if first and second and (short := _short(second)):
        yield start + 2, Quarter(f"{first:04d}-Q{short}")


def _numbers(tokens: Sequence[Token], start: int) -> Iterator[tuple[int, int]]:
    """`Q4`, `fourth quarter`, `quarter 4`."""
    here, after = tokens[start], tokens[start + 1 : start + 2]
    if number := _short(here):
        yield start + 1, number
    for second in after:
        if here.word in ORDINALS and same(second, "quarter"):
            yield start + 2, ORDINALS[here.word]
        if same(here, "quarter") and second.text in ("1", "2", "3", "4"):
            yield start + 2, int(second.text)


def _short(token: Token) -> int | None:
    return int(token.word[1]) if token.word in ("q1", "q2", "q3", "q4") else None


def _year(tokens: Sequence[Token], start: int, today: date) -> Iterator[tuple[int, int]]:
    """`2026`, `of 2026`, `of next year`."""
    if start < len(tokens) and tokens[start].word in ("of", "in"):
        start += 1
    here = tokens[start : start + 2]
    if here and (year := _plain_year(here[0])):
        yield start + 1, year
    if len(here) == 2 and here[0].word in RELATIVE and here[1].word == "year":
        yield start + 2, today.year + RELATIVE[here[0].word]


def _plain_year(token: Token) -> int | None:
    is_year = token.kind == "number" and token.text.isdigit() and int(token.text) in _YEARS
    return int(token.text) if is_year else None


def _moved(quarter: Quarter, by: int) -> Quarter:
    return quarter if not by else quarter.next if by > 0 else quarter.previous

"""Reads a question: which flow, which values, and how each was read; or why not, with the nearest forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from pointsman.errors import Refused
from pointsman.language.question import numbers, values, vocabulary, words
from pointsman.language.question.forms import nearest, sample
from pointsman.language.question.readable import InputField, Readable
from pointsman.language.question.tokens import Token, tokens
from pointsman.shape import Value

LONGEST: Final = 1000
"""Characters of a question."""


@dataclass(frozen=True, slots=True)
class Chip:
    """How one value was read: the words of the question that say it, and where they stand."""

    field: str
    value: Value
    words: str
    offset: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as a flow and its input. `defaults`: what the flow uses where nothing was said."""

    flow: str
    input: Mapping[str, Value]
    chips: tuple[Chip, ...]
    defaults: Mapping[str, Value]


class NotRead(Refused):
    """A question outside the grammar. `nearest`: questions that can be read; `unread`: the words that cannot."""

    def __init__(self, rule: str, *, nearest: list[str], way_out: str = "", unread: Sequence[str] = ()) -> None:
        self.nearest, self.unread = nearest, list(unread)
        near = f"Nearest that can be read: {'; '.join(f'“{form}”' for form in nearest)}." if nearest else ""
        super().__init__(rule, way_out=f"{way_out} {near}".strip(), status=422)


@dataclass(frozen=True, slots=True)
class _Span:
    """Tokens that one rule explains; `field` is None for words that carry no value."""

    end: int
    field: InputField | None = None
    value: Value = None


@dataclass(frozen=True, slots=True)
class _Attempt:
    flow: Readable
    said: frozenset[str]
    chips: tuple[Chip, ...]
    unread: tuple[str, ...]
    unclear: str | None = None


def read(text: str, flows: Sequence[Readable], today: date) -> Reading:
    """The one flow and input that every word of the question leads to. Raises NotRead."""
    if len(text) > LONGEST:
        raise NotRead(f"the question has {len(text):,} characters; at most {LONGEST:,} are read.", nearest=[])
    found = tokens(text)
    attempts = [attempt for flow in flows if (attempt := _attempt(text, found, flow, today)).said]
    if not attempts:
        rule = "no flow is asked for with these words." if found else "the question is empty."
        raise NotRead(rule, nearest=nearest(text, flows), unread=[token.text for token in found])
    whole = [attempt for attempt in attempts if not attempt.unread] or attempts
    most = max(len(attempt.said) for attempt in whole)
    best = [attempt for attempt in whole if len(attempt.said) == most]
    if len(best) > 1:
        names = " and ".join(sorted(attempt.flow.name for attempt in best))
        chosen = [attempt.flow for attempt in best]
        raise NotRead(f"the question could mean the flows {names}.", nearest=nearest(text, chosen))
    return _reading(best[0], text)


def _attempt(text: str, found: Sequence[Token], flow: Readable, today: date) -> _Attempt:
    """Explains token after token, always by the longest rule that fits."""
    own = vocabulary.of_flow(flow)
    chips: list[Chip] = []
    unread: list[str] = []
    unclear: str | None = None
    shouted = text.isupper()  # nobody can tell US, the country, from us
    at = 0
    while at < len(found):
        spans = _spans(found, at, flow, own, today) if not (shouted and found[at].text == "US") else []
        end = max((span.end for span in spans), default=at)
        longest = [span for span in spans if span.end == end]
        meant = {(span.field.name, span.value): span for span in longest if span.field}
        if not longest:
            unread.append(found[at].text)
            end = at + 1
        elif meant:
            words_read = text[found[at].offset : found[end - 1].end]
            if len(meant) > 1:
                unclear = unclear or f"“{words_read}” could mean {_either(list(meant))}."
            chips += [Chip(name, value, words_read, found[at].offset) for name, value in list(meant)[:1]]
        at = end
    return _Attempt(flow, own.said(found), tuple(chips), tuple(unread), unclear)


def _spans(found: Sequence[Token], at: int, flow: Readable, own: vocabulary.Vocabulary, today: date) -> list[_Span]:
    spans = []
    for field in flow.input:
        bound = numbers.bound(field)
        alone = sum(numbers.bound(other) == bound for other in flow.input) == 1
        only = sum(other.kind == "quarter" for other in flow.input) == 1
        spans += [_Span(end, field, value) for end, value in values.unnamed(found, at, field, today, only)]
        spans += [_Span(end, field, value) for end, value in values.named(found, at, field, today)]
        spans += [
            _Span(end, field, value)
            for end, value in numbers.match(found, at, field, alone, lambda start: own.match(found, start))
        ]
    if length := own.match(found, at):
        spans.append(_Span(at + length))
    spans += [_Span(at + len(phrase)) for phrase in words.FILLER_PHRASES if words.follows(found, at, phrase)]
    if found[at].word in words.FILLERS and found[at].text != "US":
        spans.append(_Span(at + 1))
    return spans


def _reading(attempt: _Attempt, text: str) -> Reading:
    flow = attempt.flow

    def not_read(rule: str, way_out: str = "") -> NotRead:
        return NotRead(rule, way_out=way_out, nearest=nearest(text, [flow]), unread=attempt.unread)

    if attempt.unread:
        raise not_read(_unread(attempt), _about_negation(attempt))
    if attempt.unclear:
        raise not_read(attempt.unclear, "Name the field before the value.")
    given: dict[str, Value] = {}
    for chip in attempt.chips:
        if chip.field in given and given[chip.field] != chip.value:
            raise not_read(
                f"the question names both {given[chip.field]} and {chip.value} as {chip.field}.", "Ask for one."
            )
        given[chip.field] = chip.value
    for field in flow.input:
        if fault := _fault(field, given):
            raise not_read(*fault)
    defaults = {f.name: f.default for f in flow.input if f.name not in given and f.default is not None}
    return Reading(flow.name, given, attempt.chips, defaults)


def _fault(field: InputField, given: Mapping[str, Value]) -> tuple[str, str] | None:
    value = given.get(field.name)
    if value is None:
        if not field.required or field.default is not None:
            return None
        return f"the question does not say which {' '.join(field.words)}.", _how_to_say(field)
    if isinstance(value, int | float) and (must := field.outside(value)):
        return f"`{field.name}` must be {must}, got {value:g}.", ""
    return None


def _how_to_say(field: InputField) -> str:
    if field.enum:
        return f"Say {_or(field.enum)}."
    way = sample(field)
    return f"Say it like “{way}”." if way else "It cannot be said in words; call the flow instead."


def _unread(attempt: _Attempt) -> str:
    shown = ", ".join(f"“{word}”" for word in dict.fromkeys(attempt.unread[:6]))
    return f"flow {attempt.flow.name} has no reading for {shown}."


def _about_negation(attempt: _Attempt) -> str:
    if any(word.casefold() in words.NEGATIONS for word in attempt.unread):
        return "A question can say what to include, not what to leave out."
    return ""


def _either(meant: list[tuple[str, Value]]) -> str:
    return _or([f"{name} {value}" for name, value in meant])


def _or(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"

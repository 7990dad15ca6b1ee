"""The forms of a flow: about a dozen questions that can be read, made from its own phrases and fields."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import cycle
from typing import Final

from pointsman.language.question import numbers
from pointsman.language.question.readable import InputField, Readable
from pointsman.language.question.tokens import tokens
from pointsman.language.question.words import FILLERS, NEGATIONS

MOST: Final = 12
_LEADS: Final = ("Show me", "List", "Give me", "Which are the", "Find", "Please show")
_ASKING: Final = ("who", "which", "what", "show", "list", "find")
_QUARTERS: Final = (
    "this quarter", "next quarter", "last quarter", "in Q4", "in Q4 2026", "in 2026-Q4",
    "in the fourth quarter of 2026",
)  # fmt: skip


def forms(flow: Readable) -> list[str]:
    """Questions that read back into this flow; none when a field that must be said cannot be said in words."""
    must = [field for field in flow.input if field.required and field.default is None]
    if not flow.phrases or any(sample(field) is None for field in must):
        return []
    said = {field.name: cycle(list(_ways(field, _others(field, flow)))) for field in must}
    extras = _extras(flow)
    found = []
    for place in range(MOST):
        phrase = flow.phrases[place % len(flow.phrases)]
        lead = "" if phrase.split()[0].casefold() in _ASKING else f"{_LEADS[place % len(_LEADS)]} "
        parts = [next(said[field.name]) for field in must]
        if extras and place % 2:
            parts.append(extras[place // 2 % len(extras)])
        found.append(f"{lead}{phrase}{': ' if parts else ''}{', '.join(parts)}")
    return list(dict.fromkeys(form[0].upper() + form[1:] for form in found))


def sample(field: InputField) -> str | None:
    """One way to say a field's value; None when there is none."""
    return next(_ways(field), None)


def nearest(text: str, flows: Sequence[Readable], most: int = 3) -> list[str]:
    """The forms that share most words with a question, then most letters."""
    asked = {token.word for token in tokens(text[:1000])}

    def likeness(form: str) -> tuple[int, float]:
        shared = asked & {token.word for token in tokens(form)}
        return len(shared), SequenceMatcher(None, text[:200].casefold(), form.casefold()).ratio()

    return sorted((form for flow in flows for form in forms(flow)), key=likeness, reverse=True)[:most]


def _extras(flow: Readable) -> list[str]:
    """Values that may be said, where the flow has a default."""
    may = [field for field in flow.input if not field.required or field.default is not None]
    ways = [list(_ways(field, _others(field, flow))) for field in may]
    return [way for many in ways for way in many[:3]]


def _others(field: InputField, flow: Readable) -> list[InputField]:
    return [other for other in flow.input if other.name != field.name]


def _unclear(value: str, others: Sequence[InputField]) -> bool:
    """Whether a value needs its field's name: another field has it too, or it is also a small word."""
    word = value.casefold()
    return word in FILLERS | NEGATIONS or any(word == of.casefold() for other in others for of in other.enum)


def _ways(field: InputField, others: Sequence[InputField] = ()) -> Iterator[str]:
    """The ways to say a field's value, beside these other fields of its flow."""
    name = " ".join(field.words)
    match field.kind:
        case _ if field.enum:
            yield from (f"{name} {value}" if _unclear(value, others) else value for value in field.enum)
        case "quarter":
            yield from _QUARTERS
        case "number" | "integer":
            yield from _numbers(field, name)
        case "string":
            yield f'{name} "…"'
        case "boolean":
            yield from (f"{name} yes", f"{name} no")
        case "date":
            yield from (f"{name} 2026-10-01", f"{name} today")


def _numbers(field: InputField, name: str) -> Iterator[str]:
    if field.is_share and numbers.bound(field) == "least":
        ways = {"at least 40 %": 0.4, "over 30 percent": 0.3, "probability above 0.4": 0.4, "at least 50 %": 0.5}
    elif numbers.bound(field) == "limit":
        ways = {"top 10": 10, "first ten": 10, "limit 20": 20, "top 1": 1}
    else:
        middle = _middle(field)
        ways = {f"{name} {middle:g}": middle}
    yield from (way for way, value in ways.items() if not field.outside(value))


def _middle(field: InputField) -> float:
    """A number that the field takes."""
    low = 0 if field.minimum is None else field.minimum
    if not field.outside(10):
        return 10
    high = low + 1 if field.maximum is None else field.maximum
    middle = (low + high) / 2
    return int(middle) if field.kind == "integer" else middle

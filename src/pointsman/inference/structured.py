"""Structured answers: what a model is told to write, and whether it did. Pure.

The JSON Schema is the strict form of OpenAI's structured outputs: every property required, nothing else allowed, an
optional field a null. Not every server holds to it, so `read` checks every answer again.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from pointsman.language import strict_json
from pointsman.shape import Value
from pointsman.spec.field import Field, fields_schema
from pointsman.spec.value import accept

FREE_TEXT: Final = "text"

_FENCE: Final = re.compile(r"```[A-Za-z0-9_-]*[ \t]*\r?\n(.*?)\n?[ \t]*```", re.DOTALL)


class Wrong(ValueError):
    """An answer that is not what was asked for. `mistakes`: each one as a sentence that a model can act on."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__(" ".join(mistakes))


def response_format(output: Mapping[str, Field]) -> dict[str, Any]:
    """The `response_format` of a chat completion for these output fields."""
    strict = all(_closed(field) for field in output.values())
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": strict, "schema": schema(output)}}


def schema(output: Mapping[str, Field]) -> dict[str, Any]:
    """JSON Schema of an object with these fields, in the strict form."""
    return _strict(fields_schema(output))


def read(text: str, output: Mapping[str, Field]) -> dict[str, Value]:
    """The object that a model wrote, typed as `output` says; fenced JSON is taken out of its fence. Raises Wrong."""
    try:
        value = strict_json.read(_unfenced(text))
    except strict_json.NotJson as fault:
        raise Wrong([f"the answer {fault}"]) from None
    return check(value, output)


def check(value: object, output: Mapping[str, Field]) -> dict[str, Value]:
    """A parsed answer as an object with exactly these fields. Raises Wrong with every mistake."""
    typed, faults = accept(output, value)
    if faults:
        raise Wrong([fault.sentence("the answer") for fault in faults])
    return typed


def _closed(field: Field) -> bool:
    """Whether strict mode can say it: it has no form for `any`, a list of anything or an open object."""
    if field.type == "list":
        return field.items is not None and _closed(field.items)
    if field.type == "object":
        return bool(field.fields) and all(map(_closed, field.fields.values()))
    return field.type != "any"


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema of ours with every property required; strict mode knows no defaults."""
    found = {key: part for key, part in schema.items() if key != "default"}
    if "properties" in schema:
        found["properties"] = {name: _strict(part) for name, part in schema["properties"].items()}
        found["required"] = list(schema["properties"])
    if "items" in schema:
        found["items"] = _strict(schema["items"])
    return found


def _unfenced(text: str) -> str:
    """JSON out of one Markdown fence; anything else as it is."""
    fenced = _FENCE.findall(text)
    return fenced[0] if len(fenced) == 1 else text

"""A flow's input on the command line: `-i region=EMEA -i limit=10`."""

from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import click

from pointsman.errors import Refused
from pointsman.language import strict_json
from pointsman.spec import words
from pointsman.spec.field import Field


def read_inputs(pairs: Iterable[str], fields: Mapping[str, Field]) -> dict[str, Any]:
    """The given values, with texts where the flow wants texts and JSON elsewhere. Raises click.UsageError."""
    given: dict[str, Any] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign:
            raise click.UsageError(f"an input is written name=value; got {pair!r}.")
        if name in given:
            raise click.UsageError(f"the input {name!r} is given twice.")
        field = fields.get(name)
        given[name] = text if field is None or field.type in ("string", "quarter", "date", "timestamp") else _json(text)
    return given


def read_object(file: BinaryIO) -> dict[str, Any]:
    """All inputs from a file. Raises Refused."""
    try:
        given = strict_json.read(file.read())
    except strict_json.NotJson as fault:
        raise Refused(f"the input file {fault}") from None
    if not isinstance(given, dict):
        raise Refused(f"the input file must hold a JSON object, got {words.got(given)}.")
    return given


def _json(text: str) -> Any:
    try:
        return strict_json.read(text)
    except strict_json.NotJson:
        return text  # the flow's own check says what it wanted

"""A flow's input on the command line: `-i region=EMEA -i limit=10`."""

from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import click
import orjson

from pointsman.errors import Refused
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
        given = orjson.loads(file.read())
    except orjson.JSONDecodeError as garbled:
        raise Refused(f"the input file is not JSON: {garbled}.") from None
    if not isinstance(given, dict):
        raise Refused("the input file must hold a JSON object.")
    return given


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text  # the flow's own check says what it wanted

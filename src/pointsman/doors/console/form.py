"""What a form sent, as the values that a flow's input wants."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from pointsman.errors import Refused
from pointsman.language import strict_json
from pointsman.shape import Value
from pointsman.spec.field import Field

_MOST: Final = 64 * 1024


async def read(request: Request, most: int = _MOST) -> dict[str, str]:
    """The fields of an urlencoded body of at most `most` bytes. Raises Refused."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Refused(
                f"The form is longer than {most // 1024} KB.", way_out="Send larger inputs to the API.", status=413
            )
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=200))
    except ValueError:
        raise Refused("The form could not be read.", way_out="Send it from the console's page.", status=400) from None


def values(typed: Mapping[str, str], fields: Mapping[str, Field]) -> dict[str, Value]:
    """The typed texts in the types of the input; an empty field is one that was not given."""
    return {
        name: _value(name, typed[name].strip(), field) for name, field in fields.items() if typed.get(name, "").strip()
    }


def _value(name: str, text: str, field: Field) -> Any:
    """Ranges, enums and dates are the flow's own to check."""
    try:
        match field.type:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}[text]
            case "list" | "object" | "any":
                return strict_json.read(text)
    except (ValueError, KeyError):
        raise Refused(
            f"{name}: {text[:60]!r} is not of type {field.type}.", way_out="Correct it and try again."
        ) from None
    return text

"""What a validation error means, in words: the rule, what was got, the way out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pointsman import labels
from pointsman.errors import way_out
from pointsman.spec.problem import printable

TYPES: Final = {
    "string_type": "a text",
    "string_sub_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping (`key: value`)",
    "mapping_type": "a mapping (`key: value`)",
    "model_type": "a mapping (`key: value`)",
    "model_attributes_type": "a mapping (`key: value`)",
    "tuple_type": "a list",
    "list_type": "a list",
    "none_required": "nothing",
}
"""What pydantic wanted, by the kind of its error."""

_PATTERNS: Final = {
    r"^[a-z][a-z0-9_-]{0,62}$": "is no name: small letters, digits, - and _, a letter first, at most 63",
    r"^[a-z][a-z0-9_]{0,62}$": "is no name here: small letters, digits and _, a letter first, at most 63",
    r"^[a-z][a-z0-9_-]*\.[A-Za-z][A-Za-z0-9_]*$": "is no action; one is written connection.action, such as crm.query",
    r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$": "is no function; one is written module:function",
    r"^role:[a-z][a-z0-9-]*$": "is no role; one is written role:name, such as role:sales-manager",
    r"^https?://": "is no address; one starts with https:// or http://",
}
_BOUNDS: Final = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_REFERENCE: Final = (
    "Write a reference: secret://env/NAME, secret://file/path, secret://vault/path#key or secret://k8s/ns/name#key."
)


@dataclass(frozen=True, slots=True)
class Said:
    """A problem without its place."""

    code: str
    message: str
    way_out: str = ""


def got(value: object) -> str:
    """What stands in the file, short enough for a sentence."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {shown(value)}"
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return "something else"


def shown(text: str) -> str:
    """A text of the file, quoted and clipped."""
    clean = printable(text)
    return f"'{clean if len(clean) <= 40 else clean[:39] + '…'}'"


def wrong_type(name: str, wanted: Iterable[str], value: object) -> Said:
    """`wanted`: each type that would do."""
    choices = list(dict.fromkeys(wanted))
    cure = ""
    if isinstance(value, str) and _looks_like(value, choices):
        cure = "Remove the quotes."
    elif "a text" in choices and not isinstance(value, dict | list | None):
        cure = "Write it in quotes if it is a text."
    return Said("PM010", f"{name} must be {' or '.join(choices)}, got {got(value)}", cure)


def _looks_like(text: str, wanted: list[str]) -> bool:
    digits = text.lstrip("+-").replace(".", "", 1).isdigit()
    return (digits and any("number" in choice for choice in wanted)) or (
        text in ("true", "false") and "true or false" in wanted
    )


def unknown_key(key: str, known: Iterable[str]) -> Said:
    return Said("PM012", f"unknown key `{key}`", way_out(key, known))


def missing_key(key: str, description: str) -> Said:
    first = description.splitlines()[0] if description else ""
    return Said("PM011", f"`{key}` is missing", f"Add `{key}:`. {first}".rstrip())


def secret_in_the_clear(name: str) -> Said:
    """Never repeats the value."""
    return Said("PM015", f"{name} is a secret, and stands here in the clear or in no known form", _REFERENCE)


def not_allowed(name: str, kind: str, context: Mapping[str, Any], value: object, message: str) -> Said:
    """A value of the right type that breaks a rule. `kind`, `context`, `message`: pydantic's."""
    match kind:
        case "secret":
            return secret_in_the_clear(name)
        case "label":
            return Said("PM016", message, way_out(str(value), labels.known()))
        case "quantity":
            if "got" in context:
                return Said("PM014", f"{name}: {message}, got {got(value)}", "Write the unit too.")
            return Said("PM014", f"{name}: {message}")
        case "literal_error":
            return _choice(name, str(context.get("expected", "")), value)
        case "string_pattern_mismatch":
            pattern = str(context.get("pattern", ""))
            return Said("PM013", f"{got(value)} {_PATTERNS.get(pattern, f'does not match {pattern}')}")
        case "too_short" | "string_too_short":
            return Said("PM013", f"{name} must not be empty")
    for bound, phrase in _BOUNDS.items():
        if bound in context:
            return Said("PM013", f"{name} must be {phrase} {context[bound]}, got {got(value)}")
    return Said("PM013", f"{name}: {message.removeprefix('Value error, ')}")


def _choice(name: str, expected: str, value: object) -> Said:
    choices = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
    message = f"{name} cannot be {got(value)}"
    return Said("PM013", message, way_out(str(value) if isinstance(value, str) else "", choices, "Choices"))

"""Pydantic's JSON Schemas, made fit for people's editors: as files are written, without noise."""

from typing import Any, Final

Json = dict[str, Any]

_NAMES: Final = frozenset({"properties", "$defs", "patternProperties"})
"""Keywords under which keys are names, not keywords."""
_UNITS: Final = (
    (r"(ms|s|m|h|d)$", ((86400.0, "d"), (3600.0, "h"), (60.0, "m"), (1.0, "s"), (0.001, "ms"))),
    (r"(k|Ki|M|Mi|G|Gi)?$", ((2**30, "Gi"), (2**20, "Mi"), (2**10, "Ki"), (1, ""))),
    (r"%$", ((0.01, "%"),)),
)


def tidy(schema: Json) -> Json:
    """The same schema: optional keys are left out rather than null, quantities have defaults as people write them."""
    return {
        key: _tidy_keyword(key, part)
        for key, part in _without_null(schema).items()
        if key != "title" or _is_class(schema)
    }


def _tidy_keyword(key: str, part: Any) -> Any:
    if key in _NAMES and isinstance(part, dict):
        return {name: _tidy_property(value) for name, value in part.items()}
    if isinstance(part, dict) and key not in ("default", "const"):
        return tidy(part)
    if isinstance(part, list) and key in ("anyOf", "oneOf", "allOf"):
        return [tidy(item) for item in part]
    return part


def _tidy_property(schema: Json) -> Json:
    found = _named_keys(tidy(schema))
    if "default" in found:
        default = _written(found["default"], found)
        found = {key: part for key, part in found.items() if key != "default"}
        if default not in (None, "", [], {}) and not isinstance(default, dict):
            found["default"] = default
    return found


def _is_class(schema: Json) -> bool:
    return "properties" in schema


def _without_null(schema: Json) -> Json:
    """`anyOf: [x, null]` of an optional key is x."""
    choices = schema.get("anyOf")
    if not isinstance(choices, list) or {"type": "null"} not in choices:
        return schema
    rest = [choice for choice in choices if choice != {"type": "null"}]
    around = {key: part for key, part in schema.items() if key != "anyOf"}
    return {**rest[0], **around} if len(rest) == 1 else {**around, "anyOf": rest}


def _named_keys(schema: Json) -> Json:
    """A mapping whose keys have a form: other keys are mistakes."""
    patterns = schema.get("patternProperties")
    if not isinstance(patterns, dict) or len(patterns) != 1:
        return schema
    ((pattern, part),) = patterns.items()
    rest = {key: value for key, value in schema.items() if key != "patternProperties"}
    return {**rest, "propertyNames": {"pattern": pattern}, "additionalProperties": part}


def _written(default: Any, schema: Json) -> Any:
    """A default in base units as it would be written: 20.0 seconds is `20s`."""
    pattern = schema.get("pattern", "")
    if isinstance(default, bool) or not isinstance(default, int | float):
        return default
    if pattern.startswith(r"^\$"):
        return f"${default:g}"
    for end, units in _UNITS:
        if pattern.endswith(end):
            factor, unit = next(
                (pair for pair in units if default >= pair[0] and (default / pair[0]).is_integer()), units[-1]
            )
            return f"{default / factor:g}{unit}"
    return default


def partial(schema: Json) -> Json:
    """What an overlay may say of it: any part, and null to take a key away."""
    dropped = {"required", "oneOf", "allOf", "default", "minProperties", "minItems"}
    found = {key: _partial_keyword(key, part) for key, part in schema.items() if key not in dropped}
    if "oneOf" in schema:
        found["anyOf"] = [partial(choice) for choice in schema["oneOf"]]
    return found


def _partial_keyword(key: str, part: Any) -> Any:
    if key == "properties":
        return {name: {"anyOf": [partial(value), {"type": "null"}]} for name, value in part.items()}
    if key == "additionalProperties" and isinstance(part, dict):
        return {"anyOf": [partial(part), {"type": "null"}]}
    if key == "$defs":
        return {name: partial(value) for name, value in part.items()}
    if key == "anyOf":
        return [partial(choice) for choice in part]
    return part

"""JSON Schemas (draft 2020-12) of what users write, for editors and other tools."""

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import ModelSchema

from pointsman.spec.described import described
from pointsman.spec.field import Field
from pointsman.spec.flow import Flow
from pointsman.spec.json_tidy import Json, partial, tidy
from pointsman.spec.kinds import CONNECTION, FLOW, MODEL, PROJECT, PROMPT, Kind
from pointsman.spec.project import ProjectFile
from pointsman.spec.prompt import PromptHead
from pointsman.spec.schema import Schema
from pointsman.spec.step import VERBS, StepCommon

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, Json]:
    """By kind: project, connection, schema, model, prompt (its front matter), flow, overlay (`env/*.yaml`)."""
    whole = {
        "project": schema_of(ProjectFile),
        "connection": _chosen(CONNECTION),
        "schema": schema_of(Schema),
        "model": _chosen(MODEL),
        "prompt": schema_of(PromptHead),
        "flow": schema_of(Flow),
        "overlay": _overlay(),
    }
    return {name: {"$schema": DRAFT, **schema} for name, schema in whole.items()}


def schema_of(kind: type[BaseModel]) -> Json:
    """Of one class, as its files are written."""
    schema = tidy(kind.model_json_schema(by_alias=True, schema_generator=_Described))
    definitions: Json = schema.get("$defs", {})
    if Field.__name__ in definitions:
        definitions[Field.__name__] = _with_short_form(definitions[Field.__name__])
    if kind is Flow:
        definitions["Step"] = _step()
        schema["properties"]["steps"]["additionalProperties"] = {"$ref": "#/$defs/Step"}
    return schema


class _Described(GenerateJsonSchema):
    """With what each key means."""

    def model_schema(self, schema: ModelSchema) -> Json:
        found = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        for key, text in described(model).items():
            if text:
                found["properties"][key]["description"] = text
        return found


def _with_short_form(field: Json) -> Json:
    """`name: string` for `name: {type: string}`."""
    kinds = field["properties"]["type"]["enum"]
    return {"description": field.get("description", ""), "anyOf": [{"enum": kinds}, field]}


def _step() -> Json:
    """By its verb, so that an editor speaks of that verb's keys rather than of seven kinds of steps that do not fit."""
    keys: Json = {}
    for verb in VERBS.values():
        for key, text in described(verb).items():
            keys.setdefault(key, {"description": text} if text else {})
    for name, verb in VERBS.items():
        keys[name] = {"description": verb.__doc__ or ""}
    return {
        "type": "object",
        "description": StepCommon.__doc__,
        "properties": keys,
        "oneOf": [{"required": [verb]} for verb in VERBS],
        "allOf": [
            {"if": {"required": [name]}, "then": {"$ref": f"#/$defs/{verb.__name__}"}} for name, verb in VERBS.items()
        ],
    }


def _chosen(kind: Kind) -> Json:
    """One of several classes, by the value of one key."""
    definitions: Json = {}
    for choice in kind.choices.values():
        schema = schema_of(choice)
        definitions |= schema.pop("$defs", {})
        definitions[choice.__name__] = schema
    return {
        "type": "object",
        "required": [kind.name, kind.chosen_by],
        "properties": {
            kind.name: {"description": f"Its name, the same as the file's: {kind.folder}/<name>.yaml."},
            kind.chosen_by: {"enum": list(kind.choices)},
        },
        "allOf": [
            {
                "if": {"required": [kind.chosen_by], "properties": {kind.chosen_by: {"const": value}}},
                "then": {"$ref": f"#/$defs/{choice.__name__}"},
            }
            for value, choice in kind.choices.items()
        ],
        "$defs": definitions,
    }


def _overlay() -> Json:
    definitions: Json = {}
    sections: Json = {PROJECT.section: _any_part(PROJECT, definitions)}
    for kind in (CONNECTION, MODEL, PROMPT, FLOW):
        sections[kind.section] = {"type": "object", "additionalProperties": _any_part(kind, definitions)}
    return {
        "type": "object",
        "title": "Overlay",
        "description": "What is different in an environment: any part of the project's files, by name; null takes a "
        "key away.",
        "properties": sections,
        "additionalProperties": False,
        "$defs": definitions,
    }


def _any_part(kind: Kind, definitions: Json) -> Json:
    """The keys of all classes of a kind, none of them required, but for its name, which stays."""
    properties: Json = {}
    for choice in kind.choices.values():
        part = partial(schema_of(choice))
        definitions |= part.get("$defs", {})
        for name, schema in part["properties"].items():
            seen: list[Any] = properties.setdefault(name, {"anyOf": []})["anyOf"]
            seen += [option for option in schema["anyOf"] if option not in seen]
    if kind is not PROJECT:
        del properties[kind.name]
    if kind.chosen_by:
        properties[kind.chosen_by] = {"enum": list(kind.choices)}
    if kind is FLOW:
        definitions["Step"] = _any_step(definitions)
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _any_step(definitions: Json) -> Json:
    properties: Json = {}
    for verb in VERBS.values():
        properties |= definitions[verb.__name__]["properties"]
    return {"type": "object", "properties": properties, "additionalProperties": False}

"""JSON Schemas say what the loader says, so that an editor and `pointsman check` agree."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from tests.project_mistakes import MISTAKES
from tests.worked_example import FILES, PROMPT

from pointsman.spec import yaml
from pointsman.spec.front_matter import read as read_prompt
from pointsman.spec.json_schema import schemas
from pointsman.spec.node import value
from pointsman.spec.text import source


def _kind(file: str) -> str | None:
    folder = file.partition("/")[0]
    if file.endswith(".schema.yaml"):
        return "schema"
    return {"connections": "connection", "flows": "flow", "env": "overlay", "project.yaml": "project"}.get(
        folder, "model" if file.startswith("models/") and file.endswith(".yaml") else None
    )


def _fits(kind: str, meant: Any) -> bool:
    draft = jsonschema.Draft202012Validator
    return bool(draft(schemas()[kind], format_checker=draft.FORMAT_CHECKER).is_valid(meant))


def test_json_schemas_are_schemas() -> None:
    for schema in schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)
        json.dumps(schema)


@pytest.mark.parametrize("file", [file for file in FILES if _kind(file)])
def test_json_schemas_accept_the_worked_example(file: str) -> None:
    tree, _ = yaml.read(source(file, FILES[file]))
    kind = _kind(file)
    assert kind is not None and tree is not None
    jsonschema.Draft202012Validator(schemas()[kind]).validate(value(tree))


def test_json_schemas_accept_the_prompts_head() -> None:
    tree, _, _ = read_prompt(source("p.md", PROMPT))
    assert tree is not None
    jsonschema.Draft202012Validator(schemas()["prompt"]).validate(value(tree))


ONLY_ACROSS_FILES = {"PM026", "PM027", "PM028", "PM030", "PM032", "PM035", "PM038", "PM040", "PM044", "PM043"}
"""What one file alone does not show."""


def _in_one_file() -> Iterator[tuple[str, str, Any]]:
    """Name, kind and meaning of each mistaken file that is YAML at least."""
    for name, (changes, expected) in MISTAKES.items():
        code, place = expected[0].split()[:2]
        file = place.partition(":")[0]
        text, kind = changes.get(file), _kind(file)
        if text is not None and kind is not None and code not in ONLY_ACROSS_FILES | {"PM034", "PM036"}:
            tree, _ = yaml.read(source(file, text))
            assert tree is not None
            yield name, kind, value(tree)


@pytest.mark.parametrize(("name", "kind", "meant"), [*_in_one_file()])
def test_json_schemas_refuse_the_same_mistakes(name: str, kind: str, meant: Any) -> None:
    assert not _fits(kind, meant)


@pytest.mark.parametrize(
    "overlay",
    [
        {"connections": {"crm": {"limits": {"rows": 5}}}},
        {"connections": {"crm": {"auth": {"user": "x"}}, "analytics": {"type": "postgres", "path": None}}},
        {"flows": {"at-risk": {"steps": {"usage": {"on_error": "fail"}}, "doors": {"schedule": None}}}},
        {"project": {"description": "dev"}, "models": {"churn": {"version": 4}}},
    ],
)
def test_the_overlays_schema_takes_parts(overlay: Any) -> None:
    jsonschema.Draft202012Validator(schemas()["overlay"]).validate(overlay)


@pytest.mark.parametrize(
    "overlay",
    [
        {"connections": {"crm": {"limits": {"rows": "many"}}}},
        {"connections": {"crm": {"ulr": "x"}}},
        {"flows": {"at-risk": {"flow": "other"}}},
        {"flow": {}},
    ],
)
def test_the_overlays_schema_refuses(overlay: Any) -> None:
    assert not _fits("overlay", overlay)

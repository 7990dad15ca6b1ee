"""OpenAPI documents as typed operations, hostile ones included."""

import re
from typing import Any

import pytest

from pointsman.language.jsonschema import Schemas, misfit
from pointsman.language.mistake import Mistake
from pointsman.language.openapi import operations, rows
from pointsman.shape import ANY, INTEGER, NUMBER, STRING, Shape, list_of, record


def document(operation: dict[str, Any], path: str = "/x", method: str = "get", **components: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": {path: {method: {"operationId": "it", **operation}}}, "components": components}


def answering(schema: dict[str, Any]) -> dict[str, Any]:
    return {"responses": {"200": {"content": {"application/json; charset=utf-8": {"schema": schema}}}}}


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        ({"type": "string"}, STRING),
        ({"type": ["string", "null"]}, STRING.or_null()),
        ({"type": "integer", "nullable": True}, INTEGER.or_null()),
        ({"type": "string", "format": "date"}, Shape("date")),
        ({"type": "string", "format": "date-time"}, Shape("timestamp")),
        ({"type": "string", "enum": ["a", "b"]}, Shape("string", enum=("a", "b"))),
        ({"type": "array", "items": {"type": "number"}}, list_of(NUMBER)),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, STRING.or_null()),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, ANY),
        ({"type": ["string", "integer"]}, ANY),
        ({}, ANY),
        (True, ANY),
        (
            {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]},
            record({"a": STRING, "b": INTEGER.or_null()}, closed=False),
        ),
        (
            {"type": "object", "additionalProperties": False, "properties": {}},
            record({}),
        ),
        (
            {
                "allOf": [
                    {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
                    {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
                ]
            },
            record({"a": STRING, "b": INTEGER}, closed=False),
        ),
    ],
)
def test_schemas_become_shapes(schema: Any, shape: Shape) -> None:
    assert Schemas({}).shape(schema) == shape


def test_a_schema_that_holds_itself_ends() -> None:
    node = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Node"}}}
    found = operations(document(answering({"$ref": "#/components/schemas/Node"}), schemas={"Node": node}))
    shape = found["it"].result.item
    depth = 0
    while shape and shape.fields:
        shape, depth = shape.fields["child"], depth + 1
    assert 3 < depth < 30


def test_references_that_multiply_are_bounded() -> None:
    """Each level refers ten times to the next: 10^12 schemas, if each were followed."""
    schemas = {
        f"L{level}": {"properties": {f"p{n}": {"$ref": f"#/components/schemas/L{level + 1}"} for n in range(10)}}
        for level in range(12)
    } | {"L12": {"type": "string"}}
    found = operations(document(answering({"$ref": "#/components/schemas/L0"}), schemas=schemas))
    assert found["it"].result.kind == "list"


@pytest.mark.parametrize(
    ("operation", "more", "says"),
    [
        (answering({"$ref": "#/components/schemas/Gone"}), {}, "leads nowhere"),
        (answering({"$ref": "other.yaml#/X"}), {}, "leads out of"),
        (answering({"$ref": "#/components/schemas/A"}), {"schemas": {"A": {"$ref": "#/components/schemas/A"}}}, "circle"),
        (
            {"parameters": [{"name": "a", "in": "query"}, {"name": "a", "in": "header"}]},
            {},
            "two parameters called `a`",
        ),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_used_is_a_mistake(operation: Any, more: Any, says: str) -> None:
    with pytest.raises(Mistake, match=says):
        operations(document(operation, **more))


def test_a_path_without_its_parameter_is_a_mistake() -> None:
    with pytest.raises(Mistake, match=r"does not describe `\{id\}`"):
        operations(document({}, path="/x/{id}"))


def test_two_operations_of_one_name_are_a_mistake() -> None:
    twice = {"openapi": "3.0.3", "paths": {"/a": {"get": {"operationId": "it"}}, "/b": {"get": {"operationId": "it"}}}}
    with pytest.raises(Mistake, match="two operations are called `it`"):
        operations(twice)


@pytest.mark.parametrize("broken", [{}, {"paths": []}, {"paths": {"/x": None}}, {"paths": {"/x": {"get": 5}}}])
def test_what_is_no_operation_is_left_out(broken: dict[str, Any]) -> None:
    assert operations(broken) == {}


def test_parameters_of_the_path_hold_for_its_operations_and_can_be_replaced() -> None:
    listed = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    nearer = {**listed, "schema": {"type": "integer"}}
    cookie = {"name": "c", "in": "cookie"}
    paths = {"/x/{id}": {"parameters": [listed, cookie], "get": {"operationId": "it", "parameters": [nearer]}}}
    it = operations({"paths": paths})["it"]
    assert it.required == {"id"}
    assert it.optional == frozenset()
    assert it.parameters["id"].shape == INTEGER


@pytest.mark.parametrize(
    ("result", "items", "expected"),
    [
        (list_of(record({"a": STRING})), None, list_of(record({"a": STRING}))),
        (record({"a": STRING}), None, list_of(record({"a": STRING}))),
        (record({"d": list_of(record({"a": STRING}))}), "d", list_of(record({"a": STRING}))),
        (record({"d": list_of(STRING)}), "d", list_of(record({"value": STRING}))),
        (record({"a": STRING}), "d.rows", list_of(record({"a": STRING}))),
        (list_of(STRING.or_null()), None, list_of(record({"value": STRING.or_null()}))),
        (STRING, None, list_of(record({"value": STRING}))),
        (ANY, None, ANY),
        (ANY, "d", ANY),
    ],
)
def test_what_reads_gives_rows(result: Shape, items: str | None, expected: Shape) -> None:
    assert rows(result, items) == expected


@pytest.mark.parametrize(
    ("value", "shape", "says"),
    [
        ("x", STRING, None),
        (5, NUMBER, None),
        (True, INTEGER, "must be an integer, got a bool"),
        (float("nan"), NUMBER, "must be a number"),
        (None, STRING, "must not be null"),
        (None, STRING.or_null(), None),
        ("c", Shape("string", enum=("a", "b")), "one of a, b"),
        ([1, "x"], list_of(INTEGER), r"`v\[1\]` must be an integer"),
        ({"a": 1}, record({"a": INTEGER}), None),
        ({"a": 1, "b": 2}, record({"a": INTEGER}), "takes no `b`"),
        ({"a": 1, "b": 2}, record({"a": INTEGER}, closed=False), None),
        ({}, record({"a": INTEGER.or_null()}), None),
        ({"o": {"a": "secret"}}, record({"o": record({"a": INTEGER})}), r"`v\.o\.a` must be an integer, got a str"),
    ],
)
def test_values_are_held_against_shapes(value: Any, shape: Shape, says: str | None) -> None:
    found = misfit(value, shape, "v")
    if says is None:
        assert found is None
    else:
        assert found is not None
        assert re.search(says, found)
        assert "secret" not in found

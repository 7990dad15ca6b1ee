"""The OpenAPI 3.1 description of a project's flows, from their typed input and reply."""

from collections.abc import Mapping
from typing import Any

from pointsman.plan.node import Plan
from pointsman.shape import json_schema
from pointsman.spec.field import Field, fields_schema

ASKED = {"question": Field(type="string", max=2000)}
"""The body of `/api/ask`."""

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "Where, the rule, what was got, and the way out."},
        "run": {"type": "string", "description": "The run that failed, if one was started."},
        "errors": {"type": "array", "items": {"type": "object"}},
        "nearest": {"type": "array", "items": {"type": "string"}},
    },
}
_OBJECTS = {"type": "array", "items": {"type": "object"}}
_ENVELOPE: dict[str, Any] = {
    "run": {"type": "string", "description": "Its id, also in `x-run-id`."},
    "flow": {"type": "string"},
    "version": {"type": "integer"},
    "title": {"type": "string"},
    "reading": {"type": ["object", "null"], "description": "How a question in words was read."},
    "sources": {**_OBJECTS, "description": "Where the rows came from, how old they are, and which are missing."},
    "models": {**_OBJECTS, "description": "Which models answered, and what wrote the texts."},
    "degraded": {"type": "array", "items": {"type": "string"}, "description": "What is missing, a sentence each."},
    "since": {"type": ["object", "null"], "description": "What changed since the last answer to the same question."},
    "approvals": {**_OBJECTS, "description": "What waits for a person."},
    "cost": {"type": "object"},
}


def describe(title: str, version: str, plans: Mapping[str, Plan]) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, Any] = {}
    for name, plan in sorted(plans.items()):
        if plan.flow.doors.http is not None:
            paths[f"/flows/{name}"] = {"post": _operation(plan)}
    paths["/api/ask"] = {"post": _ask()}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": {"Problem": PROBLEM}},
    }


def _operation(plan: Plan) -> dict[str, Any]:
    flow = plan.flow
    return {
        "operationId": flow.flow,
        "summary": flow.title or flow.flow,
        "tags": ["flows"],
        "requestBody": {
            "required": any(field.required for field in flow.input.values()),
            "content": {"application/json": {"schema": fields_schema(flow.input)}},
        },
        "responses": _responses(json_schema(plan.shape)),
    }


def _ask() -> dict[str, Any]:
    return {
        "operationId": "ask",
        "summary": "A question in words, read into a flow's typed input",
        "tags": ["ask"],
        "requestBody": {"required": True, "content": {"application/json": {"schema": fields_schema(ASKED)}}},
        "responses": _responses({}),
    }


def _responses(result: dict[str, Any]) -> dict[str, Any]:
    answer = {
        "type": "object",
        "required": ["run", "flow", "version", "result", "sources", "models", "degraded", "approvals", "cost"],
        "properties": {**_ENVELOPE, "result": result},
    }
    failed = {
        "description": "A problem (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    answered = {
        "description": "The answer envelope",
        "headers": {"x-run-id": {"schema": {"type": "string"}}},
        "content": {"application/json": {"schema": answer}},
    }
    return {"200": answered, **dict.fromkeys(("400", "404", "413", "415", "422", "500", "503", "504"), failed)}

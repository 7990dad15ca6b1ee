"""One record: create, read, change, delete, and upsert by external id."""

import re
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from pointsman.language.soql.literals import quoted
from pointsman.sandbox.salesforce.answers import json, record_body
from pointsman.sandbox.salesforce.org import Org
from pointsman.sandbox.salesforce.refusal import Refusal


async def create(org: Org, request: Request) -> Response:
    """POST /sobjects/<name>."""
    name = org.object_named(request.path_params["name"])
    record = await record_body(request)
    made = await org.store.write(name, lambda writer: writer.insert(record))
    return json({"id": made, "success": True, "errors": []}, 201)


async def read(org: Org, request: Request) -> Response:
    """GET /sobjects/<name>/<id>[?fields=a,b]."""
    name = org.object_named(request.path_params["name"])
    return await _read(org, request, name, "Id", request.path_params["id"])


async def read_by_key(org: Org, request: Request) -> Response:
    """GET /sobjects/<name>/<field>/<value>."""
    name = org.object_named(request.path_params["name"])
    return await _read(org, request, name, key_field(org, name, request.path_params["field"]), _value(request))


async def _read(org: Org, request: Request, name: str, field: str, value: str) -> Response:
    asked = request.query_params.get("fields")
    fields = asked.split(",") if asked else list(org.fields[name])
    if not all(re.fullmatch(r"\w+(\.\w+)*", one, re.ASCII) for one in fields):
        raise Refusal("INVALID_FIELD", f"fields takes names of fields; got {asked}")
    key = await org.store.write(name, lambda writer: writer.find(field, value))
    if key is None:
        raise Refusal("NOT_FOUND", "The requested resource does not exist", status=404)
    text = f"SELECT {', '.join(fields)} FROM {name} WHERE Id = {quoted(key)}"  # noqa: S608  # names were checked above
    found = await org.find(org.read(text))
    return json(next(found.as_json(request.path_params["version"])))


async def change(org: Org, request: Request) -> Response:
    """PATCH /sobjects/<name>/<id>."""
    name = org.object_named(request.path_params["name"])
    record = await record_body(request)
    await org.store.write(name, lambda writer: writer.update(request.path_params["id"], record))
    return Response(status_code=204)


async def upsert(org: Org, request: Request) -> Response:
    """PATCH /sobjects/<name>/<field>/<value>."""
    name = org.object_named(request.path_params["name"])
    field = key_field(org, name, request.path_params["field"])
    record = await record_body(request)
    made, new = await org.store.write(name, lambda writer: writer.upsert(field, _value(request), record))
    return json({"id": made, "success": True, "errors": [], "created": new}, 201 if new else 200)


async def delete(org: Org, request: Request) -> Response:
    """DELETE /sobjects/<name>/<id>."""
    name = org.object_named(request.path_params["name"])
    if not await org.store.delete(name, request.path_params["id"]):
        raise Refusal("ENTITY_IS_DELETED", "entity is deleted", status=404)
    return Response(status_code=204)


def key_field(org: Org, name: str, field: str) -> str:
    """The external id field in its own spelling. Raises Refusal."""
    for known, spec in org.fields[name].items():
        if known.casefold() == field.casefold() and (spec.external_id or spec.type == "id"):
            return known
    message = "Provided external ID field does not exist or is not accessible: " + field
    raise Refusal("NOT_FOUND", message, status=404)


def _value(request: Request) -> str:
    return unquote(request.path_params["value"])

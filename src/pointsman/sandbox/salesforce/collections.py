"""Up to 200 records in one request: POST and PATCH composite/sobjects, with or without an external id."""

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from pointsman.sandbox.salesforce.answers import json, record_body
from pointsman.sandbox.salesforce.org import Org
from pointsman.sandbox.salesforce.refusal import Refusal
from pointsman.sandbox.salesforce.single import key_field
from pointsman.sandbox.salesforce.store import Writer

_MOST: Final = 200
Change = Callable[[Writer, dict[str, Any]], dict[str, Any]]
"""Writes one record; its result."""


async def create(org: Org, request: Request) -> Response:
    """POST /composite/sobjects."""
    return await _each(org, request, lambda writer, record: {"id": writer.insert(record), **_SUCCESS})


async def change(org: Org, request: Request) -> Response:
    """PATCH /composite/sobjects: each record carries its `id`."""

    def update(writer: Writer, record: dict[str, Any]) -> dict[str, Any]:
        found = next((str(value) for name, value in record.items() if name.casefold() == "id"), None)
        if found is None:
            raise Refusal("MISSING_ARGUMENT", "Id not specified in an update call", fields=("Id",))
        writer.update(found, {name: value for name, value in record.items() if name.casefold() != "id"})
        return {"id": found, **_SUCCESS}

    return await _each(org, request, update)


async def upsert(org: Org, request: Request) -> Response:
    """PATCH /composite/sobjects/<name>/<field>: each record carries its external id."""
    name = org.object_named(request.path_params["name"])
    field = key_field(org, name, request.path_params["field"])

    def by_key(writer: Writer, record: dict[str, Any]) -> dict[str, Any]:
        key = next((value for known, value in record.items() if known.casefold() == field.casefold()), None)
        if key is None:
            raise Refusal("MISSING_ARGUMENT", f"{field} not specified", fields=(field,))
        rest = {known: value for known, value in record.items() if known.casefold() != field.casefold()}
        made, new = writer.upsert(field, key, rest)
        return {"id": made, **_SUCCESS, "created": new}

    return await _each(org, request, by_key)


_SUCCESS: Final[dict[str, Any]] = {"success": True, "errors": []}


async def _each(org: Org, request: Request, work: Change) -> Response:
    content = await record_body(request)
    records = content.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise Refusal("JSON_PARSER_ERROR", "`records` must be a list of objects")
    if len(records) > _MOST:
        raise Refusal("EXCEEDED_MAX_SIZE_REQUEST", f"record limit reached. cannot submit more than {_MOST} records")
    name = _one_type(org, records)
    if not records:
        return json([])

    def all_of_them(writer: Writer) -> list[dict[str, Any]]:
        results = [_result(work, writer, record) for record in records]
        if content.get("allOrNone") and not all(result["success"] for result in results):
            raise _Undone([_rolled_back(result) for result in results])
        return results

    try:
        return json(await org.store.write(name, all_of_them))
    except _Undone as undone:
        return json(undone.results)


class _Undone(Exception):
    """Nothing was written, because one record could not be."""

    def __init__(self, results: list[dict[str, Any]]) -> None:
        super().__init__("one record failed")
        self.results = results


def _one_type(org: Org, records: list[dict[str, Any]]) -> str:
    types = {str((record.get("attributes") or {}).get("type")) for record in records}
    if len(types) > 1:
        raise Refusal("INVALID_INPUT", "the stand-in takes records of one type in a request")
    return org.object_named(types.pop()) if types else ""


def _result(work: Change, writer: Writer, record: dict[str, Any]) -> dict[str, Any]:
    try:
        return work(writer, record)
    except Refusal as refusal:
        return refusal.result()


def _rolled_back(result: dict[str, Any]) -> dict[str, Any]:
    if not result["success"]:
        return result
    message = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    return Refusal("ALL_OR_NONE_OPERATION_ROLLED_BACK", message).result()

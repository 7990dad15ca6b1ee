"""The org's objects and fields as tables."""

import asyncio
from typing import Any, Final

from pointsman.connectors.port import FoundColumn, Tables
from pointsman.connectors.salesforce.api import Api
from pointsman.errors import Fault

_TYPES: Final = {
    "int": "integer",
    "long": "integer",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamp",
    "anyType": "any",
    "address": "any",
    "location": "any",
    "complexvalue": "any",
    "json": "any",
}
"""Salesforce's field types; every other one is a text."""
_LEFT_OUT: Final = frozenset({"base64"})
"""Contents of files: no column of a row."""


async def tables(api: Api) -> Tables:
    """All objects that can be queried; not the shadows of others (history, sharing, feeds, change events)."""
    content = (await api.call("GET", "/sobjects", None)).json()
    objects = content.get("sobjects") if isinstance(content, dict) else None
    if not isinstance(objects, list):
        raise api.nonsense("list of objects")
    names = [str(one["name"]) for one in objects if isinstance(one, dict) and _is_table(one)]
    turn = asyncio.Semaphore(api.spec.limits.concurrent)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_columns(api, name, turn)) for name in names]
    except BaseExceptionGroup as faults:
        raise _first(faults) from None
    return {name: task.result() for name, task in zip(names, tasks, strict=True)}


def _is_table(one: dict[str, Any]) -> bool:
    return bool(one.get("queryable")) and not one.get("deprecatedAndHidden") and not one.get("associateEntityType")


async def _columns(api: Api, name: str, turn: asyncio.Semaphore) -> dict[str, FoundColumn]:
    async with turn:
        content = (await api.call("GET", f"/sobjects/{name}/describe", None)).json()
    fields = content.get("fields") if isinstance(content, dict) else None
    if not isinstance(fields, list) or not all(isinstance(field, dict) and field.get("name") for field in fields):
        raise api.nonsense(f"fields of {name}")
    return {str(field["name"]): _column(field) for field in fields if field.get("type") not in _LEFT_OUT}


def _column(field: dict[str, Any]) -> FoundColumn:
    return FoundColumn(
        type=_TYPES.get(str(field.get("type")), "string"),
        nullable=bool(field.get("nillable", True)),
        references=_parent(field.get("referenceTo") or []),
    )


def _parent(objects: list[str]) -> str | None:
    """What a reference leads to. An owner is a user or a queue; the fields asked of one are the user's."""
    return "User" if "User" in objects else next(iter(objects), None)


def _first(faults: BaseExceptionGroup[BaseException]) -> BaseException:
    for one in faults.exceptions:
        if isinstance(one, Fault):
            return one
    return faults.exceptions[0]

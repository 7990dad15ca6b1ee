"""JSON APIs over HTTP: `request` reads, `send` writes, and each operation of an OpenAPI document by its name.

What reads always gives rows: the items of a list, page by page; an answer that is no list is one row, and a value that
is no object a row with the column `value`. What writes gives the JSON value. Every write carries `call.key` as
`Idempotency-Key`; where the system does not promise to know a repeat by it, a write is tried at most once.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, Final

from pydantic import ValidationError

from pointsman.clock import Clock
from pointsman.connectors.http import address, body
from pointsman.connectors.http.client import Client, Request
from pointsman.connectors.http.paging import Listing, pages
from pointsman.connectors.port import Action, Call, Facts, FoundColumn, Page, Tables
from pointsman.errors import Refused, way_out
from pointsman.language.jsonschema import misfit
from pointsman.language.openapi import KEY_HEADER, Operation
from pointsman.secrets import Secrets
from pointsman.shape import Value
from pointsman.spec.connection import HttpConnection, Paging
from pointsman.spec.effect import Effect

_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")
_PLAIN: Final = {
    "request": Action("request", "none", frozenset({"path"}), frozenset({"query", "headers", "items", "paging"})),
    "send": Action("send", "once", frozenset({"method", "path"}), frozenset({"query", "headers", "body"})),
}


class HttpConnector:
    """One API. `operations`: those of its OpenAPI document, if it has one."""

    def __init__(
        self, spec: HttpConnection, operations: Mapping[str, Operation], secrets: Secrets, clock: Clock
    ) -> None:
        self.connection = spec.connection
        self._spec, self._operations = spec, operations
        self._client = Client(spec, secrets, clock)
        self._where = self._client.where
        self._actions = dict(_PLAIN)
        for name, operation in operations.items():
            effect: Effect = "none" if not operation.writes else "native" if operation.repeatable else "once"
            self._actions[name] = Action(name, effect, operation.required, operation.optional)

    @property
    def actions(self) -> Mapping[str, Action]:
        return self._actions

    async def read(self, action: str, args: Mapping[str, Any], call: Call, facts: Facts) -> AsyncIterator[Page]:
        listing = self._listing(action, args)
        optional = [column.name for column in call.columns if column.shape.nullable or column.shape.kind == "any"]
        async with aclosing(pages(listing, lambda request: self._client.send(request, call.deadline), facts)) as found:
            async for page in found:
                # JSON leaves out what it does not know; a column that may be null may be left out.
                yield [{**dict.fromkeys(optional), **row} for row in page] if optional else page

    async def write(self, action: str, args: Mapping[str, Any], call: Call) -> Value:
        request = self._sending(action, args, call.key)
        answer = await self._client.send(request, call.deadline)
        value: Value = answer.value
        return value

    async def describe(self) -> Tables:
        """What the reading operations of the OpenAPI document give; nothing where there is none."""
        tables: Tables = {}
        for name, operation in self._operations.items():
            row = operation.result.item if operation.result.kind == "list" else None
            if not operation.writes and row and row.fields:
                tables[name] = {
                    column: FoundColumn(
                        shape.kind if shape.kind not in ("list", "object", "null") else "any", shape.nullable
                    )
                    for column, shape in row.fields.items()
                }
        return tables

    async def check(self) -> str:
        try:
            await self._client.send(Request("GET", self._client.base.join("")), None)
        except Refused as fault:
            # Many an API has nothing at its base; that it says so is an answer.
            return f"{self._client.base} answers ({fault.rule.rstrip('.')})."
        return f"{self._client.base} answers."

    async def close(self) -> None:
        await self._client.close()

    def _listing(self, action: str, args: Mapping[str, Any]) -> Listing:
        default = self._spec.paging
        items = default.items if default else None
        if action != "request":
            operation = self._operation(action, writes=False)
            return Listing(self._of(operation, args, None), default, items, False, self._where)
        paging = self._paging(args["paging"]) if args.get("paging") else default
        items = args.get("items") or (paging.items if paging else None)
        url = self._url(_text(args, "path", self._where), _mapping(args, "query", self._where))
        request = Request("GET", url, self._headers(args))
        return Listing(request, paging, items, bool(args.get("items")), self._where)

    def _sending(self, action: str, args: Mapping[str, Any], key: str | None) -> Request:
        if action != "send":
            return self._of(self._operation(action, writes=True), args, key)
        method = str(args.get("method")).upper()
        if method not in _METHODS:
            raise Refused(
                f"`method` of `send` is one of {', '.join(_METHODS)}.", where=self._where, way_out="`request` reads."
            )
        url = self._url(_text(args, "path", self._where), _mapping(args, "query", self._where))
        sent = self._encoded(args["body"]) if args.get("body") is not None else None
        return Request(method, url, _keyed(self._headers(args), key), sent, once=True)

    def _of(self, operation: Operation, args: Mapping[str, Any], key: str | None) -> Request:
        """A request of an OpenAPI operation, its arguments held against the document."""
        places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
        for name, parameter in operation.parameters.items():
            value = args.get(name)
            if value is None and not parameter.required:
                continue
            if wrong := misfit(value, parameter.shape.not_null() if parameter.required else parameter.shape, name):
                raise Refused(f"`{operation.name}`: {wrong}", where=self._where)
            places[parameter.place][parameter.wire] = value
        sent = None
        if operation.body is not None and args.get("body") is not None:
            if wrong := misfit(args["body"], operation.body, "body"):
                raise Refused(f"`{operation.name}`: {wrong}", where=self._where)
            sent = self._encoded(args["body"])
        try:
            path = address.fill(operation.path, places["path"])
            headers = {name: address.as_text(value) for name, value in places["header"].items()}
        except ValueError as fault:
            raise Refused(f"`{operation.name}`: {fault}.", where=self._where) from None
        url = self._url(path, places["query"])
        once = operation.writes and not operation.repeatable
        return Request(operation.method.upper(), url, _keyed(headers, key), sent, once=once)

    def _operation(self, name: str, *, writes: bool) -> Operation:
        operation = self._operations.get(name)
        if operation is None:
            raise Refused(f"no action named `{name}`.", where=self._where, way_out=way_out(name, self._actions))
        if operation.writes != writes:
            raise Refused(f"`{name}` {'writes' if operation.writes else 'reads'}.", where=self._where)
        return operation

    def _url(self, path: str, query: Mapping[str, Any]) -> Any:
        try:
            return self._client.base.join(path, address.pairs(query))
        except ValueError as fault:
            raise Refused(f"the path is not allowed: {fault}.", where=self._where) from None

    def _headers(self, args: Mapping[str, Any]) -> dict[str, str]:
        try:
            return {name: address.as_text(value) for name, value in _mapping(args, "headers", self._where).items()}
        except ValueError as fault:
            raise Refused(f"`headers`: {fault}.", where=self._where) from None

    def _paging(self, given: object) -> Paging:
        try:
            return Paging.model_validate(given)
        except ValidationError as fault:
            first = fault.errors()[0]
            name = ".".join(("paging", *(str(part) for part in first["loc"])))
            raise Refused(f"`{name}`: {first['msg']}.", where=self._where) from None

    def _encoded(self, value: object) -> bytes:
        try:
            return body.encode(value)
        except ValueError as fault:
            raise Refused(f"`body` cannot be written as JSON: {fault}.", where=self._where) from None


def _keyed(headers: dict[str, str], key: str | None) -> dict[str, str]:
    return headers if key is None else {**headers, KEY_HEADER: key}


def _text(args: Mapping[str, Any], name: str, where: str) -> str:
    value = args.get(name)
    if not isinstance(value, str):
        raise Refused(f"`{name}` must be a text.", where=where)
    return value


def _mapping(args: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    value = args.get(name) or {}
    if not isinstance(value, Mapping):
        raise Refused(f"`{name}` maps names to values.", where=where, way_out=f"Write `{name}: {{name: value}}`.")
    return value

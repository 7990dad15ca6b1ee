"""An OpenAPI 3 document as typed operations: what each takes, and what it gives. Pure; bounded on hostile documents.

Reading operations (GET) always give rows: the items of a list, or one row for an object. Others give the JSON value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pointsman.language.jsonschema import Schemas
from pointsman.language.mistake import Mistake
from pointsman.shape import ANY, Shape, list_of, record

Place = Literal["path", "query", "header"]

_METHODS: Final = ("get", "put", "post", "delete", "patch")
_REPEATABLE: Final = frozenset({"put", "delete"})
"""Methods that may be sent again without a further effect (RFC 9110 section 9.2.2)."""
_MOST: Final = 5_000
"""Operations of one document."""
KEY_HEADER: Final = "Idempotency-Key"
"""draft-ietf-httpapi-idempotency-key-header."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named argument; it goes into the path, the query or a header, under `wire`."""

    wire: str
    place: Place
    shape: Shape
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `parameters`: by the name that `with:` uses; `body` is an argument of its own.

    `result`: rows (a list of objects) where it reads, the JSON value where it writes; `any` where nobody says.
    """

    name: str
    method: str
    path: str
    parameters: Mapping[str, Parameter]
    body: Shape | None
    body_required: bool
    result: Shape
    keyed: bool
    """It takes an `Idempotency-Key`."""

    @property
    def required(self) -> frozenset[str]:
        names = {name for name, parameter in self.parameters.items() if parameter.required}
        return frozenset(names | {"body"}) if self.body_required else frozenset(names)

    @property
    def optional(self) -> frozenset[str]:
        names = set(self.parameters) | ({"body"} if self.body is not None else set())
        return frozenset(names - self.required)

    @property
    def writes(self) -> bool:
        return self.method != "get"

    @property
    def repeatable(self) -> bool:
        """Whether the system itself makes sure that a repeat has no further effect."""
        return self.method in _REPEATABLE or self.keyed


def operations(document: Mapping[str, Any], items: str | None = None) -> dict[str, Operation]:
    """The operations that have an operationId, by it.

    `items`: dotted path of the list inside an answer (`paging.items` of the connection). Raises Mistake where the
    document cannot be used: two operations of one name, a reference that leads nowhere, arguments of one name.
    """
    schemas = Schemas(document)
    found: dict[str, Operation] = {}
    for path, method, item, operation in _all(document, schemas):
        name = operation.get("operationId")
        if not isinstance(name, str):
            continue
        if name in found:
            raise Mistake(f"two operations are called `{name}`.", way_out="Give each its own operationId.")
        if len(found) >= _MOST:
            raise Mistake(f"the document has more than {_MOST:,} operations.")
        found[name] = _operation(name, path, method, item, operation, schemas, items)
    return found


def rows(result: Shape, items: str | None = None) -> Shape:
    """The rows that a read gives for an answer of this shape: a list of objects.

    A list at `items` (dotted) or the answer itself, if it is a list; else the answer is the one row. Values that are
    no objects are rows with one column, `value`.
    """
    inner = result
    for name in items.split(".") if items else ():
        inner = inner.fields.get(name, ANY)
    if items and inner.kind == "any" and result.kind in ("any", "object"):
        return ANY if result.kind == "any" or not result.fields else list_of(_row(result))
    chosen = inner if inner.kind == "list" else result
    if chosen.kind == "list":
        return list_of(_row(chosen.item or ANY))
    return ANY if chosen.kind == "any" else list_of(_row(chosen))


def _row(shape: Shape) -> Shape:
    if shape.kind in ("object", "any"):
        return shape.not_null()
    return record({"value": shape})


def _all(
    document: Mapping[str, Any], schemas: Schemas
) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    paths = document.get("paths")
    for path, item in paths.items() if isinstance(paths, Mapping) else ():
        item = schemas.follow(item)
        for method in _METHODS:
            operation = item.get(method)
            if isinstance(operation, Mapping):
                yield str(path), method, item, operation


def _operation(
    name: str,
    path: str,
    method: str,
    item: Mapping[str, Any],
    operation: Mapping[str, Any],
    schemas: Schemas,
    items: str | None,
) -> Operation:
    parameters, keyed = _parameters(name, [*_list(item, "parameters"), *_list(operation, "parameters")], schemas)
    written = {part.partition("}")[0] for part in path.split("{")[1:]}
    lacking = written - {parameter.wire for parameter in parameters.values() if parameter.place == "path"}
    if lacking:
        raise Mistake(f"operation `{name}` does not describe `{{{min(lacking)}}}` of its path.")
    body = schemas.follow(operation.get("requestBody", {}))
    takes = _json(body, schemas) if body else None
    if takes is not None and "body" in parameters:
        raise Mistake(f"operation `{name}` has a parameter called `body` beside its body.")
    result = _result(operation, schemas)
    return Operation(
        name=name,
        method=method,
        path=path,
        parameters=parameters,
        body=takes,
        body_required=takes is not None and body.get("required") is True,
        result=result if method != "get" else rows(result, items),
        keyed=keyed,
    )


def _parameters(name: str, listed: list[Any], schemas: Schemas) -> tuple[dict[str, Parameter], bool]:
    """By name; those of an operation stand in for those of its path that have the same name and place."""
    at: dict[tuple[str, str], Parameter] = {}
    keyed = False
    for entry in listed:
        entry = schemas.follow(entry)
        wire, place = entry.get("name"), entry.get("in")
        if not isinstance(wire, str) or place not in ("path", "query", "header"):
            continue  # cookies are not ours to send
        if place == "header" and wire.lower() == KEY_HEADER.lower():
            keyed = True
            continue
        if place == "header" and wire.lower() in ("accept", "content-type", "authorization"):
            continue  # OpenAPI 3.1 section 4.8.12.1: such definitions are ignored
        required = place == "path" or entry.get("required") is True
        shape = schemas.shape(entry.get("schema", {}))
        at[(place, wire)] = Parameter(wire, place, shape, required)
    named: dict[str, Parameter] = {}
    for parameter in at.values():
        if parameter.wire in named:
            raise Mistake(f"operation `{name}` has two parameters called `{parameter.wire}`, in different places.")
        named[parameter.wire] = parameter
    return named, keyed


def _result(operation: Mapping[str, Any], schemas: Schemas) -> Shape:
    """What the first successful answer holds."""
    responses = operation.get("responses")
    codes = {str(code): answer for code, answer in responses.items()} if isinstance(responses, Mapping) else {}
    for code in sorted(code for code in codes if code.startswith("2")):
        shape = _json(schemas.follow(codes[code]), schemas)
        if shape is not None:
            return shape
    return ANY


def _json(holder: Mapping[str, Any], schemas: Schemas) -> Shape | None:
    """The shape of a body's JSON form, if it has one."""
    content = holder.get("content")
    for kind, media in content.items() if isinstance(content, Mapping) else ():
        bare = str(kind).partition(";")[0].strip().lower()
        if (bare == "application/json" or bare.endswith("+json")) and isinstance(media, Mapping):
            return schemas.shape(media.get("schema", {}))
    return None


def _list(holder: Mapping[str, Any], key: str) -> list[Any]:
    value = holder.get(key)
    return value if isinstance(value, list) else []

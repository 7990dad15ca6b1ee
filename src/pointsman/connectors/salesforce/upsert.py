"""Upsert by external id: sObject collections, 200 records a request.

Source: Salesforce REST API Developer Guide, "Upsert Multiple Records with Fewer Round-Trips". Repeating it changes
nothing more, because the external id names the record.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from pointsman.connectors.port import Call
from pointsman.connectors.salesforce.api import Api
from pointsman.errors import Refused
from pointsman.shape import Value

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Upsert:
    """Records of the object `name`, each named by its value of the field `external_id`."""

    name: str
    external_id: str
    records: Sequence[Mapping[str, object]]

    @property
    def keys(self) -> list[object]:
        return [record.get(self.external_id) for record in self.records]


def asked(args: Mapping[str, Any], where: str) -> Upsert:
    """The arguments of `upsert`, checked before anything is sent. Raises Refused."""
    for name in ("object", "external_id"):
        if not isinstance(args.get(name), str) or not re.fullmatch(r"[A-Za-z]\w*", args[name], re.ASCII):
            raise Refused(f"`{name}` of `upsert` must be the name of an object or a field.", where=where)
    records: object = args.get("records")
    if not isinstance(records, list) or not all(isinstance(record, Mapping) for record in records):
        raise Refused("`records` of `upsert` must be a list of objects.", where=where)
    upsert = Upsert(args["object"], args["external_id"], records)
    for number, key in enumerate(upsert.keys):
        if not isinstance(key, str | int) or isinstance(key, bool) or key == "":
            raise Refused(
                f"record {number} has no `{upsert.external_id}`, which names it.",
                where=where,
                way_out=f"Give every record its `{upsert.external_id}`, a text or a whole number.",
            )
    _distinct(upsert, where)
    return upsert


def _distinct(upsert: Upsert, where: str) -> None:
    seen: dict[str, int] = {}
    for number, key in enumerate(upsert.keys):
        first = seen.setdefault(str(key), number)
        if first != number:
            raise Refused(
                f"records {first} and {number} have the same `{upsert.external_id}`.",
                where=where,
                way_out="Join them into one.",
            )


async def write(api: Api, upsert: Upsert, call: Call) -> Value:
    """`{ok: [{key, id, created}], failed: [{key, error}]}`: one bad record does not stop the others."""
    ok: list[Value] = []
    failed: list[Value] = []
    path = f"/composite/sobjects/{upsert.name}/{upsert.external_id}"
    for start in range(0, len(upsert.records), _MOST):
        records = upsert.records[start : start + _MOST]
        body = {"allOrNone": False, "records": [_record(upsert.name, record) for record in records]}
        results = (await api.call("PATCH", path, call.deadline, body=body)).json()
        if not isinstance(results, list) or len(results) != len(records):
            raise api.nonsense("result for each record")
        for record, result in zip(records, results, strict=True):
            key = str(record[upsert.external_id])
            if isinstance(result, dict) and result.get("success"):
                ok.append({"key": key, "id": str(result.get("id")), "created": bool(result.get("created"))})
            else:
                failed.append({"key": key, "error": _error(result)})
    return {"ok": ok, "failed": failed}


def _record(name: str, record: Mapping[str, object]) -> dict[str, object]:
    return {"attributes": {"type": name}, **{field: _json(value) for field, value in record.items()}}


def _json(value: object) -> object:
    """A value as Salesforce reads it: times in UTC, Decimals as numbers."""
    match value:
        case datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Decimal():
            return int(value) if value == int(value) else float(value)
        case str():
            return str(value)
    return value


def _error(result: object) -> str:
    errors = result.get("errors") if isinstance(result, dict) else None
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return "Salesforce gives no reason."
    return f"{errors[0].get('statusCode')}: {errors[0].get('message')}"

"""GET query, and its further pages."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from pointsman.sandbox.salesforce.answers import json
from pointsman.sandbox.salesforce.org import Org
from pointsman.sandbox.salesforce.refusal import Refusal

_LARGEST: Final = 2000
_SMALLEST: Final = 200


async def query(org: Org, request: Request) -> Response:
    """GET /query?q=…: the first page, and where the next one is."""
    version = request.path_params["version"]
    asked = org.read(_text(request.query_params))
    found = await org.find(asked)
    if asked.counts_only:
        return json({"totalSize": found.rows[0][0], "done": True, "records": []})
    records = list(found.as_groups() if asked.aggregated else found.as_json(version))
    size = _batch_size(request.headers.get("sforce-query-options", ""))
    name = f"01g{secrets.token_hex(8)}"
    if len(records) > size:
        org.keep(name, records)
    return json(_page(records, name, 0, size, version))


async def more(org: Org, request: Request) -> Response:
    """GET /query/<locator>: the page that a `nextRecordsUrl` names."""
    name, _, start = request.path_params["locator"].rpartition("-")
    if name not in org.cursors or not start.isdigit():
        raise Refusal("INVALID_QUERY_LOCATOR", "invalid query locator")
    size = _batch_size(request.headers.get("sforce-query-options", ""))
    return json(_page(org.cursors[name], name, int(start), size, request.path_params["version"]))


def _page(records: list[dict[str, Any]], name: str, start: int, size: int, version: str) -> dict[str, Any]:
    end = start + size
    page: dict[str, Any] = {"totalSize": len(records), "done": end >= len(records)}
    if not page["done"]:
        page["nextRecordsUrl"] = f"/services/data/{version}/query/{name}-{end}"
    return {**page, "records": records[start:end]}


def _text(params: Mapping[str, str]) -> str:
    if "q" not in params:
        raise Refusal("MALFORMED_QUERY", "No query specified")
    return params["q"]


def _batch_size(options: str) -> int:
    """`Sforce-Query-Options: batchSize=500`, between 200 and 2,000."""
    name, _, number = options.partition("=")
    if name.strip() != "batchSize" or not number.strip().isdigit():
        return _LARGEST
    return max(_SMALLEST, min(_LARGEST, int(number)))

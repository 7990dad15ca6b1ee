"""The pages of a query: GET query, then each `nextRecordsUrl`; above `bulk_above` rows through Bulk API 2.0."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import quote_plus

from pointsman.connectors.port import Call, Facts, Page
from pointsman.connectors.salesforce import bulk
from pointsman.connectors.salesforce.api import Api
from pointsman.connectors.salesforce.leftovers import Leftovers
from pointsman.connectors.salesforce.rows import Reader
from pointsman.errors import Refused
from pointsman.language.soql import Query

_LONGEST: Final = 12_000
"""Characters of a query in an address; Salesforce takes 16,384 bytes of address and headers together."""


async def pages(
    api: Api, query: Query, text: str, call: Call, facts: Facts, leftovers: Leftovers
) -> AsyncGenerator[Page]:
    """`text`: the query with its values bound."""
    async with aclosing(await _source(api, query, text, call, facts, leftovers)) as source:
        async for page in source:
            yield page


async def _source(
    api: Api, query: Query, text: str, call: Call, facts: Facts, leftovers: Leftovers
) -> AsyncGenerator[Page]:
    """Where the rows come from. The first page tells how many there are."""
    name = api.spec.connection
    if len(quote_plus(text)) > _LONGEST:
        _must_be_bulk(api, query, call)
        facts.notes.append(f"{name}: the query is long, so it went through Bulk API 2.0.")
        return bulk.pages(api, text, call, facts, leftovers)
    first = await _page(api, "/query", call, facts, {"q": text})
    if query.counts_only:
        return _count(query, first)
    total, most = first["totalSize"], api.spec.limits.rows
    if total > most:
        raise Refused(
            f"the answer has {total:,} rows, more than {most:,} rows, the limit of one step.",
            where=api.wire.where,
            way_out=f"Ask for less, or raise `limits.rows` in connections/{name}.yaml.",
            code="PM031",
        )
    if total > api.spec.bulk_above and _can_be_bulk(query, call):
        facts.notes.append(f"{name}: {total:,} rows went through Bulk API 2.0.")
        return bulk.pages(api, text, call, facts, leftovers)
    return _paged(api, query, first, call, facts)


async def _count(query: Query, page: dict[str, Any]) -> AsyncGenerator[Page]:
    yield [{query.selected[0].name: page["totalSize"]}]


async def _paged(api: Api, query: Query, page: dict[str, Any], call: Call, facts: Facts) -> AsyncGenerator[Page]:
    reader = Reader(query, call.columns)
    while True:
        if page["records"]:
            yield reader.rows(page["records"])
        following = page.get("nextRecordsUrl")
        if page.get("done") or following is None:
            return
        if not isinstance(following, str) or not following.startswith("/services/data/"):
            raise api.nonsense("address of the next page")
        page = await _page(api, following, call, facts, None)


async def _page(api: Api, path: str, call: Call, facts: Facts, params: dict[str, str] | None) -> dict[str, Any]:
    page = (await api.call("GET", path, call.deadline, params=params, facts=facts)).json()
    if not isinstance(page, dict) or not isinstance(page.get("totalSize"), int):
        raise api.nonsense("result of a query")
    records = page.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise api.nonsense("records")
    return page


def _can_be_bulk(query: Query, call: Call) -> bool:
    """Bulk has no groups and no OFFSET; and CSV has no types, so the columns must be known."""
    return not query.aggregated and query.offset is None and bool(call.columns)


def _must_be_bulk(api: Api, query: Query, call: Call) -> None:
    if not _can_be_bulk(query, call):
        raise Refused(
            f"with its values the query has more than {_LONGEST:,} characters, too long for an address.",
            where=api.wire.where,
            way_out="Bind fewer values at once, or leave out groups and OFFSET.",
        )

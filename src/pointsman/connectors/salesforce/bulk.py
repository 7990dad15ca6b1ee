"""Bulk API 2.0 query jobs: create, wait, fetch the results as CSV, tidy up.

Source: Salesforce Bulk API 2.0 Developer Guide, "Query".
"""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

from pointsman.connectors.port import Call, Facts, Page
from pointsman.connectors.salesforce.api import Api
from pointsman.connectors.salesforce.leftovers import Leftovers
from pointsman.connectors.salesforce.rows import from_csv
from pointsman.connectors.salesforce.wire import Answer
from pointsman.errors import Later, Refused
from pointsman.frame import Column

_PAGE: Final = 10_000
_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 5.0
_JOBS: Final = "/jobs/query"


async def pages(api: Api, text: str, call: Call, facts: Facts, leftovers: Leftovers) -> AsyncGenerator[Page]:
    """The rows of `text` by the columns of `call`. A job is deleted when read, and stopped when its caller leaves."""
    created = _job(api, await api.call("POST", _JOBS, call.deadline, body={"operation": "query", "query": text}))
    path = f"{_JOBS}/{created['id']}"
    complete = False
    try:
        await _until_complete(api, path, call)
        complete = True
        locator: str | None = None
        while locator != "null":
            params = {"maxRecords": str(_PAGE)} | ({"locator": locator} if locator else {})
            answer = await api.call("GET", f"{path}/results", call.deadline, params=params, facts=facts)
            page = await asyncio.to_thread(_rows, answer, call.columns)
            if page:
                yield page
            locator = answer.headers.get("Sforce-Locator", "null")
    finally:
        leftovers.start(_tidy_up(api, path, complete))


async def _until_complete(api: Api, path: str, call: Call) -> None:
    wait = _FIRST_WAIT
    while True:
        job = _job(api, await api.call("GET", path, call.deadline))
        match job.get("state"):
            case "JobComplete":
                return
            case "Failed":
                raise Refused(
                    f"the bulk job failed: {job.get('errorMessage') or 'Salesforce says no reason'}.",
                    where=api.wire.where,
                    way_out="Change the query, or raise `bulk_above` so that it is read page by page.",
                )
            case "Aborted":
                raise Later("the bulk job was stopped at Salesforce.", where=api.wire.where)
        async with api.wire.within(call.deadline):
            await asyncio.sleep(wait)
        wait = min(wait * 1.6, _LONGEST_WAIT)


async def _tidy_up(api: Api, path: str, complete: bool) -> None:
    if complete:
        await api.call("DELETE", path, None)
    else:
        await api.call("PATCH", path, None, body={"state": "Aborted"})


def _job(api: Api, answer: Answer) -> dict[str, Any]:
    job = answer.json()
    if not isinstance(job, dict) or not str(job.get("id", "")).isalnum():
        raise api.nonsense("bulk job")
    return job


def _rows(answer: Answer, columns: Sequence[Column]) -> Page:
    """Raises Later for a result that is not whole: too few lines, or lines that are no CSV of these columns."""
    try:
        rows = from_csv(csv.reader(io.StringIO(answer.body.decode(), newline=""), strict=True), columns)
    except (ValueError, csv.Error):
        rows = None
    if rows is None or answer.headers.get("Sforce-NumberOfRecords", str(len(rows))) != str(len(rows)):
        raise Later(
            "a page of the bulk result is not whole, or does not hold what the schema says.",
            where=answer.where,
            way_out="If it stays so, describe the connection again.",
        )
    return rows

"""Bulk API 2.0 query jobs: create, look, fetch results as CSV, abort, delete."""

import csv
import io
import secrets
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from pointsman.sandbox.salesforce.answers import json, record_body
from pointsman.sandbox.salesforce.org import Job, Org
from pointsman.sandbox.salesforce.refusal import Refusal
from pointsman.sandbox.salesforce.values import moment

_PAGE: Final = 50_000


async def create(org: Org, request: Request) -> Response:
    """POST /jobs/query. A job shows InProgress once before it is complete."""
    asked = await record_body(request)
    if asked.get("operation") not in ("query", "queryAll"):
        raise Refusal("INVALID_FIELD", "operation must be query or queryAll")
    query = org.read(str(asked.get("query", "")))
    if query.aggregated or query.offset is not None:
        raise Refusal("API_ERROR", "Aggregate functions, GROUP BY and OFFSET are not supported in Bulk Query")
    job = Job(f"750{secrets.token_hex(8)}", query.text, moment(org.clock.now()), polls=1)
    org.jobs[job.id] = job
    return json(_shown(org, job, request))


async def look(org: Org, request: Request) -> Response:
    """GET /jobs/query/<id>."""
    job = _job(org, request)
    if job.state == "UploadComplete":
        job.state = "InProgress"
    elif job.state == "InProgress" and job.polls:
        job.polls -= 1
    elif job.state == "InProgress":
        found = await org.find(org.read(job.query))
        job.header, job.rows, job.state = found.header(), list(found.as_csv()), "JobComplete"
    return json(_shown(org, job, request))


async def results(org: Org, request: Request) -> Response:
    """GET /jobs/query/<id>/results?maxRecords=&locator=: CSV; `Sforce-Locator` names the next page, or is `null`."""
    job = _job(org, request)
    if job.state != "JobComplete":
        raise Refusal("INVALIDJOBSTATE", "Results are there when the job is JobComplete")
    start = _whole(request.query_params.get("locator") or "0")
    end = start + max(1, min(_PAGE, _whole(request.query_params.get("maxRecords") or str(_PAGE))))
    rows = job.rows[start:end]
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(job.header)
    writer.writerows(rows)
    headers = {
        "Sforce-Locator": str(end) if end < len(job.rows) else "null",
        "Sforce-NumberOfRecords": str(len(rows)),
    }
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


async def abort(org: Org, request: Request) -> Response:
    """PATCH /jobs/query/<id> with `state: Aborted`."""
    job = _job(org, request)
    if (await record_body(request)).get("state") != "Aborted":
        raise Refusal("INVALIDJOBSTATE", "A query job can only be set to Aborted")
    job.state, job.rows = "Aborted", []
    return json(_shown(org, job, request))


async def delete(org: Org, request: Request) -> Response:
    """DELETE /jobs/query/<id>."""
    del org.jobs[_job(org, request).id]
    return Response(status_code=204)


def _job(org: Org, request: Request) -> Job:
    job = org.jobs.get(request.path_params["id"])
    if job is None:
        raise Refusal("NOT_FOUND", "The requested resource does not exist", status=404)
    return job


def _shown(org: Org, job: Job, request: Request) -> dict[str, Any]:
    return {
        "id": job.id,
        "operation": "query",
        "object": org.read(job.query).table,
        "createdDate": job.created,
        "state": job.state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(request.path_params["version"].removeprefix("v")),
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
        "numberRecordsProcessed": len(job.rows),
    }


def _whole(text: str) -> int:
    if not text.isdigit():
        raise Refusal("INVALID_QUERY_LOCATOR", f"`{text}` is no locator")
    return int(text)

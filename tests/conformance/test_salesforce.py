"""The Salesforce connector against the stand-in: signing in, queries, bulk, upsert, and everything that fails."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.salesforce_server import OBJECTS, SECRET, USER, Server, running, secrets

from pointsman.clock import SystemClock
from pointsman.connectors.limits import Limited
from pointsman.connectors.port import Call, Facts, Page
from pointsman.connectors.salesforce import SalesforceConnector
from pointsman.errors import Broken, DeadlinePassed, Fault, Later, Refused
from pointsman.frame import Column, Frame, Row
from pointsman.language import soql
from pointsman.sandbox.faults import Answer, Drop, Garbled, Half, HalfJson, Slow
from pointsman.sandbox.salesforce.objects import tables
from pointsman.sandbox.serve import serve
from pointsman.spec.connection import ClientCredentials, JwtBearer, Limits, SalesforceConnection

CREDENTIALS = ClientCredentials(
    flow="client_credentials", client_id="secret://env/SF_CLIENT", client_secret="secret://env/SF_SECRET"
)
SIGNED = JwtBearer(flow="jwt_bearer", client_id="secret://env/SF_CLIENT", key="secret://env/SF_PEM", user=USER)
RECORDS: dict[str, list[dict[str, object]]] = {
    "Account": [
        {
            "Id": "001A",
            "Name": "Acme",
            "Region__c": "EMEA",
            "Renewal_Date__c": "2026-12-01",
            "Seats__c": 10,
            "AnnualRevenue": 1250.5,
            "Active__c": True,
            "Key__c": "acc-1",
        },
        {"Id": "001B", "Name": "beta", "Region__c": "EMEA", "Renewal_Date__c": "2026-11-20", "Key__c": "acc-2"},
        {"Id": "001C", "Name": "O'Hara \\ 100%", "Region__c": None, "Seats__c": 3, "Key__c": "acc-3"},
    ],
    "Contact": [
        {"Id": "003A", "AccountId": "001A", "Name": "Zoë", "Email": "zoe@acme.example"},
        {"Id": "003B", "AccountId": None, "Name": "Alone"},
    ],
    "Case": [
        {"ContactId": "003A", "Subject": "slow", "Closed_At__c": "2026-11-19T23:30:00+02:00", "Score__c": 0.25},
        {"ContactId": "003B", "Subject": "open", "Closed_At__c": None},
    ],
}


def connection(url: str, auth: JwtBearer | ClientCredentials = CREDENTIALS, **more: Any) -> SalesforceConnection:
    return SalesforceConnection(connection="crm", type="salesforce", url=url, auth=auth, **more)


@asynccontextmanager
async def connected(spec: SalesforceConnection) -> AsyncIterator[SalesforceConnector]:
    connector = SalesforceConnector(spec, secrets(), SystemClock())
    try:
        yield connector
    finally:
        await connector.close()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with running(tmp_path, RECORDS) as one:
        yield one


@pytest.fixture
async def crm(server: Server) -> AsyncIterator[SalesforceConnector]:
    async with connected(connection(server.url)) as connector:
        yield connector


def columns_of(text: str) -> tuple[Column, ...]:
    """The columns that a plan would know."""
    columns, _, mistakes = soql.check(soql.read(text), tables(OBJECTS))
    assert mistakes == []
    return columns


async def ask(crm: SalesforceConnector, text: str, facts: Facts | None = None, **params: object) -> Frame:
    """A query as the engine asks it: inside limits, with the plan's columns."""
    limited = Limited(crm, Limits(timeout=10.0), SystemClock())
    frame, found = await limited.fetch("query", {"soql": text, "params": params}, Call(columns=columns_of(text)))
    if facts is not None:
        facts.notes = found.notes
    return frame


async def rows(crm: SalesforceConnector, text: str, **params: object) -> list[Row]:
    return (await ask(crm, text, None, **params)).rows


async def raw_pages(crm: SalesforceConnector, text: str, call: Call | None = None) -> list[Page]:
    async with aclosing(crm.read("query", {"soql": text}, call or Call(), Facts())) as pages:  # type: ignore[type-var]
        return [page async for page in pages]


ALL = "SELECT Id FROM Account"


# signing in


@pytest.mark.parametrize("auth", [CREDENTIALS, SIGNED], ids=["client credentials", "jwt bearer"])
async def test_it_signs_in(server: Server, auth: JwtBearer | ClientCredentials) -> None:
    async with connected(connection(server.url, auth)) as crm:
        assert len(await rows(crm, ALL)) == 3


async def test_nothing_connects_before_the_first_use(server: Server) -> None:
    async with connected(connection(server.url)):
        assert server.standin.org.sessions.given == 0
        assert server.standin.org.used == 0


async def test_callers_at_once_share_one_sign_in(server: Server, crm: SalesforceConnector) -> None:
    server.faults.next(Slow(0.1), path="/oauth2/token")
    answers = await asyncio.gather(*(rows(crm, ALL) for _ in range(8)))
    assert [len(answer) for answer in answers] == [3] * 8
    assert server.standin.org.sessions.given == 1


async def test_an_ended_session_is_renewed_once(server: Server, crm: SalesforceConnector) -> None:
    await rows(crm, ALL)
    server.standin.org.sessions.expire_all()
    answers = await asyncio.gather(*(rows(crm, ALL) for _ in range(4)))
    assert [len(answer) for answer in answers] == [3] * 4
    assert server.standin.org.sessions.given == 2


async def test_a_session_that_ends_at_once_again_is_broken(server: Server, crm: SalesforceConnector) -> None:
    expired = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    server.faults.next(Answer(401, expired), times=2, path="/query")
    with pytest.raises(Broken, match="connection crm: Salesforce answered 401, INVALID_SESSION_ID"):
        await rows(crm, ALL)


async def test_a_cancelled_sign_in_leaves_the_next_caller_free(server: Server, crm: SalesforceConnector) -> None:
    server.faults.next(Slow(5), path="/oauth2/token")
    first = asyncio.create_task(rows(crm, ALL))
    second = asyncio.create_task(rows(crm, ALL))
    await asyncio.sleep(0.1)
    first.cancel()
    assert len(await asyncio.wait_for(second, 3)) == 3
    with pytest.raises(asyncio.CancelledError):
        await first


STRANGER = RSAKey.generate_key(2048, private=True).as_pem(private=True).decode()


@pytest.mark.parametrize(
    ("auth", "known", "says"),
    [
        pytest.param(
            CREDENTIALS,
            {"SF_SECRET": "wrong-canary-1"},
            "invalid client credentials (invalid_client). Look at secret://env/SF_CLIENT and secret://env/SF_SECRET.",
            id="wrong secret",
        ),
        pytest.param(CREDENTIALS, {"SF_CLIENT": "wrong-canary-2"}, "Look at secret://env/SF_CLIENT.", id="wrong id"),
        pytest.param(SIGNED, {"SF_PEM": "no key"}, "secret://env/SF_PEM holds no RSA", id="no key"),
        pytest.param(SIGNED, {"SF_PEM": STRANGER}, "invalid assertion (invalid_grant). Look at", id="another key"),
        pytest.param(
            SIGNED.model_copy(update={"user": "else@acme.example"}),
            {},
            "(invalid_grant). Look at secret://env/SF_PEM, at `user` (else@acme.example)",
            id="wrong user",
        ),
        pytest.param(
            SIGNED.model_copy(update={"audience": "https://elsewhere.example"}),
            {},
            "audience is invalid",
            id="audience",
        ),
    ],
)
async def test_a_refused_sign_in_names_the_reference(
    server: Server, auth: JwtBearer | ClientCredentials, known: dict[str, str], says: str
) -> None:
    crm = SalesforceConnector(connection(server.url, auth), secrets(**known), SystemClock())
    try:
        with pytest.raises(Broken) as caught:
            await rows(crm, ALL)
    finally:
        await crm.close()
    assert says in caught.value.sentence
    assert not any(value in caught.value.sentence for value in known.values())


async def test_an_echoed_secret_is_not_repeated(server: Server, crm: SalesforceConnector) -> None:
    echo = {"error": "invalid_client", "error_description": f"bad secret {SECRET}"}
    server.faults.next(Answer(400, echo), path="/oauth2/token")
    with pytest.raises(Broken, match=r"bad secret \*\*\*") as caught:
        await rows(crm, ALL)
    assert SECRET not in caught.value.sentence


@pytest.mark.parametrize("status", [400, 403, 500])
async def test_no_echo_of_a_sign_in_repeats_a_secret(server: Server, crm: SalesforceConnector, status: int) -> None:
    server.faults.next(Answer(status, [{"errorCode": "E", "message": f"got {SECRET}"}]), path="/oauth2/token")
    with pytest.raises(Fault, match=r"got \*\*\*") as caught:
        await rows(crm, ALL)
    assert SECRET not in caught.value.sentence


async def test_a_session_is_not_carried_to_an_unsafe_address() -> None:
    async def token(request: Request) -> Response:
        return JSONResponse({"access_token": "t", "instance_url": "ftp://elsewhere.example"})

    app = Starlette(routes=[Route("/services/oauth2/token", token, methods=["POST"])])
    async with serve(app) as url, connected(connection(url)) as crm:
        with pytest.raises(Broken, match="no session and safe address"):
            await rows(crm, ALL)


# queries


async def test_types_are_those_of_the_plan(crm: SalesforceConnector) -> None:
    text = (
        "SELECT Id, Name, Renewal_Date__c, Seats__c, AnnualRevenue, Active__c FROM Account "
        "WHERE Region__c = :region ORDER BY Name"
    )
    assert await rows(crm, text, region="emea") == [
        {
            "Id": "001A",
            "Name": "Acme",
            "Renewal_Date__c": date(2026, 12, 1),
            "Seats__c": 10,
            "AnnualRevenue": 1250.5,
            "Active__c": True,
        },
        {
            "Id": "001B",
            "Name": "beta",
            "Renewal_Date__c": date(2026, 11, 20),
            "Seats__c": None,
            "AnnualRevenue": None,
            "Active__c": False,
        },
    ]


async def test_parents_become_columns(crm: SalesforceConnector) -> None:
    text = "SELECT Subject, Closed_At__c, Contact.Name, Contact.Account.Name, contact.account.region__c FROM Case"
    assert await rows(crm, text) == [
        {
            "Subject": "slow",
            "Closed_At__c": datetime(2026, 11, 19, 21, 30, tzinfo=UTC),
            "Contact.Name": "Zoë",
            "Contact.Account.Name": "Acme",
            "Contact.Account.Region__c": "EMEA",
        },
        {
            "Subject": "open",
            "Closed_At__c": None,
            "Contact.Name": "Alone",
            "Contact.Account.Name": None,
            "Contact.Account.Region__c": None,
        },
    ]


async def test_without_a_plan_the_columns_are_as_written(crm: SalesforceConnector) -> None:
    pages = await raw_pages(crm, "SELECT subject, contact.account.name FROM Case")
    assert pages[0][0] == {"subject": "slow", "contact.account.name": "Acme"}


@pytest.mark.parametrize(
    ("where", "names"),
    [
        pytest.param("Name LIKE 'ac%'", ["Acme"], id="like ignores case"),
        pytest.param(r"Name LIKE '%100\%'", ["O'Hara \\ 100%"], id="like with an escape"),
        pytest.param("Region__c != 'EMEA'", ["O'Hara \\ 100%"], id="unlike holds for null"),
        pytest.param("Region__c = null", ["O'Hara \\ 100%"], id="null"),
        pytest.param("(NOT Seats__c > 5)", ["beta", "O'Hara \\ 100%"], id="not holds for null"),
        pytest.param("Seats__c IN (3, 10)", ["Acme", "O'Hara \\ 100%"], id="in"),
        pytest.param("Seats__c IN (3, null)", ["beta", "O'Hara \\ 100%"], id="in with null"),
        pytest.param("Renewal_Date__c IN (TODAY, 2026-12-01)", ["Acme", "beta"], id="in with a date literal"),
        pytest.param("Name NOT IN ('acme', 'BETA')", ["O'Hara \\ 100%"], id="not in"),
        pytest.param("Active__c = false", ["beta", "O'Hara \\ 100%"], id="boolean"),
        pytest.param("Renewal_Date__c = TODAY", ["beta"], id="today"),
        pytest.param("Renewal_Date__c > TODAY", ["Acme"], id="after today"),
        pytest.param("Renewal_Date__c = THIS_QUARTER", ["Acme", "beta"], id="this quarter"),
        pytest.param("Renewal_Date__c = NEXT_N_DAYS:11", ["Acme"], id="the next days"),
        pytest.param("Renewal_Date__c < 2026-12-01", ["beta"], id="a date"),
        pytest.param("CreatedDate >= 2026-11-20T09:30:00Z AND CreatedDate = TODAY", 3, id="a time"),
    ],
)
async def test_conditions_mean_what_they_mean_in_soql(crm: SalesforceConnector, where: str, names: Any) -> None:
    found = [row["Name"] for row in await rows(crm, f"SELECT Name FROM Account WHERE {where}")]
    assert len(found) == names if isinstance(names, int) else found == names


async def test_parents_can_be_asked_for_in_conditions(crm: SalesforceConnector) -> None:
    text = "SELECT Name FROM Contact WHERE Account.Region__c = :region AND Account.Active__c = true"
    assert await rows(crm, text, region="EMEA") == [{"Name": "Zoë"}]


async def test_groups_and_counts(crm: SalesforceConnector) -> None:
    text = "SELECT Region__c, COUNT(Id) n, MAX(Renewal_Date__c) FROM Account GROUP BY Region__c ORDER BY COUNT(Id)"
    assert await rows(crm, text) == [
        {"Region__c": None, "n": 1, "expr0": None},
        {"Region__c": "EMEA", "n": 2, "expr0": date(2026, 12, 1)},
    ]
    assert await rows(crm, "SELECT COUNT() FROM Account") == [{"expr0": 3}]
    assert await rows(
        crm, "SELECT Account.Name, COUNT(Id) n FROM Contact WHERE AccountId != null GROUP BY Account.Name"
    ) == [{"Account.Name": "Acme", "n": 1}]


@pytest.mark.parametrize("name", ["O'Hara \\ 100%", "' OR Name != '", "\\' OR Name != \\'"])
async def test_a_bound_text_is_a_value(crm: SalesforceConnector, name: str) -> None:
    found = await rows(crm, "SELECT Name FROM Account WHERE Name = :name", name=name)
    assert found == ([{"Name": name}] if "Hara" in name else [])


async def test_the_stand_in_and_a_near_limit_are_noted_once(tmp_path: Path) -> None:
    samples = [{"Number__c": number} for number in range(4_100)]
    facts = Facts()
    async with (
        running(tmp_path, {"Sample__c": samples}, daily_requests=3) as server,
        connected(connection(server.url)) as crm,
    ):
        assert len(await ask(crm, "SELECT Number__c FROM Sample__c", facts)) == 4_100
    assert facts.notes == [
        "crm is the practice stand-in, not Salesforce.",
        "crm has used 3 of its 3 API requests of 24 hours (100%).",
    ]


async def test_a_reader_that_leaves_stops_paging(tmp_path: Path) -> None:
    samples = [{"Number__c": number} for number in range(6_000)]
    async with running(tmp_path, {"Sample__c": samples}) as server, connected(connection(server.url)) as crm:
        pages: Any = crm.read("query", {"soql": "SELECT Number__c FROM Sample__c"}, Call(), Facts())
        async with aclosing(pages):
            assert len(await anext(pages)) == 2_000
        assert server.standin.org.used == 1


# bulk

SAMPLES = 12_000


@pytest.fixture(scope="module")
def samples() -> list[dict[str, object]]:
    return [{"Number__c": number, "Text__c": f'a "{number}",\nb' if number % 2 else None} for number in range(SAMPLES)]


async def test_above_the_threshold_a_query_goes_through_bulk(tmp_path: Path, samples: list[dict[str, object]]) -> None:
    async with running(tmp_path, {"Sample__c": samples}) as server, connected(connection(server.url)) as crm:
        facts = Facts()
        frame = await ask(crm, "SELECT Number__c, Text__c, CreatedDate FROM Sample__c ORDER BY Number__c", facts)
        await crm.close()
        assert server.standin.org.jobs == {}, "the job was not deleted"
    assert [row["Number__c"] for row in frame.rows] == list(range(SAMPLES))
    assert frame.rows[7]["Text__c"] == 'a "7",\nb'
    assert frame.rows[8]["Text__c"] is None
    assert frame.rows[0]["CreatedDate"] == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert "crm: 12,000 rows went through Bulk API 2.0." in facts.notes


async def test_at_the_threshold_it_is_read_page_by_page(tmp_path: Path) -> None:
    records = [{"Number__c": number} for number in range(2_500)]
    async with (
        running(tmp_path, {"Sample__c": records}) as server,
        connected(connection(server.url, bulk_above=2_500)) as crm,
    ):
        assert len(await rows(crm, "SELECT Number__c FROM Sample__c")) == 2_500
        assert server.standin.org.used == 2


async def test_a_query_too_long_for_an_address_goes_through_bulk(crm: SalesforceConnector) -> None:
    facts = Facts()
    ids = [f"001{number:015d}" for number in range(1_000)]
    frame = await ask(crm, "SELECT Name FROM Account WHERE Id IN :ids", facts, ids=[*ids, "001A"])
    assert frame.rows == [{"Name": "Acme"}]
    assert "crm: the query is long, so it went through Bulk API 2.0." in facts.notes


async def test_a_long_query_with_groups_is_refused(crm: SalesforceConnector) -> None:
    with pytest.raises(Refused, match="too long for an address"):
        await rows(crm, "SELECT COUNT(Id) n FROM Account WHERE Id IN :ids", ids=["0" * 18] * 1_000)


@asynccontextmanager
async def bulky(tmp_path: Path) -> AsyncIterator[tuple[Server, SalesforceConnector]]:
    """A connector for which 300 rows are many."""
    records = [{"Number__c": number} for number in range(300)]
    async with (
        running(tmp_path, {"Sample__c": records}) as server,
        connected(connection(server.url, bulk_above=100)) as crm,
    ):
        yield server, crm


SAMPLE_NUMBERS = "SELECT Number__c FROM Sample__c"


@pytest.mark.parametrize(
    ("fault", "path", "kind", "says"),
    [
        pytest.param(Answer(200, {"id": "7501", "state": "Failed", "errorMessage": "too complex"}), "/jobs/query/", Refused, "too complex", id="failed"),
        pytest.param(Answer(200, {"id": "7501", "state": "Aborted"}), "/jobs/query/", Later, "stopped", id="stopped"),
        pytest.param(Answer(200, {"no": "id"}), "/jobs/query", Broken, "no bulk job", id="no job"),
        pytest.param(Answer(200, {"id": "../../x"}), "/jobs/query", Broken, "no bulk job", id="a job elsewhere"),
        pytest.param(HalfJson(), "/results", Later, "not whole", id="half a result"),
        pytest.param(Half(), "/results", Later, "broke off", id="a result that breaks off"),
        pytest.param(Answer(200, b'"Number__c"\n"many"\n'), "/results", Later, "not whole", id="a text for a number"),
    ],
)  # fmt: skip
async def test_bulk_faults(tmp_path: Path, fault: Any, path: str, kind: type[Fault], says: str) -> None:
    async with bulky(tmp_path) as (server, crm):
        server.faults.next(fault, path=path)
        with pytest.raises(kind, match=says):
            await rows(crm, SAMPLE_NUMBERS)


async def test_a_bulk_job_past_its_deadline_is_stopped_there(tmp_path: Path) -> None:
    async with bulky(tmp_path) as (server, crm):
        server.faults.next(Slow(5), path="/jobs/query/")
        clock = SystemClock()
        with pytest.raises(DeadlinePassed):
            await raw_pages(crm, SAMPLE_NUMBERS, Call(clock.monotonic() + 0.5, columns=columns_of(SAMPLE_NUMBERS)))
        await crm.close()
        assert [job.state for job in server.standin.org.jobs.values()] == ["Aborted"]


# upsert


async def upsert(crm: SalesforceConnector, records: object = None, **args: object) -> Any:
    given = {"object": "Account", "external_id": "Key__c", "records": records} | args
    return await crm.write("upsert", given, Call())


async def test_an_upsert_changes_and_creates_by_external_id(crm: SalesforceConnector) -> None:
    records = [
        {"Key__c": "acc-1", "Seats__c": 11},
        {"Key__c": "new", "Name": "New", "Renewal_Date__c": date(2027, 1, 2)},
    ]
    first = await upsert(crm, records)
    again = await upsert(crm, records)
    assert [one["created"] for one in first["ok"]] == [False, True]
    assert [one["created"] for one in again["ok"]] == [False, False]
    assert [one["id"] for one in first["ok"]] == [one["id"] for one in again["ok"]]
    assert first["failed"] == again["failed"] == []
    text = "SELECT Key__c, Seats__c, Renewal_Date__c FROM Account WHERE Key__c IN ('acc-1', 'new') ORDER BY Key__c"
    assert await rows(crm, text) == [
        {"Key__c": "acc-1", "Seats__c": 11, "Renewal_Date__c": date(2026, 12, 1)},
        {"Key__c": "new", "Seats__c": None, "Renewal_Date__c": date(2027, 1, 2)},
    ]


async def test_one_bad_record_does_not_stop_the_others(crm: SalesforceConnector) -> None:
    result = await upsert(crm, [{"Key__c": "acc-1", "Seats__c": "many"}, {"Key__c": "acc-2", "Seats__c": 5}])
    assert [one["key"] for one in result["ok"]] == ["acc-2"]
    assert result["failed"][0]["key"] == "acc-1"
    assert "JSON_PARSER_ERROR" in result["failed"][0]["error"]


async def test_many_records_go_in_requests_of_200(server: Server, crm: SalesforceConnector) -> None:
    result = await upsert(crm, [{"Key__c": f"k-{number}", "Name": f"n {number}"} for number in range(450)])
    assert (len(result["ok"]), result["failed"]) == (450, [])
    assert server.standin.org.used == 3


@pytest.mark.parametrize(
    ("args", "says"),
    [
        pytest.param({"object": "Account/../Contact"}, "`object` of `upsert`", id="object"),
        pytest.param({"external_id": "Key__c?x=1"}, "`external_id` of `upsert`", id="external id"),
        pytest.param({"records": "all"}, "must be a list", id="no list"),
        pytest.param({"records": ["a"]}, "must be a list of objects", id="no objects"),
        pytest.param({"records": [{"Name": "x"}]}, "record 0 has no `Key__c`", id="no key"),
        pytest.param({"records": [{"Key__c": "a"}, {"Key__c": "a"}]}, "records 0 and 1 have the same", id="twice"),
    ],
)
async def test_a_wrong_upsert_is_refused_before_anything_is_sent(
    server: Server, crm: SalesforceConnector, args: dict[str, object], says: str
) -> None:
    with pytest.raises(Refused, match=says):
        await upsert(crm, **{"records": [{"Key__c": "a"}], **args})
    assert server.standin.org.used == 0


async def test_an_unknown_external_id_is_refused(crm: SalesforceConnector) -> None:
    with pytest.raises(Refused, match="Seats__c"):
        await upsert(crm, [{"Seats__c": 3}], external_id="Seats__c")


# what fails

DENIED = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "insufficient access rights on object"}]
EXCEEDED = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
LOCKED = [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access"}]


@pytest.mark.parametrize(
    ("fault", "kind", "status", "delay", "says"),
    [
        pytest.param(Half(), Later, 503, None, "broke off", id="half a body"),
        pytest.param(HalfJson(), Later, 503, None, "not whole JSON", id="half a JSON"),
        pytest.param(Garbled(), Later, 503, None, "not whole JSON", id="garbled"),
        pytest.param(Answer(429, EXCEEDED, {"Retry-After": "7"}), Later, 429, 7.0, "answered 429", id="429"),
        pytest.param(Answer(503, b"<html>", {"Retry-After": "3"}), Later, 503, 3.0, "answered 503", id="503"),
        pytest.param(Answer(503, b"", {"Retry-After": "soon"}), Later, 503, None, "answered 503", id="503, no delay"),
        pytest.param(Answer(500, b"boom"), Later, 503, None, "answered 500", id="500"),
        pytest.param(Answer(403, EXCEEDED), Later, 429, None, "REQUEST_LIMIT_EXCEEDED", id="the day's limit"),
        pytest.param(Answer(400, LOCKED), Later, 503, None, "UNABLE_TO_LOCK_ROW", id="a locked row"),
        pytest.param(Answer(403, DENIED), Broken, 500, None, "INSUFFICIENT_ACCESS", id="not permitted"),
        pytest.param(Answer(404, b"<html>"), Broken, 500, None, "Look at `url`", id="no API there"),
        pytest.param(Answer(302, b"", {"Location": "https://x.example"}), Broken, 500, None, "302", id="redirect"),
        pytest.param(Answer(414, b""), Refused, 422, None, "too long for an address", id="414"),
        pytest.param(Answer(200, []), Broken, 500, None, "no result of a query", id="other JSON"),
        pytest.param(Answer(200, {"totalSize": 1, "records": [3]}), Broken, 500, None, "no records", id="no records"),
        pytest.param(
            Answer(200, {"totalSize": 1, "done": False, "records": [{"Id": "1"}], "nextRecordsUrl": "@elsewhere.example/"}),
            Broken,
            500,
            None,
            "address of the next page",
            id="a next page elsewhere",
        ),
    ],
)  # fmt: skip
async def test_faults_are_named_by_what_to_do(
    server: Server, crm: SalesforceConnector, fault: Any, kind: type[Fault], status: int, delay: float | None, says: str
) -> None:
    server.faults.next(fault, path="/query")
    with pytest.raises(kind) as caught:
        await rows(crm, ALL)
    assert caught.value.status == status
    assert getattr(caught.value, "delay", None) == delay
    assert says in caught.value.sentence
    assert caught.value.sentence.startswith("connection crm: ")
    assert len(await rows(crm, ALL)) == 3, "the next request is not affected"


async def test_a_connection_closed_once_is_tried_again_and_twice_is_for_later(
    server: Server, crm: SalesforceConnector
) -> None:
    """aiohttp repeats a GET whose kept connection was closed in the meantime."""
    await rows(crm, ALL)
    server.faults.next(Drop(), path="/query")
    assert len(await rows(crm, ALL)) == 3
    server.faults.next(Drop(), path="/query", times=2)
    with pytest.raises(Later, match=r"connection crm: .* it closed the connection"):
        await rows(crm, ALL)


async def test_a_write_is_not_repeated_when_the_connection_closes(server: Server, crm: SalesforceConnector) -> None:
    await rows(crm, ALL)
    server.faults.next(Drop(), path="/composite")
    with pytest.raises(Later, match="it closed the connection"):
        await upsert(crm, [{"Key__c": "acc-1", "Seats__c": 1}])


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Drop(), Later),
        (Garbled(), Later),
        (Answer(500, b""), Later),
        (Answer(404, b"no"), Broken),
        (Answer(200, {}), Broken),
        (Answer(400, {"error": "invalid_grant", "error_description": "login rate exceeded"}), Later),
    ],
)
async def test_faults_of_the_sign_in(server: Server, crm: SalesforceConnector, fault: Any, kind: type[Fault]) -> None:
    server.faults.next(fault, path="/oauth2/token")
    with pytest.raises(kind, match="connection crm: "):
        await rows(crm, ALL)
    assert len(await rows(crm, ALL)) == 3


async def test_a_retry_date_is_a_delay(server: Server, crm: SalesforceConnector) -> None:
    server.faults.next(Answer(503, b"", {"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}), path="/query")
    with pytest.raises(Later) as caught:
        await rows(crm, ALL)
    assert caught.value.delay is not None and caught.value.delay > 3600


async def test_a_server_that_is_down_is_for_later() -> None:
    async with connected(connection("http://127.0.0.1:9")) as crm:
        with pytest.raises(Later, match="nobody answers there"):
            await rows(crm, ALL)


async def test_a_server_without_tls_where_tls_is_meant(server: Server) -> None:
    async with connected(connection(server.url.replace("http:", "https:"))) as crm:
        with pytest.raises((Broken, Later), match="connection crm: ") as caught:
            await rows(crm, ALL)
    assert not isinstance(caught.value, ssl.SSLError)


@pytest.mark.parametrize("path", ["/query", "/oauth2/token"])
async def test_a_slow_server_passes_the_deadline(server: Server, crm: SalesforceConnector, path: str) -> None:
    server.faults.next(Slow(5), path=path)
    clock = SystemClock()
    started = clock.monotonic()
    with pytest.raises(DeadlinePassed):
        await raw_pages(crm, ALL, Call(deadline=started + 0.3))
    assert clock.monotonic() - started < 1


async def test_a_page_too_large_is_refused(server: Server) -> None:
    async with connected(connection(server.url, limits=Limits(bytes=1_000))) as crm:
        server.faults.next(Answer(200, b"[" + b" " * 5_000 + b"]"), path="/query")
        with pytest.raises(Refused, match=r"more than 1,000 bytes.*limits\.bytes"):
            await raw_pages(crm, ALL)


async def test_more_rows_than_the_limit_are_refused_by_the_first_page(server: Server) -> None:
    async with connected(connection(server.url, limits=Limits(rows=2))) as crm:
        with pytest.raises(Refused, match=r"3 rows, more than 2 rows.*limits\.rows"):
            await raw_pages(crm, ALL)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"soql": "SELECT Id FRM Account"}, "Expected `FROM`"),
        ({"soql": "SELECT Id FROM Account WHERE Name = :n"}, "No value for `:n`"),
        ({"soql": 3}, "takes `soql`, a text"),
        ({"soql": ALL, "params": [1]}, "takes `soql`, a text"),
    ],
)
async def test_wrong_arguments_are_refused_without_a_request(
    server: Server, crm: SalesforceConnector, args: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(Refused, match="connection crm: ") as caught:
        await anext(aiter(crm.read("query", args, Call(), Facts())))
    assert says in caught.value.sentence
    assert server.standin.org.sessions.given == 0


async def test_what_only_salesforce_knows_is_refused_in_its_words(crm: SalesforceConnector) -> None:
    with pytest.raises(Refused, match=r"INVALID_FIELD.*no field `Nme`"):
        await raw_pages(crm, "SELECT Nme FROM Account")


# describe and check


async def test_objects_are_described(crm: SalesforceConnector) -> None:
    found = await crm.describe()
    assert list(found) == list(OBJECTS)
    types = {name: column.type for name, column in found["Account"].items()}
    assert types == {
        "Id": "string",
        "CreatedDate": "timestamp",
        "LastModifiedDate": "timestamp",
        "Name": "string",
        "Region__c": "string",
        "Renewal_Date__c": "date",
        "Seats__c": "integer",
        "AnnualRevenue": "number",
        "Active__c": "boolean",
        "Key__c": "string",
    }
    assert found["Contact"]["AccountId"].references == "Account"
    assert found["Account"]["Name"].nullable is False


async def test_objects_that_cannot_be_described_are_a_fault(server: Server, crm: SalesforceConnector) -> None:
    server.faults.next(Answer(500, b""), path="/Contact/describe")
    with pytest.raises(Later, match="answered 500"):
        await crm.describe()


async def test_shadows_of_objects_are_left_out(server: Server, crm: SalesforceConnector) -> None:
    listed = {
        "sobjects": [
            {"name": "Account", "queryable": True},
            {"name": "AccountFeed", "queryable": True, "associateEntityType": "Feed"},
            {"name": "Old", "queryable": True, "deprecatedAndHidden": True},
            {"name": "Secretive", "queryable": False},
        ]
    }
    server.faults.next(Answer(200, listed), path="/sobjects")
    assert list(await crm.describe()) == ["Account"]


async def test_check_says_who_answers(server: Server, crm: SalesforceConnector) -> None:
    assert await crm.check() == (
        f"{server.url} signs us in and answers with API 62.0. crm is the practice stand-in, not Salesforce."
    )


def test_nothing_secret_is_in_a_repr() -> None:
    spec = connection("https://acme.my.salesforce.com")
    connector = SalesforceConnector(spec, secrets(), SystemClock())
    assert SECRET not in repr(connector) and SECRET not in repr(spec)
    assert connector.actions["query"].effect == "none"
    assert connector.actions["upsert"].effect == "native"

"""The stand-in through simple-salesforce, an independent client: what that understands, Salesforce would say."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)
from tests.salesforce_server import CLIENT, PRIVATE_PEM, SECRET, USER, Server, running

T = TypeVar("T")

ACCOUNTS = [
    {"Name": "Acme", "Region__c": "EMEA", "Renewal_Date__c": "2026-12-01", "Seats__c": 10, "Key__c": "acc-1"},
    {"Name": "acid", "Region__c": "AMER", "Renewal_Date__c": "2026-11-20", "Active__c": True, "Key__c": "acc-2"},
    {"Name": "100%_ sure", "AnnualRevenue": 12.5, "Key__c": "acc-3"},
]
SAMPLES = 4_500


class _OverLoopback(HTTPAdapter):
    """simple-salesforce speaks https to *.salesforce.com only; this takes every request to the stand-in."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url is not None
        path = request.url.split("/", 3)[3]
        request.url = f"{self._url}/{path}"
        return super().send(request, *args, **kwargs)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    samples = [{"Number__c": number, "Text__c": f"line\n\"{number}\", 'x'"} for number in range(SAMPLES)]
    async with running(tmp_path, {"Account": ACCOUNTS, "Sample__c": samples}) as one:
        yield one


def session(server: Server) -> requests.Session:
    through = requests.Session()
    through.trust_env = False
    through.mount("https://", _OverLoopback(server.url))
    return through


def signed_in(server: Server) -> Salesforce:
    return Salesforce(
        username=USER, consumer_key=CLIENT, privatekey=PRIVATE_PEM, session=session(server), version="62.0"
    )


async def work(server: Server, do: Callable[[Salesforce], T]) -> T:
    """Does something with a signed-in client, in a thread because the client blocks."""

    def all_of_it() -> T:
        client = signed_in(server)
        try:
            return do(client)
        finally:
            client.session.close()

    return await asyncio.to_thread(all_of_it)


def without_attributes(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in record.items() if name != "attributes"} for record in records]


async def test_it_signs_in_with_a_signed_assertion(server: Server) -> None:
    found = await work(server, lambda client: client.query("SELECT COUNT() FROM Account"))
    assert found["totalSize"] == 3
    assert server.standin.org.sessions.given == 1


async def test_it_signs_in_with_client_credentials(server: Server) -> None:
    def ask() -> Any:
        with session(server) as through:
            client = Salesforce(
                consumer_key=CLIENT, consumer_secret=SECRET, domain="acme.my", session=through, version="62.0"
            )
            return client.query("SELECT Id FROM Account")

    assert (await asyncio.to_thread(ask))["totalSize"] == 3


async def test_a_wrong_secret_is_refused(server: Server) -> None:
    def ask() -> None:
        with session(server) as through:
            Salesforce(consumer_key=CLIENT, consumer_secret="wrong", domain="acme.my", session=through)

    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        await asyncio.to_thread(ask)


async def test_an_expired_session_is_refused(server: Server) -> None:
    def ask() -> None:
        with session(server) as through:
            Salesforce(session_id="old", instance_url=server.url, session=through).query("SELECT Id FROM Account")

    with pytest.raises(SalesforceExpiredSession):
        await asyncio.to_thread(ask)


async def test_a_query_answers_with_records(server: Server) -> None:
    found = await work(server, lambda client: client.query("SELECT Name, Active__c FROM Account ORDER BY Key__c"))
    assert found["done"] is True
    assert found["records"][0]["attributes"]["type"] == "Account"
    assert without_attributes(found["records"]) == [
        {"Name": "Acme", "Active__c": False},
        {"Name": "acid", "Active__c": True},
        {"Name": "100%_ sure", "Active__c": False},
    ]


async def test_a_long_answer_comes_in_pages(server: Server) -> None:
    first = await work(server, lambda client: client.query("SELECT Number__c FROM Sample__c"))
    assert (len(first["records"]), first["totalSize"], first["done"]) == (2000, SAMPLES, False)
    found = await work(server, lambda client: client.query_all("SELECT Number__c FROM Sample__c"))
    assert [record["Number__c"] for record in found["records"]] == list(range(SAMPLES))


async def test_the_page_size_can_be_asked_for(server: Server) -> None:
    headers = {"Sforce-Query-Options": "batchSize=250"}
    found = await work(server, lambda client: client.query("SELECT Number__c FROM Sample__c", headers=headers))
    assert len(found["records"]) == 250


async def test_objects_and_fields_are_described(server: Server) -> None:
    def ask(client: Salesforce) -> Any:
        return client.describe(), client.Contact.describe()  # type: ignore[operator]

    everything, contact = await work(server, ask)
    assert [one["name"] for one in everything["sobjects"]] == ["Account", "Contact", "Case", "Sample__c"]
    fields = {field["name"]: field for field in contact["fields"]}
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    assert fields["AccountId"]["relationshipName"] == "Account"
    assert fields["Key__c"]["externalId"] is True
    assert fields["CreatedDate"]["type"] == "datetime"


async def test_a_record_is_created_read_changed_and_deleted(server: Server) -> None:
    def live(client: Any) -> Any:
        made = client.Account.create({"Name": "New", "Seats__c": 3})
        client.Account.update(made["id"], {"Seats__c": 4})
        read = client.Account.get(made["id"])
        gone = client.Account.delete(made["id"])
        return made, read, gone

    made, read, gone = await work(server, live)
    assert made["success"] is True and len(made["id"]) == 18 and made["id"].startswith("001")
    assert (read["Name"], read["Seats__c"]) == ("New", 4)
    assert gone == 204
    with pytest.raises(SalesforceResourceNotFound):
        await work(server, lambda client: client.Account.get(made["id"]))  # type: ignore[operator]


async def test_upsert_by_external_id_makes_one_record(server: Server) -> None:
    def twice(client: Any) -> Any:
        first = client.Account.upsert("Key__c/new-1", {"Name": "One"})
        second = client.Account.upsert("Key__c/new-1", {"Name": "Two"})
        found = client.Account.get_by_custom_id("Key__c", "new-1")
        return first, second, found["Name"], client.query("SELECT Id FROM Account")["totalSize"]

    assert await work(server, twice) == (201, 200, "Two", 4)


async def test_a_bulk_query_gives_csv_in_pages(server: Server) -> None:
    def ask(client: Any) -> list[str]:
        return list(
            client.bulk2.Sample__c.query("SELECT Number__c, Text__c FROM Sample__c", max_records=2000, wait=0.05)
        )

    pages = [list(csv.DictReader(io.StringIO(page))) for page in await work(server, ask)]
    assert [len(page) for page in pages] == [2000, 2000, 500]
    rows = [row for page in pages for row in page]
    assert [int(row["Number__c"]) for row in rows] == list(range(SAMPLES))
    assert rows[7]["Text__c"] == "line\n\"7\", 'x'"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT Id FROM Acount", "INVALID_TYPE"),
        ("SELECT Nme FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = :name", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Renewal_Date__c = LAST_N_YEARS:9999", "MALFORMED_QUERY"),
    ],
)
async def test_a_wrong_query_is_a_400_with_its_code(server: Server, query: str, says: str) -> None:
    with pytest.raises(SalesforceMalformedRequest, match=says):
        await work(server, lambda client: client.query(query))


async def test_a_value_of_another_type_is_refused(server: Server) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="JSON_PARSER_ERROR"):
        await work(server, lambda client: client.Account.create({"Name": "x", "Seats__c": "many"}))  # type: ignore[operator]


async def test_the_limit_of_a_day_is_kept(tmp_path: Path) -> None:
    async with running(tmp_path, {}, daily_requests=1) as server:

        def ask(client: Salesforce) -> None:
            client.query("SELECT Id FROM Account")
            assert client.api_usage["api-usage"].used == 1
            client.query("SELECT Id FROM Account")

        with pytest.raises(SalesforceRefusedRequest, match="REQUEST_LIMIT_EXCEEDED"):
            await work(server, ask)


@pytest.mark.parametrize("path", ["/", "/services/data", "/nowhere", "/services/data/v62.0/sobjects"])
async def test_every_answer_says_that_it_is_a_stand_in(server: Server, path: str) -> None:
    def ask() -> requests.Response:
        with session(server) as through:
            return through.get(f"https://acme.my.salesforce.com{path}")

    answer = await asyncio.to_thread(ask)
    assert answer.headers["x-pointsman-sandbox"] == "salesforce stand-in"

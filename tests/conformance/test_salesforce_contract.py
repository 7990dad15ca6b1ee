"""Salesforce keeps the connectors' contract, on the stand-in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.connectors import COLUMNS, MANY, ConnectorContract, Request, World, people
from tests.salesforce_server import SECRET, Records, Server, running, secrets

from pointsman.clock import SystemClock
from pointsman.connectors.port import Connector
from pointsman.connectors.salesforce import SalesforceConnector
from pointsman.frame import Column, Row
from pointsman.sandbox.faults import Slow
from pointsman.sandbox.salesforce import Field, Objects
from pointsman.shape import BOOLEAN, Shape
from pointsman.spec.connection import ClientCredentials, SalesforceConnection

FIELDS = {
    "id": "Code__c",
    "name": "Name",
    "joined": "Joined__c",
    "seen": "Seen__c",
    "score": "Score__c",
    "visits": "Visits__c",
    "active": "Active__c",
}
OBJECTS: Objects = {
    "Person__c": {
        "Code__c": Field(external_id=True, required=True),
        "Name": Field(required=True),
        "Joined__c": Field("date"),
        "Seen__c": Field("datetime"),
        "Score__c": Field("double"),
        "Visits__c": Field("int"),
        "Active__c": Field("boolean"),
    },
    "Sample__c": {"Number__c": Field("int"), "Text__c": Field()},
}


def expected() -> list[Row]:
    """The people under Salesforce's names; a boolean is never null there."""
    rows = [{FIELDS[name]: value for name, value in row.items()} for row in people()]
    return [{**row, "Active__c": bool(row["Active__c"])} for row in rows]


def columns() -> tuple[Column, ...]:
    named = [replace(column, name=FIELDS[column.name]) for column in COLUMNS]
    return tuple(replace(column, shape=BOOLEAN) if column.name == "Active__c" else column for column in named)


@dataclass
class SalesforceWorld(World):
    server: Server | None = None

    @property
    def names(self) -> dict[str, str]:
        return FIELDS

    def everything(self) -> Request:
        text = f"SELECT {', '.join(FIELDS.values())} FROM Person__c ORDER BY Code__c"
        return Request("query", {"soql": text}, self.columns)

    def named(self, name: str) -> Request:
        text = f"SELECT {', '.join(FIELDS.values())} FROM Person__c WHERE Name = :name"
        return Request("query", {"soql": text, "params": {"name": name}}, self.columns)

    def many(self) -> Request:
        known = (Column("Number__c", Shape("integer")), Column("Text__c", Shape("string", nullable=True)))
        return Request("query", {"soql": "SELECT Number__c, Text__c FROM Sample__c"}, known)

    def unknown_table(self) -> tuple[Request, str]:
        return Request("query", {"soql": "SELECT Id FROM Nowhere__c"}), "Nowhere__c"

    async def slow(self) -> Request:
        assert self.server is not None
        self.server.faults.next(Slow(6), times=8, path="/query")
        return self.everything()

    async def busy(self) -> int:
        assert self.server is not None
        return self.server.faults.in_flight

    async def down(self) -> Connector:
        return connector("http://127.0.0.1:9")


def connector(url: str) -> SalesforceConnector:
    auth = ClientCredentials(
        flow="client_credentials", client_id="secret://env/SF_CLIENT", client_secret="secret://env/SF_SECRET"
    )
    spec = SalesforceConnection(connection="crm", type="salesforce", url=url, auth=auth)
    return SalesforceConnector(spec, secrets(), SystemClock())


class TestSalesforce(ConnectorContract):
    @pytest.fixture
    async def world(self, tmp_path: Path) -> AsyncIterator[Any]:
        samples = [{"Number__c": number, "Text__c": f"text {number}"} for number in range(MANY)]
        records: Records = {"Person__c": expected(), "Sample__c": samples}
        async with running(tmp_path, records, objects=OBJECTS) as server:
            crm = connector(server.url)
            yield SalesforceWorld(crm, SECRET, columns(), expected(), server)
            await crm.close()

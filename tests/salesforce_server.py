"""The Salesforce stand-in with a small org, for tests; in files of the test's own folder, on loopback."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from joserfc.jwk import RSAKey

from pointsman.clock import FixedClock, SystemClock
from pointsman.sandbox.faults import Faults
from pointsman.sandbox.salesforce import Access, Field, Objects, SalesforceStandIn, create
from pointsman.sandbox.serve import serve
from pointsman.secrets import Secrets

CLIENT = "pointsman-tests"
SECRET = "canary-5ce9b1-secret"
USER = "integration@acme.example"
TODAY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

KEY = RSAKey.generate_key(2048, private=True)
PRIVATE_PEM = KEY.as_pem(private=True).decode()

OBJECTS: Objects = {
    "Account": {
        "Name": Field(required=True),
        "Region__c": Field("picklist"),
        "Renewal_Date__c": Field("date"),
        "Seats__c": Field("int"),
        "AnnualRevenue": Field("currency"),
        "Active__c": Field("boolean"),
        "Key__c": Field(external_id=True),
    },
    "Contact": {
        "AccountId": Field("reference", references="Account"),
        "Name": Field(required=True),
        "Email": Field("email"),
        "Key__c": Field(external_id=True),
    },
    "Case": {
        "ContactId": Field("reference", references="Contact"),
        "Subject": Field(),
        "Closed_At__c": Field("datetime"),
        "Score__c": Field("double"),
    },
    "Sample__c": {"Number__c": Field("int"), "Text__c": Field("textarea"), "Key__c": Field(external_id=True)},
}

Records = Mapping[str, Iterable[Mapping[str, object]]]


@dataclass(frozen=True)
class Server:
    """A running stand-in: its address, itself, and its faults."""

    url: str
    standin: SalesforceStandIn

    @property
    def faults(self) -> Faults:
        return self.standin.app


@asynccontextmanager
async def running(
    folder: Path, records: Records, *, objects: Objects = OBJECTS, daily_requests: int = 15_000
) -> AsyncIterator[Server]:
    """A stand-in with these records. Its day is TODAY; its clients sign in at the real time."""
    path = folder / "salesforce.db"
    create(path, objects, records, TODAY)
    access = Access(CLIENT, secret=SECRET, public_key=KEY.as_pem(private=False).decode(), users=(USER,))
    standin = SalesforceStandIn(path, objects, access, SystemClock(), daily_requests=daily_requests)
    standin.org.clock = FixedClock(TODAY)
    try:
        async with serve(standin.app) as url:
            yield Server(url, standin)
    finally:
        await standin.close()


def secrets(**more: str) -> Secrets:
    """The environment that the tests' connections read; `more` is in it too, or instead."""
    return Secrets({"SF_CLIENT": CLIENT, "SF_SECRET": SECRET, "SF_PEM": PRIVATE_PEM, **more}, Path())

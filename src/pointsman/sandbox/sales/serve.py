"""The sales practice systems, running: the CRM's stand-in on loopback, usage and billing as SQLite files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pointsman.clock import Clock, SystemClock
from pointsman.quantity import Quarter
from pointsman.sandbox.mail import serve_mail
from pointsman.sandbox.sales.crm import OBJECTS
from pointsman.sandbox.sales.databases import Written
from pointsman.sandbox.sales.prepare import prepare
from pointsman.sandbox.salesforce.access import Access
from pointsman.sandbox.salesforce.app import SalesforceStandIn
from pointsman.sandbox.serve import serve


@dataclass(frozen=True, slots=True)
class Practice:
    """The practice systems. `overlay` points the project's connections at them; the CRM can be made to fail through
    `crm.app`. What was mailed is in the folder `outbox`."""

    overlay: dict[str, Any]
    crm: SalesforceStandIn
    outbox: Path


@asynccontextmanager
async def practice(project: Path, quarter: Quarter, clock: Clock | None = None) -> AsyncIterator[Practice]:
    """Writes the practice data below the project's `.pointsman/` and serves the CRM."""
    written = await asyncio.to_thread(prepare, project, quarter)
    async with crm(written, clock) as practising:
        yield practising


@asynccontextmanager
async def crm(written: Written, clock: Clock | None = None) -> AsyncIterator[Practice]:
    """Serves a CRM over data that were written before, and a mail server that keeps what it is given."""
    access = Access(written.client_id, secret=written.client_secret)
    stand_in = SalesforceStandIn(written.crm, OBJECTS, access, clock or SystemClock())
    try:
        outbox = written.crm.parent / "outbox"
        async with serve(stand_in.app) as address, serve_mail(outbox) as port:
            places = {"crm": {"url": address}, "mail": {"port": port}}
            yield Practice({"connections": places}, stand_in, outbox)
    finally:
        await stand_in.close()

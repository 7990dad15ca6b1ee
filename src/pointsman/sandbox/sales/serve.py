"""The sales practice systems, running: the CRM's stand-in on loopback, usage and billing as SQLite files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pointsman.clock import Clock, SystemClock
from pointsman.quantity import Quarter
from pointsman.sandbox.sales.crm import OBJECTS
from pointsman.sandbox.sales.databases import Written
from pointsman.sandbox.sales.prepare import prepare
from pointsman.sandbox.salesforce.access import Access
from pointsman.sandbox.salesforce.app import SalesforceStandIn
from pointsman.sandbox.serve import serve


@dataclass(frozen=True, slots=True)
class Practice:
    """The practice systems. `overlay` points the project's `crm` connection at the stand-in, which can be made to
    fail through `crm.app`."""

    overlay: dict[str, Any]
    crm: SalesforceStandIn


@asynccontextmanager
async def practice(project: Path, quarter: Quarter, clock: Clock | None = None) -> AsyncIterator[Practice]:
    """Writes the practice data below the project's `.pointsman/` and serves the CRM."""
    written = await asyncio.to_thread(prepare, project, quarter)
    async with crm(written, clock) as practising:
        yield practising


@asynccontextmanager
async def crm(written: Written, clock: Clock | None = None) -> AsyncIterator[Practice]:
    """Serves a CRM over data that were written before."""
    access = Access(written.client_id, secret=written.client_secret)
    stand_in = SalesforceStandIn(written.crm, OBJECTS, access, clock or SystemClock())
    try:
        async with serve(stand_in.app) as address:
            yield Practice({"connections": {"crm": {"url": address}}}, stand_in)
    finally:
        await stand_in.close()

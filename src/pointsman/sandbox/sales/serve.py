"""The sales practice systems, running: the CRM's stand-in on loopback, usage and billing as SQLite files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pointsman.clock import Clock, SystemClock
from pointsman.quantity import Quarter
from pointsman.sandbox.sales import crm
from pointsman.sandbox.sales.prepare import prepare
from pointsman.sandbox.salesforce.access import Access
from pointsman.sandbox.salesforce.app import SalesforceStandIn
from pointsman.sandbox.serve import serve


@asynccontextmanager
async def practice(project: Path, quarter: Quarter, clock: Clock | None = None) -> AsyncIterator[dict[str, Any]]:
    """Writes the practice data below the project's `.pointsman/`, serves the CRM, and gives the overlay that points
    the project's `crm` connection at it."""
    prepared = prepare(project, quarter)
    access = Access(prepared.client_id, secret=prepared.client_secret)
    stand_in = SalesforceStandIn(prepared.crm, crm.OBJECTS, access, clock or SystemClock())
    try:
        async with serve(stand_in.app) as address:
            yield {"connections": {"crm": {"url": address}}}
    finally:
        await stand_in.close()

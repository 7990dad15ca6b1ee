"""The worked example on practice systems that stand still: the quarter, the day and the data are always the same.

async with practising(sales) as practice:  # `sales`: the folder of tests.practice_folder
    practice.faults.next(Drop(), path="/query")
    answer = await practice.ask()
"""

import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pointsman.assemble import Pointsman, assemble
from pointsman.clock import Clock, FixedClock
from pointsman.doors.api.body import to_json
from pointsman.errors import Fault
from pointsman.flows.run import Run
from pointsman.folder import examine
from pointsman.journal.record import RunRecord
from pointsman.sandbox.faults import Faults
from pointsman.sandbox.sales.databases import FOLDER, Written
from pointsman.sandbox.sales.serve import crm
from pointsman.sandbox.salesforce.app import SalesforceStandIn

TODAY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
QUESTION = (
    "Show me which enterprise customers in EMEA are at risk of churn this quarter "
    "and draft a personalized retention email for each."
)
ENTERPRISE_EMEA = {"segment": "Enterprise", "region": "EMEA", "quarter": "2026-Q4"}
WRITER_KEY = "canary-writer-Kq/7+key"
SESSION = "00Dstandin!"
"""How every session of the practice CRM begins."""


class RunningClock:
    """Starts at TODAY and goes on, for tests that look at what happened before what."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def now(self) -> datetime:
        return TODAY + timedelta(seconds=time.monotonic() - self._started)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(frozen=True)
class Practice:
    """The example, ready to run."""

    root: Path
    pointsman: Pointsman
    crm: SalesforceStandIn
    secrets: tuple[str, ...]
    """What may stand in no answer, no record and no sentence."""

    @property
    def faults(self) -> Faults:
        """Makes the CRM fail."""
        return self.crm.app

    def start(self, **given: Any) -> Run:
        return self.pointsman.engine.start("at-risk", {**ENTERPRISE_EMEA, **given}, door="test")

    async def ask(self, **given: Any) -> dict[str, Any]:
        return await self.start(**given).answered()

    async def fails(self, **given: Any) -> tuple[Fault, RunRecord]:
        """The fault of a run that must fail, and what is kept of it."""
        run = self.start(**given)
        with pytest.raises(Fault) as raised:
            await run.answered()
        await run.ended()
        return raised.value, run.record

    def told(self, record: RunRecord) -> str:
        """Everything that is kept of a run and shown to anyone, as one text."""
        outputs = self.pointsman.engine.journal.outputs(record.id) or {}
        kept = {name: getattr(output, "rows", output) for name, output in outputs.items()}
        return to_json([asdict(record), kept]).decode()


@asynccontextmanager
async def practising(
    root: Path,
    *,
    clock: Clock | None = None,
    overlay: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Practice]:
    """The example on its practice systems. `overlay`: more of it, such as `writer_at(chat.url)`."""
    clock = clock or FixedClock(TODAY)
    folder = root / FOLDER
    client, secret = ((folder / name).read_text().strip() for name in ("crm-client-id", "crm-client-secret"))
    written = Written(folder / "crm.db", folder / "usage.db", folder / "billing.db", client, secret)
    async with crm(written, clock) as systems:
        examined = examine(root, overlay=merged(systems.overlay, overlay or {}))
        assert [problem.message for problem in examined.problems] == []
        environ = {"WRITER_KEY": WRITER_KEY, **(environ or {})}
        async with assemble(examined, root, environ=environ, clock=clock) as pointsman:
            yield Practice(root, pointsman, systems.crm, (secret, SESSION, *environ.values()))


def writer_at(*urls: str) -> dict[str, Any]:
    """An overlay in which the writer's endpoints, asked in this order, are at these addresses."""
    price = {"input": "$1/1M", "output": "$10/1M"}
    key = "secret://env/WRITER_KEY"
    return {
        "models": {
            "writer": {
                "endpoints": [
                    {"name": f"e{n}", "url": url, "upstream": "double", "zone": "inside", "key": key, "price": price}
                    for n, url in enumerate(urls, 1)
                ]
            }
        }
    }


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both overlays as one; the other wins."""
    out = dict(one)
    for name, value in other.items():
        inner = out.get(name)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        out[name] = merged(inner, value) if both else value
    return out


@contextmanager
def database(root: Path, name: str) -> Iterator[sqlite3.Connection]:
    """The example's `usage` or `billing` database, to change it."""
    link = sqlite3.connect(root / FOLDER / f"{name}.db")
    try:
        with link:
            yield link
    finally:
        link.close()


def files(root: Path) -> dict[str, bytes]:
    """Every file of the project that is not its state."""
    found = (path for path in root.rglob("*") if path.is_file() and ".pointsman" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def in_good_order(told: str, practice: Practice, before: dict[str, bytes]) -> None:
    """What must hold of everything that is kept and said, however a run went."""
    assert [secret for secret in practice.secrets if secret in told] == []
    for inner in ("Traceback", 'File "', "object at 0x", "Error(", "aiohttp", "asyncio"):
        assert inner not in told, inner
    assert files(practice.root) == before


def one_sentence(fault: Fault, names: str, way_out: str) -> None:
    assert fault.sentence.startswith(f"{names}: "), fault.sentence
    assert fault.way_out and fault.sentence.endswith(way_out), fault.sentence
    assert "\n" not in fault.sentence
    assert len(fault.sentence) < 400

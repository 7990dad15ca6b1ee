"""The main flow: how long beyond what it waits for, and how many a second on one core.

    python -m benchmarks.main_flow [--json]

**Waiting.** The CRM answers every query after S seconds, a model every draft after M seconds; 8 drafts are written at
once. The least that any program can take is S + M * (drafts / 8, rounded up), and S alone when a template writes. Both
systems run in this process, so the flow pays for them too. Median of several runs; the aim is at most 1.15 times the
least.

**Rate.** `pointsman up` is one process on one core, asked from another: the at-risk flow with template drafts, on
practice systems in that same process, and a flow of one step that does nothing. `a core-second` is what the same CPU
would do in a second if nobody else used the core.

Expected before the first run: 1.05 with a model and 1.10 with templates at S = M = 0.5 s (the flow itself takes about
50 ms of CPU); 15 to 20 at-risk flows a second; 500 to 1,000 of nothing.
"""

import argparse
import asyncio
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
from benchmarks.table import show
from benchmarks.up import Up, up
from tests.chat_server import chat_server

from pointsman.assemble import Pointsman, assemble
from pointsman.clock import SystemClock
from pointsman.folder import examine
from pointsman.quantity import Quarter
from pointsman.sandbox import templates
from pointsman.sandbox.faults import Faults, Slow
from pointsman.sandbox.sales.serve import practice

RUNS: Final = 5
AT_ONCE: Final = 8
WAITS: Final = ((0.25, 0.25), (0.5, 0.5), (0.5, 2.0))
"""Seconds of the slowest source and of one draft."""
CALLERS: Final = (1, 8, 32)
SECONDS: Final = 4.0
QUARTER: Final = Quarter.containing(SystemClock().now().date())
INPUT: Final = {"segment": "Enterprise", "region": "EMEA", "quarter": str(QUARTER)}
NOTHING: Final = {
    "project.yaml": "project: nothing\n",
    "functions.py": "async def nothing():\n    return 1\n",
    "flows/nothing.yaml": """
flow: nothing
doors: {http: {}}
steps:
  it: {python: "functions:nothing", returns: integer}
reply: {it: "${{ it }}"}
""",
}


@asynccontextmanager
async def example(root: Path, model: str | None) -> AsyncIterator[tuple[Pointsman, Faults]]:
    """The worked example on practice systems in this process. `model`: the address of the one that writes."""
    async with practice(root, QUARTER) as systems:
        overlay: dict[str, Any] = dict(systems.overlay)
        if model is not None:
            endpoint = {"name": "scripted", "url": model, "upstream": "test-double", "zone": "inside"}
            overlay["models"] = {"writer": {"endpoints": [endpoint]}}
        async with assemble(examine(root, overlay=overlay), root, environ=os.environ) as pointsman:
            yield pointsman, systems.crm.app


async def waiting(root: Path) -> list[dict[str, Any]]:
    """The flow's wall time against the least that its waits allow."""
    found = [await _with_model(root, source, draft) for source, draft in WAITS]
    for source in sorted({source for source, _ in WAITS}):
        async with example(root, None) as (pointsman, faults):
            taken, answer = await _times(pointsman, faults, source)
        found.append(_against(source, "template", source, taken, answer))
    return found


async def _with_model(root: Path, source: float, draft: float) -> dict[str, Any]:
    async with chat_server(latency=draft) as chat, example(root, chat.url) as (pointsman, faults):
        taken, answer = await _times(pointsman, faults, source)
        assert chat.most_at_once == AT_ONCE
    least = source + draft * math.ceil(len(answer["result"]["drafts"]) / AT_ONCE)
    return _against(source, f"{draft:g} s", least, taken, answer)


async def _times(pointsman: Pointsman, faults: Faults, source: float) -> tuple[list[float], dict[str, Any]]:
    """Seconds of each run but the first, which also signs in."""
    taken, answer = [], {}
    for _ in range(RUNS + 1):
        faults.clear()
        faults.next(Slow(source), times=100, path="/query")
        started = time.perf_counter()
        answer = await pointsman.engine.start("at-risk", INPUT, door="benchmark").answered()
        taken.append(time.perf_counter() - started)
        assert len(answer["result"]["drafts"]) == len(answer["result"]["customers"]) > 0, answer["degraded"]
    faults.clear()
    return taken[1:], answer


def _against(source: float, draft: str, least: float, taken: list[float], answer: dict[str, Any]) -> dict[str, Any]:
    middle = statistics.median(taken)
    return {
        "source s": source,
        "a draft": draft,
        "drafts": len(answer["result"]["drafts"]),
        "least s": least,
        "median s": round(middle, 3),
        "best s": round(min(taken), 3),
        "times the least": round(middle / least, 3),
    }


async def rates(root: Path, nothing: Path) -> list[dict[str, Any]]:
    """Requests a second of a server on one core, and what each caller waits."""
    core = min(os.sched_getaffinity(0))
    found: list[dict[str, Any]] = []
    for name, project, options, path, given in (
        ("at-risk, templates", root, ["--practice"], "/flows/at-risk", INPUT),
        ("nothing", nothing, [], "/flows/nothing", {}),
    ):
        async with up(project, *options, core=core) as server:
            found += [
                {"flow": name, "callers": callers, **await _load(server, path, given, callers)} for callers in CALLERS
            ]
    return found


async def _load(server: Up, path: str, given: dict[str, Any], callers: int) -> dict[str, Any]:
    taken: list[float] = []
    async with aiohttp.ClientSession(server.address, connector=aiohttp.TCPConnector(limit=callers)) as session:

        async def ask() -> None:
            async with session.post(path, json=given) as response:
                await response.read()
                assert response.status == 200, response.status

        async def caller(until: float) -> None:
            while time.perf_counter() < until:
                started = time.perf_counter()
                await ask()
                taken.append(time.perf_counter() - started)

        await asyncio.gather(*(ask() for _ in range(callers)))
        cpu, started = server.cpu(), time.perf_counter()
        await asyncio.gather(*(caller(started + SECONDS) for _ in range(callers)))
        wall, cpu = time.perf_counter() - started, server.cpu() - cpu
    cuts = statistics.quantiles(taken, n=20)
    return {
        "a second": round(len(taken) / wall, 1),
        "p50 ms": round(cuts[9] * 1e3, 1),
        "p95 ms": round(cuts[18] * 1e3, 1),
        "CPU ms each": round(cpu / len(taken) * 1e3, 2),
        "a core-second": round(len(taken) / cpu, 1),
    }


async def measure() -> dict[str, list[dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as scratch:
        root, nothing = Path(scratch, "sales"), Path(scratch, "nothing")
        templates.write("sales", root)
        for name, text in NOTHING.items():
            file = nothing / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return {"waiting": await waiting(root), "rate": await rates(root, nothing)}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    found = asyncio.run(measure())
    if chosen.json:
        print(json.dumps(found))
        return
    for rows in found.values():
        show(rows)


if __name__ == "__main__":
    main()

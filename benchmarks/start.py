"""Start-up, memory and installation, from outside: each is a process as a person starts it.

    python -m benchmarks.start [--json]
    python -m benchmarks.start --install [--json]      needs a package registry

**Time.** `check` on the example, files in the system's cache: best and median of 15, as wall time and as CPU (user and
system). Beside it the interpreter with the libraries that `check` needs and nothing of ours. `demo --json` from the
start of the process to the printed answer, practice data and all; once more with no bytecode on disk, as on the very
first start. Aims: 0.3 s for `check`, 5 s for the answer.

**Memory.** Resident, of `pointsman up` on the example: when it listens, and on practice systems after so many
questions. It may grow until the journal holds its newest 500 runs, and not after that.

**Installation.** The pinned dependencies into a fresh virtual environment, nothing cached. Aims: 60 s, 400 MB, 100
packages.

Expected before the first run: `check` 0.40 s, half of it libraries; the demo 2 s, 6 s without bytecode; 120 MB when it
listens, 250 MB at most; 20 s and 250 MB to install.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
from benchmarks.table import show
from benchmarks.up import COMMAND, up

from pointsman.clock import SystemClock
from pointsman.quantity import Quarter
from pointsman.sandbox import templates

CHECKS: Final = 15
DEMOS: Final = 5
QUESTIONS: Final = (1, 200, 500, 600)
LIBRARIES: Final = "import click, jinja2.sandbox, pydantic, sqlglot, yaml"
PINNED: Final = Path(__file__).parents[1] / "requirements" / "core.txt"


def times(project: Path, scratch: Path) -> list[dict[str, Any]]:
    demo = [COMMAND, "demo", "--json"]
    return [
        _timed("pointsman check", [COMMAND, "check", str(project)], CHECKS),
        _timed("python and its libraries", [sys.executable, "-c", LIBRARIES], CHECKS),
        _timed("pointsman demo --json", demo, DEMOS),
        _timed("the same without bytecode", demo, 1, {"PYTHONPYCACHEPREFIX": str(scratch / "bytecode")}),
    ]


def _timed(what: str, command: list[str], runs: int, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    environ = {**os.environ, **(environ or {})}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else what was edited last is compiled at every start
    wall, cpu = [], []
    for _ in range(runs + (runs > 1)):
        before, started = _children(), time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=environ)
        wall.append(time.perf_counter() - started)
        cpu.append(_children() - before)
    wall, cpu = wall[-runs:], cpu[-runs:]  # the first of several may still write bytecode
    return {
        "command": what,
        "runs": runs,
        "best s": round(min(wall), 3),
        "median s": round(statistics.median(wall), 3),
        "CPU best s": round(min(cpu), 3),
        "CPU median s": round(statistics.median(cpu), 3),
    }


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def memory(project: Path) -> list[dict[str, Any]]:
    async with up(project) as server:
        found = [{"pointsman up": "listens", "MB": round(server.memory())}]
    given = {"segment": "Enterprise", "region": "EMEA", "quarter": str(Quarter.containing(SystemClock().now().date()))}
    async with up(project, "--practice") as server, aiohttp.ClientSession(server.address) as session:
        found.append({"pointsman up": "--practice, listens", "MB": round(server.memory())})
        for asked in range(1, max(QUESTIONS) + 1):
            async with session.post("/flows/at-risk", json=given) as response:
                await response.read()
                assert response.status == 200, response.status
            if asked in QUESTIONS:
                found.append({"pointsman up": f"after {asked} questions", "MB": round(server.memory())})
    return found


def installation() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-m", "venv", scratch], check=True)
        empty = _megabytes(Path(scratch))
        pip = [f"{scratch}/bin/pip", "install", "-qq", "--disable-pip-version-check", "--no-cache-dir"]
        started = time.perf_counter()
        subprocess.run([*pip, "--require-hashes", "-r", str(PINNED)], check=True)
        taken = time.perf_counter() - started
        names = {path.name.partition("-")[0] for path in Path(scratch).glob("lib/*/site-packages/*.dist-info")}
        size = _megabytes(Path(scratch)) - empty
        packages = len(names - {"pip", "setuptools"})
        return [{"installed": PINNED.name, "s": round(taken, 1), "MB": round(size), "packages": packages}]


def _megabytes(folder: Path) -> float:
    """As disks count: whole blocks."""
    return sum(file.lstat().st_blocks * 512 for file in folder.rglob("*") if not file.is_symlink()) / 1e6


def measure(install: bool) -> dict[str, list[dict[str, Any]]]:
    if install:
        return {"installation": installation()}
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch, "sales")
        templates.write("sales", project)
        return {"time": times(project, Path(scratch)), "memory": asyncio.run(memory(project))}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--install", action="store_true", help="measure the installation instead")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    found = measure(chosen.install)
    if chosen.json:
        print(json.dumps(found))
        return
    for rows in found.values():
        show(rows)


if __name__ == "__main__":
    main()

"""`pointsman up` as a process of its own, for benchmarks that ask it from outside."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

COMMAND: Final = str(Path(sys.executable).with_name("pointsman"))
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Up:
    """A server and its process."""

    address: str
    pid: int

    def cpu(self) -> float:
        """Seconds of CPU since its start."""
        user, system = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / _TICKS

    def memory(self) -> float:
        """Resident, in MB (10^6 bytes)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6


@asynccontextmanager
async def up(project: Path, *options: str, core: int | None = None) -> AsyncIterator[Up]:
    """Serves a project on a free port of loopback until left. `core`: the only one that it may use."""

    def pinned() -> None:
        if core is not None:
            os.sched_setaffinity(0, {core})

    process = await asyncio.create_subprocess_exec(
        *(COMMAND, "up", "--json", "--port", "0", "-p", str(project), *options),
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=pinned,
    )
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), 30)
        yield Up(json.loads(said)["address"], process.pid)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()

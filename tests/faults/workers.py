"""Workers as real processes, which are killed, stopped and started again."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

LEASE = 2.0
READY = 30.0


@dataclass
class Worker:
    """`pointsman up --role worker` on a project. What it says goes to `worker.log` there."""

    root: Path
    environ: dict[str, str]
    lease: float
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Until it works."""
        pointsman = str(Path(sys.executable).with_name("pointsman"))
        command = ["up", "--role", "worker", "--lease", f"{self.lease:g}s", "-p", str(self.root)]
        with (self.root / "worker.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                pointsman, *command, "--json", stdout=asyncio.subprocess.PIPE, stderr=log, env=self.environ
            )
        assert self.process.stdout is not None
        said = await asyncio.wait_for(self.process.stdout.readline(), READY)
        assert said, (self.root / "worker.log").read_text()[-2000:]

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def kill(self) -> None:
        """As `kill -9` does."""
        await self._end(signal.SIGKILL)

    def pause(self) -> None:
        self._tell(signal.SIGSTOP)

    def go_on(self) -> None:
        self._tell(signal.SIGCONT)

    def _tell(self, kind: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(kind)

    async def _end(self, kind: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.returncode is None:
            self.process.send_signal(kind)
        await asyncio.wait_for(self.process.communicate(), READY)


@dataclass
class Workers:
    """Those of one project; all are gone at the end."""

    root: Path
    environ: dict[str, str]
    lease: float = LEASE
    all: list[Worker] = field(default_factory=list)

    async def start(self) -> Worker:
        worker = Worker(self.root, self.environ, self.lease)
        self.all.append(worker)
        await worker.start()
        return worker

    async def keep_one(self) -> None:
        """Starts a worker again whenever it ends, as a supervisor does, until cancelled."""
        worker = await self.start()
        while True:
            assert worker.process is not None
            await worker.process.wait()
            await worker.start()


@asynccontextmanager
async def working(root: Path, secrets: dict[str, str]) -> AsyncIterator[Workers]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    workers = Workers(root, {**kept, **secrets})
    try:
        yield workers
    finally:
        for worker in workers.all:
            await worker.kill()

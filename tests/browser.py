"""A real headless Chromium, and our application on a free port of this machine."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from starlette.applications import Starlette

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = Path(__file__).parent / "screenshots"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def need_chromium() -> None:
    """Skips where there is no Chromium; in CI that is a failure."""
    if CHROMIUM.exists():
        return
    sentence = f"{CHROMIUM} is not there, so the pages cannot be tried in a browser. Way out: scripts/system"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    """The application's address, served by uvicorn in this process."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            serving.result()
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@dataclass
class Watched:
    """A page and everything about it that must not happen."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)
    transferred: dict[str, int] = field(default_factory=dict)
    """Bytes over the wire by address."""

    async def open(self, path: str) -> None:
        await self.page.goto(self.address + path)

    async def picture(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    async def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        wider: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wider


@asynccontextmanager
async def watched(browser: Browser, address: str, *, refused: bool = False, **options: Any) -> AsyncIterator[Watched]:
    """A page in a fresh context; at the end it must have asked nobody else, broken no policy, logged no error.

    `refused`: the server is meant to answer with an error status, which Chromium logs.
    """
    context: BrowserContext = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    page = await context.new_page()
    watch = Watched(page, address)
    await context.add_init_script(
        "document.addEventListener('securitypolicyviolation', (e) => console.error('CSP: ' + e.violatedDirective))"
    )
    page.on("console", lambda said: watch.faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: watch.faults.append(str(error)))
    page.on(
        "request",
        lambda request: (
            watch.faults.append(f"asked {request.url}")
            if urlsplit(request.url).netloc != urlsplit(address).netloc
            else None
        ),
    )
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    addresses: dict[str, str] = {}
    session.on("Network.responseReceived", lambda e: addresses.update({e["requestId"]: e["response"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda e: watch.transferred.update({addresses.get(e["requestId"], "?"): int(e["encodedDataLength"])}),
    )
    try:
        yield watch
    finally:
        await context.close()
    meant = "Failed to load resource: the server responded with a status of"
    assert [fault for fault in watch.faults if not (refused and fault.startswith(meant))] == []

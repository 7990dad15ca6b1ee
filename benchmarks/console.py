"""How fast the console's pages come: medians in a real Chromium, cold cache, at full speed and at a quarter of it.

    python -m benchmarks.console

Needs /usr/bin/chromium (scripts/system installs it). Budget: 1,000 ms to content at a quarter of the CPU, 60 KB.
"""

import asyncio
from statistics import median

from playwright.async_api import Browser
from starlette.applications import Starlette
from tests import console_backend as made
from tests.browser import chromium, served, watched

from pointsman.doors import console

PAGES = {
    "home": "/",
    "answer, 12 rows": "/answers/full",
    "answer, 50 rows": "/answers/fifty",
    "answer, row opened": "/answers/fifty?open=001EM0001",
    "run, waterfall": "/runs/finished",
    "list of runs": "/runs",
}
_CONTENT = """() => new Promise((done) => new PerformanceObserver((list) => {
  done(list.getEntriesByName('first-contentful-paint')[0].startTime);
}).observe({type: 'paint', buffered: true}))"""


async def load(browser: Browser, address: str, path: str, slower: int) -> tuple[float, float]:
    """Milliseconds from navigation to the first content, and kilobytes over the wire."""
    async with watched(browser, address) as watch:
        session = await watch.page.context.new_cdp_session(watch.page)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        await watch.open(path)
        await watch.page.wait_for_load_state("networkidle")
        content = await watch.page.evaluate(_CONTENT)
        return content, sum(watch.transferred.values()) / 1024


async def main() -> None:
    backend = made.backend()
    customers = [made.customer(index) for index in range(50)]
    result = {"customers": customers, "drafts": [made.draft(row) for row in customers]}
    backend.records.append(made.run("fifty", answer=made.envelope("fifty", result=result)))
    print(f"{'page':<22}{'content ms':>12}{'at CPU/4 ms':>13}{'KB':>8}")
    async with served(Starlette(routes=console.routes(backend))) as address, chromium() as browser:
        for name, path in PAGES.items():
            full = [await load(browser, address, path, 1) for _ in range(5)]
            quarter = [await load(browser, address, path, 4) for _ in range(5)]
            times = median(ms for ms, _ in full), median(ms for ms, _ in quarter)
            print(f"{name:<22}{times[0]:>12.0f}{times[1]:>13.0f}{full[0][1]:>8.1f}")


if __name__ == "__main__":
    asyncio.run(main())

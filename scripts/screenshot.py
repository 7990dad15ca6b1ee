#!/usr/bin/env python
"""Makes docs/answer.png: the answer page of the worked example, as Chromium shows it.

python scripts/screenshot.py        needs /usr/bin/chromium (scripts/system) and the tools for tests (make setup-dev)
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from playwright.async_api import async_playwright

from pointsman.doors.cli.demo import QUESTION
from pointsman.sandbox import templates

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "answer.png"
WIDTH, HEIGHT = 1120, 690


@asynccontextmanager
async def served(project: Path) -> AsyncIterator[str]:
    """The address of `pointsman up` on the project's practice systems."""
    pointsman = Path(sys.executable).with_name("pointsman")
    server = await asyncio.create_subprocess_exec(
        pointsman, "up", "--practice", "--port", "0", "--json", "-p", project, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    try:
        yield json.loads(await server.stdout.readline())["address"]
    finally:
        server.terminate()
        await server.wait()


async def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        templates.write("sales", Path(scratch, "sales"))
        async with served(Path(scratch, "sales")) as address:
            async with (
                aiohttp.ClientSession() as session,
                session.post(f"{address}/api/ask", json={"question": QUESTION}) as reply,
            ):
                answer = await reply.json()
            first = answer["result"]["customers"][0]["account_id"]
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
                page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
                await page.goto(f"{address}/answers/{answer['run']}?open={first}", wait_until="networkidle")
                await page.screenshot(path=PICTURE)
                await browser.close()
    print(f"{PICTURE.relative_to(Path.cwd())}: {PICTURE.stat().st_size // 1024} KB")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())

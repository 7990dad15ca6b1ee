"""`pointsman demo`: the worked example on practice systems, from question to answer."""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

import click

from pointsman.doors import server
from pointsman.doors.cli import options, talk
from pointsman.doors.cli.answer import show
from pointsman.doors.cli.opened import opened
from pointsman.sandbox import templates

QUESTION: Final = (
    "Show me which enterprise customers in EMEA are at risk of churn this quarter "
    "and draft a personalized retention email for each."
)


@click.command()
@click.option("-p", "--project", "root", type=click.Path(path_type=Path), help="A folder made by pointsman init.")
@click.option("--question", default=QUESTION, help="Another question.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Where the console is served; 0 = a free port.",
)
@options.as_json
def demo(root: Path | None, question: str, port: int, as_json: bool) -> None:
    """Start the practice systems, ask the question, print the answer, and serve the console until stopped.

    Without a terminal, and with --json, it ends after the answer.
    """
    with tempfile.TemporaryDirectory(prefix="pointsman-demo-") as scratch:
        folder = root
        if folder is None:
            folder = Path(scratch) / "sales"
            templates.write("sales", folder)
        asyncio.run(_demo(folder, question, port, as_json, keeps_serving=talk.person() and not as_json))


async def _demo(root: Path, question: str, port: int, as_json: bool, *, keeps_serving: bool) -> None:
    listener = server.bind("127.0.0.1", port) if keeps_serving else None
    async with opened(root, practising=True, quiet=as_json) as pointsman:
        if not as_json:
            talk.say(f"{question}\n")
        run = await pointsman.start_question(question, door="cli")
        show(await run.answered(), as_json)
        if listener is None:
            return

        def ready(address: str) -> None:
            talk.say(f"\nThe same as a page: {address}/answers/{run.id}   (all: {address}) Ctrl-C stops it.")

        await server.serve(pointsman, listener, ready)

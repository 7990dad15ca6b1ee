"""`pointsman ask`: a question in words."""

import asyncio
import os
from pathlib import Path

import click

from pointsman.assemble import assemble
from pointsman.doors.cli import options
from pointsman.doors.cli.answer import show


@click.command()
@click.argument("question")
@options.project
@options.as_json
def ask(question: str, root: Path, environment: str | None, as_json: bool) -> None:
    """Read QUESTION into a flow's input, run the flow, and print its answer."""
    examined = options.sound(root, environment)

    async def go() -> None:
        async with assemble(examined, root, environ=os.environ) as pointsman:
            run = await pointsman.start_question(question, door="cli")
            show(await run.answered(), as_json)

    asyncio.run(go())

"""`pointsman ask`: a question in words."""

import asyncio
from pathlib import Path

import click

from pointsman.doors.cli import options
from pointsman.doors.cli.answer import show
from pointsman.doors.cli.opened import opened


@click.command()
@click.argument("question")
@options.project
@options.practice
@options.as_json
def ask(question: str, root: Path, environment: str | None, practising: bool, as_json: bool) -> None:
    """Read QUESTION into a flow's input, run the flow, and print its answer."""

    async def go() -> None:
        async with opened(root, environment, practising=practising, quiet=as_json) as pointsman:
            run = await pointsman.start_question(question, door="cli")
            show(await run.answered(), as_json)

    asyncio.run(go())

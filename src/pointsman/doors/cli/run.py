"""`pointsman run`: one run of a flow, in this process."""

import asyncio
from pathlib import Path
from typing import BinaryIO

import click

from pointsman.doors.cli import options
from pointsman.doors.cli.answer import show
from pointsman.doors.cli.inputs import read_inputs, read_object
from pointsman.doors.cli.opened import opened
from pointsman.errors import Refused, way_out


@click.command()
@click.argument("flow")
@click.option("-i", "--input", "pairs", multiple=True, metavar="NAME=VALUE", help="One input; repeat for more.")
@click.option("--input-file", type=click.File("rb"), help="All inputs, as a JSON object (- = stdin).")
@options.project
@options.practice
@options.as_json
def run(
    flow: str,
    pairs: tuple[str, ...],
    input_file: BinaryIO | None,
    root: Path,
    environment: str | None,
    practising: bool,
    as_json: bool,
) -> None:
    """Run FLOW once and print its answer."""
    given = {} if input_file is None else read_object(input_file)

    async def go() -> None:
        async with opened(root, environment, practising=practising, quiet=as_json) as pointsman:
            head = pointsman.heads.get(flow)
            if head is None:
                raise Refused(f"no flow named {flow!r}.", way_out=way_out(flow, pointsman.heads, "Flows"))
            started = await pointsman.runs.start(flow, {**given, **read_inputs(pairs, head.input)}, door="cli")
            show(await started.answered(), as_json)

    asyncio.run(go())

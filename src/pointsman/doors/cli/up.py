"""`pointsman up`: serve a project."""

import asyncio
from pathlib import Path

import click

from pointsman.assemble import Pointsman
from pointsman.doors import server
from pointsman.doors.cli import options, talk
from pointsman.doors.cli.opened import opened


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address; others are refused.")
@click.option("--port", default=8080, show_default=True, help="Where to listen; 0 = a free port.")
@options.project
@options.practice
@options.as_json
def up(host: str, port: int, root: Path, environment: str | None, practising: bool, as_json: bool) -> None:
    """Serve the project's flows, questions and console, on loopback."""
    listener = server.bind(host, port)

    async def go() -> None:
        async with opened(root, environment, practising=practising, quiet=as_json) as pointsman:
            await server.serve(pointsman, listener, lambda address: _say(pointsman, address, as_json))

    asyncio.run(go())


def _say(pointsman: Pointsman, address: str, as_json: bool) -> None:
    if as_json:
        talk.json({"address": address, "flows": sorted(pointsman.heads)})
        return
    talk.say(f"{pointsman.project.file.project} is up at {address}   (API: {address}/openapi.json)")
    talk.say("Everyone on this machine may call it: no identity provider is set. Ctrl-C stops it.")

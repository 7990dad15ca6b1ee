"""`pointsman up`: serve a project."""

import asyncio
import os
from pathlib import Path

import click

from pointsman.assemble import assemble
from pointsman.doors import server
from pointsman.doors.cli import options, talk


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True)
@options.project
@options.as_json
def up(host: str, port: int, root: Path, environment: str | None, as_json: bool) -> None:
    """Serve the project's flows, questions and console, on loopback."""
    examined = options.sound(root, environment)
    listener = server.bind(host, port)

    def ready(address: str) -> None:
        if as_json:
            talk.json({"address": address, "flows": sorted(examined.plans)})
            return
        talk.say(f"{examined.project.file.project} is up at {address}   (API: {address}/openapi.json)")
        talk.say("Everyone on this machine may call it: no identity provider is set. Ctrl-C stops it.")

    async def go() -> None:
        async with assemble(examined, root, environ=os.environ) as pointsman:
            await server.serve(pointsman, listener, ready)

    asyncio.run(go())

"""`pointsman up`: serve a project."""

import asyncio
from pathlib import Path

import click

from pointsman.assemble import Pointsman
from pointsman.doors import server
from pointsman.doors.cli import options, talk
from pointsman.doors.cli.duration import Duration
from pointsman.doors.cli.opened import opened


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address; others are refused.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Where to listen; 0 = a free port."
)
@click.option(
    "--role",
    type=click.Choice(["all", "worker"]),
    default="all",
    show_default=True,
    help="A worker serves nothing; it works on the durable runs of the project's journal.",
)
@click.option(
    "--lease",
    type=Duration(),
    default="30s",
    show_default=True,
    help="How long a durable run stays with a process that went silent, before another takes it over.",
)
@options.project
@options.practice
@options.as_json
def up(
    host: str, port: int, role: str, lease: float, root: Path, environment: str | None, practising: bool, as_json: bool
) -> None:
    """Serve the project's flows, questions and console, on loopback; and work on its durable runs."""
    listener = server.bind(host, port) if role == "all" else None

    async def go() -> None:
        async with opened(root, environment, practising=practising, quiet=as_json, lease=lease) as pointsman:
            if listener is None:
                await server.work(pointsman, lambda: _say_working(pointsman, as_json))
            else:
                await server.serve(pointsman, listener, lambda address: _say(pointsman, address, as_json))

    asyncio.run(go())


def _say_working(pointsman: Pointsman, as_json: bool) -> None:
    if as_json:
        talk.json({"worker": pointsman.durable.worker if pointsman.durable else None})
        return
    talk.say(f"{pointsman.project.file.project}: working on durable runs. Ctrl-C stops it.")


def _say(pointsman: Pointsman, address: str, as_json: bool) -> None:
    if as_json:
        talk.json({"address": address, "flows": sorted(pointsman.heads)})
        return
    talk.say(f"{pointsman.project.file.project} is up at {address}   (API: {address}/openapi.json)")
    talk.say("Everyone on this machine may call it: no identity provider is set. Ctrl-C stops it.")

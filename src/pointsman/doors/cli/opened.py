"""The project that a verb acts on, opened: as it stands, or on the practice systems that it names."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import click

from pointsman.assemble import Pointsman, assemble, journal_of
from pointsman.clock import SystemClock
from pointsman.doors.cli import options, talk
from pointsman.errors import Refused
from pointsman.quantity import Quarter

NOTICE: Final = "Practice data: every customer, person and number here is invented."


@asynccontextmanager
async def opened(
    root: Path, environment: str | None = None, *, practising: bool, quiet: bool
) -> AsyncIterator[Pointsman]:
    """Ready to run, until left; says first when the data are practice, unless `quiet`.

    Raises Refused for a project with mistakes, or without the practice systems that it should run on.
    """
    if not practising:
        examined = options.sound(root, environment)
        async with assemble(
            examined, root, environ=os.environ, journal=journal_of(examined.project, root, os.environ)
        ) as pointsman:
            yield pointsman
        return
    if environment is not None:
        raise click.UsageError("--practice and --env both say which systems to use; give one of them.")
    async with _on_practice_systems(root) as pointsman:
        if not quiet:
            talk.say(f"{NOTICE}\n")
        yield pointsman


@asynccontextmanager
async def _on_practice_systems(root: Path) -> AsyncIterator[Pointsman]:
    # Loaded only here: the other runs of a project must not wait for what makes and serves practice data.
    from pointsman.sandbox.sales.serve import practice

    kind = options.sound(root, None).project.file.sandbox
    if kind != "sales":
        raise Refused(f"{root} has no practice systems.", way_out="Write the example with: pointsman init <folder>.")
    async with practice(root, Quarter.containing(SystemClock().now().date())) as systems:
        examined = options.sound(root, None, systems.overlay)
        async with assemble(
            examined, root, environ=os.environ, notice=NOTICE, journal=journal_of(examined.project, root, os.environ)
        ) as pointsman:
            yield pointsman

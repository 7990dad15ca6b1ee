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

SETTLES: Final = 2.0
"""Seconds for what goes on after an answer, such as asking people, before the project is left."""
NOTICE: Final = "Practice data: every customer, person and number here is invented."


@asynccontextmanager
async def opened(
    root: Path,
    environment: str | None = None,
    *,
    practising: bool,
    quiet: bool,
    lease: float | None = None,
) -> AsyncIterator[Pointsman]:
    """Ready to run, until left; says first when the data are practice, unless `quiet`. `lease`: seconds for which a
    durable run stays with this process when it goes silent.

    Raises Refused for a project with mistakes, or without the practice systems that it should run on.
    """
    if not practising:
        examined = options.sound(root, environment)
        journal = journal_of(examined.project, root, os.environ)
        async with _leased(assemble(examined, root, environ=os.environ, journal=journal), lease) as pointsman:
            yield pointsman
            await _settle(pointsman)
        return
    if environment is not None:
        raise click.UsageError("--practice and --env both say which systems to use; give one of them.")
    async with _on_practice_systems(root, lease) as pointsman:
        if not quiet:
            talk.say(f"{NOTICE}\n")
        yield pointsman
        await _settle(pointsman)


async def _settle(pointsman: Pointsman) -> None:
    """Lets a durable run come to rest: one that is cut off in a write would have to ask whether that happened."""
    if pointsman.durable is not None:
        await pointsman.durable.drain(SETTLES)


@asynccontextmanager
async def _on_practice_systems(root: Path, lease: float | None) -> AsyncIterator[Pointsman]:
    # Loaded only here: the other runs of a project must not wait for what makes and serves practice data.
    from pointsman.sandbox.sales.serve import practice

    kind = options.sound(root, None).project.file.sandbox
    if kind != "sales":
        raise Refused(f"{root} has no practice systems.", way_out="Write the example with: pointsman init <folder>.")
    async with practice(root, Quarter.containing(SystemClock().now().date())) as systems:
        examined = options.sound(root, None, systems.overlay)
        journal = journal_of(examined.project, root, os.environ)
        made = assemble(examined, root, environ=os.environ, notice=NOTICE, journal=journal)
        async with _leased(made, lease) as pointsman:
            yield pointsman


def _leased(pointsman: Pointsman, lease: float | None) -> Pointsman:
    if lease is not None and pointsman.durable is not None:
        pointsman.durable.lease = lease
    return pointsman

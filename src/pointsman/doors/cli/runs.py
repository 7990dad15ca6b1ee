"""`pointsman runs`: what ran, what it waits for, and what people do about it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import click
from click.core import ParameterSource

from pointsman.assemble import Pointsman
from pointsman.clock import Clock
from pointsman.doors.cli import go_on, options, talk, waterfall
from pointsman.doors.cli.opened import opened
from pointsman.doors.cli.part_of_id import run_of, short
from pointsman.doors.cli.plainly import cut, lasted, moment, plain, table
from pointsman.errors import Refused
from pointsman.flows.runs import TENANT
from pointsman.journal.record import RunRecord, RunStatus, cost, summary

HEAD = ("ID", "STATUS", "FLOW", "STARTED (UTC)", "LASTED", "TOKENS", "DOLLARS", "")


@click.group(invoke_without_command=True)
@click.option("--flow", metavar="NAME", help="Only runs of this flow.")
@click.option("--status", type=click.Choice(get_args(RunStatus)), help="Only runs with this status.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="How many at most.")
@click.option("--before", metavar="RUN", help="Those that are older than this one.")
@options.project
@options.as_json
@click.pass_context
def runs(
    context: click.Context,
    flow: str | None,
    status: str | None,
    limit: int,
    before: str | None,
    root: Path,
    environment: str | None,
    as_json: bool,
) -> None:
    """List the project's durable runs, the newest first.

    RUN is a beginning or an end of an id that no other one has. Tokens and dollars are those up to the answer.
    """
    if context.invoked_subcommand is not None:
        given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
        if given:
            raise click.UsageError(f"options stand behind the verb: pointsman runs {context.invoked_subcommand} …")
        return

    async def act(pointsman: Pointsman) -> None:
        last = None if before is None else await run_of(pointsman, before)
        found = await pointsman.runs.newest(limit=limit, before=last, flow=flow, status=status)
        if as_json:
            talk.json({"runs": [summary(record) for record in found]})
        elif not found:
            talk.say("No such runs.")
        else:
            for line in table(HEAD, [_row(record, pointsman.clock) for record in found], right=(4, 5, 6)):
                talk.data(line)

    _in_project(root, environment, act)


RUN = click.argument("run", metavar="RUN")


@runs.command()
@RUN
@options.project
@options.as_json
def show(run: str, root: Path, environment: str | None, as_json: bool) -> None:
    """Show RUN: its steps with status, rows, tries and reasons, and when each of them ran."""

    async def act(pointsman: Pointsman) -> None:
        record = await pointsman.runs.get(await run_of(pointsman, run))
        if as_json:
            steps = [asdict(step) for step in record.steps.values()]
            talk.json({**summary(record), "steps": steps, "answer": record.answer})
            return
        for line in waterfall.lines(record, pointsman.clock.now()):
            talk.data(line)

    _in_project(root, environment, act)


@runs.command()
@RUN
@click.option("--reason", help="Why, in words; kept with the run.")
@options.project
@options.as_json
def cancel(run: str, reason: str | None, root: Path, environment: str | None, as_json: bool) -> None:
    """End RUN, wherever it is worked on; what waits for people in it is withdrawn."""

    async def act(pointsman: Pointsman) -> None:
        which = await run_of(pointsman, run)
        await pointsman.runs.cancel(which, reason or "cancelled from the command line")
        _say(await pointsman.runs.get(which), as_json)

    _in_project(root, environment, act)


@runs.command()
@RUN
@click.option("--work", is_flag=True, help="Work on it here, until it waits or ends.")
@options.project
@options.practice
@options.as_json
def retry(run: str, work: bool, root: Path, environment: str | None, practising: bool, as_json: bool) -> None:
    """Let RUN, which failed or was cancelled, go on where it stood: what is finished is not done again."""

    async def act(pointsman: Pointsman) -> None:
        which = await run_of(pointsman, run)
        if not await go_on.durable_of(pointsman).journal.retry(which, TENANT):
            status = (await pointsman.runs.get(which)).status
            raise Refused(f"run {short(which)} is {status}; only a failed or cancelled one is retried.", status=409)
        if not work:
            _say(await pointsman.runs.get(which), as_json)
            if not as_json:
                go_on.say_who(which)
            return
        record = await go_on.go_on(pointsman, which)
        if as_json:
            talk.json(summary(record))
        else:
            go_on.say(record)

    _in_project(root, environment, act, practising=practising, quiet=as_json)


def _in_project(
    root: Path,
    environment: str | None,
    act: Callable[[Pointsman], Awaitable[None]],
    *,
    practising: bool = False,
    quiet: bool = True,
) -> None:
    async def go() -> None:
        async with opened(root, environment, practising=practising, quiet=quiet) as pointsman:
            await act(pointsman)

    asyncio.run(go())


def _row(record: RunRecord, clock: Clock) -> tuple[str, ...]:
    tokens, dollars = cost(record)
    return (
        short(record.id),
        record.status,
        f"{plain(record.flow)}@{record.version}",
        moment(record.started),
        lasted(((record.ended or clock.now()) - record.started).total_seconds()),
        f"{tokens:,}",
        f"{dollars:.4f}" if dollars else "0",
        cut(record.error or "", 60),
    )


def _say(record: RunRecord, as_json: bool) -> None:
    if as_json:
        talk.json(summary(record))
    else:
        talk.data(f"{short(record.id)}  {record.status}")

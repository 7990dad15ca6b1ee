"""`pointsman approve`: what waits for a person, and a decision on it."""

import asyncio
import getpass
from pathlib import Path
from typing import Any

import click

from pointsman.assemble import Pointsman
from pointsman.doors.cli import ask_person, effect, go_on, options, talk
from pointsman.doors.cli.decide import Wish, decide
from pointsman.doors.cli.opened import opened
from pointsman.doors.cli.part_of_id import approval_of, run_of
from pointsman.errors import Refused
from pointsman.flows.decisions import Decisions, shown
from pointsman.journal.port import Page
from pointsman.quantity import seconds

SHOWN = 500


@click.command()
@click.argument("approval", metavar="[ID]", required=False)
@click.option("-y", "--yes", is_flag=True, help="Decide without asking.")
@click.option("--reject", is_flag=True, help="Reject it; nothing is done for it.")
@click.option("--reason", help="Why, in words; kept with the decision.")
@click.option("--edit", "edits", multiple=True, metavar="FIELD=TEXT", help="Change a text, then approve; repeatable.")
@click.option("--editor", is_flag=True, help="Change the texts in $EDITOR, then approve.")
@click.option("--snooze", metavar="TIME", help="Take it off the list for a while, such as 4h or 1d.")
@click.option("--all", "every", is_flag=True, help="Everything that waits in the run named by --run.")
@click.option("--run", metavar="RUN", help="Only what waits in this run.")
@click.option("--as", "name", metavar="NAME", help="Who decides; by default the user who is logged in.")
@click.option("--work", is_flag=True, help="Then work on the run here, until it waits or ends.")
@options.project
@options.practice
@options.as_json
def approve(
    approval: str | None,
    yes: bool,
    reject: bool,
    reason: str | None,
    edits: tuple[str, ...],
    editor: bool,
    snooze: str | None,
    every: bool,
    run: str | None,
    name: str | None,
    work: bool,
    root: Path,
    environment: str | None,
    practising: bool,
    as_json: bool,
) -> None:
    """Show what waits for a person; with ID, show exactly what will be done, and decide on it.

    ID is a beginning or an end of an id that no other one has.
    """
    wish = Wish(reject, reason, _fields(edits), editor, None if snooze is None else _seconds(snooze), name or _user())
    _fit_together(wish, approval, every, run, work)

    async def go() -> None:
        async with opened(root, environment, practising=practising, quiet=as_json) as pointsman:
            decisions = pointsman.decisions
            assert decisions is not None, "a project is opened with its journal"
            of = None if run is None else await run_of(pointsman, run)
            if approval is None and not every:
                _list(await _waiting(decisions, of), as_json)
                return
            items = (
                [shown(await approval_of(decisions, approval))]
                if approval
                else await _all(decisions, of, wish, as_json)
            )
            decided, failed = await decide(decisions, items, wish, asks=not yes, one=not every, as_json=as_json)
            await _then(pointsman, decided, failed, work=work, as_json=as_json, snoozed=snooze is not None)

    asyncio.run(go())


def _fit_together(wish: Wish, approval: str | None, every: bool, run: str | None, work: bool) -> None:
    """Raises click.UsageError for options that contradict each other."""
    chosen = [
        name
        for name, given in {
            "--reject": wish.reject,
            "--edit": bool(wish.edits),
            "--editor": wish.editor,
            "--snooze": wish.snooze is not None,
        }.items()
        if given
    ]
    if len(chosen) > 1:
        raise click.UsageError(f"{' and '.join(chosen)} cannot go together.")
    if every and (approval is not None or run is None):
        raise click.UsageError("--all is everything that waits in one run: give --run, and no ID.")
    if every and (wish.edits or wish.editor):
        raise click.UsageError("--all cannot go with a change of one item's texts.")
    if approval is None and not every and (chosen or wish.reason or work):
        raise click.UsageError("say which one: an ID, or --all --run RUN.")
    if approval is not None and run is not None:
        raise click.UsageError("an ID needs no --run.")
    if work and wish.snooze is not None:
        raise click.UsageError("--work has nothing to go on with after --snooze.")
    if wish.editor and not ask_person.is_there():
        raise click.UsageError("--editor needs a terminal; --edit FIELD=TEXT does not.")


async def _waiting(decisions: Decisions, run: str | None) -> list[dict[str, Any]]:
    return await decisions.waiting(Page(limit=SHOWN, filters={} if run is None else {"run": run}))


async def _all(decisions: Decisions, run: str | None, wish: Wish, as_json: bool) -> list[dict[str, Any]]:
    """What waits in a run, but for questions of fact, which want an answer each."""
    waiting = await _waiting(decisions, run)
    items = [item for item in waiting if item["kind"] != "uncertain"]
    if not items:
        raise Refused("nothing waits in this run that could be decided together.", way_out="See pointsman approve.")
    if len(waiting) > len(items) and not as_json:
        questions = talk.counted(len(waiting) - len(items), "question")
        talk.say(f"Left out: {questions} whether something has happened; answer each by its ID.")
    return items


def _list(items: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        talk.json({"approvals": items})
    elif not items:
        talk.say("Nothing waits.")
    else:
        for line in effect.listed(items):
            talk.data(line)
        if len(items) == SHOWN:
            talk.say(f"The {SHOWN} that expire first; there may be more.")


async def _then(
    pointsman: Pointsman,
    decided: list[dict[str, Any]],
    failed: list[str],
    *,
    work: bool,
    as_json: bool,
    snoozed: bool,
) -> None:
    """Says what became of it, and goes on with the run where that was wanted."""
    record = await go_on.go_on(pointsman, decided[0]["run"]) if work and decided else None
    if as_json:
        talk.json({"decided": decided, "failed": failed, "run": None if record is None else record.status})
    elif record is not None:
        go_on.say(record)
    elif decided and not snoozed:
        go_on.say_who(decided[0]["run"])
    if failed:
        raise click.exceptions.Exit(1)


def _fields(edits: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for edit in edits:
        name, sign, text = edit.partition("=")
        if not sign:
            raise click.UsageError(f"a change is written field=text; got {edit!r}.")
        if name in found:
            raise click.UsageError(f"the field {name!r} is changed twice.")
        found[name] = text
    return found


def _seconds(text: str) -> float:
    try:
        return seconds(text)
    except ValueError as wrong:
        raise click.UsageError(f"--snooze: {wrong}.") from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as containers have
        return "local"

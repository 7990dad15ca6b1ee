"""A durable run, worked on in this process until it waits or ends."""

from typing import Final

from pointsman.assemble import Pointsman
from pointsman.doors.cli import talk
from pointsman.doors.cli.part_of_id import short
from pointsman.doors.cli.plainly import plain
from pointsman.errors import Refused
from pointsman.flows.durable import Durable
from pointsman.journal.record import RunRecord

SETTLES: Final = 10.0
"""Seconds for the journal to take down how a run ended."""


def durable_of(pointsman: Pointsman) -> Durable:
    assert pointsman.durable is not None, "a project is opened with its journal"
    return pointsman.durable


async def go_on(pointsman: Pointsman, run: str) -> RunRecord:
    """The run as it stands after it. One that another worker has is left to that one."""
    durable = durable_of(pointsman)
    held = await durable.begin(run)
    if held is not None:
        await held.ended()
        await durable.drain(SETTLES)
    return await pointsman.runs.get(run)


def say(record: RunRecord) -> None:
    """What became of it. Raises Refused when it failed."""
    if record.status == "failed":
        raise Refused(
            plain(record.error or "it failed").rstrip("."),
            where=f"run {short(record.id)}",
            way_out=f"See pointsman runs show {short(record.id)}; then pointsman runs retry {short(record.id)}.",
        )
    reasons = [step.reason for step in record.steps.values() if step.status == "waiting" and step.reason]
    why = f": {plain('; '.join(reasons))}" if record.status == "waiting" and reasons else ""
    by = " by another worker" if record.status == "running" else ""
    talk.say(f"Run {short(record.id)} is {record.status}{by}{why}.")


def say_who(run: str) -> None:
    """Who goes on with a run that is not worked on here."""
    talk.say(f"Run {short(run)} goes on in pointsman up (or a worker of it), at once if one is there; --work: here.")

"""How the command line speaks: data on stdout, talk on stderr, errors as sentences."""

import os
import sys
from typing import Any

import click

from pointsman.errors import Broken, Fault, Later


def data(text: str) -> None:
    """A line of data."""
    click.echo(text)


def say(text: str) -> None:
    """A line of talk."""
    click.echo(text, err=True)


def counted(amount: int, noun: str) -> str:
    """`1 flow`, `2 flows`."""
    return f"{amount} {noun}{'s'[: amount != 1]}"


def next_step(command: str, why: str) -> None:
    """What to do now."""
    say(f"\nNext: {click.style(command, bold=True, fg=None) if color() else command}  {why}")


def json(value: object) -> None:
    """One JSON object on stdout."""
    from pointsman.doors.api.body import to_json

    click.echo(to_json(value, pretty=sys.stdout.isatty()).decode())


def color() -> bool:
    """Whether a person reads this in a terminal that shows colours (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def person() -> bool:
    """Whether a person sits at a terminal."""
    return sys.stdout.isatty()


def fault(fault: Fault, as_json: bool) -> None:
    """An error, as its sentence or as one JSON object."""
    nearest = getattr(fault, "nearest", ())
    if as_json:
        found: dict[str, Any] = {"code": fault.code, "message": fault.sentence, "status": fault.status}
        json({"error": found | ({"nearest": list(nearest)} if nearest else {})})
        return
    say(fault.sentence)
    for form in nearest:
        say(f"  {form}")


def usage(wrong: click.UsageError, as_json: bool) -> None:
    """A wrong command line."""
    if as_json:
        json({"error": {"code": "usage", "message": wrong.format_message()}})
        return
    context = f"\n{wrong.ctx.get_usage()}" if wrong.ctx else ""
    say(f"{wrong.format_message()}{context}")


def exit_code(fault: Fault) -> int:
    """0 ok, 1 refused or findings, 69 unavailable, 75 try later, 77 not permitted, 124 deadline."""
    if fault.status == 504:
        return 124
    if fault.status == 403:
        return 77
    if isinstance(fault, Later):
        return 75
    return 69 if isinstance(fault, Broken) else 1

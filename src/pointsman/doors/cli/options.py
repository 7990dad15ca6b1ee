"""Options that several verbs take."""

from pathlib import Path
from typing import Any, TypeVar

import click

from pointsman.doors.cli import talk
from pointsman.errors import Refused
from pointsman.folder import Examined, examine
from pointsman.spec.problem import render

Command = TypeVar("Command", bound=Any)


def as_json(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")(command)


def project(command: Command) -> Command:
    """`--project` and `--env`."""
    folder = click.option(
        "-p",
        "--project",
        "root",
        type=click.Path(path_type=Path),
        default=Path(),
        help="The project's folder; the present one by default.",
    )
    overlay = click.option("-e", "--env", "environment", help="An overlay of env/, such as dev or prod.")
    return folder(overlay(command))


def practice(command: Command) -> Command:
    """`--practice`."""
    help_text = "On the practice systems that the project names, started beside it."
    return click.option("--practice", "practising", is_flag=True, help=help_text)(command)


def sound(root: Path, environment: str | None, overlay: dict[str, Any] | None = None) -> Examined:
    """The project, examined. Raises Refused, after showing every problem, when it cannot run."""
    examined = examine(root, environment, overlay)
    errors = [problem for problem in examined.problems if problem.severity == "error"]
    if errors:
        talk.say(render(errors, color=talk.color()) + "\n")
        raise Refused(
            f"{root} has {len(errors)} mistake{'s'[: len(errors) != 1]}.",
            way_out="Mend them; pointsman check shows them again.",
        )
    return examined

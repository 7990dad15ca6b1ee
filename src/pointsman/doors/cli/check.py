"""`pointsman check`: every mistake in a project, in one go."""

from pathlib import Path

import click

from pointsman.doors.cli import options, talk
from pointsman.folder import examine
from pointsman.spec.problem import render


@click.command()
@click.argument("root", type=click.Path(path_type=Path), default=Path())
@click.option("-e", "--env", "environment", help="An overlay of env/, such as dev or prod.")
@options.as_json
def check(root: Path, environment: str | None, as_json: bool) -> None:
    """Find every mistake in the project at ROOT (the present folder), without asking any system."""
    examined = examine(root, environment)
    errors = sum(problem.severity == "error" for problem in examined.problems)
    if as_json:
        talk.json({"ok": errors == 0, "problems": [problem.as_dict() for problem in examined.problems]})
    else:
        if examined.problems:
            talk.data(render(examined.problems, color=talk.color()))
        else:
            project = examined.project
            parts = {
                "flow": project.flows,
                "connection": project.connections,
                "model": project.models,
                "prompt": project.prompts,
            }
            counts = ", ".join(talk.counted(len(part), noun) for noun, part in parts.items())
            talk.say(f"No mistakes: {counts}.")
    raise SystemExit(1 if errors else 0)

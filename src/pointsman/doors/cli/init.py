"""`pointsman init`: a project folder to start from."""

from pathlib import Path

import click

from pointsman.doors.cli import options, talk
from pointsman.sandbox import templates


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--template", default="sales", show_default=True, help="Which one to start from.")
@options.as_json
def init(folder: Path, template: str, as_json: bool) -> None:
    """Write a project into FOLDER."""
    written = templates.write(template, folder)
    names = [path.relative_to(folder).as_posix() for path in written]
    if as_json:
        talk.json({"folder": str(folder), "template": template, "files": names})
        return
    for name in names:
        talk.data(f"{folder}/{name}")
    talk.next_step(f"pointsman demo -p {folder}", "answers the question on practice systems")

"""`pointsman schema`: JSON Schemas of the project files, for editors."""

from pathlib import Path

import click

from pointsman.doors.cli import options, talk
from pointsman.spec.json_schema import schemas


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path(".pointsman/schema"),
    show_default=True,
    help="The folder to write them into.",
)
@options.as_json
def schema(out: Path, as_json: bool) -> None:
    """Write one JSON Schema for each kind of file."""
    from pointsman.doors.api.body import to_json

    made = schemas()
    if as_json:
        talk.json(made)
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        path = out / f"{name}.json"
        path.write_bytes(to_json(content, pretty=True) + b"\n")
        talk.data(str(path))
    talk.say("\nName one on a file's first line, and the editor completes and checks it:")
    talk.say(f"# yaml-language-server: $schema=../{out}/flow.json")

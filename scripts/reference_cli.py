"""Makes docs/reference/command-line.md from the command line itself. Written by scripts/reference.py (make docs)."""

from collections.abc import Iterator

import click

from pointsman.doors.cli.group import VERBS, pointsman

_MADE = "<!-- Made by scripts/reference_cli.py from the source; change it there. -->"
EXIT_CODES = {
    0: "It worked.",
    1: "Refused, or something was found: the request or the project must change. `check` with mistakes, `doctor` with "
    "something that is down, a question that cannot be read.",
    64: "The command line itself is wrong.",
    69: "Something is broken, and an operator must act: a wrong credential, a system that answers nonsense.",
    75: "It may work later: a system is down or busy.",
    77: "Not permitted.",
    124: "Out of time.",
    130: "Interrupted (Ctrl-C).",
}
"""What each exit code means; 2 is kept for `plan` and `diff`, which are not there yet."""


def page() -> str:
    group = click.Context(pointsman, info_name="pointsman")
    parts = [
        _MADE,
        "# Command line",
        "`pointsman <verb>`; `pointsman <verb> --help` says the same as this page. stdout is data, stderr is talk, so "
        "`pointsman run … --json > answer.json` keeps only the answer. With `--json` every verb prints one JSON "
        "object, errors included (`{error: {code, message, status}}`). Colours are for terminals; `NO_COLOR` turns "
        "them off.",
        "\n".join(
            ["| verb | |", "|---|---|", *(f"| [{name}](#{name}) | {cell(says)} |" for name, says in VERBS.items())]
        ),
        *[part for name in VERBS for part in _verb(name, group)],
        "## Exit codes",
        "\n".join(["| code | |", "|---|---|", *(f"| {code} | {says} |" for code, says in EXIT_CODES.items())]),
    ]
    return "\n\n".join(parts) + "\n"


def _verb(name: str, group: click.Context) -> Iterator[str]:
    command = pointsman.get_command(group, name)
    assert command is not None
    yield f"## {name}"
    yield from _described(command, name, group)


def _described(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, parent=parent, info_name=name)
    yield f"```\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```"
    yield "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    rows = [_option(part) for part in command.params if isinstance(part, click.Option)]
    yield "\n".join(["| option | default | |", "|---|---|---|", *rows])
    if isinstance(command, click.Group):
        for below, inner in command.commands.items():
            yield f"### {name} {below}"
            yield from _described(inner, below, context)


def _option(option: click.Option) -> str:
    form = ", ".join(f"`{name}`" for name in option.opts)
    if not option.is_flag:
        form += f" {option.metavar or option.type.name.upper()}"
    default = option.default if option.show_default and option.default is not None else ""
    return f"| {form} | {default} | {cell(option.help or '')} |"


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")

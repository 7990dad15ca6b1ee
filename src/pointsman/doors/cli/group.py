"""The verbs, each loaded only when it is called: `check` must not wait for what `up` imports."""

import atexit
import gc
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from pointsman import __version__
from pointsman.doors.cli import talk
from pointsman.errors import Broken, Fault

VERBS: Final = {
    "demo": "Answer the worked example's question on practice systems, then serve the console.",
    "init": "Write a project folder to start from.",
    "check": "Find every mistake in a project, without asking any system.",
    "describe": "Write a connection's schema from the live system.",
    "ask": "Answer a question in words.",
    "run": "Run a flow.",
    "approve": "Show what waits for a person, and decide on it.",
    "runs": "List, show, cancel and retry runs.",
    "up": "Serve the project: its flows, questions and console.",
    "doctor": "Look at this machine and say what works and what is missing.",
    "schema": "Write JSON Schemas, for editors.",
}
ONLY_FILES: Final = frozenset({"check", "init", "schema"})
"""Verbs that run nobody else's code: for them pydantic need not look for plug-ins in every installed package."""


class Verbs(click.Group):
    """Loads a verb's module by its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        if name in ONLY_FILES:
            os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        with _nothing_collected():
            command: click.Command = getattr(importlib.import_module(f"pointsman.doors.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Modules stay for good, so the collector need not walk them while they load, nor ever after."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        atexit.register(_let_go)


def _let_go() -> None:
    """DuckDB's binding complains on stderr when its types are still alive at the end. Walking all modules once more
    takes as long as a fifth of `check`, which has not loaded it."""
    if "duckdb" in sys.modules:
        gc.unfreeze()


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pointsman")
def pointsman() -> None:
    """Connects business systems with AI models, and keeps both under control."""


def main() -> None:
    """The `pointsman` command. Exit codes are those of the reference (docs/reference/command-line.md)."""
    as_json = "--json" in sys.argv[1:]
    try:
        code = pointsman.main(prog_name="pointsman", standalone_mode=False)
    except click.UsageError as wrong:
        talk.usage(wrong, as_json)
        code = 64
    except click.exceptions.Exit as end:
        code = end.exit_code
    except Fault as fault:
        talk.fault(fault, as_json)
        code = talk.exit_code(fault)
    except OSError as error:
        broken = Broken(
            f"{error.filename or 'the system'}: {error.strerror or error}.", way_out="Look at it, then try again."
        )
        talk.fault(broken, as_json)
        code = talk.exit_code(broken)
    except (KeyboardInterrupt, click.Abort):
        code = 130
    sys.exit(code or 0)

"""Questions to whoever sits at the terminal."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from pointsman.errors import Refused


def is_there() -> bool:
    """Whether somebody could answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def yes(question: str) -> bool:
    """Whether they say yes; no is the default. Raises click.Abort when they leave."""
    with _interruptible():
        return click.confirm(question, err=True)


def edit(text: str) -> str | None:
    """The text as they left it in $EDITOR; None when they did not save it. Raises Refused when there is no editor."""
    with _interruptible():
        try:
            return click.edit(text, extension=".yaml")
        except click.ClickException as fault:
            raise Refused(fault.format_message(), way_out="Set EDITOR, or use --edit FIELD=TEXT.") from None


@contextmanager
def _interruptible() -> Iterator[None]:
    """asyncio takes the first Ctrl-C for itself and looks at it only when this returns; so it is ours meanwhile."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

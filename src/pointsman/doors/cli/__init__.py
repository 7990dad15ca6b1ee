"""The command line. stdout is data, stderr is talk; every verb takes --json."""

from pointsman.doors.cli.group import main

__all__ = ["main"]

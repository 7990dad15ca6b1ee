"""Durations on the command line."""

from typing import Any

import click

from pointsman import quantity


class Duration(click.ParamType[float]):
    """`500ms`, `20s`, `10m`: seconds, more than none."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            seconds = quantity.seconds(value)
        except ValueError as fault:
            self.fail(f"{fault}.", param, ctx)
        if seconds <= 0:
            self.fail(f"it must be more than 0; got {value!r}.", param, ctx)
        return seconds

"""Connects business systems with AI models, and keeps both under control."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pointsman.flows.python import flow

__version__ = "0.1.0"
__all__ = ["__version__", "flow"]


def __getattr__(name: str) -> object:
    # `from pointsman import flow` is for users' modules; the package itself must import nothing, so that each part
    # loads only what it needs.
    if name == "flow":
        return import_module("pointsman.flows.python").flow
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

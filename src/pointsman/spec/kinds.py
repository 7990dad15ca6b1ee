"""The kinds of files in a project folder: where they stand, what names them, and the class of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel

from pointsman.errors import nearest, way_out
from pointsman.spec import words
from pointsman.spec.connection import (
    HttpConnection,
    PostgresConnection,
    SalesforceConnection,
    SmtpConnection,
    SqliteConnection,
)
from pointsman.spec.flow import Flow
from pointsman.spec.model import ChatModel, ClassicModel
from pointsman.spec.node import Node, Scalar, Tree, value
from pointsman.spec.place import at, at_key
from pointsman.spec.problem import Problem
from pointsman.spec.project import ProjectFile
from pointsman.spec.prompt import PromptHead

KindName = Literal["project", "connection", "schema", "model", "prompt", "flow"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`choices`: the class by the value of `chosen_by`, or the only class under the empty text."""

    name: KindName
    folder: str
    choices: Mapping[str, type[BaseModel]]
    chosen_by: str = ""

    @property
    def section(self) -> str:
        """Its key in an overlay."""
        return self.folder or self.name


PROJECT: Final = Kind("project", "", {"": ProjectFile})
CONNECTION: Final = Kind(
    "connection",
    "connections",
    {
        "sqlite": SqliteConnection,
        "postgres": PostgresConnection,
        "http": HttpConnection,
        "salesforce": SalesforceConnection,
        "smtp": SmtpConnection,
    },
    chosen_by="type",
)
MODEL: Final = Kind("model", "models", {"chat": ChatModel, "classify": ClassicModel}, chosen_by="task")
PROMPT: Final = Kind("prompt", "prompts", {"": PromptHead})
FLOW: Final = Kind("flow", "flows", {"": Flow})
NAMED: Final = (CONNECTION, MODEL, PROMPT, FLOW)
"""Kinds of which a project has many, each under its name."""


def chosen(kind: Kind, root: Node) -> type[BaseModel] | Problem:
    """The class of a file."""
    if not isinstance(root, Tree):
        said = words.wrong_type("the file", ["a mapping (`key: value`)"], value(root))
        return Problem(said.code, said.message, at(root, ()), said.way_out)
    if not kind.chosen_by:
        return kind.choices[""]
    key = kind.chosen_by
    entry = root.entries.get(key)
    if entry is None:
        return _not_said(kind, root)
    named = entry.value.text if isinstance(entry.value, Scalar) else ""
    if named in kind.choices:
        return kind.choices[named]
    message = f"no {kind.name} {key} named {words.shown(named)}"
    return Problem("PM018", message, at(root, (key,)), way_out(named, kind.choices))


def _not_said(kind: Kind, root: Tree) -> Problem:
    key = kind.chosen_by
    others = [name for name in root.entries if name != kind.name]
    for name in others:
        if nearest(name, [key]):
            return Problem("PM012", f"unknown key `{name}`", at_key(root, (name,)), f"Did you mean `{key}`?")
    choices = ", ".join(kind.choices)
    return Problem("PM011", f"`{key}` is missing", at(root, ()), f"Add `{key}:`, one of {choices}.")

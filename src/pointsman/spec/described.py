"""What the keys of a class mean: the texts below them in its source.

Read when a schema or a hint needs them. Pydantic can read them too, but then for every class as it is made, and a tenth
of `pointsman check` went into that.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


@cache
def described(model: type[BaseModel]) -> dict[str, str]:
    """By key, as written in files; an empty text where nothing is said."""
    said: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base is not BaseModel and issubclass(base, BaseModel):
            said |= _texts(base.__module__).get(base.__qualname__, {})
    return {field.alias or name: said.get(name, "") for name, field in model.model_fields.items()}


@cache
def _texts(module: str) -> dict[str, dict[str, str]]:
    """By class and attribute."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:
        return {}  # installed without its source
    return {node.name: dict(_below(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _below(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for one, after in pairwise(node.body):
        match one, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)

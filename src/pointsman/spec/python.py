"""What the Python files of a project define, read without running them."""

import ast
import warnings
from collections.abc import Mapping

from pointsman.spec.problem import Problem
from pointsman.spec.text import source, unreadable


def functions(files: Mapping[str, str]) -> tuple[dict[str, frozenset[str]], list[Problem]]:
    """The names at the top of each module, by dotted module name; and files that are no Python."""
    found: dict[str, frozenset[str]] = {}
    problems = []
    for file in sorted(files):
        if file.endswith(".py"):
            names = _names(file, files[file])
            if isinstance(names, Problem):
                problems.append(names)
            else:
                found[_module(file)] = names
    return found, problems


def _module(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _names(file: str, text: str) -> frozenset[str] | Problem:
    code = source(file, text)
    if fault := unreadable(code):
        return fault
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(code.text)
    except SyntaxError as error:
        place = code.place_of_line(error.lineno or 1)
        return Problem("PM029", f"this is no Python: {error.msg}", place)
    except (RecursionError, MemoryError, ValueError):
        return Problem("PM029", "this is no Python that can be read: nested too deep", code.place(0))
    return frozenset(name for statement in tree.body for name in _defined(statement))


def _defined(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [alias.asname or alias.name for alias in names]
    return []

"""Opens a project's folder: the texts of its files (nothing that is data, hidden or made), read and planned."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pointsman.errors import Refused
from pointsman.language import openapi
from pointsman.language.mistake import Mistake
from pointsman.plan.finding import Finding
from pointsman.plan.make import Operations, findings_of, make
from pointsman.plan.node import Plan
from pointsman.spec.connection import HttpConnection
from pointsman.spec.load import load
from pointsman.spec.problem import Problem, in_order
from pointsman.spec.project import Project
from pointsman.spec.sources import Sources

_READ: Final = frozenset({".yaml", ".yml", ".md", ".json", ".py", ".txt", ".j2", ".jinja"})
_SKIPPED: Final = frozenset({"tests", "node_modules", "__pycache__", "venv", "dist", "build"})
_GIVEN: Final = "given"
"""The name of an overlay that no file holds."""
_MOST: Final = 16 * 2**20 + 1
"""Characters read of a file: one more than any file may have, so that the loader sees that it is too long."""


def read_folder(path: Path) -> dict[str, str]:
    """Text by name from the folder, with `/`. Bytes that are no UTF-8 come as surrogate escapes, for the loader to
    point at. Raises Refused."""
    if not path.is_dir():
        raise Refused(
            f"there is no folder {path}.",
            way_out="Go to a project's folder, or make one: pointsman init.",
            code="PM033",
        )
    return {file.relative_to(path).as_posix(): _text(file) for file in _files(path)}


def _files(path: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        for name in sorted(files):
            file = Path(folder, name)
            if not name.startswith(".") and file.suffix in _READ and file.is_file():
                yield file


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="surrogateescape", newline="") as opened:
            return opened.read(_MOST)
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}.", where=str(file), way_out="Check its permissions.") from None


@dataclass(frozen=True, slots=True)
class Examined:
    """A folder, read and planned. With an error among the problems, `project` and `plans` hold what could be read."""

    project: Project
    plans: Mapping[str, Plan]
    operations: Operations
    problems: list[Problem]
    content: bytes
    """Its files as one text, sorted: what a durable run is pinned to, by digest."""
    environment: str | None
    overlay: Mapping[str, Any] | None


def examine(path: Path, environment: str | None = None, overlay: Mapping[str, Any] | None = None) -> Examined:
    """Everything that can be known of a project without any system. `overlay`: one more, given by the caller, in
    place of an environment's. Raises Refused when there is no such folder."""
    return _examined(read_folder(path), path, environment, overlay)


def examine_again(content: bytes, path: Path, now: Examined) -> Examined:
    """A project as it was when `content` was kept, where its systems are `now`. `path`: the folder of its data."""
    return _examined(files_of(content), path, now.environment, now.overlay)


def files_of(content: bytes) -> dict[str, str]:
    """The texts in a kept content, by name."""
    files: dict[str, str] = json.loads(content)
    return files


def _examined(
    files: dict[str, str], path: Path, environment: str | None, overlay: Mapping[str, Any] | None
) -> Examined:
    # What a run is pinned to is the project, not where its systems were when it began.
    content = json.dumps(files, sort_keys=True).encode()
    if overlay is not None:
        files = {**files, f"env/{_GIVEN}.yaml": json.dumps(overlay)}
    loaded = load(files, path, environment if overlay is None else _GIVEN)
    operations, found = _operations(loaded.sound, loaded.sources)
    plans = make(loaded.sound, operations)
    found += [_problem(finding, loaded.sources) for finding in findings_of(plans)]
    problems = in_order([*loaded.problems, *found])
    return Examined(loaded.sound, plans, operations, problems, content, environment, overlay)


def _operations(project: Project, sources: Sources) -> tuple[Operations, list[Problem]]:
    """The operations of each connection's OpenAPI document; a document that cannot be used has none."""
    made: dict[str, Mapping[str, openapi.Operation]] = {}
    problems: list[Problem] = []
    for name, document in project.documents.items():
        connection = project.connections[name]
        paging = connection.paging if isinstance(connection, HttpConnection) else None
        try:
            made[name] = openapi.operations(document, paging.items if paging else None)
        except Mistake as fault:
            file = sources.file_of("connection", name)
            problems.append(sources.problem("PM039", file, ("openapi",), fault.message, fault.way_out))
    return made, problems


def _problem(finding: Finding, sources: Sources) -> Problem:
    return sources.problem(
        finding.code,
        sources.file_of(finding.kind, finding.name),
        finding.path,
        finding.message,
        finding.way_out,
        offset=finding.offset,
        length=finding.length,
        severity=finding.severity,
    )

"""What each file of a project folder is, by where it stands."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pointsman.errors import nearest
from pointsman.spec.kinds import CONNECTION, FLOW, MODEL, PROMPT
from pointsman.spec.problem import Place, Problem

PROJECT_FILE = "project.yaml"
ENVIRONMENTS = "env"
_SCHEMA = ".schema.yaml"
_LATER = {"policies": "Policies", "evals": "Evaluations"}
_NOTED = ("README.md",)


@dataclass(slots=True)
class Layout:
    """The files of each kind, in order. `offline`: prompts' texts without front matter, known once they are read."""

    connections: list[str] = field(default_factory=list)
    schemas: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    environments: dict[str, str] = field(default_factory=dict)
    """File by environment."""
    problems: list[Problem] = field(default_factory=list)


def layout(files: Iterable[str]) -> Layout:
    """Sorts the files; those that nothing reads, in folders where everything is read, are warned about."""
    found = Layout()
    for file in sorted(files):
        path = PurePosixPath(file)
        if len(path.parts) == 1:
            found.problems += _beside_the_project(path)
        elif len(path.parts) == 2 and path.name not in _NOTED:
            _place(path, found)
        elif path.parts[0] in (CONNECTION.folder, MODEL.folder, PROMPT.folder, FLOW.folder) and _is_ours(path):
            found.problems.append(_unread(path, f"{path.parts[0]}/ has no folders", f"Move it to {path.parts[0]}/."))
    return found


def schema_of(file: str) -> str:
    """The connection whose schema a file is."""
    return PurePosixPath(file).name.removesuffix(_SCHEMA)


def _place(path: PurePosixPath, found: Layout) -> None:
    folder, suffix, file = path.parts[0], path.suffix, str(path)
    if folder == CONNECTION.folder and file.endswith(_SCHEMA):
        found.schemas.append(file)
    elif folder == CONNECTION.folder and suffix == ".yaml":
        found.connections.append(file)
    elif folder == MODEL.folder and suffix == ".yaml":
        found.models.append(file)
    elif folder == FLOW.folder and suffix == ".yaml":
        found.flows.append(file)
    elif folder == PROMPT.folder and suffix == ".md":
        found.prompts.append(file)
    elif folder == ENVIRONMENTS and suffix == ".yaml":
        found.environments[path.stem] = file
    else:
        found.problems += _elsewhere(path)


def _elsewhere(path: PurePosixPath) -> Iterator[Problem]:
    folder, suffix = path.parts[0], path.suffix
    if folder in _LATER:
        yield _unread(path, f"{_LATER[folder]} are not read by this version", "Do not rely on what it says.")
    elif suffix == ".yml" and folder in (CONNECTION.folder, MODEL.folder, FLOW.folder, ENVIRONMENTS):
        yield _unread(path, "a project's files end in .yaml", f"Rename it to {path.stem}.yaml.")
    elif folder == PROMPT.folder and suffix in (".yaml", ".txt", ".j2", ".jinja"):
        yield _unread(path, "a prompt's file ends in .md", f"Rename it to {path.stem}.md.")
    elif folder in (CONNECTION.folder, FLOW.folder) and suffix in (".json", ".md"):
        yield _unread(path, f"files in {folder}/ end in .yaml", "Move it elsewhere, or write it as YAML.")
    elif suffix in (".yaml", ".md"):
        near = nearest(folder, (CONNECTION.folder, MODEL.folder, PROMPT.folder, FLOW.folder, ENVIRONMENTS))
        if near and near != folder:
            yield _unread(path, f"nothing reads the folder {folder}/", f"Did you mean {near}/?")


def _beside_the_project(path: PurePosixPath) -> Iterator[Problem]:
    if path.suffix in (".yaml", ".yml") and str(path) != PROJECT_FILE:
        near = nearest(str(path), [PROJECT_FILE])
        hint = f"Did you mean {near}?" if near else "Flows are in flows/, connections in connections/."
        yield _unread(path, "nothing reads this file", hint)


def _is_ours(path: PurePosixPath) -> bool:
    return path.suffix in (".yaml", ".yml", ".md") and path.name not in _NOTED


def _unread(path: PurePosixPath, message: str, way_out: str) -> Problem:
    return Problem("PM034", message, Place(str(path)), way_out, severity="warning")

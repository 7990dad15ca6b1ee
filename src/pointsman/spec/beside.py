"""Files that other files name: a model's JSON, an OpenAPI document."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import orjson

from pointsman.errors import way_out
from pointsman.spec import words, yaml
from pointsman.spec.classic import ClassicFile
from pointsman.spec.connection import Connection, HttpConnection
from pointsman.spec.gather import Gathered, plain
from pointsman.spec.kinds import MODEL, KindName
from pointsman.spec.model import ClassicModel, Model
from pointsman.spec.node import Node, Source, value
from pointsman.spec.place import at
from pointsman.spec.problem import Place, Problem
from pointsman.spec.text import MOST_DATA, unreadable
from pointsman.spec.validation import check


def inside_project(folder: str, named: str) -> str | None:
    """The file's name from the project's folder; None when it leads outside."""
    parts: list[str] = []
    for part in PurePosixPath(folder, named).parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return None if named.startswith("/") else "/".join(parts)


def json(source: Source) -> tuple[Any, list[Problem]]:
    """The JSON in a file."""
    if fault := unreadable(source, MOST_DATA):
        return None, [fault]
    if not source.text.strip():
        return None, [Problem("PM008", "the file is empty", Place(source.file))]
    try:
        return orjson.loads(source.text), []
    except orjson.JSONDecodeError as error:
        message = f"this is no JSON: {error.msg}"
        return None, [Problem("PM037", message, source.place(error.pos), "JSON has no comments and no NaN.")]


def document(source: Source) -> tuple[dict[str, Any] | None, list[Problem]]:
    """An OpenAPI 3 document, in JSON or YAML."""
    found: Any
    if source.file.endswith(".json"):
        found, problems = json(source)
    else:
        tree: Node | None
        tree, problems = yaml.read(source, MOST_DATA)
        found = None if tree is None else value(tree)
    if problems:
        return None, problems
    if not isinstance(found, dict) or not str(found.get("openapi", "")).startswith("3."):
        got = words.got(found.get("openapi") if isinstance(found, dict) else found)
        message = f"this is no OpenAPI 3 document: `openapi` must be a text such as 3.1.0, got {got}"
        return None, [Problem("PM039", message, Place(source.file), "Name the system's OpenAPI 3 document.")]
    return found, []


def gather_beside(
    models: Mapping[str, Model], connections: Mapping[str, Connection], gathered: Gathered
) -> tuple[dict[str, ClassicFile], dict[str, dict[str, Any]]]:
    """What classic models' files say, by model; and OpenAPI documents, by connection."""
    classics: dict[str, ClassicFile] = {}
    documents: dict[str, dict[str, Any]] = {}
    for name, model in models.items():
        if isinstance(model, ClassicModel) and (named := _named("model", name, "file", model.file, gathered)):
            classic = _classic(named, gathered)
            if classic is None:
                gathered.broken.add(("model", plain(name)))
            else:
                classics[name] = classic
    for name, connection in connections.items():
        if isinstance(connection, HttpConnection) and connection.openapi is not None:
            named = _named("connection", name, "openapi", connection.openapi, gathered)
            if named:
                said, problems = document(named)
                gathered.problems += problems
                if said is not None:
                    documents[name] = said
    return classics, documents


def _classic(source: Source, gathered: Gathered) -> ClassicFile | None:
    """JSON is YAML too, and read as such it has places."""
    _, problems = json(source)
    if not problems:
        tree, problems = yaml.read(source, MOST_DATA)
        if tree is not None:
            gathered.trees[source.file] = tree
            classic, problems = check(ClassicFile, tree)
            gathered.problems += problems
            return classic
    gathered.problems += problems
    return None


def _named(kind: KindName, name: str, key: str, file: str, gathered: Gathered) -> Source | None:
    """The file that a key names: a model's beside the model, a connection's from the project's folder."""
    home = gathered.homes[kind, name]
    folder = MODEL.folder if kind == "model" else ""
    path = inside_project(folder, file)
    if path is not None and path in gathered.files:
        return gathered.source(path)
    place = at(gathered.trees[home], (key,))
    if path is None:
        gathered.add("PM035", place, f"{file} is outside the project's folder", "Put it into the project.")
    else:
        suffix = PurePosixPath(path).suffix
        around = [known for known in gathered.files if known.endswith(suffix) and known.startswith(folder)]
        gathered.add("PM035", place, f"no file {path}", way_out(path, around, f"Files that end in {suffix}"))
    gathered.broken.add((kind, plain(name)))
    return None

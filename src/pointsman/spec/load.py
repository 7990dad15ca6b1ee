"""A project folder, from its files' texts to typed objects, with every mistake in one go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import cast

from pointsman.errors import way_out
from pointsman.spec import cross, overlay
from pointsman.spec.beside import gather_beside
from pointsman.spec.connection import Connection
from pointsman.spec.flow import Flow
from pointsman.spec.gather import Gathered, gather
from pointsman.spec.kinds import CONNECTION, FLOW, MODEL, PROJECT
from pointsman.spec.layout import ENVIRONMENTS, PROJECT_FILE, Layout, layout
from pointsman.spec.model import Model
from pointsman.spec.node import Node
from pointsman.spec.problem import Place, Problem, in_order, without_secrets
from pointsman.spec.project import Project, ProjectFile
from pointsman.spec.prompts import gather_prompts
from pointsman.spec.python import functions
from pointsman.spec.schemas import gather_schemas
from pointsman.spec.sources import Sources


@dataclass(frozen=True, slots=True)
class Loaded:
    """`project` is there when no error was found. `sound` holds what could be read whatever else is wrong, and only
    flows of which everything they name could be read: a plan of it finds more mistakes in the same go."""

    project: Project | None
    sound: Project
    problems: list[Problem] = field(default_factory=list)
    sources: Sources = field(default_factory=Sources)


def load(files: Mapping[str, str], root: PurePath, environment: str | None = None) -> Loaded:
    """`files`: text by name from the project's folder, with `/`; bytes that are no UTF-8 as surrogate escapes."""
    found = layout(files)
    gathered = Gathered(files, problems=list(found.problems))
    environments = {name: gathered.tree(file) for name, file in found.environments.items()}
    gathered.overlay = _chosen(environment, environments, gathered)
    sound = _read(found, root, environment, gathered)
    for tree in environments.values():
        gathered.problems += overlay.check(tree, gathered.names) if tree else []
    sources = gathered.sources()
    problems = in_order(without_secrets([*gathered.problems, *cross.check(sound, sources)]))
    whole = not any(problem.severity == "error" for problem in problems)
    return Loaded(sound if whole else None, sound, problems, sources)


def _read(found: Layout, root: PurePath, environment: str | None, gathered: Gathered) -> Project:
    file = _project_file(gathered)
    connections = cast(dict[str, Connection], gather(CONNECTION, found.connections, gathered))
    models = cast(dict[str, Model], gather(MODEL, found.models, gathered))
    flows = cast(dict[str, Flow], gather(FLOW, found.flows, gathered))
    prompts = gather_prompts(found.prompts, gathered)
    schemas = gather_schemas(found.schemas, gathered)
    classics, documents = gather_beside(models, connections, gathered)
    modules, faults = functions(gathered.files)
    gathered.problems += faults
    return Project(
        root=root,
        file=file,
        environment=environment,
        connections=connections,
        schemas=schemas,
        models=models,
        prompts=prompts,
        flows=cross.sound_flows(flows, gathered.broken),
        classics=classics,
        documents=documents,
        functions=modules,
    )


def _project_file(gathered: Gathered) -> ProjectFile:
    """`project.yaml`, or a stand-in so that the rest can still be looked at."""
    item = None
    if PROJECT_FILE in gathered.files:
        _, item = gathered.one(PROJECT, PROJECT_FILE, gathered.tree(PROJECT_FILE))
    else:
        cure = "Go to a project's folder, or write one with `project: <name>` in it."
        gathered.add("PM033", Place(PROJECT_FILE), "there is no project.yaml in this folder", cure)
    return item if isinstance(item, ProjectFile) else ProjectFile(project="unreadable")


def _chosen(environment: str | None, known: Mapping[str, Node | None], gathered: Gathered) -> Node | None:
    if environment is None:
        return None
    if environment not in known:
        place = Place(f"{ENVIRONMENTS}/{environment}.yaml")
        way = way_out(environment, known, "Environments")
        gathered.add("PM041", place, f"no environment named `{environment}`", way)
    return known.get(environment)

"""What must fit between files, and needs no types: doors, functions, references of schemas, defaults.

What steps name (connections, actions, models, prompts, flows) is checked where steps are typed, in `plan`.
"""

from collections.abc import Iterator, Mapping, Set

from pointsman import __version__
from pointsman.errors import way_out
from pointsman.spec.field import Field
from pointsman.spec.flow import Flow
from pointsman.spec.gather import plain
from pointsman.spec.kinds import KindName
from pointsman.spec.layout import PROJECT_FILE
from pointsman.spec.model import ClassicModel
from pointsman.spec.node import Path
from pointsman.spec.problem import Problem
from pointsman.spec.project import Project
from pointsman.spec.sources import Sources
from pointsman.spec.step import AskStep, CallStep, PythonStep, RunStep, ScoreStep
from pointsman.spec.value import accept_one
from pointsman.spec.version import meets

Broken = Set[tuple[KindName, str]]


def check(project: Project, sources: Sources) -> list[Problem]:
    """Everything between the files of a project that can be read."""
    return [
        *_version(project, sources),
        *_doors(project, sources),
        *_functions(project, sources),
        *_references(project, sources),
        *_defaults(project, sources),
        *_features(project, sources),
    ]


def sound_flows(flows: Mapping[str, Flow], broken: Broken) -> dict[str, Flow]:
    """Flows that name nothing that could not be read."""
    sound = {
        name: flow
        for name, flow in flows.items()
        if not any((kind, plain(named)) in broken for kind, named in _named(flow))
    }
    if len(sound) == len(flows):
        return sound
    gone: Broken = broken | {("flow", plain(name)) for name in flows.keys() - sound.keys()}
    return sound_flows(sound, gone)


def _named(flow: Flow) -> Iterator[tuple[KindName, str]]:
    for step in flow.steps.values():
        match step:
            case CallStep(call=call):
                yield "connection", call.partition(".")[0]
                yield "schema", call.partition(".")[0]
            case ScoreStep(score=model):
                yield "model", model
            case AskStep(ask=model, prompt=prompt):
                yield "model", model
                yield "prompt", prompt
            case RunStep(run=name):
                yield "flow", name


def _version(project: Project, sources: Sources) -> Iterator[Problem]:
    required = project.file.requires
    if not meets(__version__, required):
        message = f"the project requires Pointsman {required}; this is {__version__}"
        yield sources.problem("PM044", PROJECT_FILE, ("requires",), message, "Install another, or change the line.")


def _doors(project: Project, sources: Sources) -> Iterator[Problem]:
    """A tool's name or a phrase that leads to two flows leads nowhere."""
    tools: dict[str, str] = {}
    phrases: dict[str, str] = {}
    for name, flow in project.flows.items():
        file = sources.file_of("flow", name)
        if flow.doors.mcp and (other := tools.setdefault(flow.doors.mcp.tool, name)) != name:
            message = f"the tool `{flow.doors.mcp.tool}` is the flow `{other}` already"
            yield sources.problem("PM026", file, ("doors", "mcp", "tool"), message, "Give it another name.")
        for index, phrase in enumerate(flow.doors.ask):
            if (other := phrases.setdefault(" ".join(phrase.lower().split()), name)) != name:
                message = f"this phrase leads to the flow `{other}` already"
                yield sources.problem("PM026", file, ("doors", "ask", index), message, "Choose another phrase.")


def _functions(project: Project, sources: Sources) -> Iterator[Problem]:
    for name, flow in project.flows.items():
        for step, spec in flow.steps.items():
            if not isinstance(spec, PythonStep):
                continue
            module, _, function = spec.python.partition(":")
            known = project.functions.get(module)
            path, file = ("steps", step, "python"), sources.file_of("flow", name)
            if known is None:
                way = way_out(module, project.functions, "Modules")
                message = f"no Python module `{module}` in the project"
                yield sources.problem("PM028", file, path, message, way, offset=0, length=len(module))
            elif function not in known:
                way = way_out(function, known, "It has")
                message = f"`{module}` has no function `{function}`"
                yield sources.problem("PM028", file, path, message, way, offset=len(module) + 1, length=len(function))


def _references(project: Project, sources: Sources) -> Iterator[Problem]:
    for name, schema in project.schemas.items():
        for table, columns in schema.root.items():
            for column, spec in columns.items():
                if spec.references is not None and spec.references not in schema.root:
                    message = f"no table `{spec.references}` in this schema"
                    path = (table, column, "references")
                    way = way_out(spec.references, schema.root, "Tables")
                    yield sources.problem("PM027", sources.file_of("schema", name), path, message, way)


def _features(project: Project, sources: Sources) -> Iterator[Problem]:
    for name, classic in project.classics.items():
        model = project.models[name]
        inputs = model.inputs if isinstance(model, ClassicModel) else {}
        for feature in classic.features:
            if feature.name not in inputs:
                message = f"the model's file needs the column `{feature.name}`, which `inputs` does not name"
                way = f"Add {feature.name}: number to it."
                yield sources.problem("PM043", sources.file_of("model", name), ("inputs",), message, way)


def _defaults(project: Project, sources: Sources) -> Iterator[Problem]:
    for name, flow in project.flows.items():
        file = sources.file_of("flow", name)
        yield from _each_default(flow.input, file, ("input",), sources)
        for step, spec in flow.steps.items():
            if isinstance(spec, PythonStep) and spec.returns is not None:
                yield from _default(spec.returns, file, ("steps", step, "returns"), sources)
    for name, prompt in project.prompts.items():
        for side, fields in (("input", prompt.input), ("output", prompt.output)):
            yield from _each_default(fields, sources.file_of("prompt", name), (side,), sources)


def _each_default(fields: Mapping[str, Field], file: str, path: Path, sources: Sources) -> Iterator[Problem]:
    for name, field in fields.items():
        yield from _default(field, file, (*path, name), sources)


def _default(field: Field, file: str, path: Path, sources: Sources) -> Iterator[Problem]:
    """Its own default, and those of what it holds."""
    yield from _each_default(field.fields, file, (*path, "fields"), sources)
    if field.items is not None:
        yield from _default(field.items, file, (*path, "items"), sources)
    if field.default is None:
        return
    _, faults = accept_one(field, field.default)
    for fault in faults[:1]:
        place = (*path, "default", *fault.path)
        yield sources.problem("PM038", file, place, f"the default does not fit: it {fault.message}", fault.way_out)

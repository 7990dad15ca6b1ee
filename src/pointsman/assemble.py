"""Builds everything from a project: the only place that knows all parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pointsman.clock import Clock, SystemClock
from pointsman.connectors.http import HttpConnector
from pointsman.connectors.limits import Limited
from pointsman.connectors.port import Connector
from pointsman.connectors.postgres import PostgresConnector
from pointsman.connectors.salesforce import SalesforceConnector
from pointsman.connectors.smtp import SmtpConnector
from pointsman.connectors.sqlite import SqliteConnector
from pointsman.errors import Refused
from pointsman.flows import bind
from pointsman.flows.engine import Engine
from pointsman.flows.evidence import Evidence, evidence
from pointsman.flows.modules import Modules
from pointsman.flows.question import Reader
from pointsman.flows.run import Run
from pointsman.flows.services import ReadyPrompt, Services
from pointsman.folder import Examined
from pointsman.inference import router
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.record import RunRecord
from pointsman.language import offline, prompt
from pointsman.plan.node import Plan
from pointsman.secrets import Secrets
from pointsman.sets import Sets
from pointsman.spec.connection import (
    Connection,
    HttpConnection,
    PostgresConnection,
    SalesforceConnection,
    SmtpConnection,
    SqliteConnection,
)
from pointsman.spec.flow import FlowHead
from pointsman.spec.model import ChatModel
from pointsman.spec.project import Project
from pointsman.spec.prompt import Prompt
from pointsman.spec.value import default_of


@dataclass(slots=True)
class Pointsman:
    """A project, ready to run. Leaving its context (or `close()`) ends its runs and its connections."""

    project: Project
    plans: Mapping[str, Plan]
    heads: Mapping[str, FlowHead]
    """Every flow's head, files and Python functions alike."""
    engine: Engine
    services: Services
    secrets: Secrets
    reader: Reader
    clock: Clock
    notice: str | None = None
    """Said on every page and answer: that the data are invented."""
    _closing: list[Callable[[], Any]] = field(default_factory=list)

    @property
    def journal(self) -> MemoryJournal:
        return self.engine.journal

    async def start_question(self, question: str, *, door: str) -> Run:
        """Reads a question and starts its flow. Raises NotRead (422, with the nearest forms)."""
        reading = await self.reader.read(question)
        return self.engine.start(reading.flow, reading.input, door=door, reading=reading.shown)

    def run(self, run: str) -> RunRecord:
        """Raises Refused (404)."""
        record = self.journal.get(run)
        if record is None:
            raise Refused(f"no run {run!r} is kept.", way_out="See /runs for those that are.", status=404)
        return record

    def evidence(self, run: str, key: str, feature: str) -> list[Evidence]:
        """The rows behind one reason of one item of an answer. Raises Refused (404)."""
        record = self.run(run)
        outputs = self.journal.outputs(run)
        if outputs is None:
            raise Refused(f"the rows of run {run} are no longer kept.", way_out="Ask again.", status=404)
        return evidence(self.plans[record.flow], outputs, record.answer or {}, key, feature)

    async def __aenter__(self) -> "Pointsman":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        for end in (self.engine.close, *self._closing):
            await end()


def assemble(
    examined: Examined,
    root: Path,
    *,
    environ: Mapping[str, str],
    clock: Clock | None = None,
    notice: str | None = None,
    flows: bool = True,
) -> Pointsman:
    """Builds a project that `folder.examine` found sound. Nothing is connected to before the first call.

    Without `flows` only what stands around them is built, which needs no sound flows.
    """
    project, plans = examined.project, examined.plans if flows else {}
    clock = clock or SystemClock()
    secrets = Secrets(environ, root)
    connections = {
        name: Limited(_connector(spec, examined, root, secrets, clock), spec.limits, clock)
        for name, spec in project.connections.items()
    }
    sets, modules = Sets(), Modules(root)
    writers = {
        name: router.of_model(model, secrets=secrets, clock=clock)
        for name, model in project.models.items()
        if isinstance(model, ChatModel)
    }
    services = Services(
        project=project,
        connections=connections,
        sets=sets,
        classics=project.classics,
        writers=writers,
        prompts={name: _ready(asked) for name, asked in project.prompts.items()},
        function=modules.function,
        scrub=secrets.scrub,
    )
    engine = Engine(MemoryJournal(), clock)
    heads: dict[str, FlowHead] = {name: plan.flow for name, plan in plans.items()}
    for name, plan in plans.items():
        engine.bound[name] = bind.bind(plan, services, engine.call_flow)
    for flow in modules.flows() if flows else ():
        heads[flow.head.flow] = flow.head
        engine.bound[flow.head.flow] = bind.bind_python(flow, services, engine.call_flow)
    engine.inputs = {name: head.input for name, head in heads.items()}
    closing = [connection.close for connection in connections.values()]
    closing += [writer.close for writer in writers.values()]
    closing.append(sets.close)
    return Pointsman(
        project=project,
        plans=plans,
        heads=heads,
        engine=engine,
        services=services,
        secrets=secrets,
        reader=Reader(heads, writers.get(project.file.questions or ""), clock),
        clock=clock,
        notice=notice,
        _closing=closing,
    )


def _connector(spec: Connection, examined: Examined, root: Path, secrets: Secrets, clock: Clock) -> Connector:
    match spec:
        case SqliteConnection():
            return SqliteConnector(spec, root, clock)
        case PostgresConnection():
            return PostgresConnector(spec, secrets, clock)
        case HttpConnection():
            return HttpConnector(spec, examined.operations.get(spec.connection, {}), secrets, clock)
        case SalesforceConnection():
            return SalesforceConnector(spec, secrets, clock)
        case SmtpConnection():
            return SmtpConnector(spec, root, secrets, clock)


def _ready(asked: Prompt) -> ReadyPrompt:
    fallback = None if asked.offline is None else offline.read(asked.offline, asked.output)
    defaults = {name: default_of(field) for name, field in asked.input.items() if not field.required}
    return ReadyPrompt(asked, prompt.read(asked.text), fallback, defaults)

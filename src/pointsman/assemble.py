"""Builds everything from a project: the only place that knows all parts."""

import hashlib
import os
import socket
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
from pointsman.flows import bind
from pointsman.flows.bind import CallFlow
from pointsman.flows.decisions import Decisions
from pointsman.flows.durable import Durable, Edition
from pointsman.flows.engine import Engine
from pointsman.flows.evidence import Evidence, evidence
from pointsman.flows.modules import Modules
from pointsman.flows.question import Reader
from pointsman.flows.run import Bound
from pointsman.flows.runs import Runs, Started
from pointsman.flows.services import ReadyPrompt, Services
from pointsman.folder import Examined, examine_again, files_of
from pointsman.inference import router
from pointsman.inference.port import Writer
from pointsman.journal.key_file import open_key_file, read_keys
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.port import Journal
from pointsman.journal.postgres import Place, PostgresJournal
from pointsman.journal.sqlite import SqliteJournal
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
    runs: Runs
    durable: Durable | None
    """Durable runs, where a journal was given; without one every run is in memory."""
    decisions: Decisions | None
    services: Services
    secrets: Secrets
    reader: Reader
    clock: Clock
    notice: str | None = None
    """Said on every page and answer: that the data are invented."""
    _closing: list[Callable[[], Any]] = field(default_factory=list)

    async def open(self) -> None:
        """Opens the journal, if there is one. Raises Broken when it cannot be used."""
        if self.durable is not None:
            await self.durable.open()

    async def start_question(self, question: str, *, door: str) -> Started:
        """Reads a question and starts its flow. Raises NotRead (422, with the nearest forms)."""
        reading = await self.reader.read(question)
        return await self.runs.start(reading.flow, reading.input, door=door, reading=reading.shown)

    async def evidence(self, run: str, key: str, feature: str) -> list[Evidence]:
        """The rows behind one reason of one item of an answer. Raises Refused (404)."""
        record = await self.runs.get(run)
        outputs = await self.runs.outputs(run)
        return evidence(self.plans[record.flow], outputs, record.answer or {}, key, feature)

    async def __aenter__(self) -> "Pointsman":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self.durable is not None:
            await self.durable.close()
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
    journal: Journal | None = None,
) -> Pointsman:
    """Builds a project that `folder.examine` found sound. Nothing is connected to before the first call.

    Without `flows` only what stands around them is built, which needs no sound flows. With a `journal`, flows that
    say `durable: true` are kept in it.
    """
    clock = clock or SystemClock()
    secrets, sets = Secrets(environ, root), Sets()
    builder = _Builder(root, secrets, sets, clock)
    services = builder.services(examined, root)
    engine = Engine(MemoryJournal(), clock)
    plans = examined.plans if flows else {}
    heads, bound = builder.flows(plans, services, engine.call_flow) if flows else ({}, {})
    engine.bound.update(bound)
    engine.inputs = {name: head.input for name, head in heads.items()}
    durable = None
    if journal is not None:
        edition = Edition(hashlib.sha256(examined.content).hexdigest(), examined.content, bound, plans, engine.inputs)
        load = builder.edition(examined, engine.call_flow)
        durable = Durable(journal, engine.journal, edition, load, clock, worker_name())
    return Pointsman(
        project=examined.project,
        plans=plans,
        heads=heads,
        engine=engine,
        runs=Runs(engine, durable, heads),
        durable=durable,
        decisions=None if durable is None else Decisions(durable.journal, durable.render),
        services=services,
        secrets=secrets,
        reader=Reader(heads, services.writers.get(examined.project.file.questions or ""), clock),
        clock=clock,
        notice=notice,
        _closing=[builder.close, sets.close],
    )


def worker_name() -> str:
    """A name that no process had before: in a container that starts again, host name and process id are the same."""
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"


def journal_of(project: Project, root: Path, environ: Mapping[str, str]) -> Journal:
    """Where a project's durable runs are kept: its PostgreSQL database, or a SQLite file of this machine beside the
    key that its payloads are sealed with. Raises Refused for a secret that is missing, Broken for a key that is none.
    """
    place = project.file.journal
    if place is None:
        folder = root / ".pointsman"
        folder.mkdir(exist_ok=True)
        return SqliteJournal(folder / "journal.db", open_key_file(folder / "journal.key"), SystemClock())
    secrets, password = Secrets(environ, root), place.password
    sealer = read_keys(secrets.resolve(place.keys).reveal(), place.keys)
    asked = None if password is None else lambda: secrets.resolve(password).reveal()
    ssl = False if place.ssl == "disable" else place.ssl
    return PostgresJournal(Place(place.host, place.port, place.database, place.user, asked, ssl), sealer)


class _Builder:
    """Builds what flows act with: for the project as it is, and for editions of it that runs began with."""

    def __init__(self, root: Path, secrets: Secrets, sets: Sets, clock: Clock) -> None:
        self._root, self._secrets, self._sets, self._clock = root, secrets, sets, clock
        self._open: list[Limited | Writer] = []
        self._code: dict[int, Modules] = {}

    def services(self, examined: Examined, code: Path) -> Services:
        """`code`: the folder of the project's Python modules."""
        project = examined.project
        connections = {
            name: Limited(_connector(spec, examined, self._root, self._secrets, self._clock), spec.limits, self._clock)
            for name, spec in project.connections.items()
        }
        writers = {
            name: router.of_model(model, secrets=self._secrets, clock=self._clock)
            for name, model in project.models.items()
            if isinstance(model, ChatModel)
        }
        self._open += [*connections.values(), *writers.values()]
        modules = Modules(code)
        services = Services(
            project=project,
            connections=connections,
            sets=self._sets,
            classics=project.classics,
            writers=writers,
            prompts={name: _ready(asked) for name, asked in project.prompts.items()},
            function=modules.function,
            scrub=self._secrets.scrub,
        )
        self._code[id(services)] = modules
        return services

    def flows(
        self, plans: Mapping[str, Plan], services: Services, call_flow: CallFlow
    ) -> tuple[dict[str, FlowHead], dict[str, Bound]]:
        """The heads and the bound flows, of files and of Python functions."""
        heads: dict[str, FlowHead] = {name: plan.flow for name, plan in plans.items()}
        bound = {name: bind.bind(plan, services, call_flow) for name, plan in plans.items()}
        for flow in self._code[id(services)].flows():
            heads[flow.head.flow] = flow.head
            bound[flow.head.flow] = bind.bind_python(flow, services, call_flow)
        return heads, bound

    def edition(self, now: Examined, call_flow: CallFlow) -> Callable[[str, bytes], Edition]:
        """Builds the edition of a project that a run began with, from the files that were kept of it."""

        def load(digest: str, content: bytes) -> Edition:
            examined = examine_again(content, self._root, now)
            code = self._root / ".pointsman" / "editions" / digest[:16]
            for name, text in files_of(content).items():
                if name.endswith(".py"):
                    (code / name).parent.mkdir(parents=True, exist_ok=True)
                    (code / name).write_text(text, encoding="utf-8", errors="surrogateescape")
            services = self.services(examined, code)
            heads, bound = self.flows(examined.plans, services, call_flow)
            return Edition(digest, content, bound, examined.plans, {name: head.input for name, head in heads.items()})

        return load

    async def close(self) -> None:
        for part in self._open:
            await part.close()


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

"""Flows written as Python functions: the same engine, the same turns, explicit keys.

    @flow("at-risk", input={"region": "string"})
    async def at_risk(ctx, region):
        accounts = await ctx.call("crm.query", key="accounts", soql="…", params={"region": region})
        …

When a durable one is resumed, the function runs again and finished keys answer from the journal, so what stands
between the calls must give the same each time.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pointsman.errors import Refused, way_out
from pointsman.flows import each as items
from pointsman.flows.run import Run
from pointsman.flows.services import Services
from pointsman.flows.steps import ask, call, score, sql
from pointsman.flows.turn import Act, Scope, Turn, perform
from pointsman.frame import Frame, Output
from pointsman.journal.record import StepRecord
from pointsman.language import sql as language
from pointsman.shape import Value
from pointsman.spec.flow import FlowHead

Body = Callable[..., Awaitable[Value]]


@dataclass(frozen=True, slots=True)
class PythonFlow:
    """A function marked with `@flow`, and what a flow file would say at its head."""

    head: FlowHead
    body: Body

    def __call__(self, *args: Any, **kwargs: Any) -> Awaitable[Value]:
        return self.body(*args, **kwargs)


def flow(name: str, **head: Any) -> Callable[[Body], PythonFlow]:
    """Marks `async def body(ctx, **input)` as a flow. `head`: the keys of a flow file except `steps` and `reply`.

    Raises pydantic's ValidationError for a head that a flow file could not have.
    """
    read = FlowHead.model_validate({"flow": name, **head})
    return lambda body: PythonFlow(read, body)


class Context:
    """What a Python flow acts with. Each call has a key, unique in the run: its address in the journal."""

    def __init__(self, run: Run, services: Services, turn: Callable[[StepRecord], Turn]) -> None:
        self._run, self._services, self._turn = run, services, turn

    async def call(self, action: str, *, key: str, **arguments: Value) -> Output:
        """An action of a connection, such as `crm.query`."""
        name, _, verb = action.partition(".")
        connection = self._services.connections.get(name)
        if connection is None:
            raise Refused(f"no connection named {name!r}.", way_out=way_out(name, self._services.connections))

        async def act(scope: Scope, turn: Turn) -> Output:
            return await call.do(connection, verb, arguments, (), turn)

        return await self._do(act, key, "call", action)

    async def sql(self, text: str, *, key: str, params: Mapping[str, Value] | None = None, **tables: Output) -> Frame:
        """DuckDB's SQL over frames, handed in by table name."""
        language.read(text, "duckdb")
        frames = {name: sql.as_frame(table) for name, table in tables.items()}

        async def act(scope: Scope, turn: Turn) -> Output:
            return await sql.do(self._services.sets, text, frames, params or {}, {}, turn)

        return sql.as_frame(await self._do(act, key, "sql", key))

    async def score(self, model: str, rows: Frame, *, key: str) -> Frame:
        """The rows with a classic model's outputs."""
        if model not in self._services.classics:
            raise Refused(f"no classic model named {model!r}.", way_out=way_out(model, self._services.classics))

        async def act(scope: Scope, turn: Turn) -> Output:
            return await score.do(self._services, model, rows, turn)

        return sql.as_frame(await self._do(act, key, "score", model))

    async def ask(self, model: str, *, prompt: str, key: str, **values: Value) -> Output:
        """What a language model writes from a prompt."""
        for name, known in ((model, self._services.writers), (prompt, self._services.prompts)):
            if name not in known:
                raise Refused(f"nothing named {name!r}.", way_out=way_out(name, known))

        async def act(scope: Scope, turn: Turn) -> Output:
            return await ask.do(self._services, model, prompt, values, turn)

        return await self._do(act, key, "ask", model)

    async def each(
        self,
        over: Frame | Sequence[Value],
        body: Callable[[Any], Awaitable[Value]],
        *,
        key: Callable[[Any], Value],
        concurrency: int = 8,
        collect: bool = False,
    ) -> Mapping[str, Value]:
        """`{ok, failed}` of `body` over items; `key` names each item. Calls inside it need keys of their own."""
        rows: Sequence[Value] = over.rows if isinstance(over, Frame) else over

        async def act(scope: Scope, turn: Turn) -> Output:
            return await body(scope["item"])

        turn = self._turn(StepRecord("each", "each", "each"))
        found = items.keyed(rows, key)
        return await items.go_over(act, found, "item", {}, turn, concurrency=concurrency, collect=collect)

    async def run(self, name: str, *, key: str, **given: Value) -> Output:
        """The reply of another flow."""

        async def act(scope: Scope, turn: Turn) -> Output:
            return await turn.call_flow(name, given, turn)

        return await self._do(act, key, "run", name)

    async def _do(self, act: Act, key: str, verb: str, target: str) -> Output:
        if key in self._run.record.steps:
            raise Refused(f"the key {key!r} is used twice in one run.", way_out="Give each call a key of its own.")
        record = StepRecord(key, verb, target)
        self._run.record.steps[key] = record
        record.status, record.started = "running", self._run.clock.now()
        try:
            output = await perform(act, {}, replace(self._turn(record), item=None))
        except BaseException as fault:
            record.status, record.reason, record.ended = "failed", str(fault), self._run.clock.now()
            raise
        record.status, record.ended = "done", self._run.clock.now()
        record.rows = len(output) if isinstance(output, Frame | list) else None
        self._run.outputs[key] = output
        return output

"""A step: one action of a flow. One verb each, and the same modifiers around any verb."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from pointsman.spec.base import Duration, Name, Spec, StepName
from pointsman.spec.field import Field as TypedField


class Retry(Spec):
    """How often a step is tried again when it may work later."""

    attempts: int = Field(default=3, ge=1, le=20)
    """Tries in all."""
    first: Duration = 0.2
    """Wait before the second try; doubled each time, with jitter. A `Retry-After` of the system wins when longer."""
    most: Duration = 30.0
    """Longest wait between two tries."""


class UseValue(Spec):
    """`on_error: {use: value}`: the step's output when it fails."""

    use: Any
    """The value."""


class StepCommon(Spec):
    """Modifiers that any verb takes."""

    each: str | None = None
    """What to go over, one item at a time: a step, a part of one (`approval.approved`), or `${{ an expression }}`."""
    as_: StepName = Field(default="item", alias="as")
    """The item's name in expressions."""
    key: str | None = None
    """`${{ … }}` that names an item: its address, and the key that makes its effect happen once."""
    concurrency: int = Field(default=8, ge=1, le=256)
    """Items at once."""
    when: str | None = None
    """`${{ condition }}`; the step (or item) is skipped, with null as its output, when it is false."""
    retry: Retry | None = None
    """Tries again when it may work later; nothing said is one try."""
    timeout: Duration | None = None
    """For one try of the step (of one item with `each`)."""
    on_error: Literal["fail", "collect", "empty"] | UseValue = "fail"
    """`fail` the run; `collect` failed items beside the others (with `each`); go on `empty`; or `{use: value}`."""


class CallStep(StepCommon):
    """An action of a connection: `call: crm.query`."""

    call: str = Field(pattern=r"^[a-z][a-z0-9_-]*\.[A-Za-z][A-Za-z0-9_]*$")
    """`connection.action`."""
    with_: dict[str, Any] = Field(default={}, alias="with")
    """What the action takes; texts may hold `${{ … }}`."""
    returns: TypedField | None = None
    """What it answers, where no schema says so (a plain HTTP request)."""


class SqlStep(StepCommon):
    """SQL (DuckDB's) over the frames of other steps, which are its tables."""

    sql: str
    """One SELECT; values are written `$name`."""
    with_: dict[str, Any] = Field(default={}, alias="with")
    """Values for `$name` in the SQL."""


class ScoreStep(StepCommon):
    """Adds a classic model's probability, interval and reasons to rows."""

    score: Name
    """The classic model."""
    rows: str
    """The step whose rows are scored."""


class AskStep(StepCommon):
    """Asks a language model with a prompt."""

    ask: Name
    """The language model."""
    prompt: Name
    """What it is asked."""
    with_: dict[str, Any] = Field(default={}, alias="with")
    """The prompt's inputs; texts may hold `${{ … }}`."""


class RunStep(StepCommon):
    """Runs another flow; its reply is the output."""

    run: Name
    """The flow."""
    with_: dict[str, Any] = Field(default={}, alias="with")
    """Its input; texts may hold `${{ … }}`."""


class PythonStep(StepCommon):
    """Calls a Python function of the project: `python: module:function`."""

    python: str = Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    """`module:function`, from the project's folder."""
    with_: dict[str, Any] = Field(default={}, alias="with")
    """The function's arguments; texts may hold `${{ … }}`."""
    returns: TypedField | None = None
    """What it gives; nothing is known of it otherwise."""
    network: Literal["none"] | None = None
    """`none` when it reaches nothing outside; otherwise it counts as an outside place for labels."""


class ApproveStep(StepCommon):
    """Waits for a person's decision on each item of an `each` step."""

    approve: str
    """The `each` step whose items are decided on."""
    by: str = Field(pattern=r"^role:[a-z][a-z0-9-]*$")
    """Who decides."""
    within: Duration
    """How long there is to decide."""
    otherwise: Literal["reject", "approve"] = "reject"
    """What happens to an item that nobody decided on."""


VERBS: dict[str, type[StepCommon]] = {
    "call": CallStep,
    "sql": SqlStep,
    "score": ScoreStep,
    "ask": AskStep,
    "run": RunStep,
    "python": PythonStep,
    "approve": ApproveStep,
}


def _verb(value: object) -> str | None:
    keys = value.keys() if isinstance(value, dict) else {verb for verb in VERBS if hasattr(value, verb)}
    found = [verb for verb in VERBS if verb in keys]
    return found[0] if len(found) == 1 else None


Step = Annotated[
    Annotated[CallStep, Tag("call")]
    | Annotated[SqlStep, Tag("sql")]
    | Annotated[ScoreStep, Tag("score")]
    | Annotated[AskStep, Tag("ask")]
    | Annotated[RunStep, Tag("run")]
    | Annotated[PythonStep, Tag("python")]
    | Annotated[ApproveStep, Tag("approve")],
    Discriminator(_verb),
]

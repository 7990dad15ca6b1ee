"""A flow: a graph of named steps with typed input and reply. `flows/<name>.yaml`."""

from typing import Annotated, Any

from pydantic import Discriminator, Tag
from pydantic import Field as Constraint

from pointsman.spec.base import Duration, Many, Name, Spec, StepName
from pointsman.spec.field import Field
from pointsman.spec.step import Step


class HttpDoor(Spec):
    """`POST /flows/<name>`."""

    scopes: Many[str] = ()
    """What a caller must hold."""


class McpDoor(Spec):
    """A tool for agents (MCP)."""

    tool: str = Constraint(pattern=r"^[a-z][a-z0-9_]{0,62}$")


class ScheduleDoor(Spec):
    """Started by the clock."""

    cron: str
    timezone: str = "UTC"
    input: dict[str, Any] = {}


class Doors(Spec):
    """The ways into a flow."""

    http: HttpDoor | None = None
    mcp: McpDoor | None = None
    ask: Many[str] = ()
    """Phrases of a question in words that lead here."""
    schedule: ScheduleDoor | None = None


class FromReply(Spec):
    """Part of a reply: a step's output, or some of its columns."""

    from_: str = Constraint(alias="from")
    """A step, or a part of one: `at_risk`, `drafts.ok`."""
    columns: Many[str] = ()
    """Only these columns, in this order; none = all."""


def _reply_kind(value: object) -> str:
    return "expression" if isinstance(value, str) else "from"


ReplyPart = Annotated[Annotated[FromReply, Tag("from")] | Annotated[str, Tag("expression")], Discriminator(_reply_kind)]
"""`{from: step}` or `${{ an expression }}`."""


class FlowHead(Spec):
    """What is said of a flow, whether a file or a Python function holds its steps."""

    flow: Name
    version: int = Constraint(default=1, ge=1)
    title: str = ""
    input: dict[StepName, Field] = {}
    durable: bool = False
    """Kept in the journal, so that it survives a crash and can wait for people."""
    timeout: Duration = 60.0
    """For the reply; what goes on after it has its own time."""
    doors: Doors = Doors()


class Flow(FlowHead):
    """A flow file."""

    steps: dict[StepName, Step] = Constraint(min_length=1)
    reply: dict[str, ReplyPart] = {}
    """Sent as soon as what it reads exists."""

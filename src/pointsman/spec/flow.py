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
    """The tool's name."""


class ScheduleDoor(Spec):
    """Started by the clock."""

    cron: str
    """Minute, hour, day of the month, month, day of the week: `0 6 * * MON`."""
    timezone: str = "UTC"
    """A name of the IANA time zone database, such as Europe/Paris."""
    input: dict[str, Any] = {}
    """What the flow is started with."""


class Doors(Spec):
    """The ways into a flow."""

    http: HttpDoor | None = None
    """Called over HTTP."""
    mcp: McpDoor | None = None
    """Offered to agents as a tool."""
    ask: Many[str] = ()
    """Phrases of a question in words that lead here."""
    schedule: ScheduleDoor | None = None
    """Started by the clock."""


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
    """Its name, the same as the file's; - and _ count as one."""
    version: int = Constraint(default=1, ge=1)
    """Counted up when callers would notice the difference."""
    title: str = ""
    """What it is for, in words."""
    input: dict[StepName, Field] = {}
    """What it is asked with, by name."""
    durable: bool = False
    """Kept in the journal, so that it survives a crash and can wait for people."""
    timeout: Duration = 60.0
    """For the reply; what goes on after it has its own time."""
    doors: Doors = Doors()
    """The ways in."""


class Flow(FlowHead):
    """A flow file."""

    steps: dict[StepName, Step] = Constraint(min_length=1)
    """What it does. A step starts as soon as what it names is there; independent ones run at once."""
    reply: dict[str, ReplyPart] = {}
    """Sent as soon as what it reads exists."""

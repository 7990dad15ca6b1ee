"""A model: something that answers. `models/<name>.yaml`."""

from typing import Annotated, Literal

from pydantic import Field

from pointsman.spec.base import Many, Name, Price, SecretRef, Spec
from pointsman.spec.field import InputType


class TokenPrice(Spec):
    """What an endpoint costs, in dollars for a number of tokens."""

    input: Price = 0.0
    """For what it reads."""
    output: Price = 0.0
    """For what it writes."""


class Endpoint(Spec):
    """One place where a model answers."""

    name: Name
    """Its name in answers and logs."""
    url: str = Field(pattern=r"^https?://")
    """Base address of its API, such as http://127.0.0.1:11434/v1."""
    wire: Literal["openai"] = "openai"
    """The protocol it speaks: `openai` = POST <url>/chat/completions."""
    upstream: str
    """The model's name at that place."""
    zone: Literal["inside", "outside"]
    """`inside` = we run it; `outside` = someone else does, and personal values must not reach it in the clear."""
    region: str | None = None
    """Where it stands, such as `eu` or `us`."""
    key: SecretRef | None = None
    """Sent as `Authorization: Bearer`."""
    price: TokenPrice = TokenPrice()
    """What it costs; nothing said is free."""


class ChatModel(Spec):
    """A language model. Without endpoints its prompts' templates write, and every answer says so."""

    model: Name
    """Its name, the same as the file's; - and _ count as one."""
    task: Literal["chat"]
    """Chooses this kind of model."""
    endpoints: Many[Endpoint] = ()
    """Asked in this order; the next one when one cannot answer."""


class ClassicModel(Spec):
    """A classic model as data in the project, scored as one SQL expression."""

    model: Name
    """Its name, the same as the file's; - and _ count as one."""
    task: Literal["classify"]
    """Chooses this kind of model."""
    version: int = Field(ge=1)
    """Counted up with every change of the file, so that answers can be told apart."""
    file: str
    """JSON with coefficients, scaling and calibration, beside this file."""
    inputs: dict[str, InputType]
    """Columns that the scored rows must have, with their types."""
    outputs: dict[str, InputType]
    """Columns that scoring adds: probability, low, high, base_rate, reasons."""


Model = Annotated[ChatModel | ClassicModel, Field(discriminator="task")]

"""A model: something that answers. `models/<name>.yaml`."""

from typing import Annotated, Literal

from pydantic import Field

from pointsman.spec.base import Many, Name, Price, SecretRef, Spec
from pointsman.spec.field import InputType


class TokenPrice(Spec):
    """What an endpoint costs, in dollars for a number of tokens."""

    input: Price = 0.0
    output: Price = 0.0


class Endpoint(Spec):
    """One place where a model answers."""

    name: Name
    url: str = Field(pattern=r"^https?://")
    """Base address of its API, such as http://127.0.0.1:11434/v1."""
    wire: Literal["openai"] = "openai"
    """The protocol it speaks: `openai` = POST <url>/chat/completions."""
    upstream: str
    """The model's name at that place."""
    zone: Literal["inside", "outside"]
    """`inside` = we run it; `outside` = someone else does, and personal values must not reach it in the clear."""
    region: str | None = None
    key: SecretRef | None = None
    price: TokenPrice = TokenPrice()


class ChatModel(Spec):
    """A language model. Without endpoints its prompts' templates write, and every answer says so."""

    model: Name
    task: Literal["chat"]
    endpoints: Many[Endpoint] = ()
    """Asked in this order; the next one when one cannot answer."""


class ClassicModel(Spec):
    """A classic model as data in the project, scored as one SQL expression."""

    model: Name
    task: Literal["classify"]
    version: int = Field(ge=1)
    file: str
    """JSON with coefficients, scaling and calibration, beside this file."""
    inputs: dict[str, InputType]
    """Columns that the scored rows must have, with their types."""
    outputs: dict[str, InputType]
    """Columns that scoring adds: probability, low, high, base_rate, reasons."""


Model = Annotated[ChatModel | ClassicModel, Field(discriminator="task")]

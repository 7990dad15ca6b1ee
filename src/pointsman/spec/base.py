"""What every user-written file shares: strict keys, and one type for each quantity people write."""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pointsman import labels, quantity


class Spec(BaseModel):
    """A mapping in a project file: the class is the schema, the reference page, the default and the hint."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True, populate_by_name=True, defer_build=True
    )


T = TypeVar("T")
Many = Annotated[tuple[T, ...], Field(strict=False)]
"""A list in YAML, kept as a tuple."""


def _quantity(read: Any, noun: str, pattern: str) -> Any:
    def parse(value: object) -> object:
        if isinstance(value, str):
            return read(value)
        if isinstance(value, float | int) and not isinstance(value, bool):
            return value  # a default, already in base units
        raise ValueError(f"expected {noun}")

    return [BeforeValidator(parse), WithJsonSchema({"type": "string", "pattern": pattern})]


Duration = Annotated[float, *_quantity(quantity.seconds, "a duration such as 20s", r"^\d+(\.\d+)?(ms|s|m|h|d)$")]
Size = Annotated[int, *_quantity(quantity.size, "a size such as 64Mi", r"^\d+(\.\d+)?(k|Ki|M|Mi|G|Gi)?$")]
Share = Annotated[float, *_quantity(quantity.share, "a share such as 5%", r"^[+-]?\d+(\.\d+)?%$")]
Price = Annotated[float, *_quantity(quantity.price, "a price such as $0.25/1M", r"^\$\d+(\.\d+)?(/\d+[kKM]?)?$")]


def _secret_reference(text: str) -> str:
    provider, _, path = text.removeprefix("secret://").partition("/")
    if not text.startswith("secret://"):
        raise ValueError(
            "a secret is written as a reference, such as secret://env/NAME or secret://file/path, never in the clear"
        )
    if provider not in ("env", "file", "vault", "k8s") or not path:
        raise ValueError(
            "a secret reference is secret://env/NAME, secret://file/path, secret://vault/path#key or secret://k8s/ns/name#key"
        )
    return text


SecretRef = Annotated[
    str,
    AfterValidator(_secret_reference),
    WithJsonSchema({"type": "string", "pattern": "^secret://(env|file|vault|k8s)/.+"}),
]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
"""How connections, models, prompts and flows are called."""
StepName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""Step names are also table names and names in expressions, so no dashes."""
Label = Annotated[str, AfterValidator(labels.parse)]

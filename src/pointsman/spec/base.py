"""What every user-written file shares: strict keys, and one type for each quantity people write."""

from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from pointsman import labels, quantity


class Spec(BaseModel):
    """A mapping in a project file: the class is the schema, the reference page, the default and the hint.

    What its keys mean stands below them; `spec.described` reads it when somebody asks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True, defer_build=True)


T = TypeVar("T")
Many = Annotated[tuple[T, ...], Field(strict=False)]
"""A list in YAML, kept as a tuple."""


def _quantity(read: Any, noun: str, pattern: str, *, bare: bool = False) -> Any:
    """`bare`: a number without a unit says enough (bytes)."""

    def parse(value: object, info: ValidationInfo) -> object:
        if isinstance(value, str):
            try:
                return read(value)
            except ValueError as error:
                raise PydanticCustomError("quantity", "{said}", {"said": str(error)}) from None
        if isinstance(value, float | int) and not isinstance(value, bool) and (bare or not info.context):
            return value  # from Python, already in base units; in a file a number alone has no unit
        raise PydanticCustomError("quantity", "{said}", {"said": f"expected {noun}", "got": True})

    schema = {"type": ["string", "integer"] if bare else "string", "pattern": pattern}
    return [BeforeValidator(parse), WithJsonSchema(schema)]


_DURATION: Final = r"^\d+(\.\d+)?(ms|s|m|h|d)$"
_SIZE: Final = r"^\d+(\.\d+)?(k|Ki|M|Mi|G|Gi)?$"
_SHARE: Final = r"^[+-]?\d+(\.\d+)?%$"
_PRICE: Final = r"^\$\d+(\.\d+)?(/\d+[kKM]?)?$"
QUANTITIES: Final = {
    _DURATION: ("duration", "`500ms`, `20s`, `10m`, `24h`, `3d`"),
    _SIZE: ("size", "`64Mi`, `16Gi`, `10M`; a bare number is bytes"),
    _SHARE: ("share", "`5%`, `+0.2%`"),
    _PRICE: ("price", "`$0.25/1M`: dollars for a number of tokens"),
}
"""By the pattern in JSON Schemas: what the quantity is called, and how it is written."""

Duration = Annotated[float, *_quantity(quantity.seconds, "a duration such as 20s", _DURATION)]
Size = Annotated[int, *_quantity(quantity.size, "a size such as 64Mi", _SIZE, bare=True)]
Share = Annotated[float, *_quantity(quantity.share, "a share such as 5%", _SHARE)]
Price = Annotated[float, *_quantity(quantity.price, "a price such as $0.25/1M", _PRICE)]


def _secret_reference(text: str) -> str:
    provider, _, path = text.removeprefix("secret://").partition("/")
    if not text.startswith("secret://"):
        raise PydanticCustomError("secret", "a secret stands here in the clear")
    if provider not in ("env", "file", "vault", "k8s") or not path:
        raise PydanticCustomError("secret", "this secret reference has no known form")
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


def _label(text: str) -> str:
    try:
        return labels.parse(text)
    except ValueError as error:
        raise PydanticCustomError("label", "{said}", {"said": str(error)}) from None


Label = Annotated[
    str,
    AfterValidator(_label),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [name for name in labels.known() if "<" not in name]},
                {"type": "string", "pattern": r"^region\.[a-z][a-z0-9-]*$"},
            ]
        }
    ),
]

"""A typed field: an input of a flow or a prompt, an output of a prompt."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, WithJsonSchema, model_validator
from pydantic import Field as Constraint
from pydantic_core import PydanticCustomError

from pointsman.shape import ANY, Shape, json_schema, list_of, record
from pointsman.spec import pattern
from pointsman.spec.base import Label, Many, Spec

InputType = Literal["string", "integer", "number", "boolean", "date", "timestamp", "quarter", "list", "object", "any"]


def _pattern(text: str) -> str:
    try:
        pattern.check(text)
    except pattern.NoPattern as fault:
        raise PydanticCustomError("pattern", "{said}", {"said": f"no regular expression: {fault}"}) from None
    return text


_COUNTED: Final = {"list": "maxItems", "string": "maxLength"}
"""What JSON Schema calls `max`."""

Pattern = Annotated[str, AfterValidator(_pattern), WithJsonSchema({"type": "string", "format": "regex"})]


class Field(Spec):
    """What a value must be. In short form, `name: string` stands for `name: {type: string}`."""

    type: InputType
    """`quarter`: a calendar quarter such as 2026-Q4. `any`: unchecked."""
    enum: Many[str] = ()
    """The only values allowed, for a string."""
    default: Any = None
    """Used when the field is not given; a field without one must be given."""
    optional: bool = False
    """May be missing; then it is null."""
    minimum: float | None = None
    """Least value of a number."""
    maximum: float | None = None
    """Greatest value of a number."""
    max: int | None = Constraint(default=None, ge=1)
    """Most characters of a string, or most items of a list."""
    pattern: Pattern | None = None
    """Regular expression that a whole string must match."""
    items: "Field | None" = None
    """What each item of a list is."""
    fields: dict[str, "Field"] = {}
    """What an object holds."""
    label: Label | Many[Label] = ()
    """What it is, when it is personal, confidential or untrusted."""
    description: str = ""
    """What it means, for those who call and for language models."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"type": value} if isinstance(value, str) else value

    @property
    def required(self) -> bool:
        return self.default is None and not self.optional

    def json_schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of its value."""
        if self.type == "object" and self.fields:
            found = fields_schema(self.fields)
        else:
            found = json_schema(Shape(self.type, enum=tuple(self.enum)))
        if self.items:
            found["items"] = self.items.json_schema()
        bounds: dict[str, Any] = {"minimum": self.minimum, "maximum": self.maximum, "default": self.default}
        if self.type in _COUNTED:
            bounds[_COUNTED[self.type]] = self.max
        if self.pattern is not None:
            bounds["pattern"] = f"^(?:{self.pattern})$"  # JSON Schema looks for a pattern anywhere in the text
        found |= {key: bound for key, bound in bounds.items() if bound is not None}
        if self.description:
            found["description"] = self.description
        if self.optional and "type" in found:
            found["type"] = [found["type"], "null"]
            if "enum" in found:
                found["enum"] = [*found["enum"], None]
        return found

    def shape(self) -> Shape:
        """The type of its value, as expressions see it."""
        if self.type == "list":
            shape = list_of(self.items.shape() if self.items else ANY)
        elif self.type == "object":
            fields = {name: part.shape() for name, part in self.fields.items()}
            shape = record(fields) if fields else record({}, closed=False)
        else:
            shape = Shape(self.type, enum=tuple(self.enum))
        return shape.or_null() if self.optional and self.default is None else shape


def fields_schema(fields: Mapping[str, Field]) -> dict[str, Any]:
    """JSON Schema of an object with these fields and no others."""
    return {
        "type": "object",
        "properties": {name: field.json_schema() for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }

"""What a question may lead to: a flow, seen as the phrases and fields that words can fill."""

from dataclasses import dataclass

from pointsman.shape import Kind, Value


@dataclass(frozen=True, slots=True)
class InputField:
    """A field of a flow's input. `default` is what the flow uses when nothing is said."""

    name: str
    kind: Kind
    enum: tuple[str, ...] = ()
    default: Value = None
    minimum: float | None = None
    maximum: float | None = None
    required: bool = True

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.name.casefold().replace("-", "_").split("_"))

    @property
    def is_share(self) -> bool:
        """A number between 0 and 1, which people say in percent."""
        return self.kind == "number" and self.maximum is not None and self.maximum <= 1

    def outside(self, value: float) -> str | None:
        """What a number must be, when it is not."""
        if self.minimum is not None and value < self.minimum:
            return f"at least {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"at most {self.maximum:g}"
        return None


@dataclass(frozen=True, slots=True)
class Readable:
    """A flow that can be asked for in words. `phrases`: its `doors.ask`; its title's words may be used as well."""

    name: str
    phrases: tuple[str, ...]
    input: tuple[InputField, ...] = ()
    title: str = ""


def output_fields(flow: Readable) -> dict[str, dict[str, object]]:
    """What a language model must write to fill this flow's input: for each field, the keywords of `spec.field.Field`.

    Fields that need not be said are optional, so that the model can leave them null.
    """
    return {field.name: _keywords(field) for field in flow.input}


def _keywords(field: InputField) -> dict[str, object]:
    found: dict[str, object] = {"type": field.kind}
    if field.enum:
        found["enum"] = field.enum
    if field.minimum is not None:
        found["minimum"] = field.minimum
    if field.maximum is not None:
        found["maximum"] = field.maximum
    if not field.required:
        found["optional"] = True
    if field.kind == "quarter":
        found["description"] = "a calendar quarter, written like 2026-Q4"
    return found

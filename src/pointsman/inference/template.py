"""The `template` writer: a prompt's offline text, filled with the facts. Used, and labelled, where no model is set."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from pointsman.errors import Refused
from pointsman.inference import structured
from pointsman.inference.port import Question, Usage, Written
from pointsman.language import strict_json
from pointsman.shape import Value
from pointsman.spec.field import Field

SOURCE: Final = "template"


class TemplateWriter:
    """Writes for the model `model`, which has no endpoints. It costs nothing and uses no tokens."""

    def __init__(self, model: str) -> None:
        self.model = model

    async def write(self, question: Question) -> Written:
        """The rendered offline text, held to the same `output` as a model's answer. Raises Refused."""
        if question.template is None:
            raise Refused(
                f"model {self.model} has no endpoints, and the prompt has no `template`.",
                way_out="Add endpoints to the model, or `template: <file>` to the prompt.",
            )
        texts = question.template.render(question.values)
        try:
            value = _typed(texts, question.output)
        except structured.Wrong as wrong:
            raise Refused(
                f"the prompt's offline text does not give what its output asks: {' '.join(wrong.mistakes[:3])}",
                where=f"model {self.model}, template",
                way_out="Change the text under `# <field>` in the prompt's template file.",
            ) from None
        reason = f"{self.model} has no endpoints, so the prompt's template wrote"
        return Written(value, SOURCE, self.model, None, None, Usage(), reason)

    async def stream(self, question: Question) -> AsyncIterator[str]:
        """The whole text, as one piece."""
        if question.output:
            raise Refused("only free text is streamed.", way_out="Ask without output fields, or for a whole answer.")
        yield str((await self.write(question)).value[structured.FREE_TEXT])

    async def close(self) -> None:
        """It holds no connection."""


def _typed(texts: Mapping[str, str], output: Mapping[str, Field]) -> dict[str, Value]:
    """Texts as typed values. A field that is no text holds JSON: `3`, `true`, `["a"]`; a date stands as it is."""
    if not output:
        return dict(texts)
    given = {name: _given(text, output[name]) if name in output else text for name, text in texts.items()}
    return structured.check(given, output)


def _given(text: str, field: Field) -> object:
    if field.type not in ("integer", "number", "boolean", "list", "object", "any"):
        return text
    try:
        return strict_json.read(text)
    except strict_json.NotJson:
        return text or None

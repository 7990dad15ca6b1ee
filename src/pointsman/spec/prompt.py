"""A prompt: a versioned text with typed inputs. `prompts/<name>.md`: front matter, then a Jinja2 text."""

from pydantic import Field as Constraint

from pointsman.spec.base import Name, Spec
from pointsman.spec.field import Field


class PromptHead(Spec):
    """The front matter of a prompt."""

    prompt: Name
    """Its name, the same as the file's; - and _ count as one."""
    version: int = Constraint(ge=1)
    """Counted up with every change of the text, so that answers can be told apart."""
    input: dict[str, Field] = {}
    """What the text may use."""
    output: dict[str, Field] = {}
    """What the model must answer, as an object; none = free text under `text`."""
    template: str | None = None
    """A file beside it whose text is used, and labelled, when no language model is configured: one `# field` heading
    for each output field, each followed by its Jinja2 text."""


class Prompt(PromptHead):
    """A whole prompt, as loaded."""

    text: str
    """The Jinja2 text."""
    offline: str | None = None
    """The text of `template`."""

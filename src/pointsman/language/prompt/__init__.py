"""Prompts: Jinja2 texts with a small grammar, strict about what is missing, bounded in rounds and length."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from jinja2 import Template, TemplateError, TemplateSyntaxError, UndefinedError, nodes

from pointsman.errors import Refused
from pointsman.language.expression.trouble import Trouble
from pointsman.language.mistake import Mistake
from pointsman.language.prompt.filters import METER
from pointsman.language.prompt.grammar import bound, refuse
from pointsman.language.prompt.reads import Reads
from pointsman.language.prompt.sandbox import Sandbox
from pointsman.language.prompt.text import Text
from pointsman.shape import Shape, Value

__all__ = ["PromptText", "read"]

MOST_SOURCE: Final = 100_000
MOST_OUTPUT: Final = 400_000
"""Characters of a rendered text: more than any model's window takes with profit."""
ROUNDS: Final = 100_000
"""Items that loops and filters of one rendering may go over."""
_DEFAULT: Final = "{{ x | default(y) }}"
"""How a prompt writes what an expression writes as default(x, y)."""
_FILE: Final = "<prompt>"
_SANDBOX: Final = Sandbox()


@dataclass(frozen=True, slots=True, eq=False)
class PromptText:
    """A text that was read. `names`: the root variables it reads; `paths`: what of them, as far as written out."""

    source: str
    names: frozenset[str]
    paths: frozenset[tuple[str, ...]]
    _tree: nodes.Template = field(repr=False)
    _template: Template = field(repr=False)

    def render(self, values: Mapping[str, Value]) -> str:
        """The text with these values. Raises Refused with the line that failed."""
        parts, length = [], 0
        try:
            for part in self._template.generate({**values, METER: [ROUNDS]}):
                parts.append(part)
                length += len(part)
                if length > MOST_OUTPUT:
                    raise Trouble(f"the text grows beyond {MOST_OUTPUT:,} characters", way_out="Give it fewer rows.")
        except (TemplateError, Trouble, *_WRONG_VALUE, RecursionError) as error:
            raise _refused(error) from None
        return "".join(parts)

    def check(self, inputs: Mapping[str, Shape]) -> list[Mistake]:
        """Variables that are no input, and fields that an input cannot have."""
        reads = Reads(Text(self.source), inputs)
        reads.visit(self._tree)
        return sorted(reads.mistakes, key=lambda mistake: mistake.offset)


_WRONG_VALUE: Final = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
"""What operators and filters raise for a value that is not theirs; their words may show it, so they are not told."""


def read(source: str) -> PromptText:
    """Raises Mistake."""
    if len(source) > MOST_SOURCE:
        raise Mistake(f"a prompt has at most {MOST_SOURCE:,} characters, got {len(source):,}", length=len(source))
    text = Text(source)
    tree = _parsed(text)
    refuse(tree, text)
    reads = Reads(text, None)
    reads.visit(tree)
    try:
        code = _SANDBOX.compile(bound(_parsed(text)), filename=_FILE)
    except TemplateSyntaxError as error:
        raise text.mistake(error.message or "not a prompt", error.lineno) from None
    template = Template.from_code(_SANDBOX, code, _SANDBOX.make_globals(None))
    return PromptText(source, frozenset(reads.names), frozenset(reads.paths), tree, template)


def _parsed(text: Text) -> nodes.Template:
    try:
        return _SANDBOX.parse(text.source)
    except TemplateSyntaxError as error:
        raise text.mistake((error.message or "not a prompt").rstrip("."), error.lineno) from None
    except RecursionError:
        raise Mistake("nested too deep", length=len(text.source)) from None


def _refused(error: BaseException) -> Refused:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _FILE]
    place = f"line {lines[-1]} of the prompt" if lines else "the prompt"
    match error:
        case Trouble():
            return Refused(f"{place}: {error.message}.", way_out=error.way_out.replace("default(x, y)", _DEFAULT))
        case UndefinedError():
            return Refused(
                f"{place}: {(error.message or 'a value is missing').rstrip('.')}.".replace("default(x, y)", _DEFAULT)
            )
        case RecursionError():
            return Refused(f"{place}: nested too deep.")
    return Refused(f"{place}: an operator or filter got a value that it does not take.")

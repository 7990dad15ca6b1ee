"""The offline text of a prompt: what is written when no language model is configured.

One `# field` heading for each output field, each followed by that field's Jinja2 text:

    # subject
    Your renewal, {{ customer.contact }}

    # body
    Dear {{ customer.contact }}, ...

A line that starts with one `#` and a space is always a heading; a heading inside a text has two or more.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from pointsman.errors import Refused, way_out
from pointsman.language import prompt
from pointsman.language.mistake import Mistake
from pointsman.shape import Shape, Value

_HEADING: Final = re.compile(r"^#[ \t]+(.*?)[ \t]*\r?$", re.MULTILINE)
FREE_TEXT: Final = "text"
"""The one field of a prompt without output fields."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its text, trimmed. `start`: offset of the text in the file; `offset`: of the field's name."""

    field: str
    text: str
    offset: int
    start: int


@dataclass(frozen=True, slots=True)
class Offline:
    """An offline text that was read: a template for each output field, in the order of the file."""

    templates: Mapping[str, prompt.PromptText]

    def render(self, values: Mapping[str, Value]) -> dict[str, str]:
        """The text of every field, trimmed. Raises Refused, naming the field and its line."""
        return {field: _rendered(field, template, values) for field, template in self.templates.items()}


def read(text: str, fields: Collection[str]) -> Offline:
    """Reads it for these output fields (none = free text, under `text`). Raises Mistake, the first there is."""
    for found in _wrong_headings(text, fields):
        raise found
    return Offline({section.field: _template(section) for section in sections(text)})


def mistakes(text: str, fields: Collection[str], inputs: Mapping[str, Shape]) -> list[Mistake]:
    """Everything wrong with it, headings and templates, with offsets in the whole text."""
    found = _wrong_headings(text, fields)
    for section in sections(text):
        try:
            template = _template(section)
        except Mistake as mistake:
            found.append(mistake)
        else:
            found += [_moved(mistake, section.start) for mistake in template.check(inputs)]
    return sorted(found, key=lambda mistake: mistake.offset)


def sections(text: str) -> list[Section]:
    """The headings and their texts, as they stand."""
    heads = list(_HEADING.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)] * bool(heads)
    parts = []
    for head, end in zip(heads, ends, strict=True):
        body = text[head.end() : end]
        start = head.end() + len(body) - len(body.lstrip())
        parts.append(Section(head[1], body.strip(), head.start(1), start))
    return parts


def _rendered(field: str, template: prompt.PromptText, values: Mapping[str, Value]) -> str:
    try:
        return template.render(values).strip()
    except Refused as fault:
        raise fault.at(f"template, `# {field}`") from None


def _template(section: Section) -> prompt.PromptText:
    try:
        return prompt.read(section.text)
    except Mistake as mistake:
        raise _moved(mistake, section.start) from None


def _moved(mistake: Mistake, by: int) -> Mistake:
    return Mistake(mistake.message, offset=mistake.offset + by, length=mistake.length, way_out=mistake.way_out)


def _wrong_headings(text: str, fields: Collection[str]) -> list[Mistake]:
    wanted = list(fields) or [FREE_TEXT]
    parts = sections(text)
    lead = text[: _HEADING.search(text).start()] if parts else text  # type: ignore[union-attr]
    found = []
    if lead.strip():
        found.append(
            Mistake(
                "text before the first heading belongs to no output field.",
                offset=len(lead) - len(lead.lstrip()),
                way_out=f"Put `# {wanted[0]}` before it.",
            )
        )
    seen: set[str] = set()
    for part in parts:
        if part.field not in wanted:
            message = f"no output field named `{part.field}`."
            out = f"{way_out(part.field, wanted)} A heading inside a text is written with `##`."
            found.append(Mistake(message, offset=part.offset, length=max(len(part.field), 1), way_out=out))
        elif part.field in seen:
            message = f"`# {part.field}` stands twice."
            found.append(Mistake(message, offset=part.offset, length=len(part.field), way_out="Keep one of them."))
        seen.add(part.field)
    found += [_no_text(field, text) for field in wanted if field not in seen]
    return found


def _no_text(field: str, text: str) -> Mistake:
    end = max(len(text.rstrip()) - 1, 0)
    out = f"Add a heading `# {field}` and its text below."
    return Mistake(f"output field `{field}` has no text.", offset=end, way_out=out)

"""What the YAML parser's complaints mean to the person who wrote the line."""

import yaml

from pointsman.spec.node import Source
from pointsman.spec.problem import Place, Problem

_QUOTES = "Write the value in quotes."
_MEANINGS = (
    (
        "mapping values are not allowed",
        "`: ` cannot stand here",
        "Check the indentation, or write the value in quotes.",
    ),
    ("found unexpected end of stream", "the quote is never closed", "Close it."),
    ("found unknown escape character", "this \\ escape does not exist", "Write \\\\, or use single quotes."),
    ("invalid Unicode character escape", "this \\ escape is no character", "Write the character itself."),
    ("did not find expected ',' or ']'", "the list is not closed where it should be", "Close it with ]."),
    ("did not find expected ',' or '}'", "the mapping is not closed where it should be", "Close it with }."),
    ("did not find expected node content", "something is missing here", "Close what was opened, or write a value."),
    ("did not find expected '-' indicator", "a list item was expected here", "Check the indentation."),
    ("did not find expected key", "a key was expected here", "Check the indentation and the quotes above."),
    ("could not find expected ':'", "a key without `:`", "Write `key: value`; a long text begins with `|`."),
    ("did not find expected <document start>", "nothing was expected here", "Check the brackets and the indentation."),
    ("block sequence entries are not allowed", "`- ` cannot stand here", "Put the list on lines of its own."),
)


def explained(error: yaml.YAMLError, source: Source) -> Problem:
    """The parser's error as a problem with a place."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem("PM003", "the file cannot be read as YAML", Place(source.file))
    said = error.problem or "the file cannot be read as YAML"
    mark = error.problem_mark or error.context_mark
    if "end of stream" in said and error.context_mark:
        mark = error.context_mark
    index = mark.index if mark else 0
    message, way_out = _meaning(said, source, index)
    return Problem("PM003", message, source.place(index), way_out)


def _meaning(said: str, source: Source, index: int) -> tuple[str, str]:
    sign = source.text[index : index + 1]
    if "cannot start any token" in said:
        if sign == "\t":
            return "a tab cannot indent", "Use spaces."
        return f"a value cannot start with `{sign}`", _QUOTES
    excerpt = source.place(index).excerpt
    if "${{" in excerpt and ("expected ','" in said or "mapping values" in said):
        return "this expression needs quotes", 'Write "${{ … }}".'
    for part, message, way_out in _MEANINGS:
        if part in said:
            return message, way_out
    return f"this is no YAML: {said}", ""

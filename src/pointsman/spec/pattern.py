"""Patterns that a whole text must match: regular expressions whose time grows with the text only.

Python's own can take for ever on a short text (`(a+)+$`), and texts come from outside. pydantic's are Rust's, which
have no look-around and no back-references: https://docs.rs/regex.
"""

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema


class NoPattern(ValueError):
    """A text that is no such regular expression."""


@lru_cache(maxsize=512)
def _matcher(pattern: str) -> SchemaValidator:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=f"^(?:{pattern})$", regex_engine="rust-regex"))
    except SchemaError as error:
        said = str(error).strip().splitlines()[-1].removeprefix("error: ")
        raise NoPattern(said) from None


def check(pattern: str) -> None:
    """Raises NoPattern."""
    _matcher(pattern)


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is what the pattern says."""
    return _matcher(pattern).isinstance_python(text)

"""The named parameters of a text: `$name` in a flow's SQL, `:name` in a connection's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot.tokenizer_core import Token, TokenType

from pointsman.language.mistake import Mistake

_VALUE_ENDS: Final = {TokenType.VAR, TokenType.NUMBER, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.IDENTIFIER}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter where it stands: `offset` and `length` of the sign and the name together."""

    name: str
    offset: int
    length: int


def found(tokens: Sequence[Token], flow: bool) -> list[Parameter]:
    """All parameters, in order. `flow`: the text is a flow's (DuckDB). Raises Mistake on any other spelling."""
    parameters = []
    before: Token | None = None
    for sign, name in zip(tokens, [*tokens[1:], None], strict=True):
        joined = name is not None and name.start == sign.end + 1
        if sign.token_type == TokenType.PLACEHOLDER and sign.text == "?":
            raise _spelling(sign.start, 1, flow)
        if sign.token_type == TokenType.PARAMETER:
            if not (flow and joined and name and name.text.isidentifier()):
                raise _spelling(sign.start, 1, flow)
            parameters.append(Parameter(name.text, sign.start, name.end - sign.start + 1))
        elif sign.token_type == TokenType.COLON and joined and name and name.text.isidentifier():
            if flow and (before is None or before.token_type not in {*_VALUE_ENDS, TokenType.STRING}):
                raise _spelling(sign.start, name.end - sign.start + 1, flow)
            if not flow and not _is_slice(before, sign):
                parameters.append(Parameter(name.text, sign.start, name.end - sign.start + 1))
        before = sign
    return parameters


def _is_slice(before: Token | None, colon: Token) -> bool:
    """`list[low:high]`: a colon that stands directly behind a value."""
    return before is not None and before.end + 1 == colon.start and before.token_type in _VALUE_ENDS


def _spelling(offset: int, length: int, flow: bool) -> Mistake:
    style = "$name in a flow's SQL" if flow else ":name in a connection's SQL"
    return Mistake(f"a parameter is written {style}.", offset=offset, length=length)

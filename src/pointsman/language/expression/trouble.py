"""What stops an evaluation. Turned into `errors.Refused`, with its place, where the evaluation began."""

from collections.abc import Sequence

from pointsman.language.expression.source import Spot


class Trouble(Exception):
    """`part`: which operand or argument it is about; none = the whole operation.

    The message names kinds and fields, never a value: values may be personal, and messages reach logs.
    """

    def __init__(self, message: str, *, way_out: str = "", part: int | None = None) -> None:
        self.message, self.way_out, self.part = message, way_out, part
        self.spot: Spot | None = None
        super().__init__(message)

    def at(self, whole: Spot, parts: Sequence[Spot] = ()) -> "Trouble":
        """The same, with its place; a nearer place stays."""
        if self.spot is None:
            self.spot = whole if self.part is None or self.part >= len(parts) else parts[self.part]
        return self


class Missing(Trouble):
    """A field or item that is not there, or a field of null: what `default(x, y)` answers with y."""


def null(where: str, part: int | None = None) -> Trouble:
    return Trouble(f"null {where}", way_out="Say what null stands for: default(x, y).", part=part)

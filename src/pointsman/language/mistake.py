"""What is wrong in a line that a user wrote, and where in it."""


class Mistake(ValueError):
    """A fault in an expression, a template, SQL or SOQL.

    `offset` and `length` count characters of the text that was read, so that the file's caret can point at them.
    `path` says which text it is, when a tree of values was read (`("params", "region")`).
    `way_out` is a whole sentence ("Did you mean `x`?"), or empty.
    """

    def __init__(
        self,
        message: str,
        *,
        offset: int = 0,
        length: int = 1,
        way_out: str = "",
        path: tuple[str | int, ...] = (),
    ) -> None:
        self.message, self.offset, self.length, self.way_out, self.path = message, offset, length, way_out, path
        super().__init__(f"{message} {way_out}".strip())

    def shifted(self, offset: int, path: tuple[str | int, ...] = ()) -> "Mistake":
        """The same mistake, in a text of which the one read is a part that begins at `offset`."""
        return Mistake(
            self.message,
            offset=self.offset + offset,
            length=self.length,
            way_out=self.way_out,
            path=(*path, *self.path),
        )

"""What is wrong in a line that a user wrote, and where in it."""


class Mistake(ValueError):
    """A fault in an expression, a template, SQL or SOQL.

    `offset` and `length` count characters of the text that was read, so that the file's caret can point at them.
    `way_out` is a whole sentence ("Did you mean `x`?"), or empty.
    """

    def __init__(self, message: str, *, offset: int = 0, length: int = 1, way_out: str = "") -> None:
        self.message, self.offset, self.length, self.way_out = message, offset, length, way_out
        super().__init__(f"{message} {way_out}".strip())

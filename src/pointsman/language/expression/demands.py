"""What operators and functions ask of their operands; what is not met becomes a mistake."""

import ast
from typing import Final

from pointsman.errors import way_out
from pointsman.language.expression.comparing import MISMATCH_WAYS, ORDERED
from pointsman.language.expression.joining import family
from pointsman.language.expression.operators import CONDITION_WAYS
from pointsman.language.expression.source import Source
from pointsman.language.mistake import Mistake
from pointsman.shape import ANY, Shape

TEXTS: Final = ("string", "number", "boolean", "date", "timestamp")


class Demands:
    """Collects mistakes of one source."""

    def __init__(self, source: Source, mistakes: list[Mistake]) -> None:
        self._source, self._mistakes = source, mistakes

    def wrong(self, node: ast.expr, message: str, way: str = "") -> Shape:
        self._mistakes.append(self._source.mistake(message, node, way))
        return ANY

    def wrong_field(self, node: ast.expr, message: str, way: str = "") -> Shape:
        """About the field that a path ends with: the caret is under its name alone."""
        found = self._source.mistake(message, node, way)
        if isinstance(node, ast.Attribute):
            found.offset, found.length = found.offset + found.length - len(node.attr), len(node.attr)
        self._mistakes.append(found)
        return ANY

    def present(self, node: ast.expr, shape: Shape, why: str) -> bool:
        """Not null. `why` ends the sentence `this may be null, which …`."""
        if not shape.nullable:
            return True
        part = self._source.spot(node)
        text = self._source.text[part.offset : part.offset + part.length]
        is_always = shape.kind == "null"
        way = "" if is_always else f"Say what null stands for: default({text if len(text) < 60 else 'x'}, y)."
        self.wrong(node, f"this {'is' if is_always else 'may be'} null, which {why}", way)
        return False

    def kind(self, node: ast.expr, shape: Shape, taker: str, *families: str) -> bool:
        """One of these families of kinds (`integer` asks for whole numbers), and not null."""
        if not self.present(node, shape, f"{taker} does not take"):
            return False
        if shape.kind == "any" or family(shape) in families or shape.kind in families:
            return True
        way = CONDITION_WAYS.get(family(shape), "") if families == ("boolean",) else ""
        self.wrong(node, f"{taker} takes {' or '.join(families)}, this is {shape}", way)
        return False

    def text(self, node: ast.expr, shape: Shape) -> bool:
        return self.kind(node, shape, "a text", *TEXTS)

    def comparable(self, symbol: str, node: ast.expr, pair: list[ast.expr], shapes: list[Shape]) -> bool:
        """Two sides of one kind, neither null; for texts of known values, values that can meet."""
        here = [
            self.present(side, shape, f"`{symbol}` does not compare") for side, shape in zip(pair, shapes, strict=True)
        ]
        if not all(here):
            return False
        a, b = shapes
        kinds = family(a), family(b)
        if "any" in kinds:
            return True
        if kinds[0] != kinds[1]:
            self.wrong(node, f"{a.kind} and {b.kind} are never compared", MISMATCH_WAYS.get(frozenset(kinds), ""))
        elif symbol in ("<", "<=", ">", ">=") and kinds[0] not in ORDERED:
            self.wrong(node, f"`{symbol}` does not order {kinds[0]} values")
        elif symbol in ("==", "!=") and a.enum and b.enum and not set(a.enum) & set(b.enum):
            return self._never_meet(pair, a, b)
        else:
            return True
        return False

    def _never_meet(self, pair: list[ast.expr], a: Shape, b: Shape) -> bool:
        at = 0 if isinstance(pair[0], ast.Constant) else 1
        word, others = (a, b) if at == 0 else (b, a)
        self.wrong(
            pair[at],
            f"{word.enum[0]!r} is none of the values it is compared with",
            way_out(word.enum[0], others.enum, "Values"),
        )
        return False

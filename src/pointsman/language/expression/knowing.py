"""Which paths cannot be null once a condition has gone one way: `x is not None and x > 3` is sound."""

import ast

from pointsman.language.expression.grammar import Path, is_none, static_path


def not_null_when(node: ast.expr, outcome: bool) -> frozenset[Path]:
    """The paths that are not null when the condition's outcome is this."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return not_null_when(inner, not outcome)
        case ast.BoolOp(op=op, values=parts) if isinstance(op, ast.And) is outcome:
            return frozenset[Path]().union(*(not_null_when(part, outcome) for part in parts))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if is_none(left) != is_none(right):
            path = static_path(right if is_none(left) else left)
            asks_not_null = isinstance(op, ast.IsNot | ast.NotEq)
            if path and isinstance(op, ast.Is | ast.IsNot | ast.Eq | ast.NotEq) and asks_not_null is outcome:
                return frozenset((path,))
    return frozenset()

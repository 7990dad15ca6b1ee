"""What an expression gives: its kind, and whether it may be null. Unknown functions give `any`.

Null is assumed where it cannot be ruled out: division, NULLIF, aggregates over possibly no rows, CASE without ELSE.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sqlglot import exp

from pointsman.shape import (
    ANY,
    BOOLEAN,
    DATE,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    TIMESTAMP,
    Kind,
    Shape,
    list_of,
    record,
)

Of = Callable[[object], Shape]
"""The shape of a node inside that was looked at before."""
Rule = Callable[[exp.Expr, Of, bool, str], Shape]
"""node, its children's shapes, grouped, dialect -> shape"""


def shape_of(node: exp.Expr, of: Of, children: Sequence[Shape], *, grouped: bool, dialect: str) -> Shape:
    """The shape of a node whose children's shapes are known."""
    kind = type(node)
    if kind in _NEVER_NULL:
        return _NEVER_NULL[kind]
    if kind in _STRICT:
        return _nulls(_STRICT[kind], children)
    if kind in _MAY_BE_NULL:
        return _MAY_BE_NULL[kind].or_null()
    rule = _RULES.get(kind)
    return rule(node, of, grouped, dialect) if rule else ANY


def merged(shapes: Sequence[Shape]) -> Shape:
    """One shape for values of all of these: branches of CASE, arguments of COALESCE, sides of UNION."""
    kinds: set[Kind] = {shape.kind for shape in shapes if shape.kind != "null"}
    nullable = any(shape.nullable for shape in shapes)
    if not kinds:
        return NULL
    if len(kinds) == 1:
        same = next(shape for shape in shapes if shape.kind != "null")
        return same.or_null() if nullable else same
    pairs: dict[frozenset[Kind], Kind] = {
        frozenset(("integer", "number")): "number",
        frozenset(("date", "timestamp")): "timestamp",
    }
    kind = pairs.get(frozenset(kinds), "any")
    return Shape(kind, nullable=nullable and kind != "any")


def of_type(node: exp.Expr | None) -> Shape:
    """The shape of a SQL type name."""
    if not isinstance(node, exp.DataType):
        return ANY
    kind = node.this
    if kind in exp.DataType.INTEGER_TYPES:
        return INTEGER
    if kind in exp.DataType.REAL_TYPES:
        return NUMBER
    if kind in exp.DataType.TEXT_TYPES or kind == exp.DataType.Type.UUID:
        return STRING
    if kind in (exp.DataType.Type.DATE, exp.DataType.Type.DATE32):
        return DATE
    if kind in exp.DataType.TEMPORAL_TYPES:
        return TIMESTAMP
    if kind == exp.DataType.Type.BOOLEAN:
        return BOOLEAN
    if kind in exp.DataType.ARRAY_TYPES:
        return list_of(of_type(node.expressions[0]) if node.expressions else ANY)
    if kind in exp.DataType.STRUCT_TYPES:
        return Shape("object")
    return ANY


def _nulls(shape: Shape, children: Sequence[Shape]) -> Shape:
    return shape.or_null() if any(child.nullable for child in children) else shape


def _literal(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    if node.args.get("is_string"):
        return STRING
    return INTEGER if str(node.this).isdigit() else NUMBER


def _arithmetic(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    left, right = of(node.this), of(node.expression)
    kinds = {left.kind, right.kind}
    if isinstance(node.expression, exp.Interval) and kinds & {"date", "timestamp"}:
        shape = TIMESTAMP
    elif kinds == {"integer"}:
        shape = INTEGER
    elif kinds <= {"integer", "number"}:
        shape = NUMBER
    elif left.kind == "date" and right.kind == "integer" and dialect != "sqlite":
        shape = DATE
    elif kinds == {"date"} and isinstance(node, exp.Sub) and dialect != "sqlite":
        shape = INTEGER
    else:
        return ANY
    return _nulls(shape, (left, right))


def _division(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    kinds = {of(node.this).kind, of(node.expression).kind}
    whole = kinds == {"integer"} and (dialect != "duckdb" or not isinstance(node, exp.Div))
    return (INTEGER if whole else NUMBER).or_null()


def _same(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    return of(node.this)


def _same_or_null(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    return of(node.this).or_null()


def _cast(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    shape = of_type(node.args.get("to"))
    return shape.or_null() if isinstance(node, exp.TryCast) or of(node.this).nullable else shape


def _coalesce(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    shapes = [of(part) for part in (node.this, *node.expressions)]
    shape = merged(shapes)
    # One value that is always there is enough; an `any` may be null without saying so, so it does not count.
    certain = any(not part.nullable and part.kind != "any" for part in shapes)
    return shape.not_null() if certain else shape


def _greatest(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    return merged([of(part) for part in (node.this, *node.expressions)])


def _case(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    results = [of(branch.args.get("true")) for branch in node.args.get("ifs", ())]
    default = node.args.get("default")
    return merged([*results, of(default) if default is not None else NULL])


def _if(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    otherwise = node.args.get("false")
    return merged([of(node.args.get("true")), of(otherwise) if otherwise is not None else NULL])


def _sum(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    shape = of(node.this)
    shape = shape if shape.kind in ("integer", "number") else NUMBER.or_null()
    return shape if grouped else shape.or_null()


def _extreme(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    if node.expressions:  # SQLite's max(a, b) is a plain function
        return merged([of(part) for part in (node.this, *node.expressions)])
    return of(node.this) if grouped else of(node.this).or_null()


def _list(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    return list_of(of(node.this)) if grouped else list_of(of(node.this)).or_null()


def _window(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    shape = of(node.this)
    return shape if type(node.this) in _NEVER_NULL else shape.or_null()


def _round(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    return _nulls(NUMBER, (of(node.this),))


def _trunc(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    return _nulls(TIMESTAMP, (of(node.this),))


def _shifted(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    return _nulls(TIMESTAMP, (of(node.this), of(node.expression)))


def _array(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    return list_of(merged([of(part) for part in node.expressions]) if node.expressions else ANY)


def _struct(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    fields = {}
    for part in node.expressions:
        if not isinstance(part, exp.PropertyEQ):
            return Shape("object")
        fields[part.this.name] = of(part.expression)
    return record(fields)


def _bracket(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    base = of(node.this)
    if any(isinstance(part, exp.Slice) for part in node.expressions):
        return base
    if base.kind == "object" and len(node.expressions) == 1 and node.expressions[0].name in base.fields:
        return base.fields[node.expressions[0].name]
    return base.item.or_null() if base.kind == "list" and base.item else ANY


def _dot(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    return of(node.this).fields.get(node.expression.name, ANY)


def _date(node: exp.Expr, of: Of, grouped: bool, dialect: str) -> Shape:
    known = node.this is not None and not of(node.this).nullable and of(node.this).kind in ("date", "timestamp")
    return DATE if known or node.this is None else DATE.or_null()


_Class = type[exp.Expr]

_NEVER_NULL: Final[dict[_Class, Shape]] = {
    **dict.fromkeys((exp.Count, exp.CountIf, exp.ApproxDistinct), INTEGER),
    **dict.fromkeys((exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile), INTEGER),
    **dict.fromkeys((exp.PercentRank, exp.CumeDist, exp.Rand), NUMBER),
    **dict.fromkeys((exp.Is, exp.Exists, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Boolean), BOOLEAN),
    **dict.fromkeys((exp.Concat, exp.ConcatWs, exp.Uuid), STRING),
    exp.Null: NULL,
    exp.CurrentDate: DATE,
    exp.CurrentTimestamp: TIMESTAMP,
}
_STRICT: Final[dict[_Class, Shape]] = {
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.And, exp.Or, exp.Xor, exp.Not), BOOLEAN),
    **dict.fromkeys((exp.Like, exp.ILike, exp.In, exp.Between, exp.RegexpLike, exp.SimilarTo, exp.Glob), BOOLEAN),
    **dict.fromkeys((exp.StartsWith, exp.EndsWith, exp.Contains), BOOLEAN),
    **dict.fromkeys((exp.Upper, exp.Lower, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.Replace), STRING),
    **dict.fromkeys((exp.RegexpReplace, exp.Initcap, exp.Reverse, exp.Pad, exp.Repeat, exp.SplitPart), STRING),
    **dict.fromkeys((exp.DPipe, exp.MD5, exp.TimeToStr, exp.ToChar, exp.Hex), STRING),
    **dict.fromkeys((exp.Length, exp.StrPosition, exp.Ascii, exp.Unicode, exp.Levenshtein, exp.Sign), INTEGER),
    **dict.fromkeys((exp.DateDiff, exp.TimestampDiff, exp.Year, exp.Month, exp.Day, exp.Quarter, exp.Week), INTEGER),
    **dict.fromkeys((exp.Ceil, exp.Floor, exp.Exp, exp.Pow, exp.Extract), NUMBER),
    exp.LastDay: DATE,
}
_MAY_BE_NULL: Final[dict[_Class, Shape]] = {
    **dict.fromkeys((exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop), NUMBER),
    **dict.fromkeys((exp.Median, exp.Corr, exp.PercentileCont, exp.Sqrt, exp.Ln, exp.Log), NUMBER),
    **dict.fromkeys((exp.GroupConcat, exp.JSONExtractScalar, exp.JSONBExtractScalar, exp.RegexpExtract), STRING),
    **dict.fromkeys((exp.LogicalAnd, exp.LogicalOr), BOOLEAN),
    **dict.fromkeys((exp.StrToTime, exp.UnixToTime), TIMESTAMP),
    exp.StrToDate: DATE,
}
_RULES: Final[dict[_Class, Rule]] = {
    exp.Literal: _literal,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul), _arithmetic),
    **dict.fromkeys((exp.Div, exp.IntDiv, exp.Mod), _division),
    **dict.fromkeys((exp.Paren, exp.Neg, exp.Abs, exp.Alias, exp.Distinct, exp.Ordered, exp.Collate), _same),
    **dict.fromkeys((exp.Order, exp.IgnoreNulls, exp.RespectNulls), _same),
    **dict.fromkeys((exp.Nullif, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue), _same_or_null),
    **dict.fromkeys((exp.AnyValue, exp.First, exp.Last, exp.ArgMax, exp.ArgMin, exp.Mode, exp.Quantile), _same_or_null),
    **dict.fromkeys((exp.Filter, exp.WithinGroup), _same_or_null),
    **dict.fromkeys((exp.Cast, exp.TryCast), _cast),
    exp.Coalesce: _coalesce,
    **dict.fromkeys((exp.Greatest, exp.Least), _greatest),
    exp.Case: _case,
    exp.If: _if,
    exp.Sum: _sum,
    **dict.fromkeys((exp.Min, exp.Max), _extreme),
    exp.ArrayAgg: _list,
    exp.Window: _window,
    exp.Round: _round,
    **dict.fromkeys((exp.DateTrunc, exp.TimestampTrunc), _trunc),
    **dict.fromkeys((exp.DateAdd, exp.DateSub, exp.TimestampAdd, exp.TimestampSub), _shifted),
    exp.Array: _array,
    exp.Struct: _struct,
    exp.Bracket: _bracket,
    exp.Dot: _dot,
    **dict.fromkeys((exp.Date, exp.TsOrDsToDate), _date),
}

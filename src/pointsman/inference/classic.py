"""Scores rows with a classic model: one SELECT for the numbers, then their words.

Log-odds = intercept + Σ contribution_j, with contribution_j = coef_j · (transform(x_j) - mean_j) / scale_j: additive
and exact, so the reasons are the model itself and no approximation of it. The interval is the delta method's: with
v = (1, z₁ … zₙ) and Σ the coefficients' covariance, the log-odds have variance vᵀ Σ v.
"""

import asyncio
from itertools import pairwise
from math import isnan
from statistics import NormalDist
from typing import Final

from pointsman.errors import Refused, way_out
from pointsman.frame import Column, Frame, Row
from pointsman.inference.reasons import next_step, reasons
from pointsman.sets import Sets
from pointsman.shape import ANY, NUMBER, STRING, Value, list_of, record
from pointsman.spec.classic import ClassicFile, Feature, Isotonic, Platt, cholesky

_REASON: Final = record({"feature": STRING, "text": STRING, "contribution": NUMBER, "value": ANY, "typical": NUMBER})
_NEXT_STEP: Final = record(dict.fromkeys(("text", "because", "feature", "accept", "reject"), STRING))
ADDED: Final = (
    Column("probability", NUMBER),
    Column("low", NUMBER),
    Column("high", NUMBER),
    Column("base_rate", NUMBER),
    Column("reasons", list_of(_REASON)),
    Column("next_step", _NEXT_STEP.or_null()),
)
"""The columns that scoring adds."""
_TURN: Final = 200
"""Rows put into words before others get their turn on the event loop."""


def expression(model: ClassicFile) -> str:
    """The model as one SELECT over `rows` (columns `i`, `x0` … in the order of features, null = not known).

    Gives `probability`, `low`, `high`, `log_odds` (calibrated by Platt if the model is), and `c0` …: what each feature
    adds to the log-odds. A feature that is not known adds nothing: it is taken as typical.
    """
    indexes = range(len(model.features))
    slope, shift = _platt(model)
    standard = ", ".join(f"coalesce({_standardised(f, f'x{j}')}, 0) AS z{j}" for j, f in enumerate(model.features))
    shares = ", ".join(f"{slope * f.coef!r} * z{j} AS c{j}" for j, f in enumerate(model.features))
    log_odds = " + ".join([repr(slope * model.intercept + shift), *(f"c{j}" for j in indexes)])
    names = ", ".join(f"c{j}" for j in indexes)
    return f"""
        WITH standard AS (SELECT i, {standard} FROM rows),
             shares AS (SELECT *, {shares}, {slope!r} * {_spread(model)} AS spread FROM standard),
             sums AS (SELECT *, {log_odds} AS log_odds FROM shares),
             odds AS (SELECT *, {_logistic("log_odds")} AS p, {_logistic("log_odds - spread")} AS p_low,
                             {_logistic("log_odds + spread")} AS p_high FROM sums)
        SELECT {_calibrated(model, "p")} AS probability, {_calibrated(model, "p_low")} AS low,
               {_calibrated(model, "p_high")} AS high, log_odds, {names}
        FROM odds ORDER BY i"""  # noqa: S608 - made of numbers and our own names


async def evaluate(sets: Sets, frame: Frame, model: ClassicFile, *, timeout: float | None = None) -> Frame:
    """The numbers alone, one row for each row of `frame`, in its order (see `expression`)."""
    columns = [_numbers(frame, feature) for feature in model.features]
    names = ("i", *(f"x{j}" for j in range(len(columns))))
    rows: list[Row] = [
        dict(zip(names, values, strict=True)) for values in zip(range(len(frame)), *columns, strict=True)
    ]
    inputs = Frame(tuple(Column(name, NUMBER) for name in names), rows)
    return await sets.query(expression(model), {"rows": inputs}, {}, timeout=timeout, max_rows=len(frame))


async def score(sets: Sets, frame: Frame, model: ClassicFile, *, timeout: float | None = None) -> Frame:
    """The frame with `ADDED` columns. Refused when an input is missing, is no number, or a column is in the way."""
    for column in ADDED:
        if column.name in frame.names():
            raise Refused(
                f"the rows have a column `{column.name}` already.", way_out="Name it otherwise before scoring."
            )
    found = await evaluate(sets, frame, model, timeout=timeout)
    scored: list[Row] = []
    for row, numbers in zip(frame.rows, found.rows, strict=True):
        scored.append(_scored(row, numbers, model))
        if len(scored) % _TURN == 0:
            await asyncio.sleep(0)
    return Frame((*frame.columns, *ADDED), scored)


def _scored(row: Row, numbers: Row, model: ClassicFile) -> Row:
    shares = [numbers[f"c{j}"] for j in range(len(model.features))]
    said = reasons(model, row, shares)  # type: ignore[arg-type]
    return {
        **row,
        "probability": numbers["probability"],
        "low": numbers["low"],
        "high": numbers["high"],
        "base_rate": model.base_rate,
        "reasons": said,
        "next_step": next_step(model, row, said),
    }


def _numbers(frame: Frame, feature: Feature) -> list[float | None]:
    if feature.name not in frame.names():
        raise Refused(
            f"the model reads `{feature.name}`, which the rows do not have.",
            way_out=way_out(feature.name, frame.names()),
        )
    return [_number(row[feature.name], feature.name, index) for index, row in enumerate(frame.rows, 1)]


def _number(value: Value, name: str, row: int) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except TypeError:
        number = float("nan")
    if isinstance(value, str) or isnan(number) or abs(number) == float("inf"):
        raise Refused(
            f"`{name}` in row {row} is not a number.", way_out="Give a number, or null for what is not known."
        )
    return number


def _standardised(feature: Feature, x: str) -> str:
    transformed = {
        "identity": x,
        "log1p": f"ln(1 + greatest({x}, 0))",
        "signed_log1p": f"sign({x}) * ln(1 + abs({x}))",
    }[feature.transform]
    known = f"CASE WHEN {x} IS NOT NULL THEN {transformed} END"  # DuckDB's greatest(null, 0) is 0
    return f"({known} - {feature.mean!r}) / {feature.scale!r}"


def _platt(model: ClassicFile) -> tuple[float, float]:
    match model.calibration:
        case Platt() as platt:
            return platt.slope, platt.shift
    return 1.0, 0.0


def _spread(model: ClassicFile) -> str:
    """Half the interval on the log-odds: q · |Lᵀ v| with Σ = L·Lᵀ, which cannot be negative under the root."""
    lower = cholesky(model.uncertainty.covariance, len(model.features) + 1)
    names = ["1.0", *(f"z{j}" for j in range(len(model.features)))]
    sides = [" + ".join(f"{lower[i][k]!r} * {names[i]}" for i in range(k, len(names))) for k in range(len(names))]
    q = NormalDist().inv_cdf((1 + model.uncertainty.level) / 2)
    return f"{q!r} * sqrt({' + '.join(f'({side}) ** 2' for side in sides)})"


def _logistic(x: str) -> str:
    return f"CASE WHEN {x} >= 0 THEN 1 / (1 + exp(-({x}))) ELSE exp({x}) / (1 + exp({x})) END"


def _calibrated(model: ClassicFile, p: str) -> str:
    match model.calibration:
        case Isotonic() as table:
            points = list(zip(table.given, table.calibrated, strict=True))
            lines = " ".join(
                f"WHEN {p} <= {x1!r} THEN least({y1!r}, {y0!r} + ({p} - {x0!r}) * {(y1 - y0) / (x1 - x0)!r})"
                for (x0, y0), (x1, y1) in pairwise(points)
            )
            return f"CASE WHEN {p} <= {points[0][0]!r} THEN {points[0][1]!r} {lines} ELSE {points[-1][1]!r} END"
    return p

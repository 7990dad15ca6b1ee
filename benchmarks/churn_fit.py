"""Fits a classic model and writes it as the JSON that `pointsman.spec.classic` reads.

Ridge logistic regression by Newton's method on standardised features (the penalty of scikit-learn's default, C = 1).
The covariance is the sandwich estimate with one cluster a customer, because a customer comes back in several quarters.
To the intercept's variance is added how far whole quarters lie off (DerSimonian-Laird), because the quarter that is
scored is a new one; without it the interval would be too sure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pointsman.spec.classic import ClassicFile

Numbers = NDArray[np.float64]
PENALTY = 1.0


@dataclass(frozen=True)
class Words:
    """A feature before it is fitted: its column, its transform and its texts (see `pointsman.spec.classic.Feature`)."""

    name: str
    label: str
    transform: Literal["identity", "log1p", "signed_log1p"]
    unit: str
    raises: str
    lowers: str = ""
    """Empty: the same words as `raises`."""


@dataclass(frozen=True)
class Origin:
    """Where the training rows are from: first day on which features were taken, day on which the last label closed."""

    source: str
    start: date
    end: date


def fit(
    matrix: Numbers,
    labels: NDArray[np.bool_],
    features: Sequence[Words],
    origin: Origin,
    *,
    customers: NDArray[Any] | None = None,
    quarters: NDArray[Any] | None = None,
    next_steps: Sequence[dict[str, str]] = (),
    measured: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The model file. `matrix`: one raw column a feature, NaN = not known; `customers`, `quarters`: one a row."""
    transformed = np.column_stack([transform(matrix[:, j], f.transform) for j, f in enumerate(features)])
    mean, scale = np.nanmean(transformed, axis=0), np.nanstd(transformed, axis=0)
    scale[scale == 0] = 1.0
    design = _design(transformed, mean, scale)
    weights = _newton(design, labels)
    covariance = _sandwich(design, labels, weights, np.arange(len(labels)) if customers is None else customers)
    if quarters is not None:
        covariance[0, 0] += _between(design @ weights, labels, quarters)
    made: dict[str, Any] = {
        "features": [_feature(*parts) for parts in zip(features, mean, scale, weights[1:], strict=True)],
        "intercept": float(weights[0]),
        "calibration": {"kind": "none"},
        "uncertainty": {"level": 0.9, "covariance": covariance.tolist()},
        "base_rate": float(labels.mean()),
        "next_steps": list(next_steps),
        "trained_on": {
            "source": origin.source,
            "from": origin.start.isoformat(),
            "to": origin.end.isoformat(),
            "rows": len(labels),
            "positives": int(labels.sum()),
        },
        "measured": measured,
    }
    ClassicFile.model_validate(made)
    return made


def predict(file: dict[str, Any], matrix: Numbers) -> Numbers:
    """Probabilities of an uncalibrated model file, in numpy; the product computes the same in SQL."""
    return _logistic(_odds(file, _inputs(file, matrix)))


def interval(file: dict[str, Any], matrix: Numbers) -> tuple[Numbers, Numbers]:
    """Lower and upper ends of the file's intervals, in numpy."""
    design = _inputs(file, matrix)
    variance = np.einsum("ij,jk,ik->i", design, np.array(file["uncertainty"]["covariance"]), design)
    half = NormalDist().inv_cdf((1 + file["uncertainty"]["level"]) / 2) * np.sqrt(variance)
    odds = _odds(file, design)
    return _logistic(odds - half), _logistic(odds + half)


def transform(values: Numbers, kind: str) -> Numbers:
    if kind == "log1p":
        return np.log1p(np.maximum(values, 0))
    return np.sign(values) * np.log1p(np.abs(values)) if kind == "signed_log1p" else values


def _feature(words: Words, mean: float, scale: float, coef: float) -> dict[str, Any]:
    texts = {**vars(words), "lowers": words.lowers or words.raises}
    return {**texts, "mean": float(mean), "scale": float(scale), "coef": float(coef)}


def _inputs(file: dict[str, Any], matrix: Numbers) -> Numbers:
    features = file["features"]
    transformed = np.column_stack([transform(matrix[:, j], f["transform"]) for j, f in enumerate(features)])
    return _design(transformed, _each(features, "mean"), _each(features, "scale"))


def _odds(file: dict[str, Any], design: Numbers) -> Numbers:
    weights: Numbers = np.concatenate([[file["intercept"]], _each(file["features"], "coef")])
    return design @ weights


def _each(features: Sequence[dict[str, Any]], key: str) -> Numbers:
    return np.array([feature[key] for feature in features])


def _design(transformed: Numbers, mean: Numbers, scale: Numbers) -> Numbers:
    """A column of ones, then the standardised features; what is not known is typical."""
    return np.column_stack([np.ones(len(transformed)), np.nan_to_num((transformed - mean) / scale)])


def _logistic(odds: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-odds))


def _penalty(size: int) -> Numbers:
    return np.diag([0.0, *[PENALTY] * (size - 1)])


def _newton(design: Numbers, labels: NDArray[np.bool_]) -> Numbers:
    penalty = _penalty(design.shape[1])
    weights = np.zeros(design.shape[1])
    for _ in range(100):
        p = _logistic(design @ weights)
        slope = design.T @ (labels - p) - penalty @ weights
        step = np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design + penalty, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            return weights
    raise ArithmeticError("the fit does not settle")


def _sandwich(design: Numbers, labels: NDArray[np.bool_], weights: Numbers, customers: NDArray[Any]) -> Numbers:
    p = _logistic(design @ weights)
    bread = np.linalg.inv((design * (p * (1 - p))[:, None]).T @ design + _penalty(design.shape[1]))
    _, cluster = np.unique(customers, return_inverse=True)
    scores = np.zeros((cluster.max() + 1, design.shape[1]))
    np.add.at(scores, cluster, design * (labels - p)[:, None])
    made: Numbers = bread @ (scores.T @ scores) @ bread
    return (made + made.T) / 2


def _between(odds: Numbers, labels: NDArray[np.bool_], quarters: NDArray[Any]) -> float:
    """Variance of the shift of whole quarters on the log-odds, beyond what chance within a quarter gives."""
    shifts, chance = [], []
    for quarter in np.unique(quarters):
        inside, shift = quarters == quarter, 0.0
        for _ in range(20):
            p = _logistic(odds[inside] + shift)
            shift += float((labels[inside] - p).sum() / (p * (1 - p)).sum())
        shifts.append(shift)
        chance.append(1 / float((p * (1 - p)).sum()))
    return max(0.0, float(np.var(shifts, ddof=1) - np.mean(chance))) if len(shifts) > 1 else 0.0

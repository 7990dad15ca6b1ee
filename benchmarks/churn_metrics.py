"""How good probabilities are: AUC, average precision, Brier, ECE, lift of the top 20, with bootstrap intervals.

Every measure takes a weight for each row, so that a bootstrap sample is a vector of counts and nothing is sorted anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
TOP: Final = 20
BINS: Final = 10


@dataclass(frozen=True)
class Scores:
    """Scored rows, highest first within their quarter; `quarter` and `customer` are numbers from 0."""

    p: Numbers
    y: Numbers
    quarter: NDArray[np.int64]
    customer: NDArray[np.int64]

    def pick(self, mask: NDArray[np.bool_]) -> "Scores":
        return Scores(self.p[mask], self.y[mask], self.quarter[mask], self.customer[mask])


def auc(s: Scores, w: Numbers) -> float:
    """Chance that a positive has a higher probability than a negative; ties count half."""
    order = np.argsort(s.p, kind="stable")
    values, y, w = s.p[order], s.y[order], w[order]
    ends = np.flatnonzero(np.append(np.diff(values) > 0, True))
    negatives = np.diff(np.concatenate([[0.0], np.cumsum(w * (1 - y))[ends]]))
    positives = np.diff(np.concatenate([[0.0], np.cumsum(w * y)[ends]]))
    below = np.cumsum(negatives) - negatives
    pairs = positives.sum() * negatives.sum()
    return float((positives * (below + negatives / 2)).sum() / pairs) if pairs else float("nan")


def average_precision(s: Scores, w: Numbers) -> float:
    order = np.argsort(-s.p, kind="stable")
    values, y, w = s.p[order], s.y[order], w[order]
    ends = np.flatnonzero(np.append(np.diff(values) < 0, True))
    hits, seen = np.cumsum(w * y)[ends], np.cumsum(w)[ends]
    if hits[-1] == 0:
        return float("nan")
    return float((np.diff(np.concatenate([[0.0], hits])) * hits / np.maximum(seen, 1e-300)).sum() / hits[-1])


def brier(s: Scores, w: Numbers) -> float:
    return float(np.average((s.p - s.y) ** 2, weights=w))


def ece(s: Scores, w: Numbers) -> float:
    """Expected calibration error: mean distance of predicted and observed over bins of equal count."""
    return sum(share * abs(predicted - observed) for share, predicted, observed in reliability(s, w))


def reliability(s: Scores, w: Numbers, bins: int = BINS) -> list[tuple[float, float, float]]:
    """For each bin of equal count, lowest first: its share of rows, mean probability, share that came true."""
    rows = []
    for part in np.array_split(np.argsort(s.p, kind="stable"), bins):
        if (weight := w[part].sum()) > 0:
            mean, true = np.average(s.p[part], weights=w[part]), np.average(s.y[part], weights=w[part])
            rows.append((float(weight / w.sum()), float(mean), float(true)))
    return rows


def lift(s: Scores, w: Numbers) -> float:
    """Share of positives among the 20 highest of each quarter, over the share among all."""
    hits = taken = 0.0
    for quarter in np.unique(s.quarter):
        inside = np.flatnonzero(s.quarter == quarter)
        order = inside[np.argsort(-s.p[inside], kind="stable")]
        room = np.clip(TOP - (np.cumsum(w[order]) - w[order]), 0, w[order])
        hits, taken = hits + float((room * s.y[order]).sum()), taken + float(room.sum())
    rate = np.average(s.y, weights=w)
    return hits / taken / float(rate) if taken and rate else float("nan")


MEASURES: Final[Mapping[str, Callable[[Scores, Numbers], float]]] = {
    "AUC": auc,
    "average precision": average_precision,
    "Brier": brier,
    "ECE": ece,
    "top-20 lift": lift,
}


def measure(s: Scores) -> dict[str, float]:
    ones = np.ones(len(s.p))
    return {name: of(s, ones) for name, of in MEASURES.items()}


def bootstrap(s: Scores, samples: int, seed: int = 1) -> dict[str, tuple[float, float]]:
    """95 % intervals; whole customers are drawn, because one customer's quarters are not independent."""
    made = np.random.default_rng(seed)
    customers = np.unique(s.customer, return_inverse=True)[1]
    count = int(customers.max()) + 1
    drawn: dict[str, list[float]] = {name: [] for name in MEASURES}
    for _ in range(samples):
        weights = made.multinomial(count, np.full(count, 1 / count))[customers].astype(float)
        for name, of in MEASURES.items():
            drawn[name].append(of(s, weights))
    return {name: _interval(values) for name, values in drawn.items()}


def bootstrap_difference(a: Scores, b: Scores, samples: int, seed: int = 1) -> tuple[float, float]:
    """95 % interval of AUC(a) - AUC(b) on the same rows."""
    made = np.random.default_rng(seed)
    customers = np.unique(a.customer, return_inverse=True)[1]
    count = int(customers.max()) + 1
    drawn = []
    for _ in range(samples):
        weights = made.multinomial(count, np.full(count, 1 / count))[customers].astype(float)
        drawn.append(auc(a, weights) - auc(b, weights))
    return _interval(drawn)


def _interval(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def measured(s: Scores, quarter: str) -> dict[str, Any]:
    """The `measured` part of a model file; what cannot be computed (no positives) is null."""
    found = {name: None if np.isnan(value) else value for name, value in measure(s).items()}
    return {
        "quarter": quarter,
        "rows": len(s.p),
        "positives": int(s.y.sum()),
        "auc": found["AUC"],
        "average_precision": found["average precision"],
        "brier": found["Brier"],
        "ece": found["ECE"],
        "top20_lift": found["top-20 lift"],
        "predicted": float(s.p.mean()),
        "observed": float(s.y.mean()),
    }

"""How well the churn model does on real orders: `python -m benchmarks.churn [--json] [--write model.json]`.

Rolling test quarters of 90 days: for each, models are fitted on the quarters whose labels had closed by its first day,
and on nothing later. One set of features and one set of settings for all test quarters; nothing is resampled, nothing
is tuned on them. LightGBM runs with one fixed, moderate setting on the same features.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import lightgbm
import numpy as np
from benchmarks.churn_data import FEATURES, FIRST_CUT, FIRST_TEST, QUARTER, Customers, closed_before, load, orders_file
from benchmarks.churn_fit import Origin, fit, interval, predict
from benchmarks.churn_metrics import MEASURES, Scores, bootstrap, bootstrap_difference, measure, measured, reliability
from numpy.typing import NDArray

SAMPLES: Final = 400
MODELS: Final = ("logistic regression", "recency alone", "LightGBM")
SOURCE: Final = "UCI Online Retail (D. Chen, 2015; CC BY 4.0)"
Predict = Callable[[Customers, Customers, date], NDArray[np.float64]]


def fitted(train: Customers, test_cut: date, columns: int = len(FEATURES), **more: Any) -> dict[str, Any]:
    """The model file, on the first `columns` features."""
    origin = Origin(SOURCE, FIRST_CUT, test_cut)
    matrix, features = train.matrix[:, :columns], FEATURES[:columns]
    return fit(matrix, train.left, features, origin, customers=train.customer, quarters=train.cut, **more)


def logistic_regression(train: Customers, test: Customers, cut: date) -> NDArray[np.float64]:
    return predict(fitted(train, cut), test.matrix)


def recency_alone(train: Customers, test: Customers, cut: date) -> NDArray[np.float64]:
    """Ranks by recency, which is the first feature; fitted so that it also gives probabilities."""
    return predict(fitted(train, cut, 1), test.matrix[:, :1])


def light_gbm(train: Customers, test: Customers, cut: date) -> NDArray[np.float64]:
    trees = lightgbm.LGBMClassifier(
        n_estimators=200,
        learning_rate=0.05,
        num_leaves=15,
        min_child_samples=40,
        random_state=1,
        deterministic=True,
        n_jobs=2,
        verbose=-1,
    ).fit(train.matrix, train.left)
    return np.asarray(trees.booster_.predict(test.matrix))


PREDICT: Final[dict[str, Predict]] = dict(zip(MODELS, (logistic_regression, recency_alone, light_gbm), strict=True))


@dataclass(frozen=True)
class Tested:
    """What each model gave for the test quarters' customers, one row a customer and quarter."""

    scores: dict[str, Scores]
    enterprise_emea: NDArray[np.bool_]
    cuts: list[date]

    def of(self, model: str, enterprise: bool = False, quarter: int | None = None) -> Scores:
        scores = self.scores[model]
        mask = self.enterprise_emea if enterprise else np.ones(len(scores.p), dtype=bool)
        return scores.pick(mask if quarter is None else mask & (scores.quarter == quarter))


def run(found: dict[date, Customers]) -> Tested:
    cuts = [cut for cut in found if cut >= FIRST_TEST]
    given: dict[str, list[NDArray[np.float64]]] = {model: [] for model in MODELS}
    for cut in cuts:
        train = closed_before(found, cut)
        for model, of in PREDICT.items():
            given[model].append(of(train, found[cut], cut))
    left = np.concatenate([found[cut].left for cut in cuts]).astype(float)
    quarter = np.concatenate([np.full(len(found[cut].left), index) for index, cut in enumerate(cuts)])
    customer = np.concatenate([found[cut].customer for cut in cuts])
    emea = np.concatenate([found[cut].enterprise_emea for cut in cuts])
    scores = {model: Scores(np.concatenate(parts), left, quarter, customer) for model, parts in given.items()}
    return Tested(scores, emea, cuts)


def model_file(found: dict[date, Customers]) -> dict[str, Any]:
    """Fitted on the quarters closed before the last test quarter, and measured on that one: the last closed quarter."""
    cut = max(found)
    train, last = closed_before(found, cut), found[cut]
    p = predict(fitted(train, cut), last.matrix)
    scores = Scores(p, last.left.astype(float), np.zeros(len(p), dtype=np.int64), last.customer)
    return fitted(train, cut, measured=measured(scores, _quarter(cut)))


def facts(found: dict[date, Customers], tested: Tested, samples: int = SAMPLES) -> dict[str, Any]:
    """Everything that is printed, as one JSON object."""
    made: dict[str, Any] = {"quarters": [_quarter(cut) for cut in tested.cuts], "samples": samples, "groups": {}}
    for name, enterprise in (("all customers", False), ("enterprise EMEA", True)):
        made["groups"][name] = _group(tested, enterprise, samples)
    last = tested.of(MODELS[0], quarter=len(tested.cuts) - 1)
    made["intervals"] = {**intervals(found), "tenths": 10 * len(tested.cuts)}
    made["calibration"] = {
        "quarter": made["quarters"][-1],
        "predicted": float(last.p.mean()),
        "observed": float(last.y.mean()),
        "bins": reliability(last, np.ones(len(last.p))),
    }
    return made


def intervals(found: dict[date, Customers]) -> dict[str, float]:
    """How wide the 90 % intervals are, and in how many tenths (by probability) they hold the share that came true."""
    widths, holds = [], 0
    for cut in (cut for cut in found if cut >= FIRST_TEST):
        file, test = fitted(closed_before(found, cut), cut), found[cut]
        low, high = interval(file, test.matrix)
        widths.append(float((high - low).mean()))
        for part in np.array_split(np.argsort(predict(file, test.matrix)), 10):
            holds += int(low[part].mean() <= test.left[part].mean() <= high[part].mean())
    return {"mean width": float(np.mean(widths)), "holds": holds}


def _group(tested: Tested, enterprise: bool, samples: int) -> dict[str, Any]:
    parts: list[tuple[str, int | None]] = [("together", None)]
    parts += [(_quarter(cut), index) for index, cut in enumerate(tested.cuts)]
    found: dict[str, Any] = {}
    for name, quarter in parts:
        rows = {model: tested.of(model, enterprise, quarter) for model in MODELS}
        ours = rows[MODELS[0]]
        found[name] = {
            "rows": len(ours.p),
            "positives": int(ours.y.sum()),
            "models": {model: _measures(scores, samples) for model, scores in rows.items()},
            "AUC difference": {
                model: {
                    "value": measure(ours)["AUC"] - measure(rows[model])["AUC"],
                    "interval": bootstrap_difference(ours, rows[model], samples),
                }
                for model in MODELS[1:]
            },
        }
    return found


def _measures(scores: Scores, samples: int) -> dict[str, Any]:
    values, intervals = measure(scores), bootstrap(scores, samples)
    return {name: {"value": values[name], "interval": intervals[name]} for name in MEASURES}


def _quarter(cut: date) -> str:
    return f"{cut} to {cut + QUARTER - timedelta(days=1)}"


def page(made: dict[str, Any]) -> str:
    """The facts as a page of tables."""
    lines = [
        f"Test quarters: {len(made['quarters'])}. Intervals: 95 %, {made['samples']} bootstrap draws of customers."
    ]
    for group, parts in made["groups"].items():
        for name, part in parts.items():
            title = f"all {len(parts) - 1} test quarters" if name == "together" else name
            share = part["positives"] / part["rows"]
            lines += ["", f"{group}, {title}: {part['rows']} rows, {part['positives']} left ({share:.1%})"]
            lines += [f"  {'':20}" + "".join(f"{measure:>22}" for measure in MEASURES)]
            for model, measures in part["models"].items():
                lines += [f"  {model:20}" + "".join(f"{_with_interval(found):>22}" for found in measures.values())]
            lines += [
                f"  AUC, ours less {model}: {_with_interval(found, sign=True)}"
                for model, found in part["AUC difference"].items()
            ]
    wide = made["intervals"]
    lines += ["", *_calibration(made["calibration"])]
    lines += [
        f"90 % intervals: {wide['mean width']:.3f} wide on average; they hold the observed share in {wide['holds']} of "
        f"the {wide['tenths']} tenths of all test quarters."
    ]
    return "\n".join(lines)


def _with_interval(found: dict[str, Any], *, sign: bool = False) -> str:
    low, high = found["interval"]
    form = "+.3f" if sign else ".3f" if abs(found["value"]) < 1 else ".2f"
    return f"{found['value']:{form}} [{low:{form}}, {high:{form}}]"


def _calibration(found: dict[str, Any]) -> list[str]:
    lines = [
        f"Calibration on the last closed quarter, {found['quarter']} (logistic regression, tenths by probability):"
    ]
    lines += ["  predicted" + "".join(f"{predicted:7.3f}" for _, predicted, _ in found["bins"])]
    lines += ["  observed " + "".join(f"{observed:7.3f}" for _, _, observed in found["bins"])]
    return [*lines, f"  in all: predicted {found['predicted']:.3f}, observed {found['observed']:.3f}"]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the model file")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="bootstrap draws")
    chosen = parser.parse_args(arguments)
    file = orders_file()
    if file is None:
        print(
            "skipped: no sales/online_retail.parquet under ../shared/data; POINTSMAN_DATA names another folder.",
            file=sys.stderr,
        )
        return
    found = load(file)
    if chosen.write:
        chosen.write.write_text(json.dumps(model_file(found), indent=1) + "\n")
    made = facts(found, run(found), chosen.samples)
    print(json.dumps(made) if chosen.json else page(made))


if __name__ == "__main__":
    main()

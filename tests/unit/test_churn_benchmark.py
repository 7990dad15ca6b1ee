"""The churn benchmark: its fit and measures against scikit-learn's, and what must hold on the real orders."""

import json
from datetime import date

import numpy as np
import pytest
from benchmarks import churn
from benchmarks.churn_data import FEATURES, QUARTER, closed_before, load, orders_file
from benchmarks.churn_fit import Origin, Words, fit, interval, predict
from benchmarks.churn_metrics import Scores, auc, average_precision, bootstrap, ece, lift
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from pointsman.frame import Column, Frame
from pointsman.inference.classic import evaluate, score
from pointsman.sets import Sets
from pointsman.shape import NUMBER
from pointsman.spec.classic import ClassicFile

THREE = (
    Words("a", "a", "log1p", "", "{value}"),
    Words("b", "b", "identity", "", "{value}"),
    Words("c", "c", "signed_log1p", "", "{value}"),
)
ORIGIN = Origin("made", date(2026, 1, 1), date(2026, 6, 30))
ORDERS = orders_file()
needs_orders = pytest.mark.skipif(ORDERS is None, reason="no sales/online_retail.parquet in ../shared/data")


def made(rows=2000, seed=3):
    random = np.random.default_rng(seed)
    x = np.column_stack([random.exponential(40, rows), random.normal(0, 1, rows), random.normal(0, 5, rows)])
    odds = np.log1p(x[:, 0]) + x[:, 1] - 0.5 * np.sign(x[:, 2]) * np.log1p(np.abs(x[:, 2])) - 3
    return x, random.random(rows) < 1 / (1 + np.exp(-odds))


def test_the_fit_is_scikit_learns():
    x, y = made()
    file = fit(x, y, THREE, ORIGIN)
    z = np.column_stack([np.log1p(x[:, 0]), x[:, 1], np.sign(x[:, 2]) * np.log1p(np.abs(x[:, 2]))])
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(z, y)
    assert np.allclose([feature["coef"] for feature in file["features"]], theirs.coef_[0], atol=1e-6)
    assert np.allclose(predict(file, x), theirs.predict_proba(z)[:, 1], atol=1e-6)


async def test_the_product_scores_as_the_fit_does():
    x, y = made(400)
    x[::7, 1] = np.nan
    file = fit(x, y, THREE, ORIGIN)
    model = ClassicFile.model_validate_json(json.dumps(file))
    columns = tuple(Column(words.name, NUMBER) for words in THREE)
    rows = [dict(zip("abc", (None if np.isnan(v) else float(v) for v in values), strict=True)) for values in x]
    sets = Sets(threads=1)
    found = (await evaluate(sets, Frame(columns, rows), model)).rows
    await sets.close()
    low, high = interval(file, x)
    for name, expected in {"probability": predict(file, x), "low": low, "high": high}.items():
        assert np.allclose([row[name] for row in found], expected, atol=1e-12)


def test_the_interval_holds_the_true_probability_as_often_as_it_says():
    held = []
    for seed in range(20):
        x, y = made(600, seed)
        file = fit(x, y, THREE, ORIGIN)
        truth = np.log1p(x[:, 0]) + x[:, 1] - 0.5 * np.sign(x[:, 2]) * np.log1p(np.abs(x[:, 2])) - 3
        low, high = interval(file, x)
        held.append(np.mean((low <= 1 / (1 + np.exp(-truth))) & (1 / (1 + np.exp(-truth)) <= high)))
    assert 0.8 < np.mean(held) < 0.97


def test_quarters_that_differ_widen_the_interval():
    x, y = made()
    quarter = np.arange(len(y)) % 4
    shifted = y | ((quarter == 3) & (np.arange(len(y)) % 3 == 0))
    plain, wide = fit(x, shifted, THREE, ORIGIN), fit(x, shifted, THREE, ORIGIN, quarters=quarter)
    assert wide["uncertainty"]["covariance"][0][0] > 3 * plain["uncertainty"]["covariance"][0][0]


def scores(p, y, quarter=None, customer=None):
    size = len(p)
    quarter = np.zeros(size, dtype=np.int64) if quarter is None else quarter
    return Scores(
        np.asarray(p, float), np.asarray(y, float), quarter, np.arange(size) if customer is None else customer
    )


def test_auc_and_average_precision_are_scikit_learns_with_ties_and_weights():
    random = np.random.default_rng(5)
    p, w = random.integers(0, 30, 500) / 30, random.integers(0, 4, 500).astype(float)
    y = random.random(500) < p
    assert auc(scores(p, y), w) == pytest.approx(roc_auc_score(y, p, sample_weight=w), abs=1e-12)
    expected = average_precision_score(y, p, sample_weight=w)
    assert average_precision(scores(p, y), w) == pytest.approx(expected, abs=1e-12)


def test_ece_of_what_is_right_and_what_is_not():
    p, y = np.repeat([0.1, 0.9], 50), np.tile([1] + [0] * 9, 5).tolist() + np.tile([0] + [1] * 9, 5).tolist()
    assert ece(scores(p, y), np.ones(100)) == pytest.approx(0, abs=1e-12)
    assert ece(scores(1 - p, y), np.ones(100)) == pytest.approx(0.8, abs=1e-12)


def test_lift_counts_the_top_twenty_of_each_quarter():
    p, quarter = np.tile(np.linspace(1, 0, 100), 2), np.repeat([0, 1], 100)
    y = np.zeros(200)
    y[:20] = 1  # the first quarter's top twenty all come true, and nobody else
    assert lift(scores(p, y, quarter), np.ones(200)) == pytest.approx(0.5 / 0.1)


def test_the_bootstrap_draws_whole_customers():
    random = np.random.default_rng(6)
    p = random.random(300)
    y = random.random(300) < p
    alone = bootstrap(scores(p, y), 200)["AUC"]
    ten_times = scores(np.tile(p, 10), np.tile(y, 10), customer=np.tile(np.arange(300), 10))
    again = bootstrap(ten_times, 200)["AUC"]
    assert again == pytest.approx(alone, abs=0.01)


def test_it_says_so_where_the_data_are_absent(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("POINTSMAN_DATA", str(tmp_path))
    churn.main([])
    out, err = capsys.readouterr()
    assert (out, err.partition(":")[0]) == ("", "skipped")


@pytest.fixture(scope="module")
def found():
    return load(ORDERS)


@needs_orders
def test_training_ends_before_the_test_quarter_begins(found):
    for test in churn.run(found).cuts:
        assert max(closed_before(found, test).cut) + QUARTER <= test
        assert closed_before(found, test).customer.size < sum(part.customer.size for part in found.values())


@needs_orders
def test_what_must_hold_on_the_real_orders(found):
    facts = churn.facts(found, churn.run(found), samples=20)
    everyone = facts["groups"]["all customers"]
    assert len(facts["quarters"]) >= 3
    for part in everyone.values():
        measures = {model: values["AUC"]["value"] for model, values in part["models"].items()}
        ours = measures["logistic regression"]
        assert ours > measures["recency alone"] + 0.05
        assert ours > measures["LightGBM"] - 0.02
    assert 0.72 < everyone["together"]["models"]["logistic regression"]["AUC"]["value"] < 0.78
    enterprise = facts["groups"]["enterprise EMEA"]["together"]
    ours = enterprise["models"]["logistic regression"]["AUC"]["value"]
    assert ours > enterprise["models"]["recency alone"]["AUC"]["value"]
    assert ours > enterprise["models"]["LightGBM"]["AUC"]["value"] - 0.02
    assert facts["groups"]["enterprise EMEA"][facts["quarters"][-1]]["rows"] == 275


@needs_orders
async def test_the_file_it_writes_is_a_model_that_scores(found, tmp_path, monkeypatch, capsys):
    churn.main(["--write", str(tmp_path / "churn.json"), "--samples", "2", "--json"])
    assert json.loads(capsys.readouterr().out)["samples"] == 2
    model = ClassicFile.model_validate_json((tmp_path / "churn.json").read_text())
    assert model.measured is not None
    assert model.measured.auc is not None
    assert model.measured.auc > 0.7
    last = found[max(found)]
    rows = [dict(zip([words.name for words in FEATURES], map(float, values), strict=True)) for values in last.matrix]
    sets = Sets(threads=2)
    scored = await score(sets, Frame(tuple(Column(words.name, NUMBER) for words in FEATURES), rows), model)
    await sets.close()
    assert np.mean([row["probability"] for row in scored.rows]) == pytest.approx(model.measured.predicted, abs=1e-12)

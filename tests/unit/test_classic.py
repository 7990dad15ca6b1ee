"""A classic model as data: its numbers against scikit-learn's, its reasons, its interval."""

import asyncio
import json
import math
from decimal import Decimal
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from pointsman.errors import Refused
from pointsman.frame import Column, Frame
from pointsman.inference.classic import evaluate, score
from pointsman.inference.reasons import shown
from pointsman.sets import Sets
from pointsman.shape import NUMBER, STRING
from pointsman.spec.classic import ClassicFile, Feature

RAISES = "no order for {value} (typical {typical})"


def feature(name="recency_days", **changed):
    base = {"name": name, "label": name.replace("_", " "), "transform": "log1p", "mean": 3.0, "scale": 1.2, "coef": 0.8}
    words = {"unit": "day", "raises": RAISES, "lowers": "ordered {value} ago"}
    return {**base, **words, **changed}


RETURNS = feature(
    "returns_share",
    transform="identity",
    mean=0.1,
    scale=0.2,
    coef=0.5,
    unit="%",
    raises="{value} of the value sent back, {typical} is typical",
    lowers="few returns",
)
TREND = feature(
    "usage_trend",
    transform="signed_log1p",
    mean=0.0,
    scale=0.3,
    coef=-0.6,
    unit="±%",
    raises="logins {value}",
    lowers="logins {value}",
)
RULES = [
    {"feature": "returns_share", "text": "Offer a quality review", "accept": "Book it", "reject": "Not now"},
    {"feature": "recency_days", "text": "Call after {value}", "accept": "Call", "reject": "Skip"},
]


def written(**changed):
    features = changed.get("features", [feature(), RETURNS, TREND])
    size = len(features) + 1
    return {
        "features": features,
        "intercept": -1.5,
        "uncertainty": {"covariance": [[0.01 if i == j else 0.001 for j in range(size)] for i in range(size)]},
        "base_rate": 0.2,
        "next_steps": RULES,
        "trained_on": {"source": "test", "from": "2026-01-01", "to": "2026-06-30", "rows": 100, "positives": 20},
        **changed,
    }


def model(**changed):
    return ClassicFile.model_validate_json(json.dumps(written(**changed)))


def frame(rows):
    return Frame(tuple(Column(name, NUMBER) for name in rows[0]), rows)


ROW = {"recency_days": 90, "returns_share": 0.32, "usage_trend": -0.4}


@pytest.fixture
async def sets():
    made = Sets(memory="512MiB", threads=2)
    yield made
    await made.close()


async def scored(sets, row, **changed):
    return (await score(sets, frame([row]), model(**changed))).rows[0]


# The numbers


def sample(rows=3000, seed=7):
    made = np.random.default_rng(seed)
    x = np.column_stack([made.exponential(60, rows).round(), made.beta(1, 8, rows), made.normal(0, 2, rows)])
    z = np.column_stack([np.log1p(x[:, 0]), x[:, 1], np.sign(x[:, 2]) * np.log1p(np.abs(x[:, 2]))])
    y = made.random(rows) < 1 / (1 + np.exp(-(0.9 * z[:, 0] + 4 * z[:, 1] - z[:, 2] - 4)))
    return x, z, y


def fitted(x, z, y, **changed):
    """A model file with scikit-learn's coefficients."""
    mean, scale = z.mean(axis=0), z.std(axis=0)
    found = LogisticRegression().fit((z - mean) / scale, y)
    parts = zip((feature(), RETURNS, TREND), mean, scale, found.coef_[0], strict=True)
    features = [{**f, "mean": float(m), "scale": float(s), "coef": float(c)} for f, m, s, c in parts]
    return found.predict_proba((z - mean) / scale)[:, 1], model(
        features=features, intercept=float(found.intercept_[0]), **changed
    )


def rows_of(x):
    return [dict(zip(ROW, map(float, values), strict=True)) for values in x]


async def test_the_probability_is_scikit_learns(sets):
    x, z, y = sample()
    expected, ours = fitted(x, z, y)
    found = await evaluate(sets, frame(rows_of(x)), ours)
    assert max(abs(row["probability"] - p) for row, p in zip(found.rows, expected, strict=True)) <= 1e-12


async def test_an_isotonic_table_is_scikit_learns_and_never_falls(sets):
    x, z, y = sample()
    raw, _ = fitted(x, z, y)
    table = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(raw, y)
    given_, calibrated = table.X_thresholds_.tolist(), table.y_thresholds_.tolist()
    _, ours = fitted(x, z, y, calibration={"kind": "isotonic", "given": given_, "calibrated": calibrated})
    found = await evaluate(sets, frame(rows_of(x)), ours)
    p = np.array([row["probability"] for row in found.rows])
    assert np.abs(p - table.predict(raw)).max() <= 1e-12
    assert (np.diff(p[np.argsort(raw, kind="stable")]) >= -1e-15).all()


async def test_platt_is_a_line_on_the_log_odds(sets):
    plain = (await evaluate(sets, frame([ROW]), model())).rows[0]
    bent = (await evaluate(sets, frame([ROW]), model(calibration={"kind": "platt", "slope": 0.5, "shift": -1.0}))).rows[
        0
    ]
    assert bent["log_odds"] == pytest.approx(0.5 * plain["log_odds"] - 1.0, abs=1e-12)
    assert bent["c0"] == pytest.approx(0.5 * plain["c0"], abs=1e-12)


async def test_the_interval_is_the_delta_methods(sets):
    ours = model()
    found = (await evaluate(sets, frame([ROW]), ours)).rows[0]
    z = [(math.log1p(90) - 3) / 1.2, (0.32 - 0.1) / 0.2, (-math.log1p(0.4)) / 0.3]
    v = np.array([1, *z])
    half = NormalDist().inv_cdf(0.95) * math.sqrt(v @ np.array(ours.uncertainty.covariance) @ v)
    low, high = (1 / (1 + math.exp(-(found["log_odds"] + side * half))) for side in (-1, 1))
    assert (found["low"], found["high"]) == (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))


NUMBERS = st.floats(-1e9, 1e9) | st.integers(-1000, 1000) | st.none()
CALIBRATIONS = st.sampled_from(
    [
        {"kind": "none"},
        {"kind": "platt", "slope": 1.7, "shift": -0.3},
        {"kind": "isotonic", "given": [0.0, 0.2, 0.5, 1.0], "calibrated": [0.05, 0.05, 0.6, 0.9]},
    ]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(ROW, NUMBERS)), min_size=1, max_size=20), CALIBRATIONS)
def test_contributions_add_up_and_the_interval_holds_the_probability(rows, calibration):
    ours = model(calibration=calibration)

    async def go():
        sets = Sets(threads=1)
        found = await evaluate(sets, frame(rows), ours)
        await sets.close()
        return found.rows

    slope, shift = (calibration["slope"], calibration["shift"]) if calibration["kind"] == "platt" else (1.0, 0.0)
    for row, given_row in zip(asyncio.run(go()), rows, strict=True):
        parts = [row["c0"], row["c1"], row["c2"]]
        assert math.isclose(row["log_odds"], slope * -1.5 + shift + sum(parts), rel_tol=1e-12, abs_tol=1e-9)
        assert 0 <= row["low"] <= row["probability"] <= row["high"] <= 1
        assert all(part == 0 for part, name in zip(parts, ROW, strict=True) if given_row[name] is None)


async def test_a_hundred_thousand_rows(sets):
    rows = [{"recency_days": n % 400, "returns_share": n % 10 / 10, "usage_trend": None} for n in range(100_000)]
    found = await score(sets, frame(rows), model())
    assert len(found) == 100_000
    assert found.rows[399]["probability"] > found.rows[0]["probability"]
    assert found.rows[99_999]["recency_days"] == 99_999 % 400


# The words


async def test_what_is_added_to_a_row(sets):
    row = await scored(sets, {"account_id": "a", **ROW})
    assert list(row) == ["account_id", *ROW, "probability", "low", "high", "base_rate", "reasons", "next_step"]
    assert [(reason["feature"], reason["text"]) for reason in row["reasons"]] == [
        ("recency_days", "no order for 90 days (typical 19 days)"),
        ("usage_trend", "logins -40 %"),
        ("returns_share", "32 % of the value sent back, 10 % is typical"),
    ]
    assert row["next_step"] == {
        "text": "Call after 90 days",
        "because": "no order for 90 days (typical 19 days)",
        "feature": "recency_days",
        "accept": "Call",
        "reject": "Skip",
    }
    assert row["base_rate"] == 0.2


async def test_values_of_other_columns_stay_as_they_are(sets):
    kept = {"arr": Decimal("12.50"), "tags": [{"a": 1}]}
    row = await scored(sets, {**kept, **ROW, "recency_days": Decimal("90")})
    assert {name: row[name] for name in kept} == kept


async def test_an_input_that_is_not_known_is_said(sets):
    row = await scored(sets, {**ROW, "usage_trend": None})
    assert row["reasons"][-1] == {
        "feature": "usage_trend",
        "text": "usage trend not known; taken as typical (0 %)",
        "contribution": 0.0,
        "value": None,
        "typical": 0.0,
    }


async def test_nothing_raises_so_no_step_follows(sets):
    row = await scored(sets, {"recency_days": 1, "returns_share": 0.0, "usage_trend": 0.5})
    assert row["next_step"] is None
    assert all(reason["contribution"] < 0 for reason in row["reasons"])
    assert row["probability"] < row["base_rate"]


async def test_the_step_follows_the_strongest_reason_that_has_one(sets):
    row = await scored(sets, {"recency_days": 5, "returns_share": 0.4, "usage_trend": -0.9})
    assert row["reasons"][0]["feature"] == "usage_trend"
    assert row["next_step"]["feature"] == "returns_share"
    assert row["next_step"]["because"] == "40 % of the value sent back, 10 % is typical"


async def test_fewer_reasons_when_the_model_says_so(sets):
    assert len((await scored(sets, ROW, reasons=1))["reasons"]) == 1


async def test_no_rows(sets):
    empty = Frame(tuple(Column(name, NUMBER) for name in ROW))
    found = await score(sets, empty, model())
    assert found.rows == []
    assert found.names()[-2:] == ("reasons", "next_step")


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("day", 1, "1 day"),
        ("day", 45.2, "45 days"),
        ("order", 2.44, "2.4 orders"),
        ("%", 0.3249, "32 %"),
        ("±%", 0.04, "+4 %"),
        ("±%", -0.41, "-41 %"),
        ("£", 1204.4, "£1,204"),
        ("£", -3.5, "-£3.5"),
        ("", 12345.6, "12,346"),
    ],
)
def test_values_as_people_read_them(unit, value, text):
    assert shown(Feature.model_validate(feature(unit=unit)), value) == text


def test_the_file_in_the_reference_is_one():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "classic-model.md").read_text()
    text = page.partition("```json\n")[2].partition("```")[0]
    assert ClassicFile.model_validate_json(text).features[0].typical == pytest.approx(math.expm1(3.1))


# What is refused


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(
            {"recency_day": 1, "returns_share": 0, "usage_trend": 0}, "Did you mean `recency_day`?", id="missing"
        ),
        pytest.param({**ROW, "recency_days": float("nan")}, "`recency_days` in row 1 is not a number", id="NaN"),
        pytest.param({**ROW, "recency_days": float("inf")}, "`recency_days` in row 1 is not a number", id="infinity"),
        pytest.param({**ROW, "recency_days": "90"}, "`recency_days` in row 1 is not a number", id="text"),
        pytest.param({**ROW, "recency_days": [90]}, "`recency_days` in row 1 is not a number", id="list"),
        pytest.param({**ROW, "recency_days": Decimal("NaN")}, "`recency_days` in row 1 is not", id="decimal NaN"),
        pytest.param({**ROW, "low": 1}, "have a column `low` already", id="a column in the way"),
    ],
)
async def test_rows_that_are_refused(sets, row, said):
    with pytest.raises(Refused) as caught:
        await score(sets, Frame(tuple(Column(name, STRING) for name in row), [row]), model())
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"intercept": float("nan")}, "finite", id="NaN"),
        pytest.param({"features": [feature(scale=0)]}, "greater than 0", id="no scale"),
        pytest.param({"features": [feature(), feature()]}, "twice", id="same feature twice"),
        pytest.param({"features": [feature(raises="{valeu}")]}, "Did you mean `value`?", id="unknown place"),
        pytest.param({"features": [feature(transform="sqrt")]}, "log1p", id="unknown transform"),
        pytest.param(
            {"next_steps": [{**RULES[0], "feature": "return_share"}]}, "Did you mean `returns_share`?", id="rule"
        ),
        pytest.param({"uncertainty": {"covariance": [[1]]}}, "4 rows of 4", id="covariance of the wrong size"),
        pytest.param(
            {"uncertainty": {"covariance": [[-1 if i == j else 0 for j in range(4)] for i in range(4)]}},
            "positive",
            id="negative",
        ),
        pytest.param(
            {"uncertainty": {"covariance": [[float(i) for _ in range(4)] for i in range(4)]}},
            "symmetric",
            id="asymmetric",
        ),
        pytest.param({"calibration": {"kind": "platt", "slope": -1, "shift": 0}}, "greater than 0", id="falling Platt"),
        pytest.param(
            {"calibration": {"kind": "isotonic", "given": [0, 1], "calibrated": [1, 0]}}, "not fall", id="falling table"
        ),
        pytest.param(
            {"calibration": {"kind": "isotonic", "given": [0, 0], "calibrated": [0, 1]}},
            "must rise",
            id="table with a step",
        ),
        pytest.param({"colour": 1}, "Extra inputs", id="unknown key"),
    ],
)
def test_files_that_are_refused(changed, said):
    with pytest.raises(ValidationError) as caught:
        model(**changed)
    assert said in str(caught.value)

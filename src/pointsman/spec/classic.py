"""A classic model as data: the JSON file that a model names under `file:`. A logistic regression, nothing hidden."""

import math
import re
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pointsman.errors import way_out
from pointsman.spec.base import Many, Spec

Finite = Annotated[float, Field(allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Day = Annotated[date, Field(strict=False)]
PLACE = re.compile(r"\{(\w+)\}")
"""`{name}` in a text."""


class Feature(Spec):
    """One input of the model: how its value becomes log-odds, and the words for it.

    Log-odds it adds = `coef` · (transform(value) - `mean`) / `scale`; so the typical account adds nothing.
    """

    name: str
    """The column of the scored rows."""
    label: str
    """What it is, in words: "days since the last order"."""
    transform: Literal["identity", "log1p", "signed_log1p"] = "identity"
    """`log1p`: ln(1 + x), with 0 for what is below 0; `signed_log1p`: sign(x) · ln(1 + |x|)."""
    mean: Finite
    """Mean of the transformed value over the training rows."""
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Standard deviation of the transformed value over the training rows."""
    coef: Finite
    unit: str = ""
    """`%` shows a share as per cent, `±%` with its sign; `£`, `$` and `€` go before the number; any other is a word for
    one of it, such as `day`."""
    raises: str
    """Said when it raises the probability, with `{value}`, `{typical}` and other features' names as places."""
    lowers: str
    """Said when it lowers the probability."""

    @property
    def typical(self) -> float:
        """The value that neither raises nor lowers: the mean, taken back through the transform."""
        if self.transform == "identity":
            return self.mean
        return math.copysign(math.expm1(abs(self.mean)), self.mean)


class NoCalibration(Spec):
    """The log-odds are trusted as they are."""

    kind: Literal["none"] = "none"


class Platt(Spec):
    """Calibrated log-odds = `slope` · log-odds + `shift`."""

    kind: Literal["platt"]
    slope: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    shift: Finite


class Isotonic(Spec):
    """A rising table from probability to calibrated probability; straight lines between, level outside."""

    kind: Literal["isotonic"]
    given: Many[Probability] = Field(min_length=2)
    calibrated: Many[Probability] = Field(min_length=2)

    @model_validator(mode="after")
    def _rising(self) -> "Isotonic":
        pairs = list(zip(self.given, self.given[1:], strict=False))
        if len(self.given) != len(self.calibrated) or any(a >= b for a, b in pairs):
            raise ValueError("`given` must rise, with one `calibrated` for each")
        if any(a > b for a, b in zip(self.calibrated, self.calibrated[1:], strict=False)):
            raise ValueError("`calibrated` must not fall")
        return self


class Uncertainty(Spec):
    """How sure the coefficients are. The interval is the delta method's on the log-odds."""

    level: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Chance that the interval holds the true probability, as far as the model's form is right."""
    covariance: Many[Many[Finite]]
    """Of the intercept and then the coefficients, in the order of `features`."""


class TrainedOn(Spec):
    """What the coefficients were fitted on."""

    source: str
    from_: Day = Field(alias="from")
    """First day on which features were taken."""
    to: Day
    """Day on which the last label closed."""
    rows: int = Field(ge=1)
    positives: int = Field(ge=0)


class Measured(Spec):
    """How it did on a quarter that it was not fitted on."""

    quarter: str
    """Which: the first day and the last."""
    rows: int = Field(ge=1)
    positives: int = Field(ge=0)
    auc: Probability | None
    average_precision: Probability | None
    brier: Probability
    ece: Probability
    """Expected calibration error, ten bins of equal count."""
    top20_lift: float | None
    """Share of positives among the 20 highest over the share among all."""
    predicted: Probability
    """Mean probability given."""
    observed: Probability
    """Share that came true."""


class NextStepRule(Spec):
    """What to suggest when this feature is the strongest reason that raises the probability and has a rule."""

    feature: str
    text: str
    """The step, with the same places as a feature's texts."""
    accept: str
    reject: str


class ClassicFile(Spec):
    """A logistic regression with its scaling, calibration, uncertainty, words and record."""

    features: Many[Feature] = Field(min_length=1)
    intercept: Finite
    """Log-odds of the typical account."""
    calibration: Annotated[NoCalibration | Platt | Isotonic, Field(discriminator="kind")] = NoCalibration()
    uncertainty: Uncertainty
    base_rate: Probability
    """Share of positives among the training rows."""
    reasons: int = Field(default=3, ge=1)
    """Most reasons given for a row."""
    next_steps: Many[NextStepRule] = ()
    trained_on: TrainedOn
    measured: Measured | None = None
    """On the last closed quarter."""

    @model_validator(mode="after")
    def _whole(self) -> "ClassicFile":
        names = [feature.name for feature in self.features]
        if len(set(names)) < len(names):
            raise ValueError("a feature is there twice")
        for feature in self.features:
            _check_places(feature.raises, names)
            _check_places(feature.lowers, names)
        for rule in self.next_steps:
            if rule.feature not in names:
                raise ValueError(f"a next step is for `{rule.feature}`, no feature. {way_out(rule.feature, names)}")
            _check_places(rule.text, names)
        cholesky(self.uncertainty.covariance, len(names) + 1)
        return self


def _check_places(text: str, names: list[str]) -> None:
    known = ["value", "typical", *names]
    for place in PLACE.findall(text):
        if place not in known:
            raise ValueError(f"no value for `{{{place}}}`. {way_out(place, known)}")


def cholesky(matrix: tuple[tuple[float, ...], ...], size: int) -> list[list[float]]:
    """The lower triangle L with L·Lᵀ = matrix, zero columns allowed. ValueError when it is no covariance."""
    if len(matrix) != size or any(len(row) != size for row in matrix):
        raise ValueError(f"the covariance has {size} rows of {size}: the intercept, then each feature")
    largest = max((abs(value) for row in matrix for value in row), default=0.0)
    nearly = 1e-9 * largest
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            if abs(matrix[i][j] - matrix[j][i]) > nearly:
                raise ValueError("the covariance is not symmetric")
            rest = matrix[i][j] - sum(lower[i][k] * lower[j][k] for k in range(j))
            if i == j:
                if rest < -nearly:
                    raise ValueError("the covariance is not positive semidefinite")
                lower[i][i] = math.sqrt(max(rest, 0.0))
            elif lower[j][j] > 0:
                lower[i][j] = rest / lower[j][j]
            elif abs(rest) > math.sqrt(nearly * largest):
                raise ValueError("the covariance is not positive semidefinite")
    return lower

"""What a classic model's numbers mean, in words: its reasons, and the step that follows from them."""

from collections.abc import Mapping, Sequence

from pointsman.shape import Value
from pointsman.spec.classic import PLACE, ClassicFile, Feature

Reason = dict[str, Value]


def reasons(model: ClassicFile, row: Mapping[str, Value], contributions: Sequence[float]) -> list[Reason]:
    """The strongest contributions first, at most `model.reasons`; then every input that was not known."""
    known = [pair for pair in zip(model.features, contributions, strict=True) if row[pair[0].name] is not None]
    strongest = sorted(known, key=lambda pair: -abs(pair[1]))[: model.reasons]
    said = [_reason(model, feature, row, share) for feature, share in strongest if share]
    return said + [_unknown(feature) for feature in model.features if row[feature.name] is None]


def next_step(model: ClassicFile, row: Mapping[str, Value], said: Sequence[Reason]) -> dict[str, Value] | None:
    """The step of the strongest given reason that raises the probability and has a rule; it cites that reason."""
    rules = {rule.feature: rule for rule in model.next_steps}
    for reason in said:
        rule = rules.get(str(reason["feature"]))
        if rule and isinstance(reason["contribution"], float) and reason["contribution"] > 0:
            return {
                "text": fill(rule.text, model, _feature(model, rule.feature), row),
                "because": reason["text"],
                "feature": rule.feature,
                "accept": rule.accept,
                "reject": rule.reject,
            }
    return None


def _reason(model: ClassicFile, feature: Feature, row: Mapping[str, Value], share: float) -> Reason:
    text = fill(feature.raises if share > 0 else feature.lowers, model, feature, row)
    value = row[feature.name]
    return {"feature": feature.name, "text": text, "contribution": share, "value": value, "typical": feature.typical}


def _unknown(feature: Feature) -> Reason:
    text = f"{feature.label} not known; taken as typical ({shown(feature, feature.typical)})"
    return {"feature": feature.name, "text": text, "contribution": 0.0, "value": None, "typical": feature.typical}


def _feature(model: ClassicFile, name: str) -> Feature:
    return next(feature for feature in model.features if feature.name == name)


def fill(text: str, model: ClassicFile, feature: Feature, row: Mapping[str, Value]) -> str:
    """A text with its places filled: `{value}` and `{typical}` of this feature, `{name}` of any feature."""

    def place(name: str) -> str:
        if name == "typical":
            return shown(feature, feature.typical)
        other = feature if name == "value" else _feature(model, name)
        value = row[other.name]
        return "unknown" if value is None else shown(other, float(value))  # type: ignore[arg-type]

    return PLACE.sub(lambda found: place(found[1]), text)


def shown(feature: Feature, value: float) -> str:
    """A value as people read it: `32 %`, `+4 %`, `£1,204`, `1 day`, `45 days`, `2.4 orders`."""
    if feature.unit == "±%":
        return f"{'+' if value > 0 else ''}{_rounded(value * 100)} %"
    if feature.unit == "%":
        return f"{_rounded(value * 100)} %"
    if feature.unit in ("£", "$", "€"):
        return f"{'-' if value < 0 else ''}{feature.unit}{_rounded(abs(value))}"
    number = _rounded(value)
    if not feature.unit:
        return number
    return f"{number} {feature.unit}" if number == "1" else f"{number} {feature.unit}s"


def _rounded(value: float) -> str:
    whole = round(value)
    if abs(value) >= 10 or abs(value - whole) < 0.05:
        return f"{whole:,}"
    return f"{value:,.1f}"

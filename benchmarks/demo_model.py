"""Fits the worked example's churn model on the practice business's own history, and writes it into the template.

    python -m benchmarks.demo_model

Split by time: fitted on all closed quarters but the last, measured on the last. What is written is what was measured.
Then the same file is held against other quarters and seeds, because `pointsman demo` is started in any quarter.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
from benchmarks.churn_fit import Origin, Words, fit, predict
from benchmarks.churn_metrics import Scores, measure, measured, reliability

from pointsman.quantity import Quarter
from pointsman.sandbox.sales.generate import SEED, World, world
from pointsman.sandbox.sales.history import History, Snapshot

QUARTER: Final = Quarter("2026-Q4")
FILE: Final = Path(__file__).parents[1] / "src/pointsman/sandbox/sales/project/models/churn.json"
SOURCE: Final = f"invented history of the practice business (pointsman.sandbox.sales, seed {SEED})"

FEATURES: Final = (
    Words(
        "recency_days",
        "days since the last order",
        "log1p",
        "day",
        "no order for {value} (typical {typical})",
        "last order {value} ago",
    ),
    Words(
        "orders_90d",
        "orders in the last 90 days",
        "log1p",
        "order",
        "{value} in the last 90 days (typical {typical})",
    ),
    Words(
        "orders_prev_90d",
        "orders in the 90 days before",
        "log1p",
        "order",
        "{value} in the 90 days before, {orders_90d} in the last 90",
    ),
    Words(
        "returns_share",
        "value sent back in six months",
        "identity",
        "%",
        "{value} of the value ordered was sent back (typical {typical})",
    ),
    Words(
        "usage_trend",
        "change in portal logins",
        "identity",
        "±%",
        "portal logins {value} against the 30 days before",
    ),
    Words(
        "overdue_days",
        "age of the oldest late invoice",
        "log1p",
        "day",
        "an invoice is {value} past its due date",
        "payments on time: {value} past due",
    ),
)

NEXT_STEPS: Final = (
    {
        "feature": "recency_days",
        "text": "Call the buyer: the last order is {value} old. Ask what happened, before any offer.",
        "accept": "Plan the call",
        "reject": "Already in touch",
    },
    {
        "feature": "orders_90d",
        "text": "Go through the order plan with the buyer: {orders_prev_90d} in the 90 days before, now {value}.",
        "accept": "Plan the review",
        "reject": "Decline is expected",
    },
    {
        "feature": "orders_prev_90d",
        "text": "Ask the buyer about the plan for this quarter: {value} in the 90 days before, then {orders_90d}.",
        "accept": "Plan the review",
        "reject": "Already known",
    },
    {
        "feature": "returns_share",
        "text": "Book a quality review of the returned parts ({value} of the value ordered) before the next delivery.",
        "accept": "Book the review",
        "reject": "Returns are settled",
    },
    {
        "feature": "usage_trend",
        "text": "Offer half an hour on the portal to whoever orders there now: logins {value} in a month.",
        "accept": "Offer the session",
        "reject": "Orders another way",
    },
    {
        "feature": "overdue_days",
        "text": "Settle the open invoice ({value} late) with accounts payable before anybody sells.",
        "accept": "Take it to finance",
        "reject": "Payment is agreed",
    },
)

Told = tuple[History, Snapshot]


def closed(made: World) -> list[Told]:
    """Each customer at each quarter whose outcome is known."""
    return [(told, seen) for told in made.histories for seen in told.snapshots if seen.stayed_away is not None]


def matrix(rows: Iterable[Told]) -> Any:
    """As the flow hands it to the model: a customer without the portal has a trend of 0."""
    return np.array([[getattr(at.seen, f.name) or 0.0 for f in FEATURES] for _, at in rows], dtype=float)


def scores(file: dict[str, Any], rows: list[Told]) -> Scores:
    quarters = {quarter: place for place, quarter in enumerate(sorted({at.quarter for _, at in rows}))}
    return Scores(
        predict(file, matrix(rows)),
        np.array([at.stayed_away for _, at in rows], dtype=float),
        np.array([quarters[at.quarter] for _, at in rows]),
        np.array([told.customer.number for told, _ in rows]),
    )


def made() -> dict[str, Any]:
    """The model file."""
    rows = closed(world(QUARTER))
    last = QUARTER.previous
    before, after = [row for row in rows if row[1].quarter < last], [row for row in rows if row[1].quarter == last]
    origin = Origin(SOURCE, min(at.quarter for _, at in before).start, last.previous.end)

    def with_record(record: dict[str, Any] | None) -> dict[str, Any]:
        return fit(
            matrix(before),
            np.array([at.stayed_away for _, at in before], dtype=bool),
            FEATURES,
            origin,
            customers=np.array([told.customer.number for told, _ in before]),
            quarters=np.array([str(at.quarter) for _, at in before]),
            next_steps=NEXT_STEPS,
            measured=record,
        )

    return with_record(measured(scores(with_record(None), after), f"{last.start} to {last.end}"))


def _report(file: dict[str, Any]) -> None:
    last = [row for row in closed(world(QUARTER)) if row[1].quarter == QUARTER.previous]
    print(f"Last closed quarter, {QUARTER.previous}: mean probability and share that stayed away, by fifths")
    found = scores(file, last)
    for _, predicted, observed in reliability(found, np.ones(len(found.p)), bins=5):
        print(f"  {predicted:6.1%}  {observed:6.1%}")
    print("\nThe same file in other worlds (all closed quarters of each)")
    print("  quarter  seed   rows  predicted  observed    AUC  Brier    ECE  top-20 lift")
    for quarter, seed in (
        (QUARTER, SEED),
        (Quarter("2027-Q1"), SEED),
        (Quarter("2027-Q3"), SEED),
        (QUARTER, 1),
        (QUARTER, 2),
    ):
        other = scores(file, closed(world(quarter, seed)))
        m = measure(other)
        rates = f"{other.p.mean():9.1%} {other.y.mean():9.1%}"
        print(
            f"  {quarter}  {seed:4} {len(other.p):6}  {rates}  {m['AUC']:5.3f}  {m['Brier']:5.3f}  {m['ECE']:5.3f}"
            f"  {m['top-20 lift']:5.1f}"
        )


if __name__ == "__main__":
    fitted = made()
    FILE.write_text(json.dumps(fitted, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Wrote {FILE.name}: {fitted['trained_on']}\nMeasured: {fitted['measured']}\n")
    _report(fitted)

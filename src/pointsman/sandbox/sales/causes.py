"""Why customers of the practice business leave: the whole truth behind its data, in one place.

A trouble changes what a customer does in a quarter (orders, returns, payments, logins, complaints). At the start of
the next quarter the customer's behaviour, and nothing else, gives the probability of staying away for that quarter:
`hazard`. So a model that sees the behaviour can be right about the probability, and never about the single customer.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong at a customer, and its effect in a quarter at full severity (1.0)."""

    name: str
    weight: float
    """How often it is the one that strikes, relative to the others."""
    orders: float = 1.0
    """Factor on the number of orders."""
    logins: float = 1.0
    """Factor on logins to the ordering portal."""
    returns: float = 0.0
    """Added to the chance that an order is sent back in part."""
    late: int = 0
    """Days by which payments slip."""
    complaints: float = 0.0
    """Complaints opened in the quarter, on average."""


FAULTY_PARTS = Trouble("faulty parts", weight=0.24, orders=0.65, logins=0.85, returns=0.8, complaints=2.2)
LATE_DELIVERY = Trouble("late delivery", weight=0.2, orders=0.5, logins=0.75, complaints=2.4)
CASH_SQUEEZE = Trouble("cash squeeze", weight=0.22, orders=0.6, logins=0.9, late=62, complaints=0.6)
CHAMPION_LEFT = Trouble("champion left", weight=0.16, orders=0.65, logins=0.25, complaints=0.3)
SECOND_SUPPLIER = Trouble("second supplier", weight=0.18, orders=0.2, logins=0.5, complaints=0.3)

TROUBLES = (FAULTY_PARTS, LATE_DELIVERY, CASH_SQUEEZE, CHAMPION_LEFT, SECOND_SUPPLIER)

STRIKES = 0.22
"""Chance that an untroubled customer gets into one of the troubles in a quarter."""
STAYS = 0.45
"""Chance that a trouble goes on for another quarter."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a customer did up to the first day of a quarter (not included): the model's inputs."""

    recency_days: int
    """Days since the last order."""
    orders_90d: int
    orders_prev_90d: int
    """Orders 91 to 180 days ago."""
    returns_share: float
    """Value sent back over value ordered, both in the last 180 days."""
    overdue_days: int
    """Age of the oldest unpaid invoice after its due date; 0 = none is late."""
    usage_trend: float | None
    """Logins of the last 30 days over those of the 30 days before, minus 1; None = does not use the portal."""


def hazard(seen: Behaviour) -> float:
    """Probability of no order in the coming quarter: a logistic function of the behaviour."""
    trend = max(-1.0, min(1.0, seen.usage_trend or 0.0))
    log_odds = (
        -4.90
        + 0.50 * math.log1p(seen.recency_days)
        + 1.15 * (math.log1p(seen.orders_prev_90d) - math.log1p(seen.orders_90d))
        + 11.00 * seen.returns_share
        + 0.85 * math.log1p(seen.overdue_days)
        - 3.60 * trend
    )
    return 1 / (1 + math.exp(-log_odds))

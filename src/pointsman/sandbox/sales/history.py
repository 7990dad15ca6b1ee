"""What a customer does, quarter by quarter: troubles, orders, returns, payments, logins, complaints.

Days are ordinals (`date.toordinal`). Everything lies before the first day of the current quarter.
"""

from dataclasses import dataclass, field
from random import Random

from pointsman.quantity import Quarter
from pointsman.sandbox.sales import cases
from pointsman.sandbox.sales.causes import (
    CHAMPION_LEFT,
    STAYS,
    STRIKES,
    TROUBLES,
    Behaviour,
    Trouble,
    hazard,
)
from pointsman.sandbox.sales.customers import Customer

CLOSED = 8
"""Quarters before the current one whose outcome is known."""
WARM_UP = 2
"""Quarters before those: they fill the windows that look back 180 days."""
SILENT = 180
"""Days without an order after which a customer counts as a former one."""


@dataclass(frozen=True, slots=True)
class Order:
    id: str
    day: int
    amount: int
    due: int
    paid: int
    """Day of payment; it may lie in the future, and then the invoice is open."""
    returned: int
    """Euros sent back; 0 = nothing."""
    returned_day: int


@dataclass(frozen=True, slots=True)
class Logins:
    """Logins in the 30 days up to `end` (not included)."""

    end: int
    count: int


@dataclass(frozen=True, slots=True)
class Complaint:
    day: int
    closed: int
    letter: cases.Letter


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A customer on the first day of a quarter."""

    quarter: Quarter
    seen: Behaviour
    hazard: float
    stayed_away: bool | None
    """No order in that quarter; None for the current one, where nobody knows yet."""


@dataclass(slots=True)
class History:
    customer: Customer
    orders: list[Order] = field(default_factory=list)
    logins: list[Logins] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    troubles: dict[Quarter, Trouble] = field(default_factory=dict)
    buyer: int = 0
    """Which of the customer's people buys now."""
    buyer_since: int | None = None
    """Day on which the present buyer took over, when there was another."""

    @property
    def active(self) -> bool:
        """Under contract at the start of the current quarter."""
        return bool(self.snapshots) and self.snapshots[-1].stayed_away is None

    def buyer_on(self, day: int) -> int:
        return self.buyer if self.buyer_since is None or day >= self.buyer_since else 0

    def seen(self, day: int) -> Behaviour | None:
        """The behaviour up to `day`, from the recorded rows; None when it has been silent for too long."""
        window = [order for order in self.orders if day - SILENT <= order.day < day]
        if not window:
            return None
        returned = sum(order.returned for order in window if order.returned_day < day)
        late = [day - order.due for order in self.orders if order.due < day <= order.paid]
        return Behaviour(
            recency_days=day - window[-1].day,
            orders_90d=sum(order.day >= day - 90 for order in window),
            orders_prev_90d=sum(order.day < day - 90 for order in window),
            returns_share=round(returned / sum(order.amount for order in window), 4),
            overdue_days=max(late, default=0),
            usage_trend=self._trend(day),
        )

    def _trend(self, day: int) -> float | None:
        counts = {logins.end: logins.count for logins in self.logins[-6:]}
        if day not in counts:
            return None
        before = counts[day - 30]
        return counts[day] / before - 1 if before else 0.0


def live(customer: Customer, current: Quarter, rng: Random) -> History:
    """A customer's whole history up to the first day of the current quarter."""
    told = History(customer)
    trouble: Trouble | None = None
    for ago in range(CLOSED + WARM_UP, -1, -1):
        quarter = _back(current, ago)
        if -ago < customer.since:
            continue
        stays_away = False
        # A customer is judged only when 180 days of its history exist.
        if ago <= CLOSED and -ago >= customer.since + WARM_UP:
            seen = told.seen(quarter.start.toordinal())
            if seen is None:
                break
            risk = hazard(seen)
            stays_away = rng.random() < risk
            told.snapshots.append(Snapshot(quarter, seen, risk, stays_away if ago else None))
        if ago:
            trouble = _next_trouble(trouble, rng)
            _quarter(told, quarter, trouble, stays_away, rng)
    return told


def _back(quarter: Quarter, count: int) -> Quarter:
    for _ in range(count):
        quarter = quarter.previous
    return quarter


def _next_trouble(now: Trouble | None, rng: Random) -> Trouble | None:
    if now is not None:
        return now if rng.random() < STAYS else None
    if rng.random() >= STRIKES:
        return None
    return rng.choices(TROUBLES, [trouble.weight for trouble in TROUBLES])[0]


def _quarter(told: History, quarter: Quarter, trouble: Trouble | None, stays_away: bool, rng: Random) -> None:
    severity = rng.uniform(0.6, 1.0) if trouble else 0.0
    if trouble:
        told.troubles[quarter] = trouble
    if trouble is CHAMPION_LEFT and told.buyer == 0:
        told.buyer, told.buyer_since = 1, quarter.start.toordinal() + rng.randint(5, 40)
    if not stays_away:
        _order(told, quarter, trouble, severity, rng)
    _log_in(told, quarter, trouble, severity, stays_away, rng)
    _complain(told, quarter, trouble, severity, rng)


def _order(told: History, quarter: Quarter, trouble: Trouble | None, severity: float, rng: Random) -> None:
    customer = told.customer
    start, end = quarter.start.toordinal(), quarter.end.toordinal()
    factor = 1 - severity * (1 - trouble.orders) if trouble else 1.0
    count = max(1, round(customer.orders * factor * rng.uniform(0.8, 1.2)))
    for place in range(count):
        # In trouble, orders thin out towards the quarter's end.
        share = ((place + rng.random()) / count) ** (1 + 2 * (1 - factor))
        day = start + int(share * (end - start + 1))
        amount = round(customer.value * rng.uniform(0.5, 1.5))
        sent_back = rng.random() < 0.05 + (severity * trouble.returns if trouble else 0.0)
        slip = rng.gauss(-4, 4) if rng.random() > 0.03 else rng.uniform(5, 30)
        if trouble and trouble.late:
            slip += severity * trouble.late * rng.uniform(0.4, 1.2)
        told.orders.append(
            Order(
                id=f"SO-{customer.number:04d}-{len(told.orders) + 1:03d}",
                day=day,
                amount=amount,
                due=day + 30,
                paid=max(day + 1, day + 30 + round(slip)),
                returned=round(amount * rng.uniform(0.1, 0.8)) if sent_back else 0,
                returned_day=day + rng.randint(6, 20),
            )
        )


def _log_in(
    told: History, quarter: Quarter, trouble: Trouble | None, severity: float, stays_away: bool, rng: Random
) -> None:
    usual = told.customer.logins
    if usual is None:
        return
    end = quarter.next.start.toordinal()
    for periods_left in (2, 1, 0):
        # The effect of a trouble grows over the quarter, so that it shows as a trend.
        grown = severity * (1.0, 0.55, 0.2)[periods_left]
        factor = 1 - grown * (1 - trouble.logins) if trouble else 1.0
        if stays_away:
            factor *= 0.5
        told.logins.append(Logins(end - 30 * periods_left, round(usual * factor * rng.uniform(0.88, 1.12))))


def _complain(told: History, quarter: Quarter, trouble: Trouble | None, severity: float, rng: Random) -> None:
    if not told.orders:
        return
    start, end = quarter.start.toordinal(), quarter.end.toordinal()
    expected = severity * trouble.complaints if trouble else 0.0
    complaints = int(expected + rng.random())
    routine = int(0.3 + rng.random())
    for about in [trouble] * complaints + [None] * routine:
        day = rng.randint(start + 10, end)
        order = rng.choice(told.orders[-4:])
        letter = cases.letter(about, order.id, told.customer.company.city, rng)
        told.complaints.append(Complaint(day, day + rng.randint(1, 14), letter))

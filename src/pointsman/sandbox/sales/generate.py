"""The whole practice world, from a quarter and a seed. The same two give the same world, on any machine."""

from dataclasses import dataclass
from itertools import count
from random import Random

from pointsman.quantity import Quarter
from pointsman.sandbox.sales import customers
from pointsman.sandbox.sales.history import History, live

SEED = 15
"""Chosen among the first twenty: about 12 of the 48 enterprise customers in EMEA are at risk, of various troubles."""


@dataclass(frozen=True, slots=True)
class World:
    """Every customer with its history, former ones too; all of it lies before `quarter`."""

    quarter: Quarter
    histories: tuple[History, ...]

    @property
    def active(self) -> tuple[History, ...]:
        """The customers under contract on the first day of the quarter."""
        return tuple(history for history in self.histories if history.active)


def world(quarter: Quarter, seed: int = SEED) -> World:
    """Draws customers until each segment and region has its number of active ones (`customers.ACTIVE`)."""
    numbers = count(1)
    companies = {region: customers.companies(region, seed) for region in customers.REGIONS}
    histories: list[History] = []
    for (segment, region), wanted in customers.ACTIVE.items():
        found = 0
        for place in count():
            if found == wanted:
                break
            # One stream of chance for each customer: a change to one leaves the others as they are.
            rng = Random(f"{seed}/{segment}/{region}/{place}")  # noqa: S311  repeatable on purpose
            customer = customers.customer(next(numbers), segment, next(companies[region]), rng)
            history = live(customer, quarter, rng)
            found += history.active
            histories.append(history)
    return World(quarter, tuple(histories))

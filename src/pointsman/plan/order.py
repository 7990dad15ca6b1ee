"""In which order steps can be done, and where they wait for each other in a circle."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter


def order(needs: Mapping[str, frozenset[str]]) -> tuple[list[str], list[str]]:
    """The steps, each after what it needs; and a circle of steps (first = last), empty when there is none.

    Steps on the circle, and those behind it, are left out of the order.
    """
    circle: list[str] = []
    left = dict(needs)
    while True:
        sorter = TopologicalSorter(left)
        try:
            return [name for name in sorter.static_order() if name in left], circle
        except CycleError as cycle:
            found = list(reversed(cycle.args[1]))
            circle = circle or found
            left = _without(left, set(found))


def _without(needs: Mapping[str, frozenset[str]], gone: set[str]) -> dict[str, frozenset[str]]:
    left = {name: wanted for name, wanted in needs.items() if name not in gone}
    behind = {name for name, wanted in left.items() if wanted & gone}
    return _without(left, behind) if behind else left

"""Going over items: some at once, each under its key, the failed ones beside the others."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pointsman.errors import Fault, Refused, Uncertain
from pointsman.flows.keeping import LetGo
from pointsman.flows.turn import Act, Scope, Turn, perform
from pointsman.frame import Frame, Output
from pointsman.shape import Value


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to go over, under its key. `refused`: why nothing is done for it."""

    key: str
    value: Value
    refused: Refused | None = None


def keyed(items: Sequence[Value], key_of: Callable[[Value], Value] | None) -> list[Item]:
    """Items with their keys, the position where none is named. Items that share a key are refused, all of them: they
    would make one effect of two, and nobody said which is the right one."""
    if key_of is None:
        return [Item(str(position), value) for position, value in enumerate(items)]
    keys = [key_of(value) for value in items]
    places: dict[str, list[int]] = {}
    for position, key in enumerate(keys):
        places.setdefault(str(key), []).append(position)
    return [Item(str(key), value, _refused(key, places[str(key)])) for key, value in zip(keys, items, strict=True)]


def _refused(key: Value, places: Sequence[int]) -> Refused | None:
    if not isinstance(key, str | int) or isinstance(key, bool):
        return Refused(f"an item's key is a text or a whole number; item {places[0]} has {key!r}.")
    if len(places) == 1:
        return None
    several = "two" if len(places) == 2 else str(len(places))
    listed = f"{', '.join(map(str, places[:5]))}{', …' if len(places) > 5 else ''}"
    return Refused(
        f"{several} items have the key {str(key)!r}: items {listed}.",
        way_out="Make the rows unique (GROUP BY or DISTINCT), or choose a `key` that is.",
    )


async def go_over(
    act: Act, items: Sequence[Item], alias: str, scope: Scope, turn: Turn, *, concurrency: int, collect: bool
) -> dict[str, Value]:
    """`{ok: [{key, item, value, …}], failed: [{key, item, error}]}`, both in the order of the items.

    Without `collect` the first failure is raised; no further item is begun, but those under way end, because a write
    that is cut off leaves its fate unknown. Raises Uncertain, last, when that is so for any item.
    """
    if not collect and (refused := next((item.refused for item in items if item.refused), None)):
        raise refused
    outcomes: list[dict[str, Any] | None] = [None] * len(items)
    waiting = iter(range(len(items)))
    failures: list[Fault] = []
    unknown: list[Uncertain] = []

    async def worker() -> None:
        for position in waiting:
            if failures:
                return
            item = items[position]
            inner = turn.of_item(item.key)
            try:
                if item.refused:
                    raise item.refused
                value = await perform(act, {**scope, alias: item.value}, inner)
            except Uncertain as fault:
                unknown.append(fault)
            except Fault as fault:
                if not collect:
                    failures.append(fault)
                    return
                turn.record.failed_items += 1
                outcomes[position] = {"key": item.key, "item": item.value, "error": fault.sentence}
            else:
                outcomes[position] = _succeeded(item, value, inner.source)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(items))):
                group.create_task(worker())
    except* LetGo as gone:
        raise gone.exceptions[0] from None
    if failures or unknown:
        raise (failures or unknown)[0]
    ok = [outcome for outcome in outcomes if outcome is not None and "error" not in outcome]
    return {"ok": ok, "failed": [outcome for outcome in outcomes if outcome is not None and "error" in outcome]}


def _succeeded(item: Item, value: Output, source: str | None) -> dict[str, Any]:
    plain = value.rows if isinstance(value, Frame) else value
    outcome = {"key": item.key, "item": item.value, "value": plain}
    return outcome if source is None else {**outcome, "source": source}

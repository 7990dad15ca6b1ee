"""Going over items: some at once, each under its key, the failed ones beside the others."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pointsman.errors import Fault, Refused, Uncertain
from pointsman.flows.turn import Act, Scope, Turn, perform
from pointsman.frame import Frame, Output
from pointsman.shape import Value


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to go over, under its key."""

    key: str
    value: Value


def keyed(items: Sequence[Value], key_of: Callable[[Value], Value] | None) -> list[Item]:
    """Items with their keys, the position where none is named. A key that comes twice is refused: it would make one
    effect of two."""
    if key_of is None:
        return [Item(str(position), value) for position, value in enumerate(items)]
    seen: dict[str, int] = {}
    found = []
    for position, value in enumerate(items):
        key = key_of(value)
        if not isinstance(key, str | int) or isinstance(key, bool):
            raise Refused(f"an item's key is a text or a whole number; item {position} has {key!r}")
        text = str(key)
        if text in seen:
            raise Refused(
                f"two items have the key {text!r}: items {seen[text]} and {position}.",
                way_out="Make the rows unique (GROUP BY or DISTINCT), or choose a `key` that is.",
            )
        seen[text] = position
        found.append(Item(text, value))
    return found


async def go_over(
    act: Act, items: Sequence[Item], alias: str, scope: Scope, turn: Turn, *, concurrency: int, collect: bool
) -> dict[str, Value]:
    """`{ok: [{key, item, value, …}], failed: [{key, item, error}]}`, both in the order of the items.

    Without `collect` the first failure is raised; no further item is begun, but those under way end, because a write
    that is cut off leaves its fate unknown. Raises Uncertain, last, when that is so for any item.
    """
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

    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(items))):
            group.create_task(worker())
    if failures or unknown:
        raise (failures or unknown)[0]
    ok = [outcome for outcome in outcomes if outcome is not None and "error" not in outcome]
    return {"ok": ok, "failed": [outcome for outcome in outcomes if outcome is not None and "error" in outcome]}


def _succeeded(item: Item, value: Output, source: str | None) -> dict[str, Any]:
    plain = value.rows if isinstance(value, Frame) else value
    outcome = {"key": item.key, "item": item.value, "value": plain}
    return outcome if source is None else {**outcome, "source": source}

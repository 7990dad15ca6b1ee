"""What changed since the last answer to the same question: each scored row's probability against the one before."""

from collections.abc import Iterator, Mapping
from typing import Any

from pointsman.journal.record import RunRecord


def since(result: object, previous: RunRecord | None) -> dict[str, Any] | None:
    """`{run, at, changes}`: the change of the probability by the row's key, None for a row that is new.

    None when there is no last answer, or nothing in it was scored.
    """
    if previous is None or previous.answer is None or previous.replied is None:
        return None
    before = dict(_probabilities(previous.answer["result"]))
    now = dict(_probabilities(result))
    if not before or not now:
        return None
    changes = {key: round(now[key] - before[key], 6) if key in before else None for key in now}
    return {"run": previous.id, "at": previous.replied, "changes": changes}


def _probabilities(result: object) -> Iterator[tuple[str, float]]:
    parts = result.values() if isinstance(result, Mapping) else ()
    for part in parts:
        for row in part if isinstance(part, list) else ():
            field = key_field(row) if isinstance(row, Mapping) else None
            if field is not None and isinstance(row.get("probability"), float):
                yield str(row[field]), row["probability"]


def key_field(row: Mapping[str, Any]) -> str | None:
    """The field that tells the rows apart: `key`, `id`, or the first that ends so."""
    return next((name for name in row if name.lower() in ("key", "id") or name.lower().endswith("_id")), None)

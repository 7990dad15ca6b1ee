"""An answer, for a person to read in a terminal."""

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from pointsman.doors.cli import talk

BAR = 20


def show(answer: Mapping[str, Any], as_json: bool) -> None:
    """Prints the envelope: as one JSON object, or to be read."""
    if as_json:
        talk.json(answer)
        return
    for line in lines(answer, min(shutil.get_terminal_size((100, 24)).columns, 110)):
        talk.data(line)


def lines(answer: Mapping[str, Any], width: int) -> list[str]:
    """The readable form, line by line."""
    found = [answer["title"] or answer["flow"], *_reading(answer), ""]
    result = answer["result"]
    parts = result.items() if isinstance(result, Mapping) else [("result", result)]
    drafts = {draft["key"]: draft for draft in result.get("drafts", ())} if isinstance(result, Mapping) else {}
    for name, part in parts:
        if name == "drafts" and isinstance(part, list):
            continue  # each is shown under its customer
        found += _part(name, part, drafts, width)
    return [*found, *_foot(answer, width)]


def _reading(answer: Mapping[str, Any]) -> list[str]:
    reading = answer.get("reading")
    if not reading:
        return []
    return [f"read as: {answer['flow']} " + ", ".join(f"{key}={value}" for key, value in reading["input"].items())]


def _part(name: str, part: Any, drafts: Mapping[str, Any], width: int) -> list[str]:
    if not isinstance(part, list):
        return [f"{name}: {_plain(part)}", ""]
    if not part:
        return [f"{name}: none", ""]
    if isinstance(part[0], Mapping) and {"probability", "reasons"} <= part[0].keys():
        return [line for row in part for line in _scored(row, drafts, width)]
    return [f"{name}: {len(part)}", *(f"  {_plain(row)}" for row in part[:20]), ""]


def _scored(row: Mapping[str, Any], drafts: Mapping[str, Any], width: int) -> list[str]:
    title = row.get("name") or row.get("account_id") or ""
    facts = [f"{key} {_value(row[key])}" for key in ("renewal", "arr") if row.get(key) is not None]
    filled = round(row["probability"] * BAR)
    bar = "█" * filled + "·" * (BAR - filled)
    found = [
        f"{title}   {' · '.join(facts)}".rstrip(),
        f"  {bar} {row['probability']:.0%} ({row['low']:.0%}-{row['high']:.0%}), base {row['base_rate']:.0%}",
    ]
    found += [f"  {'+' if reason['contribution'] > 0 else '-'} {reason['text']}" for reason in row["reasons"]]
    step = row.get("next_step")
    if step:
        found += _wrapped(f"→ {step['text']} ({step['because']})", width, "  ")
    draft = drafts.get(str(row.get("account_id")))
    if draft:
        found += _draft(draft, width)
    return [*found, ""]


def _draft(draft: Mapping[str, Any], width: int) -> list[str]:
    value = draft["value"]
    wrote = "from a template" if draft.get("source") == "template" else "by a language model"
    head = f"  ✉ {value.get('subject', '')}   [draft {wrote}]"
    body = str(value.get("body", value.get("text", "")))
    return [head, *(part for line in body.splitlines() for part in _wrapped(line, width, "    │ ") or ["    │"])]


def _foot(answer: Mapping[str, Any], width: int) -> list[str]:
    sources = ", ".join(
        f"{line['connection']}.{line['step']} {'MISSING' if line['missing'] else str(line['rows']) + ' rows'}"
        + (f" as of {line['as_of']}" if line["as_of"] else "")
        for line in answer["sources"]
    )
    models = ", ".join(f"{line['model']}@{line['version']} ({line['source']})" for line in answer["models"])
    found = _wrapped(f"Sources: {sources}", width) if sources else []
    found += _wrapped(f"Models: {models}", width) if models else []
    for sentence in answer["degraded"]:
        found += _wrapped(f"! {sentence}", width)
    for waits in answer["approvals"]:
        found += _wrapped(f"{waits['of']}: {waits['waiting']} waiting for {waits['by']}; nothing was sent.", width)
    return [*found, f"Run {answer['run']}"]


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)


def _plain(row: Any) -> str:
    if not isinstance(row, Mapping):
        return _value(row)
    return ", ".join(f"{key}={_value(value)}" for key, value in row.items())


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{len(value)}]"
    return str(value)

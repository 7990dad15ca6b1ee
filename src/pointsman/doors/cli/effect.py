"""An approval in a terminal: in one line of a list, and in full with exactly what will be done."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pointsman.doors.cli.part_of_id import short
from pointsman.doors.cli.plainly import cut, field_lines, moment, plain, table

_FIELD: Final = 34
_FIRST: Final = ("to", "subject", "title", "name")
"""What a person wants to see first of an effect, where it has that."""


def listed(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """What waits, as a table."""
    rows = [
        (short(item["id"]), cut(item["title"], 40), in_one_line(item), moment(item["expires"]), plain(item["role"]))
        for item in items
    ]
    return table(("ID", "TITLE", "WHAT WILL BE DONE", "EXPIRES (UTC)", "ROLE"), rows)


def in_one_line(item: Mapping[str, Any]) -> str:
    """`mail.send to=…, subject=…`"""
    if item["kind"] == "uncertain":
        return "nothing; say whether it has happened"
    effects = item["effects"]
    if not effects:
        return cut(f"no write of its own; goes on with {_fields(item['item'].get('value'))}", 2 * _FIELD)
    more = f" and {len(effects) - 1} more" if len(effects) > 1 else ""
    return f"{plain(effects[0]['call'])} {_fields(effects[0]['with'], item['title'])}{more}"


def _fields(value: Any, told: str = "") -> str:
    """The fields that say most; not what the title has `told`."""
    if not isinstance(value, Mapping):
        return cut(value, _FIELD)
    names = [name for name in _FIRST if value.get(name) not in (None, told)][:2] or list(value)[:2]
    return ", ".join(f"{plain(name)}={cut(value[name], _FIELD)}" for name in names)


def in_full(item: Mapping[str, Any], effects: Sequence[Mapping[str, Any]], value: Any) -> list[str]:
    """`effects`, `value`: as they would be done and handed on, a change of the reader's included."""
    by_itself = "approved" if item["otherwise"] == "approve" else "rejected"
    found = [
        plain(item["title"]),
        f"{item['id']}   of run {item['run']}, step {item['step']}, item {plain(item['key'])}",
        f"asked for by {plain(item['requester'])}; for {plain(item['role'])} to decide until "
        f"{moment(item['expires'])} UTC, then {by_itself} by itself",
    ]
    found += [f"snoozed until {moment(item['snoozed_until'])} UTC"] if item["snoozed_until"] else []
    if item["decision"] != "waiting":
        found.append(f"{item['decision']} by {plain(item['decided_by'] or 'nobody')} {moment(item['decided'])} UTC")
    if item["kind"] == "uncertain":
        return [*found, "", "Look at the other system. Approve: it has happened. Reject: it has not, so do it."]
    if not effects:
        return [*found, "", "No write follows by itself; the run goes on with:", *field_lines(value, "  ")]
    found += ["", "What will be done:"]
    for effect in effects:
        found += [
            f"  {plain(effect['call'])}   (step {plain(effect['step'])})",
            *field_lines(_ordered(effect["with"]), "    "),
        ]
    return found


def _ordered(value: Any) -> Any:
    """To whom and about what first, long texts last."""
    if not isinstance(value, Mapping):
        return value
    places = {name: place for place, name in enumerate(_FIRST)}
    return dict(sorted(value.items(), key=lambda field: ("\n" in str(field[1]), places.get(field[0], len(places)))))

"""Items, shown with exactly what will be done, and decided on as they were shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from pointsman.doors.cli import ask_person, effect, fields_file, talk
from pointsman.doors.cli.part_of_id import short
from pointsman.doors.cli.plainly import cut, moment, plain
from pointsman.errors import Refused
from pointsman.flows.decisions import Choice, Decider, Decisions, edited, shown


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants done. `snooze`: seconds."""

    reject: bool
    reason: str | None
    edits: Mapping[str, str]
    editor: bool
    snooze: float | None
    name: str

    @property
    def choice(self) -> Choice:
        return "snooze" if self.snooze is not None else "reject" if self.reject else "approve"

    @property
    def verb(self) -> str:
        return self.choice.capitalize()


async def decide(
    decisions: Decisions, items: Sequence[dict[str, Any]], wish: Wish, *, asks: bool, one: bool, as_json: bool
) -> tuple[list[dict[str, Any]], list[str]]:
    """The items as decided, and a sentence for each that could not be (of one item that is raised). Raises Refused
    when nobody is there to be asked."""
    edits = await _show(decisions, items, wish, one=one, as_json=as_json and not asks)
    if asks:
        _ask(items, wish, edits, one=one)
    decided, failed = [], []
    for item in items:
        try:
            decided.append(await _decided(decisions, item, wish, edits))
        except Refused as fault:
            if one:
                raise
            failed.append(f"{short(item['id'])}: {fault.sentence}")
    if not as_json:
        for item in decided:
            talk.data(_outcome(item, wish))
        for sentence in failed:
            talk.say(plain(sentence))
    return decided, failed


async def _show(
    decisions: Decisions, items: Sequence[dict[str, Any]], wish: Wish, *, one: bool, as_json: bool
) -> Mapping[str, str]:
    """Shows what will be done, and gives the texts that were changed before."""
    if not one:
        lines = [] if as_json else effect.listed(items)
        edits: Mapping[str, str] = {}
    else:
        (item,) = items
        edits = _edits(item, wish)
        after, effects = item["item"], item["effects"]
        if edits:
            after, _ = edited(after, edits)
            effects = await decisions.render(await decisions.one(item["id"]), after)
        lines = [] if as_json else [*effect.in_full(item, effects, after.get("value")), ""]
    for line in lines:
        talk.say(line)
    return edits


def _edits(item: Mapping[str, Any], wish: Wish) -> Mapping[str, str]:
    if item["kind"] == "uncertain" and (wish.edits or wish.editor):
        raise Refused("this is a question; there is nothing to edit.", way_out="Approve or reject it as it is.")
    if item["decision"] != "waiting" or not wish.editor:
        return wish.edits
    value = item["item"].get("value")
    if not isinstance(value, Mapping):
        raise Refused("this item has no fields to edit.")
    text = ask_person.edit(fields_file.written(value))
    if text is None:
        raise click.Abort
    return fields_file.read(text, value)


def _ask(items: Sequence[Mapping[str, Any]], wish: Wish, edits: Mapping[str, str], *, one: bool) -> None:
    """Raises click.Abort when it shall not be, Refused when nobody is there."""
    if one and items[0]["decision"] != "waiting":
        return  # the decision is refused with what was decided
    if not ask_person.is_there():
        raise Refused("nothing was decided: nobody is at a terminal to be asked.", way_out="Decide with --yes.")
    what = f"these {len(items)}" if len(items) > 1 else "it"
    if not ask_person.yes(f"{wish.verb} {what}{' as changed' if edits else ''}?"):
        talk.say("Nothing was decided.")
        raise click.Abort


async def _decided(
    decisions: Decisions, item: Mapping[str, Any], wish: Wish, edits: Mapping[str, str]
) -> dict[str, Any]:
    """Decides on what was shown, and on nothing that took its place meanwhile."""
    return shown(
        await decisions.decide(
            item["id"],
            wish.choice,
            Decider(wish.name),
            hash=item["hash"],
            reason=wish.reason,
            edit=edits or None,
            seconds=wish.snooze,
        )
    )


def _outcome(item: Mapping[str, Any], wish: Wish) -> str:
    title = cut(item["title"], 60)
    if wish.snooze is not None:
        return f"snoozed until {moment(item['snoozed_until'])} UTC  {short(item['id'])}  {title}"
    changed = f", {', '.join(plain(name) for name in item['edit'])} changed" if item["edit"] else ""
    return f"{item['decision']} by {plain(item['decided_by'])}{changed}  {short(item['id'])}  {title}"

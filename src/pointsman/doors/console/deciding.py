"""Where people decide: the queue at its address, and forms that decide one item."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pointsman.doors.console import form, review
from pointsman.doors.console.backend import Backend, Choice
from pointsman.doors.console.render import as_json, wants_json
from pointsman.errors import Fault, Refused

Show = Callable[..., Awaitable[Response]]
_MOST: Final = 1024 * 1024
"""Bytes of a form that holds a whole letter."""
_CHOICES: Final[Mapping[str, Choice]] = {
    "approve": "approve",
    "save": "approve",
    "reject": "reject",
    "snooze": "snooze",
}


class Deciding:
    """The pages under /review. `show` renders a template with what every page needs."""

    def __init__(self, backend: Backend, show: Show) -> None:
        self._backend, self._show = backend, show

    async def queue(self, request: Request) -> Response:
        query = request.query_params
        place = review.Place.of(query)
        if wants_json(request):
            shown = await self._backend.approvals(review.PAGE, before=place.before, role=place.role, run=place.run)
            return as_json({"approvals": shown})
        opened = await self._item(query["open"]) if query.get("open") else None
        done = await self._backend.approval(query["done"]) if query.get("done") else None
        return await self._page(request, place, opened, done=None if done is None else review.read(done))

    async def decide(self, request: Request) -> Response:
        typed = await form.read(request, _MOST)
        place = review.Place.of(typed)
        item = await self._item(request.path_params["approval"])
        queue = await self._queue(place)
        try:
            await self._decide(item, typed)
        except Fault as fault:
            now = await self._item(item.id)
            return await self._page(request, place, now, fault=fault, typed=typed)
        following = queue.after(item.id)
        anchor = f"#row-{quote(following, safe='')}" if following else ""
        return RedirectResponse(place.url(open=following, done=item.id) + anchor, status_code=303)

    async def _decide(self, item: review.Asked, typed: Mapping[str, str]) -> None:
        choice = _CHOICES.get(typed.get("choice", ""))
        if choice is None:
            raise Refused("Nothing was chosen.", way_out="Press one of the buttons.")
        if not typed.get("hash"):
            raise Refused("The form does not say what was seen.", way_out="Decide on it as it is shown here.")
        edit = review.edits(item, typed) if choice == "approve" else {}
        if edit and typed["choice"] == "approve" and typed["hash"] == item.hash:
            raise Refused(
                f"You changed {', '.join(edit)}.", way_out="Choose “Save changes and approve”, or undo the change."
            )
        await self._backend.decide(
            item.id,
            choice,
            hash=typed["hash"],
            reason=typed.get("reason", "").strip()[:2000] or None,
            edit=edit or None,
            seconds=review.SNOOZE.total_seconds() if choice == "snooze" else None,
        )

    async def _item(self, approval: str) -> review.Asked:
        found = await self._backend.approval(approval)
        if found is None:
            raise Refused(
                f"There is no item {approval[:60]!r} to decide on.",
                way_out="See /review for those that wait.",
                status=404,
            )
        return review.read(found)

    async def _begun(self, question: review.Asked) -> review.Asked | None:
        """What was approved before the write was begun whose end is not known."""
        asked = map(review.read, await self._backend.asked(question.run))
        return next((item for item in asked if not item.uncertain and item.row == question.row), None)

    async def _queue(self, place: review.Place) -> review.Queue:
        found = await self._backend.approvals(review.PAGE + 1, before=place.before, role=place.role, run=place.run)
        items = tuple(map(review.read, found))
        if place.before is None and len(items) <= review.PAGE:
            counted = items
        else:
            most = review.MOST_COUNTED + 1
            counted = tuple(map(review.read, await self._backend.approvals(most, role=place.role, run=place.run)))
        return review.Queue(items[: review.PAGE], len(items) > review.PAGE, counted)

    async def _page(
        self,
        request: Request,
        place: review.Place,
        opened: review.Asked | None,
        *,
        done: review.Asked | None = None,
        fault: Fault | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> Response:
        queue = await self._queue(place)
        now = self._backend.now()
        values: dict[str, Any] = {
            "queue": queue,
            "place": place,
            "opened": opened,
            "elsewhere": opened is not None and opened.id not in {item.id for item in queue.items},
            "begun": await self._begun(opened) if opened and opened.uncertain else None,
            "done": done,
            "refusal": review.not_decided(fault, opened, now) if fault and opened else None,
            "typed": typed or {},
            "changed": bool(opened and typed and review.edits(opened, typed)),
            "now": now,
        }
        return await self._show(request, "review.html", fault.status if fault else 200, **values)

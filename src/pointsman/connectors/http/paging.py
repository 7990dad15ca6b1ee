"""How further pages of a list are asked for: by `Link`, by cursor, by offset."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from yarl import URL

from pointsman.connectors.http.client import Answer, Request
from pointsman.connectors.port import Facts, Page
from pointsman.errors import Broken
from pointsman.spec.connection import Paging

Send = Callable[[Request], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list to read. `items`: where it stands in an answer; `strict`: it must stand there."""

    request: Request
    paging: Paging | None
    items: str | None
    strict: bool
    where: str


async def pages(listing: Listing, send: Send, facts: Facts) -> AsyncGenerator[Page, None]:
    """The rows of each answer until there is no further one. An answer that is no list is one row."""
    paging, request = listing.paging, listing.request
    if paging and paging.by != "link":
        request = _sized(request, paging, 0)
    taken = 0
    before: Any = None
    cursors: set[str] = set()
    while True:
        answer = await send(request)
        facts.as_of = facts.as_of or answer.as_of
        found, is_list = _items(answer.value, listing)
        if found:
            yield [item if isinstance(item, dict) else {"value": item} for item in found]
        taken += len(found)
        onward = _onward(listing, request, answer, taken, cursors) if is_list and found else None
        if is_list and paging is None and answer.next is not None:
            facts.notes.append("There are further pages that nobody asked for: set `paging` to read them.")
        if onward is None:
            return
        if paging and paging.by == "offset" and found == before:
            raise Broken(f"the system ignores `{paging.parameter}`: two pages are the same.", where=listing.where)
        before, request = found, onward


def at(value: Any, path: str | None) -> Any:
    """The part of a JSON value at a dotted path; None where there is none."""
    for name in path.split(".") if path else ():
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _items(value: Any, listing: Listing) -> tuple[list[Any], bool]:
    inner = at(value, listing.items) if listing.items else value
    if isinstance(inner, list):
        return inner, True
    if listing.items and listing.strict:
        raise Broken(f"the answer has no list at `{listing.items}`.", where=listing.where, way_out="Correct `items`.")
    if isinstance(value, list):
        return value, True
    return ([] if value is None else [value]), False


def _onward(listing: Listing, request: Request, answer: Answer, taken: int, cursors: set[str]) -> Request | None:
    paging = listing.paging
    if paging is None:
        return None
    if paging.by == "link":
        return None if answer.next is None else replace(request, url=answer.next)
    if paging.by == "offset":
        # A short page does not mean the last one: systems cap pages below the size that was asked for.
        return _sized(listing.request, paging, taken)
    cursor = at(answer.value, paging.cursor or "next_cursor")
    if cursor in (None, "", False):
        return None
    if str(cursor) in cursors:
        raise Broken(f"the system gives the cursor `{paging.parameter}` twice.", where=listing.where)
    cursors.add(str(cursor))
    return _sized(listing.request, paging, str(cursor))


def _sized(request: Request, paging: Paging, position: int | str) -> Request:
    url: URL = request.url
    query = {paging.parameter: str(position)} if position else {}
    if paging.size_parameter:
        query[paging.size_parameter] = str(paging.size)
    return replace(request, url=url.update_query(query)) if query else request

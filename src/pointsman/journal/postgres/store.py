"""What all parts of the PostgreSQL journal stand on: links, the writer, notices, and the sealing of payloads."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Final

from pointsman.errors import Refused, way_out
from pointsman.journal.payload import MOST, Packed, Payloads
from pointsman.journal.port import ANSWER, INPUT, Fenced, Page
from pointsman.journal.postgres.links import Link, Links, Place
from pointsman.journal.postgres.notices import Notices
from pointsman.journal.postgres.queries import queries
from pointsman.journal.postgres.schema import migrate
from pointsman.journal.postgres.writer import Beside, Handler, Writer
from pointsman.journal.seal import Sealer

LINKS: Final = 6
PATIENCE: Final = 10.0


class Store:
    """`most`: bytes of a payload. `links`: at once, one more is for notices. `patience`: seconds for which a call is
    tried again while the server is away."""

    def __init__(
        self, place: Place, sealer: Sealer, *, most: int = MOST, links: int = LINKS, patience: float = PATIENCE
    ) -> None:
        self._sealer = sealer
        self._payloads = Payloads(sealer, most=most)
        self._links = Links(place, most=links, patience=patience)
        self._writer = Writer(self._links, self._handlers())
        self._notices = Notices(place)

    async def open(self) -> None:
        await self._links.open()
        await self._links.run(lambda link, _: migrate(link))
        await self._prove_key()

    async def close(self) -> None:
        await self._writer.close()
        await self._notices.close()
        await self._links.close()

    def changed(self) -> AsyncIterator[None]:
        """At once when the database tells, and at the least every second."""
        return self._notices.changed()

    def _handlers(self) -> dict[type, Handler]:
        """What writes each kind of call, in the order in which they are written within a commit."""
        return {}

    async def _prove_key(self) -> None:
        """The first process leaves a proof of its key; without that key nobody goes on."""
        await self._execute("keep_proof", self._payloads.whole(b"journal", "proof"))
        self._payloads.unpack(await self._value("proof"), None, "proof")

    async def _fetch(self, query: str, *values: object) -> list[Any]:
        """The rows of a query that may be repeated."""
        text = queries()[query]
        return await self._links.run(lambda link, _: link.fetch(text, *values))

    async def _value(self, query: str, *values: object) -> Any:
        text = queries()[query]
        return await self._links.run(lambda link, _: link.fetchval(text, *values))

    async def _execute(self, query: str, *values: object) -> None:
        text = queries()[query]
        await self._links.run(lambda link, _: link.execute(text, *values))

    def _unpacked(self, row: Mapping[str, Any], name: str, *place: str) -> bytes | None:
        """Column `name` of a row, whose large part the query has joined as `<name>_payload`."""
        column = row[name]
        return None if column is None else self._payloads.unpack(column, row[f"{name}_payload"], *place)

    def _beside(self, run: str, key: str, packed: Packed | None, subjects: Collection[str], into: Beside) -> None:
        if packed and packed.digest is not None and packed.blob is not None:
            into.blobs[packed.digest] = packed.blob
        into.subjects += [(self._sealer.subject_hash(subject), key) for subject in subjects]


async def fenced_or_none(link: Link, query: str, calls: Sequence[Any], *columns: Any) -> list[Fenced | None]:
    """Runs a fenced query, which gives the (run, epoch) pairs that were written."""
    written = {(row[0], row[1]) for row in await link.fetch(queries()[query], *columns)}
    return [None if call.held in written else fenced(*call.held) for call in calls]


def fenced(run: str, epoch: int) -> Fenced:
    return Fenced(f"the run {run} is not held under epoch {epoch} any more")


def place_of(run: str, key: str) -> tuple[str, ...]:
    """What a payload is sealed for: of a run's own key, an approval's or a step's."""
    if key in (INPUT, ANSWER):
        return ("run", run, key)
    return ("approval", run, key, "effect") if key.startswith("$approval/") else ("step", run, key, "output")


def filters(page: Page, known: Sequence[str]) -> list[str | None]:
    """The values of the known filters, in order. Raises Refused for another one."""
    for name in page.filters:
        if name not in known:
            raise Refused(f"the list has no filter {name!r}", way_out=way_out(name, known))
    return [page.filters.get(name) for name in known]

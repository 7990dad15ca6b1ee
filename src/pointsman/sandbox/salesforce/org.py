"""The stand-in's state, shared by its resources."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pointsman.clock import Clock
from pointsman.language import soql
from pointsman.language.mistake import Mistake
from pointsman.language.soql.paths import named
from pointsman.sandbox.salesforce.access import Access, Sessions
from pointsman.sandbox.salesforce.objects import Objects, complete, tables
from pointsman.sandbox.salesforce.records import Records
from pointsman.sandbox.salesforce.refusal import Refusal
from pointsman.sandbox.salesforce.sql import Compiler
from pointsman.sandbox.salesforce.store import Store

_CURSORS: Final = 50
"""Results kept open at once; the oldest goes first."""


@dataclass
class Job:
    """A Bulk 2.0 query job. `polls`: how often its state will still be InProgress."""

    id: str
    query: str
    created: str
    polls: int
    state: str = "UploadComplete"
    header: list[str] = field(default_factory=list)
    rows: list[Sequence[Any]] = field(default_factory=list)


class Org:
    """Objects, records, sessions, and what is under way."""

    def __init__(self, path: Path, objects: Objects, access: Access, clock: Clock, daily_requests: int) -> None:
        self.objects, self.fields, self.tables = objects, complete(objects), tables(objects)
        self.store = Store(path, objects, clock)
        self.sessions = Sessions(access, clock)
        self.clock = clock
        self.daily_requests = daily_requests
        self.used = 0
        """API requests since the start."""
        self.cursors: OrderedDict[str, list[dict[str, Any]]] = OrderedDict()
        self.jobs: dict[str, Job] = {}

    def object_named(self, name: str) -> str:
        """The object's name in its own spelling. Raises Refusal."""
        found = named(self.fields, name)
        if found is None:
            raise Refusal("NOT_FOUND", "The requested resource does not exist", status=404)
        return found

    def read(self, text: str) -> soql.Query:
        """A query that was read and checked. Raises Refusal in Salesforce's words."""
        try:
            query = soql.read(text)
        except Mistake as mistake:
            row, column = text.count("\n", 0, mistake.offset) + 1, mistake.offset + 1
            raise Refusal("MALFORMED_QUERY", f"{mistake}\nERROR at Row:{row}:Column:{column}") from None
        if named(self.tables, query.table) is None:
            raise Refusal("INVALID_TYPE", f"sObject type '{query.table}' is not supported.")
        _, _, mistakes = soql.check(query, self.tables)
        if mistakes:
            raise Refusal("INVALID_FIELD", f"ERROR at Row:1:Column:{mistakes[0].offset + 1}\n{mistakes[0]}")
        return query

    async def find(self, query: soql.Query) -> Records:
        """The rows of a query that was read here."""
        table = named(self.tables, query.table)
        assert table is not None
        compiled = Compiler(self.tables, self.fields, self.clock.now().date()).compile(query, table)
        return Records(table, compiled, await self.store.rows(compiled.sql, compiled.params))

    def keep(self, name: str, records: list[dict[str, Any]]) -> None:
        """Holds a result open for its further pages."""
        self.cursors[name] = records
        while len(self.cursors) > _CURSORS:
            self.cursors.popitem(last=False)

"""Runs kept in memory, for ephemeral flows: the newest few, gone when the process ends."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping

from pointsman.frame import Frame
from pointsman.journal.record import RunRecord, RunStatus
from pointsman.shape import Value

Outputs = Mapping[str, Frame | Value]
"""What the steps of a run gave, by step name."""

RUNS_KEPT = 500
ROWS_KEPT = 500_000
"""Rows of step outputs over all runs; the oldest runs give up their rows first, their records stay."""


class MemoryJournal:
    """The newest runs and, while there is room, the rows behind them."""

    def __init__(self, runs: int = RUNS_KEPT, rows: int = ROWS_KEPT) -> None:
        self._most_runs, self._most_rows = runs, rows
        self._records: OrderedDict[str, RunRecord] = OrderedDict()
        self._outputs: OrderedDict[str, Outputs] = OrderedDict()
        self._rows: dict[str, int] = {}
        self._all_rows = 0

    def keep(self, record: RunRecord) -> None:
        """Remembers a run from its start; the record goes on changing in place."""
        self._records[record.id] = record
        while len(self._records) > self._most_runs:
            oldest, _ = self._records.popitem(last=False)
            self._drop_outputs(oldest)

    def keep_outputs(self, run: str, outputs: Outputs) -> None:
        """Remembers what its steps gave, once it has replied or ended (again replaces)."""
        self._drop_outputs(run)
        rows = sum(len(output) for output in outputs.values() if isinstance(output, Frame | list))
        self._outputs[run], self._rows[run] = outputs, rows
        self._all_rows += rows
        while self._all_rows > self._most_rows and len(self._outputs) > 1:
            self._drop_outputs(next(iter(self._outputs)))

    def _drop_outputs(self, run: str) -> None:
        if self._outputs.pop(run, None) is not None:
            self._all_rows -= self._rows.pop(run)

    def get(self, run: str) -> RunRecord | None:
        return self._records.get(run)

    def outputs(self, run: str) -> Outputs | None:
        """None when the run is unknown or its rows were given up."""
        return self._outputs.get(run)

    def newest(
        self, *, limit: int = 50, before: str | None = None, flow: str | None = None, status: RunStatus | None = None
    ) -> list[RunRecord]:
        """The newest runs first; `before` = the id of the last one already seen."""
        found: list[RunRecord] = []
        for record in self._after(before):
            if (flow is None or record.flow == flow) and (status is None or record.status == status):
                found.append(record)
                if len(found) == limit:
                    break
        return found

    def last_answered(self, flow: str, version: int, given: Mapping[str, Value]) -> RunRecord | None:
        """The newest run that answered this input."""
        for record in reversed(self._records.values()):
            same = record.flow == flow and record.version == version and record.input == given
            if same and record.replied is not None:
                return record
        return None

    def _after(self, before: str | None) -> Iterator[RunRecord]:
        # An id that was dropped meanwhile pages from the start, rather than showing nothing.
        passed = before is None or before not in self._records
        for record in reversed(self._records.values()):
            if passed:
                yield record
            elif record.id == before:
                passed = True

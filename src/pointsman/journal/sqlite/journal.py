"""The SQLite journal as a whole."""

from pointsman.journal.sqlite.approvals import Approvals
from pointsman.journal.sqlite.claims import Claims
from pointsman.journal.sqlite.schedules import Schedules
from pointsman.journal.sqlite.steps import Steps


class SqliteJournal(Schedules, Claims, Steps, Approvals):
    """`port.Journal` in one file; `SqliteJournal(path, sealer, clock)`, then `open()`."""

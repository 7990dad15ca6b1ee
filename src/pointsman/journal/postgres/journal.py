"""The PostgreSQL journal as a whole."""

from pointsman.journal.postgres.approvals import Approvals
from pointsman.journal.postgres.claims import Claims
from pointsman.journal.postgres.erasure import Erasure
from pointsman.journal.postgres.schedules import Schedules
from pointsman.journal.postgres.steps import Steps


class PostgresJournal(Schedules, Claims, Steps, Approvals, Erasure):
    """`port.Journal` in one database; `PostgresJournal(place, sealer)`, then `open()`."""

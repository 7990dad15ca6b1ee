"""What every journal must do. A subclass's module gives the fixtures `store` (an empty JournalStore, which closes what it
opened) and `store_clock` (the time that the store goes by)."""

from tests.conformance.journal_approvals import ApprovalContract
from tests.conformance.journal_runs import RunContract
from tests.conformance.journal_schedules import ScheduleContract
from tests.conformance.journal_secrecy import SecrecyContract
from tests.conformance.journal_steps import LifeContract, StepContract


class JournalContract(RunContract, StepContract, LifeContract, ApprovalContract, ScheduleContract, SecrecyContract):
    """One class to subclass: `class TestSqliteJournal(JournalContract): ...`."""

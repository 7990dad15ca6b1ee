"""Contract of a journal: a schedule fires once."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.conformance.journal_store import PAGE, JournalStore, new_run

from pointsman.clock import Clock
from pointsman.journal.port import Schedule

HOUR = timedelta(hours=1)


class ScheduleContract:
    async def test_schedules_are_those_named_last_and_keep_their_next_time(
        self, store: JournalStore, store_clock: Clock
    ) -> None:
        one, other = await store.journal(), await store.journal()
        at = store_clock.now() + HOUR
        await one.schedule([Schedule("a", "at-risk", at), Schedule("b", "nightly", at, tenant="acme")])
        await other.schedule([Schedule("a", "at-risk", at + HOUR), Schedule("c", "nightly", at)])
        found = {schedule.name: schedule for schedule in await one.schedules()}
        assert {name: schedule.next for name, schedule in found.items()} == {"a": at, "c": at}
        await other.schedule([Schedule("a", "at-risk", at - HOUR / 2)])
        (found_a,) = await one.schedules()
        assert (found_a.next, found_a.last, found_a.flow) == (at - HOUR / 2, None, "at-risk")

    async def test_what_is_due_fires_once_with_two_schedulers(self, store: JournalStore, store_clock: Clock) -> None:
        journals = [await store.journal(), await store.journal()]
        at = store_clock.now() + timedelta(seconds=30)
        await journals[0].schedule([Schedule("a", "at-risk", at), Schedule("later", "at-risk", at + HOUR)])
        assert await journals[0].due() == []
        await store.advance(31)
        for tick in range(3):
            (due,) = await journals[tick % 2].due()
            runs = [new_run(dedup_key=f"a@{due.next.isoformat()}") for _ in range(6)]
            fired = await asyncio.gather(
                *[journals[n % 2].fire(due, due.next + timedelta(seconds=60), run) for n, run in enumerate(runs)]
            )
            assert sum(fired) == 1
            assert await journals[0].due() == []
            assert len(await journals[0].newest(PAGE)) == tick + 1
            found = {schedule.name: schedule for schedule in await journals[1].schedules()}
            assert (found["a"].last, found["a"].next) == (due.next, due.next + timedelta(seconds=60))
            await store.advance(60)

    async def test_a_fire_without_a_run_only_moves_on(self, store: JournalStore, store_clock: Clock) -> None:
        journal = await store.journal()
        await journal.schedule([Schedule("a", "at-risk", store_clock.now() - HOUR)])
        (due,) = await journal.due()
        assert await journal.fire(due, due.next + 2 * HOUR, None)
        assert await journal.due() == [] and await journal.newest(PAGE) == []

    async def test_what_was_removed_does_not_fire(self, store: JournalStore, store_clock: Clock) -> None:
        one, other = await store.journal(), await store.journal()
        await one.schedule([Schedule("a", "at-risk", store_clock.now() - HOUR)])
        (due,) = await one.due()
        await other.schedule([])
        assert not await one.fire(due, due.next + HOUR, new_run())
        assert await one.newest(PAGE) == []

    async def test_a_fire_whose_run_exists_already_makes_no_second(
        self, store: JournalStore, store_clock: Clock
    ) -> None:
        journal = await store.journal()
        await journal.schedule([Schedule("a", "at-risk", store_clock.now() - HOUR)])
        (due,) = await journal.due()
        await journal.create([new_run(dedup_key="tick")])
        assert await journal.fire(due, due.next + 2 * HOUR, new_run(dedup_key="tick"))
        assert len(await journal.newest(PAGE)) == 1

    async def test_times_are_kept_to_the_microsecond(self, store: JournalStore) -> None:
        journal = await store.journal()
        at = datetime(2031, 3, 30, 1, 59, 59, 999_999, tzinfo=UTC)
        await journal.schedule([Schedule("a", "at-risk", at)])
        assert [schedule.next for schedule in await journal.schedules()] == [at]

"""Contract of a journal: runs are made once, claimed by one worker, and only that worker writes."""

import asyncio

import pytest
from tests.conformance.journal_store import (
    LEASE,
    JournalStore,
    all_claims,
    claims,
    done,
    new_approval,
    new_run,
    started,
    state,
)

from pointsman.journal.port import Fenced, Limit, Page


class RunContract:
    async def test_a_run_is_made_once_for_a_dedup_key(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        first, again = new_run(dedup_key="order-1"), new_run(dedup_key="order-1")
        elsewhere = [new_run(dedup_key="order-1", flow="nightly"), new_run(dedup_key="order-1", tenant="acme")]
        assert await one.create([first]) == [first.id]
        assert await other.create([again, *elsewhere]) == [first.id, *(run.id for run in elsewhere)]
        assert await other.view(again.id, "default") is None
        same = [new_run(dedup_key="order-2"), new_run(dedup_key="order-2")]
        assert await one.create(same) == [same[0].id, same[0].id]
        assert await one.create([first]) == [first.id]

    async def test_runs_made_at_once_with_one_dedup_key_are_one(self, store: JournalStore) -> None:
        journals = [await store.journal(), await store.journal()]
        runs = [new_run(dedup_key="hook-7") for _ in range(8)]
        given = await asyncio.gather(*[journals[i % 2].create([run]) for i, run in enumerate(runs)])
        assert len({ids[0] for ids in given}) == 1
        assert len(await journals[0].newest(Page())) == 1

    async def test_best_priority_then_oldest_is_claimed_first(self, store: JournalStore) -> None:
        journal = await store.journal()
        low, high, older = new_run(priority=-1), new_run(priority=5), new_run()
        younger = new_run(flow="nightly")
        await journal.create([low, older, high, younger])
        first = await claims(journal, most=3)
        assert [run.id for run in first] == [high.id, older.id, younger.id]
        assert [run.id for run in await claims(journal)] == [low.id]
        assert (first[0].input, first[0].epoch, first[0].claims) == (high.input, 1, 1)
        assert (first[2].flow, first[2].principal, first[2].definition) == ("nightly", "anna", "d1")
        assert await claims(journal) == []

    async def test_only_the_flows_asked_for_are_claimed_and_only_the_run_asked_for(self, store: JournalStore) -> None:
        journal = await store.journal()
        a, b, c = new_run(), new_run(flow="nightly"), new_run()
        await journal.create([a, b, c])
        assert [r.id for r in await journal.claim("w", lease=9, most=9, limits={}, flows=["nightly"])] == [b.id]
        assert [r.id for r in await journal.claim("w", lease=9, most=9, limits={}, only=c.id)] == [c.id]
        assert await journal.claim("w", lease=9, most=9, limits={}, only=c.id) == []
        assert await journal.claim("w", lease=9, most=9, limits={}, only="nobody") == []

    async def test_a_run_is_not_claimed_before_its_time(self, store: JournalStore) -> None:
        journal = await store.journal()
        await journal.create([new_run(ready_in=60)])
        assert await claims(journal) == []
        await store.advance(61)
        assert len(await claims(journal)) == 1

    async def test_each_of_many_runs_goes_to_one_of_eight_claimers(self, store: JournalStore) -> None:
        journals = [await store.journal(), await store.journal()]
        runs = [new_run() for _ in range(40)]
        await journals[0].create(runs)
        given = await asyncio.gather(*[all_claims(journals[i % 2], f"w{i}") for i in range(8)])
        assert sorted(run.id for part in given for run in part) == [run.id for run in runs]

    async def test_at_most_so_many_of_a_key_run_at_once(self, store: JournalStore) -> None:
        journal, other = await store.journal(), await store.journal()
        runs = [new_run(concurrency_key=key) for key in ("acme", "acme", "acme", "bolt")]
        free = new_run(flow="nightly", concurrency_key="acme")
        await journal.create([*runs, free])
        limit = Limit(concurrent=2)
        first = await all_claims(journal, at_risk=limit)
        assert {run.id for run in first} == {runs[0].id, runs[1].id, runs[3].id, free.id}
        assert await all_claims(other, "w2", at_risk=limit) == []
        await journal.finish(runs[1].id, 1, "done", None)
        assert [run.id for run in await all_claims(other, "w2", at_risk=limit)] == [runs[2].id]

    async def test_runs_without_a_key_count_as_one_key(self, store: JournalStore) -> None:
        journal = await store.journal()
        await journal.create([new_run(), new_run(), new_run(concurrency_key="acme")])
        assert len(await all_claims(journal, at_risk=Limit(concurrent=1))) == 2

    async def test_claimers_at_once_keep_to_a_limit(self, store: JournalStore) -> None:
        journals = [await store.journal(), await store.journal()]
        await journals[0].create([new_run(concurrency_key="acme") for _ in range(12)])
        given = await asyncio.gather(
            *[claims(journals[i % 2], f"w{i}", most=2, at_risk=Limit(concurrent=3)) for i in range(8)]
        )
        more = await all_claims(journals[0], "last", at_risk=Limit(concurrent=3))
        assert sum(len(part) for part in given) + len(more) == 3

    async def test_a_parked_run_leaves_its_place_and_an_expired_one_keeps_it(self, store: JournalStore) -> None:
        journal = await store.journal()
        runs = [new_run(concurrency_key="acme") for _ in range(3)]
        await journal.create(runs)
        limit = Limit(concurrent=1)
        assert [run.id for run in await all_claims(journal, at_risk=limit)] == [runs[0].id]
        await journal.park(runs[0].id, 1, reason="approval")
        assert [run.id for run in await all_claims(journal, at_risk=limit)] == [runs[1].id]
        await store.advance(LEASE + 1)
        taken = await all_claims(journal, "w2", at_risk=limit)
        assert [(run.id, run.epoch) for run in taken] == [(runs[1].id, 2)]

    async def test_so_many_start_in_a_second(self, store: JournalStore) -> None:
        journal, other = await store.journal(), await store.journal()
        await journal.create([new_run() for _ in range(8)])
        limit = Limit(per_second=3)
        first = await all_claims(journal, at_risk=limit)
        assert len(first) == 3
        assert await all_claims(other, "w2", at_risk=limit) == []
        await journal.park(first[0].id, 1, reason="a moment", ready_in=0)
        assert [run.id for run in await all_claims(other, "w2", at_risk=limit)] == [first[0].id], "not a start"
        await store.advance(1.1)
        assert len(await all_claims(other, "w2", at_risk=limit)) == 3

    async def test_a_slow_rate_lets_one_start_in_its_time(self, store: JournalStore) -> None:
        journal = await store.journal()
        await journal.create([new_run() for _ in range(3)])
        assert len(await all_claims(journal, at_risk=Limit(per_second=0.1))) == 1
        await store.advance(9)
        assert await all_claims(journal, at_risk=Limit(per_second=0.1)) == []
        await store.advance(1.5)
        assert len(await all_claims(journal, at_risk=Limit(per_second=0.1))) == 1

    async def test_another_worker_takes_over_when_a_lease_ends(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        run = await started(one)
        before = await one.view(run.id, "default")
        await store.advance(LEASE - 2)
        assert await claims(other, "w2") == []
        await store.advance(4)
        (taken,) = await claims(other, "w2")
        assert (taken.id, taken.epoch, taken.claims) == (run.id, run.epoch + 1, 2)
        view = await one.view(run.id, "default")
        assert view and (view.owner, view.state, view.claims) == ("w2", "running", 2)
        assert before and view.started == before.started, "it started once"

    async def test_a_heartbeat_renews_what_is_still_held(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        kept, lost, parked = await started(one), await started(one), await started(one)
        await one.park(parked.id, parked.epoch, reason="approval")
        await store.advance(LEASE - 5)
        await other.cancel(lost.id, "default", "not wanted")
        assert await one.renew("w1", LEASE) == {kept.id}
        await store.advance(LEASE - 5)
        assert await claims(other, "w2") == []
        await store.advance(10)
        assert [run.id for run in await claims(other, "w2")] == [kept.id]
        assert await one.renew("w1", LEASE) == set()

    async def test_a_heartbeat_that_is_late_keeps_a_run_that_nobody_took(self, store: JournalStore) -> None:
        journal = await store.journal()
        run = await started(journal)
        await store.advance(LEASE + 5)
        assert await journal.claim("w2", lease=LEASE, most=9, limits={}, flows=["another"]) == []
        assert await journal.renew("w1", LEASE) == {run.id}
        assert await claims(journal, "w2") == []
        await journal.record(run.id, run.epoch, [done("a")])

    async def test_claims_without_progress_are_counted(self, store: JournalStore) -> None:
        journal = await store.journal()
        run = await started(journal)
        for expected in (2, 3):
            await store.advance(LEASE + 1)
            (again,) = await claims(journal)
            assert again.claims == expected
        await journal.record(run.id, again.epoch, [done("a")])
        await store.advance(LEASE + 1)
        (again,) = await claims(journal)
        assert again.claims == 2, "it got on, so the count began anew"
        await journal.park(run.id, again.epoch, reason="approval", ready_in=0)
        (again,) = await claims(journal)
        assert again.claims == 1

    async def test_a_zombie_writes_nothing(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        run = await started(one)
        await store.advance(LEASE + 1)
        (taken,) = await claims(other, "w2")
        for write in (
            one.record(run.id, run.epoch, [done("a")]),
            one.reply(run.id, run.epoch, b"answer"),
            one.park(run.id, run.epoch, reason="approval"),
            one.finish(run.id, run.epoch, "done", None),
            one.ask(run.id, run.epoch, [new_approval(run.id)]),
            one.record("unknown", 1, [done("a")]),
        ):
            with pytest.raises(Fenced):
                await write
        assert await one.steps(run.id) == []
        assert await one.approvals_of(run.id, "review") == []
        view = await one.view(run.id, "default")
        assert view and (view.state, view.owner, view.answer) == ("running", "w2", None)
        await other.record(run.id, taken.epoch, [done("a")])

    async def test_a_zombie_fails_alone_among_many_writes_at_once(self, store: JournalStore) -> None:
        journal = await store.journal()
        zombie = await started(journal)
        await store.advance(LEASE + 1)
        await claims(journal, "w2")
        living = [await started(journal) for _ in range(20)]
        writes = [journal.record(run.id, run.epoch, [done("a"), done("b")]) for run in living]
        writes.insert(10, journal.record(zombie.id, zombie.epoch, [done("a"), done("b")]))
        given = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(one) for one in given if one is not None] == [Fenced]
        assert [len(await journal.steps(run.id)) for run in living] == [2] * 20
        assert await journal.steps(zombie.id) == []

    async def test_nothing_is_written_to_a_run_that_has_ended_or_waits(self, store: JournalStore) -> None:
        journal = await store.journal()
        ended, parked = await started(journal), await started(journal)
        await journal.finish(ended.id, ended.epoch, "done", None)
        await journal.park(parked.id, parked.epoch, reason="approval")
        for run in (ended, parked):
            with pytest.raises(Fenced):
                await journal.record(run.id, run.epoch, [done("a")])
            with pytest.raises(Fenced):
                await journal.finish(run.id, run.epoch, "failed", "late")
        assert [await state(journal, run.id) for run in (ended, parked)] == ["done", "waiting"]

"""Contract of a journal: what a run leaves behind, how it waits, ends and goes on again."""

import asyncio
from datetime import timedelta

import pytest
from tests.conformance.journal_store import (
    PAGE,
    JournalStore,
    claims,
    done,
    new_run,
    started,
    state,
)

from pointsman.errors import Refused
from pointsman.journal.port import Fenced, Page, StepWrite


class StepContract:
    async def test_steps_come_back_as_they_were_recorded(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        run = await started(one)
        await one.record(run.id, run.epoch, [StepWrite("mail/A1", "started", effect="once")])
        await one.record(
            run.id,
            run.epoch,
            [
                done("accounts", b'[{"Id":"001"}]', usage=b'{"rows":1}', took=2.5),
                StepWrite("score", "failed", attempt=3, error="model: it answered 503", took=1.0),
                StepWrite("empty", "done", output=b"", took=0.5),
            ],
        )
        kept = {step.key: step for step in await other.steps(run.id)}
        accounts, mail, score = kept["accounts"], kept["mail/A1"], kept["score"]
        assert (accounts.mark, accounts.output, accounts.usage) == ("done", b'[{"Id":"001"}]', b'{"rows":1}')
        assert accounts.ended and accounts.ended - accounts.started == timedelta(seconds=2.5)
        assert (score.mark, score.attempt, score.error, score.output) == ("failed", 3, "model: it answered 503", None)
        assert (mail.mark, mail.effect, mail.ended) == ("started", "once", None)
        assert kept["empty"].output == b""

    async def test_a_started_key_ends_and_keeps_its_start(self, store: JournalStore) -> None:
        journal = await store.journal()
        run = await started(journal)
        await journal.record(run.id, run.epoch, [StepWrite("mail", "started")])
        await store.advance(5)
        await journal.record(run.id, run.epoch, [StepWrite("mail", "uncertain", error="no answer", took=5)])
        (kept,) = await journal.steps(run.id)
        assert (kept.mark, kept.error) == ("uncertain", "no answer")
        assert kept.ended and kept.ended - kept.started >= timedelta(seconds=4)
        await journal.record(run.id, run.epoch, [done("mail", b"sent", attempt=2)])
        (kept,) = await journal.steps(run.id)
        assert (kept.mark, kept.output, kept.error, kept.attempt) == ("done", b"sent", None, 2)

    async def test_a_done_key_stays_as_it_is(self, store: JournalStore) -> None:
        journal = await store.journal()
        run = await started(journal)
        await journal.record(run.id, run.epoch, [done("a", b"first")])
        await journal.record(run.id, run.epoch, [done("a", b"second"), done("b", b"x"), done("b", b"y")])
        await journal.record(run.id, run.epoch, [StepWrite("a", "failed", error="late")])
        assert [(step.key, step.mark, step.output) for step in await journal.steps(run.id)] == [
            ("a", "done", b"first"),
            ("b", "done", b"x"),
        ]

    async def test_steps_are_in_the_order_in_which_they_started(self, store: JournalStore) -> None:
        journal = await store.journal()
        run = await started(journal)
        for key in ("z", "m", "a"):
            await journal.record(run.id, run.epoch, [done(key)])
            await store.advance(1)
        assert [step.key for step in await journal.steps(run.id)] == ["z", "m", "a"]

    async def test_many_writes_at_once_are_all_kept(self, store: JournalStore) -> None:
        journal = await store.journal()
        runs = [await started(journal) for _ in range(10)]
        await asyncio.gather(
            *[journal.record(run.id, run.epoch, [done(f"s{n}", b"%d" % n)]) for run in runs for n in range(30)]
        )
        for run in runs:
            kept = {step.key: step.output for step in await journal.steps(run.id)}
            assert kept == {f"s{n}": b"%d" % n for n in range(30)}

    async def test_steps_of_an_unknown_run_are_none(self, store: JournalStore) -> None:
        assert await (await store.journal()).steps("nobody") == []


class LifeContract:
    async def test_a_parked_run_waits_until_it_is_woken(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        run = await started(one)
        await one.park(run.id, run.epoch, reason="approval of 3 mails")
        view = await one.view(run.id, "default")
        assert view and (view.state, view.reason, view.owner) == ("waiting", "approval of 3 mails", None)
        await store.advance(100_000)
        assert await claims(other) == []
        await other.wake(run.id)
        assert await state(one, run.id) == "queued"
        (again,) = await claims(other)
        assert (again.id, again.epoch) == (run.id, run.epoch + 1)

    async def test_a_parked_run_goes_on_when_its_time_has_come(self, store: JournalStore) -> None:
        journal = await store.journal()
        run = await started(journal)
        await journal.park(run.id, run.epoch, reason="sleep", ready_in=60)
        await store.advance(58)
        assert await claims(journal) == []
        await store.advance(3)
        assert [one.id for one in await claims(journal)] == [run.id]

    async def test_a_signal_before_the_park_wakes_at_once(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        run = await started(one)
        await other.wake(run.id)
        assert await state(one, run.id) == "running"
        await one.park(run.id, run.epoch, reason="approval")
        (again,) = await claims(one)
        await one.park(run.id, again.epoch, reason="approval")
        assert await claims(one) == [], "a signal wakes once"

    async def test_signals_and_parks_in_a_race_lose_nothing(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        for _ in range(15):
            run = await started(one)
            await asyncio.gather(other.wake(run.id), one.park(run.id, run.epoch, reason="approval"))
            assert await state(one, run.id) == "queued"

    async def test_waking_what_does_not_wait_does_nothing(self, store: JournalStore) -> None:
        journal = await store.journal()
        run = await started(journal)
        await journal.finish(run.id, run.epoch, "done", None)
        await journal.wake(run.id)
        await journal.wake("nobody")
        assert await state(journal, run.id) == "done"
        assert await claims(journal) == []

    @pytest.mark.parametrize(
        ("end", "error"), [("done", None), ("failed", "score: no model"), ("cancelled", "by anna")]
    )
    async def test_a_run_ends(self, store: JournalStore, end: str, error: str | None) -> None:
        journal = await store.journal()
        run = await started(journal)
        await journal.reply(run.id, run.epoch, b'{"rows":[]}')
        await journal.finish(run.id, run.epoch, end, error)  # type: ignore[arg-type]
        view = await journal.view(run.id, "default")
        assert view and (view.state, view.error, view.answer, view.owner) == (end, error, b'{"rows":[]}', None)
        assert view.started and view.replied and view.ended
        assert view.created <= view.started <= view.replied <= view.ended
        await store.advance(100_000)
        assert await claims(journal) == []

    async def test_cancel_fences_the_worker(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        run = await started(one)
        assert await other.cancel(run.id, "default", "not wanted")
        with pytest.raises(Fenced):
            await one.record(run.id, run.epoch, [done("a")])
        view = await one.view(run.id, "default")
        assert view and (view.state, view.reason) == ("cancelled", "not wanted")
        assert not await other.cancel(run.id, "default", "again")
        assert not await other.cancel("nobody", "default", "unknown")

    async def test_queued_and_waiting_runs_are_cancelled(self, store: JournalStore) -> None:
        journal = await store.journal()
        waiting = await started(journal)
        await journal.park(waiting.id, waiting.epoch, reason="sleep", ready_in=5)
        queued = new_run()
        await journal.create([queued])
        assert await journal.cancel(queued.id, "default", "x")
        assert await journal.cancel(waiting.id, "default", "x")
        await store.advance(10)
        await journal.wake(waiting.id)
        assert await claims(journal) == []

    async def test_retry_goes_on_with_the_finished_steps(self, store: JournalStore) -> None:
        journal = await store.journal()
        run = await started(journal)
        await journal.record(run.id, run.epoch, [done("a", b"A"), StepWrite("b", "failed", error="no")])
        assert not await journal.retry(run.id, "default"), "it has not ended"
        await journal.finish(run.id, run.epoch, "failed", "b: no")
        assert not await journal.retry(run.id, "elsewhere")
        assert await journal.retry(run.id, "default")
        view = await journal.view(run.id, "default")
        assert view and (view.state, view.error, view.ended) == ("queued", None, None)
        (again,) = await claims(journal)
        assert (again.id, again.epoch > run.epoch, again.claims) == (run.id, True, 1)
        assert {step.key: step.output for step in await journal.steps(run.id)} == {"a": b"A", "b": None}
        with pytest.raises(Fenced):
            await journal.record(run.id, run.epoch, [done("b")])
        await journal.finish(run.id, again.epoch, "done", None)
        assert not await journal.retry(run.id, "default")
        assert not await journal.retry("nobody", "default")

    async def test_lists_go_back_page_by_page(self, store: JournalStore) -> None:
        journal = await store.journal()
        runs = [new_run(flow="nightly" if n % 3 == 0 else "at-risk", principal=f"p{n % 2}") for n in range(10)]
        await journal.create(runs[:5])
        for run in runs[5:]:
            await journal.create([run])
        newest = [run.id for run in reversed(runs)]
        first = await journal.newest(Page(limit=4))
        assert [view.id for view in first] == newest[:4]
        assert [view.id for view in await journal.newest(Page(limit=4, before=first[-1].id))] == newest[4:8]
        assert [view.flow for view in await journal.newest(Page(flow="nightly"))] == ["nightly"] * 4
        assert len(await journal.newest(Page(filters={"principal": "p1"}))) == 5
        await claims(journal, most=3)
        assert len(await journal.newest(Page(state="running"))) == 3
        assert await journal.newest(Page(limit=4, before=newest[-1])) == []
        with pytest.raises(Refused):
            await journal.newest(Page(filters={"input": "x"}))

    async def test_another_tenant_sees_and_does_nothing(self, store: JournalStore) -> None:
        journal = await store.journal()
        run = await started(journal, tenant="acme")
        assert await journal.view(run.id, "default") is None
        assert await journal.newest(PAGE) == []
        assert [view.id for view in await journal.newest(Page(tenant="acme"))] == [run.id]
        assert not await journal.cancel(run.id, "default", "x")
        assert not await journal.retry(run.id, "default")
        assert await journal.newest(Page(tenant="default", before=run.id)) == []
        view = await journal.view(run.id, "acme")
        assert view and (view.state, view.parent) == ("running", None)

    async def test_definitions_are_kept_once(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        await one.keep_definition("d1", b"flow: at-risk")
        await other.keep_definition("d1", b"flow: at-risk")
        await other.keep_definition("large", b"x" * 200_000)
        assert await other.definition("d1") == b"flow: at-risk"
        assert await one.definition("large") == b"x" * 200_000
        assert await one.definition("d2") is None

    async def test_changed_tells_of_a_new_run_soon(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        loop = asyncio.get_running_loop()
        for maker in (one, other):
            changes = one.changed()
            waiting = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0.02)
            before = loop.time()
            await maker.create([new_run()])
            await asyncio.wait_for(waiting, 1.5)
            assert loop.time() - before < 1.2
            await changes.aclose()  # type: ignore[attr-defined]

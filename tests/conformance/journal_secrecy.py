"""Contract of a journal: nobody reads it without the key, people can be taken out of it, and it has bounds."""

import pytest
from tests.conformance.journal_approvals import yes
from tests.conformance.journal_store import PAGE, JournalStore, done, new_approval, new_run, sha256, started

from pointsman.journal.port import ANSWER, INPUT, StepWrite, TooLarge, approval_key

CANARIES = [f"canary{n:03d}-7Fq" for n in range(100)]


class SecrecyContract:
    async def test_no_payload_can_be_read_in_the_store(self, store: JournalStore) -> None:
        journal = await store.journal()
        left = iter(CANARIES)
        for _ in range(5):
            run = await started(
                journal,
                input=next(left).encode(),
                dedup_key=next(left),
                concurrency_key=next(left),
                subjects=[next(left)],
            )
            await journal.record(
                run.id,
                run.epoch,
                [
                    done("a", next(left).encode() * 3, usage=next(left).encode(), subjects=[next(left)]),
                    done("large", next(left).encode() * 20_000),
                    StepWrite("b", "failed", error=next(left)),
                ],
            )
            effect = next(left).encode()
            asked = new_approval(run.id, effect=effect, hash=sha256(effect), title=next(left), subjects=[next(left)])
            await journal.ask(run.id, run.epoch, [asked])
            edited = next(left).encode()
            await journal.decide(
                yes(
                    asked.id,
                    hash=asked.hash,
                    edited=edited,
                    edited_hash=sha256(edited),
                    edit=next(left).encode(),
                    reason=next(left),
                ),
                "default",
            )
            await journal.keep_definition(f"d-{run.id}", next(left).encode())
            await journal.reply(run.id, run.epoch, next(left).encode(), [next(left)])
            parked = await started(journal)
            await journal.park(parked.id, parked.epoch, reason=next(left))
            await journal.finish(run.id, run.epoch, "failed", next(left))
        assert next(left, None) is None, "all hundred are in it"
        raw = await store.raw()
        assert b"at-risk" in raw, "this is where it would be"
        assert [canary for canary in CANARIES if canary.encode() in raw] == []

    async def test_subjects_are_found_and_taken_out(self, store: JournalStore) -> None:
        journal = await store.journal()
        run = await started(journal, subjects=["Anna@Acme.example"])
        await journal.record(
            run.id, run.epoch, [done("a", b"anna, bob", subjects=["anna@acme.example ", "bob@acme.example"]), done("b")]
        )
        asked = new_approval(run.id, "A1", subjects=["anna@acme.example"])
        await journal.ask(run.id, run.epoch, [asked])
        await journal.reply(run.id, run.epoch, b"anna", ["anna@acme.example"])
        found = await journal.runs_of("anna@acme.example")
        keys = [INPUT, ANSWER, "a", approval_key("review", "A1")]
        assert sorted(found) == sorted((run.id, key) for key in keys)
        for key in keys:
            await journal.rewrite(run.id, key, b"[erased]", without="ANNA@acme.example")
        assert await journal.runs_of("anna@acme.example") == []
        assert await journal.runs_of("bob@acme.example") == [(run.id, "a")]
        view = await journal.view(run.id, "default")
        assert view and (view.input, view.answer) == (b"[erased]", b"[erased]")
        assert {step.key: step.output for step in await journal.steps(run.id)} == {"a": b"[erased]", "b": b"1"}
        approval = await journal.approval(asked.id, "default")
        assert approval and approval.effect == b"[erased]"

    async def test_a_large_payload_is_kept_once_and_goes_when_it_is_erased(self, store: JournalStore) -> None:
        journal = await store.journal()
        page = bytes(range(256)) * 1024
        one, other = await started(journal), await started(journal, input=page)
        await journal.record(one.id, one.epoch, [done("a", page), done("b", page)])
        assert [step.output for step in await journal.steps(one.id)] == [page, page]
        for run, key in ((one, "a"), (one, "b"), (other, INPUT)):
            view = await journal.view(other.id, "default")
            assert view and view.input == page
            await journal.rewrite(run.id, key, b"gone", without="nobody")
        view = await journal.view(other.id, "default")
        assert view and view.input == b"gone"
        assert [step.output for step in await journal.steps(one.id)] == [b"gone", b"gone"]

    async def test_too_large_is_refused_and_nothing_is_written(self, store: JournalStore) -> None:
        journal = await store.journal(most=100_000)
        run = await started(journal)
        large = b"x" * 100_001
        with pytest.raises(TooLarge, match=r"100,001 bytes; the journal keeps at most 100,000"):
            await journal.record(run.id, run.epoch, [done("a"), done("b", large)])
        with pytest.raises(TooLarge):
            await journal.create([new_run(), new_run(input=large)])
        with pytest.raises(TooLarge):
            await journal.ask(run.id, run.epoch, [new_approval(run.id, effect=large)])
        with pytest.raises(TooLarge):
            await journal.reply(run.id, run.epoch, large)
        assert await journal.steps(run.id) == []
        assert [view.id for view in await journal.newest(PAGE)] == [run.id]
        await journal.record(run.id, run.epoch, [done("b", large[:-1])])
        assert [step.output for step in await journal.steps(run.id)] == [large[:-1]]

"""Contract of a journal: what waits for a person is decided once, and only as it was shown."""

import asyncio
from datetime import timedelta

import pytest
from tests.conformance.journal_store import JournalStore, claims, new_approval, sha256, started, state

from pointsman.errors import Refused
from pointsman.journal.port import Claimed, Journal, Page, Verdict


async def asked(journal: Journal, *items: str, **over: object) -> tuple[Claimed, list[str]]:
    """A run that waits for decisions on these items, and the items' ids."""
    run = await started(journal)
    await journal.ask(run.id, run.epoch, [new_approval(run.id, item, **over) for item in items or ("A1",)])
    await journal.park(run.id, run.epoch, reason="approval")
    return run, [approval.id for approval in await journal.approvals_of(run.id, "review")]


def yes(approval: str, by: str = "boss", **over: object) -> Verdict:
    base: dict[str, object] = {"hash": sha256(b'{"to":"a@acme.example"}'), "decision": "approved"} | over
    return Verdict(id=approval, by=by, **base)  # type: ignore[arg-type]


class ApprovalContract:
    async def test_an_item_comes_back_as_it_was_asked(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        run, (first,) = await asked(one)
        found = await other.approval(first, "default")
        assert found and found.effect == b'{"to":"a@acme.example"}' and found.hash == sha256(found.effect)
        assert (found.run, found.step, found.item, found.title) == (run.id, "review", "A1", "Mail to Acme")
        assert (found.role, found.requester, found.decision, found.tenant) == (
            "sales-manager",
            "anna",
            "waiting",
            "default",
        )
        assert found.expires - found.created == timedelta(hours=1)
        assert (found.decided, found.decided_by, found.edit, found.snoozed_until) == (None, None, None, None)

    async def test_asking_again_changes_nothing(self, store: JournalStore) -> None:
        journal = await store.journal()
        run = await started(journal)
        first = new_approval(run.id)
        await journal.ask(run.id, run.epoch, [first])
        other = new_approval(run.id, effect=b"other", hash=sha256(b"other"))
        await journal.ask(run.id, run.epoch, [other, new_approval(run.id, "A2")])
        found = await journal.approvals_of(run.id, "review")
        assert [(one.item, one.effect) for one in found] == [("A1", first.effect), ("A2", first.effect)]
        assert await journal.approval(other.id, "default") is None
        assert await journal.approvals_of(run.id, "another") == []

    async def test_a_decision_wakes_its_run(self, store: JournalStore) -> None:
        one, other = await store.journal(), await store.journal()
        run, (first, second) = await asked(one, "A1", "A2")
        decided = await other.decide(yes(first, reason="fine"), "default")
        assert decided and (decided.decision, decided.decided_by, decided.reason) == ("approved", "boss", "fine")
        assert decided.decided and await one.approval(first, "default") == decided
        assert [claimed.id for claimed in await claims(one)] == [run.id]
        rejected = await other.decide(yes(second, decision="rejected", reason="wrong person"), "default")
        assert rejected and (rejected.decision, rejected.reason) == ("rejected", "wrong person")

    async def test_of_people_who_decide_at_once_the_first_wins(self, store: JournalStore) -> None:
        journals = [await store.journal(), await store.journal()]
        _, (first,) = await asked(journals[0])
        given = await asyncio.gather(
            *[
                journals[n % 2].decide(yes(first, by=f"p{n}", decision=("approved", "rejected")[n // 4]), "default")
                for n in range(8)
            ]
        )
        (won,) = [one for one in given if one]
        assert await journals[0].approval(first, "default") == won

    @pytest.mark.parametrize("case", ["decided", "changed", "past its time", "foreign", "unknown"])
    async def test_what_cannot_be_decided_is_not(self, store: JournalStore, case: str) -> None:
        journal = await store.journal()
        _, (first,) = await asked(journal)
        verdict, tenant = yes(first), "default"
        if case == "decided":
            assert await journal.decide(yes(first, decision="rejected"), tenant)
        elif case == "changed":
            verdict = yes(first, hash=sha256(b"what it was before"))
        elif case == "past its time":
            await store.advance(3601)
        elif case == "foreign":
            tenant = "acme"
        else:
            verdict = yes("nobody")
        before = await journal.approval(first, "default")
        assert await journal.decide(verdict, tenant) is None
        assert await journal.approval(first, "default") == before

    async def test_an_edit_replaces_what_will_be_done(self, store: JournalStore) -> None:
        journal = await store.journal()
        _, (first,) = await asked(journal)
        edited = b'{"to":"b@acme.example"}'
        verdict = yes(first, edited=edited, edited_hash=sha256(edited), edit=b"-a +b")
        decided = await journal.decide(verdict, "default")
        assert decided and (decided.effect, decided.hash, decided.edit) == (edited, sha256(edited), b"-a +b")
        assert await journal.approval(first, "default") == decided

    async def test_four_eyes(self, store: JournalStore) -> None:
        journal = await store.journal()
        run, (first,) = await asked(journal, four_eyes=True)
        with pytest.raises(Refused) as refused:
            await journal.decide(yes(first, by="anna"), "default")
        assert refused.value.status == 403
        assert await state(journal, run.id) == "waiting"
        assert await journal.decide(yes(first, by="boss"), "default")
        _, (second,) = await asked(journal)
        assert await journal.decide(yes(second, by="anna"), "default"), "only where four eyes are wanted"

    async def test_another_draft_is_asked_under_the_first_id(self, store: JournalStore) -> None:
        journal = await store.journal()
        run, (first,) = await asked(journal)
        assert await journal.decide(yes(first, decision="redraft", reason="too long"), "default")
        (again,) = await journal.claim("w1", lease=30, most=1, limits={}, only=run.id)
        await journal.ask(run.id, again.epoch, [new_approval(run.id, effect=b"shorter", hash=sha256(b"shorter"))])
        (found,) = await journal.approvals_of(run.id, "review")
        assert (found.id, found.decision, found.effect, found.reason) == (first, "waiting", b"shorter", None)
        assert (found.decided, found.decided_by) == (None, None)
        assert await journal.decide(yes(first), "default") is None, "of the draft before"
        assert await journal.decide(yes(first, hash=sha256(b"shorter")), "default")

    @pytest.mark.parametrize(
        ("otherwise", "decision", "by"), [("reject", "expired", None), ("approve", "approved", "time")]
    )
    async def test_time_decides_once(self, store: JournalStore, otherwise: str, decision: str, by: str | None) -> None:
        one, other = await store.journal(), await store.journal()
        run, (first, late) = await asked(one, "A1", "A2", otherwise=otherwise)
        assert await one.decide(yes(late), "default")
        (again,) = await claims(one)
        await one.park(run.id, again.epoch, reason="approval")
        await store.advance(3590)
        assert await one.expire() == []
        await store.advance(20)
        given = await asyncio.gather(one.expire(), other.expire(), one.expire())
        (expired,) = [approval for part in given for approval in part]
        assert (expired.id, expired.decision, expired.decided_by) == (first, decision, by)
        assert await state(one, run.id) == "queued"
        assert await one.expire() == []

    async def test_a_snoozed_item_is_off_the_list_for_a_while(self, store: JournalStore) -> None:
        journal = await store.journal()
        _, (first, second) = await asked(journal, "A1", "A2")
        assert await journal.snooze(first, "default", 600)
        assert not await journal.snooze(first, "acme", 600)
        assert not await journal.snooze("nobody", "default", 600)
        assert [one.id for one in await journal.approvals(Page())] == [second]
        await store.advance(601)
        assert [one.id for one in await journal.approvals(Page())] == [first, second]
        await journal.snooze(first, "default", 600)
        assert await journal.decide(yes(first), "default")
        assert not await journal.snooze(first, "default", 600)

    async def test_lists_are_paged_filtered_and_for_one_tenant(self, store: JournalStore) -> None:
        journal = await store.journal()
        run, _ = await asked(journal)
        (again,) = await journal.claim("w1", lease=30, most=1, limits={}, only=run.id) or [None]
        assert again is None
        run = await started(journal)
        items = [new_approval(run.id, f"B{n}", within=100.0 * (9 - n), role=f"r{n % 2}") for n in range(6)]
        await journal.ask(run.id, run.epoch, items)
        soonest = [item.id for item in reversed(items)]
        mine = {"run": run.id}
        first = await journal.approvals(Page(limit=4, filters=mine))
        assert [one.id for one in first] == soonest[:4]
        rest = await journal.approvals(Page(limit=4, before=first[-1].id, filters=mine))
        assert [one.id for one in rest] == soonest[4:]
        assert len(await journal.approvals(Page(filters={"role": "r1"}))) == 3
        assert len(await journal.approvals(Page())) == 7
        assert await journal.approvals(Page(tenant="acme")) == []
        assert await journal.approvals(Page(flow="nightly")) == []
        assert await journal.approval(soonest[0], "acme") is None
        await journal.decide(yes(soonest[0]), "default")
        assert [one.id for one in await journal.approvals(Page(), decision="approved")] == soonest[:1]
        assert len(await journal.approvals(Page(), decision=None)) == 7
        with pytest.raises(Refused):
            await journal.approvals(Page(filters={"title": "x"}))

    @pytest.mark.parametrize("end", ["failed", "cancelled"])
    async def test_the_end_of_a_run_withdraws_what_it_asked(self, store: JournalStore, end: str) -> None:
        journal = await store.journal()
        run = await started(journal)
        await journal.ask(run.id, run.epoch, [new_approval(run.id, "A1"), new_approval(run.id, "A2")])
        first, second = await journal.approvals_of(run.id, "review")
        await journal.decide(yes(first.id), "default")
        if end == "failed":
            await journal.finish(run.id, run.epoch, "failed", "no")
        else:
            assert await journal.cancel(run.id, "default", "no")
        assert await journal.decide(yes(second.id), "default") is None
        assert [one.decision for one in await journal.approvals_of(run.id, "review")] == ["approved", "withdrawn"]
        await journal.retry(run.id, "default")
        (again,) = await claims(journal)
        await journal.ask(run.id, again.epoch, [new_approval(run.id, "A1"), new_approval(run.id, "A2")])
        assert [one.decision for one in await journal.approvals_of(run.id, "review")] == ["approved", "waiting"]
        assert await journal.decide(yes(second.id), "default")

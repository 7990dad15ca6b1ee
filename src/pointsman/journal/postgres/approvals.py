"""Approvals in the PostgreSQL journal: asked once, decided once."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from pointsman.errors import Refused
from pointsman.journal.port import Approval, Decision, NewApproval, Page, Verdict, approval_key
from pointsman.journal.postgres.links import Link
from pointsman.journal.postgres.queries import queries
from pointsman.journal.postgres.store import Store, fenced, filters, place_of
from pointsman.journal.postgres.writer import Beside, keep_beside

_FILTERS: Final = ("role", "run", "requester")


class Approvals(Store):
    async def ask(self, run: str, epoch: int, approvals: Sequence[NewApproval]) -> None:
        beside = Beside(run)
        first = {(new.step, new.item): new for new in reversed(approvals)}
        rows = [self._item(run, new, beside) for new in reversed(first.values())]
        if not rows:
            return

        async def work(link: Link, _: bool) -> None:
            async with link.transaction():
                if not await link.fetch(queries()["ask"], run, epoch, *zip(*rows, strict=True)):
                    raise fenced(run, epoch)
                await keep_beside(link, [beside])

        await self._links.run(work)

    async def decide(self, verdict: Verdict, tenant: str) -> Approval | None:
        call = uuid4()
        return await self._links.run(lambda link, again: self._decide(link, verdict, tenant, call, again))

    async def snooze(self, approval: str, tenant: str, seconds: float) -> bool:
        return await self._value("snooze", approval, tenant, seconds) is not None

    async def expire(self) -> list[Approval]:
        call = uuid4()

        async def work(link: Link, repeated: bool) -> list[Any]:
            if repeated and (rows := await link.fetch(queries()["decided_by_call"], call)):
                return list(rows)
            if not await link.fetchval(queries()["expire"], call):
                return []
            return list(await link.fetch(queries()["decided_by_call"], call))

        return [self._approval(row) for row in await self._links.run(work)]

    async def approval(self, approval: str, tenant: str) -> Approval | None:
        rows = await self._fetch("approval", approval, tenant)
        return self._approval(rows[0]) if rows else None

    async def approvals(self, page: Page, *, decision: Decision | None = "waiting") -> list[Approval]:
        given = filters(page, _FILTERS)
        rows = await self._fetch("approvals", page.tenant, page.limit, page.before, decision, page.flow, *given)
        return [self._approval(row) for row in rows]

    async def approvals_of(self, run: str, step: str) -> list[Approval]:
        return [self._approval(row) for row in await self._fetch("approvals_of", run, step)]

    async def _decide(self, link: Link, verdict: Verdict, tenant: str, call: UUID, repeated: bool) -> Approval | None:
        named = queries()
        async with link.transaction():
            row = await link.fetchrow(named["approval"], verdict.id, tenant)
            if row is None:
                return None
            if repeated and row["call"] == call:
                return self._approval(row)
            if row["decision"] == "waiting" and row["four_eyes"] and row["requester"] == verdict.by:
                raise Refused(
                    "who asked for it may not decide it: this item wants four eyes",
                    where=verdict.id,
                    way_out="Let somebody else with the role decide.",
                    status=403,
                )
            key = approval_key(row["step"], row["item"])
            beside = Beside(row["run"])
            values = self._verdict(verdict, row["run"], key, beside)
            if not await link.fetch(
                named["decide"], verdict.id, tenant, verdict.hash, verdict.decision, verdict.by, call, *values
            ):
                return None
            await keep_beside(link, [beside])
            return self._approval(await link.fetchrow(named["approval"], verdict.id, tenant))

    def _verdict(self, verdict: Verdict, run: str, key: str, beside: Beside) -> tuple[Any, ...]:
        effect = None if verdict.edited is None else self._payloads.pack(verdict.edited, *place_of(run, key))
        self._beside(run, key, effect, (), beside)
        return (
            self._payloads.text(verdict.reason, "approval", run, key, "reason"),
            effect and effect.column,
            effect and effect.digest,
            verdict.edited_hash if effect else None,
            None if verdict.edit is None else self._payloads.whole(verdict.edit, "approval", run, key, "edit"),
        )

    def _item(self, run: str, new: NewApproval, beside: Beside) -> tuple[Any, ...]:
        key = approval_key(new.step, new.item)
        effect = self._payloads.pack(new.effect, *place_of(run, key))
        self._beside(run, key, effect, new.subjects, beside)
        return (
            new.id,
            new.step,
            new.item,
            new.role,
            new.requester,
            new.four_eyes,
            new.otherwise,
            new.hash,
            new.within,
            self._payloads.text(new.title, "approval", run, key, "title"),
            effect.column,
            effect.digest,
        )

    def _approval(self, row: Any) -> Approval:
        run, key = row["run"], approval_key(row["step"], row["item"])
        place = ("approval", run, key)
        edit = row["edit"]
        return Approval(
            id=row["id"],
            run=run,
            tenant=row["tenant"],
            step=row["step"],
            item=row["item"],
            effect=self._unpacked(row, "effect", *place_of(run, key)) or b"",
            hash=row["hash"],
            role=row["role"],
            requester=row["requester"],
            title=self._payloads.opened(row["title"], *place, "title") or "",
            decision=row["decision"],
            expires=row["expires"],
            created=row["created"],
            four_eyes=row["four_eyes"],
            otherwise=row["otherwise"],
            snoozed_until=row["snoozed_until"],
            decided_by=row["decided_by"],
            decided=row["decided"],
            reason=self._payloads.opened(row["reason"], *place, "reason"),
            edit=None if edit is None else self._payloads.unpack(edit, None, *place, "edit"),
        )

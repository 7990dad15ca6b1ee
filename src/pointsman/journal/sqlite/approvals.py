"""Approvals in the SQLite journal: asked once, decided once."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from pointsman.errors import Refused
from pointsman.journal.port import Approval, Decision, NewApproval, Page, Verdict, approval_key
from pointsman.journal.sqlite.runs import filters
from pointsman.journal.sqlite.sql import sql
from pointsman.journal.sqlite.store import Store, held, put_beside, put_subjects
from pointsman.journal.sqlite.times import after, maybe, micros, moment

_FILTERS: Final = ("role", "run", "requester")


class Approvals(Store):
    async def ask(self, run: str, epoch: int, approvals: Sequence[NewApproval]) -> None:
        packed = []
        for new in approvals:
            key = approval_key(new.step, new.item)
            title = self._payloads.text(new.title, "approval", run, key, "title")
            hashes = [self._sealer.subject_hash(subject) for subject in new.subjects]
            packed.append((new, key, self._payloads.pack(new.effect, "approval", run, key, "effect"), title, hashes))

        def job(link: sqlite3.Connection, now: int) -> None:
            seq = held(link, run, epoch)["seq"]
            for new, key, effect, title, hashes in packed:
                values = _asked(new, seq, now) | {"effect": effect.column, "title": title}
                if link.execute(sql("ask"), values).rowcount:
                    put_beside(link, seq, key, effect)
                    put_subjects(link, seq, key, hashes)

        await self._write(job)

    async def decide(self, verdict: Verdict, tenant: str) -> Approval | None:
        def job(link: sqlite3.Connection, now: int) -> Approval | None:
            row = link.execute(sql("approval"), {"id": verdict.id, "tenant": tenant}).fetchone()
            if row is None or row["decision"] != "waiting" or row["expires"] <= now or row["hash"] != verdict.hash:
                return None
            if row["four_eyes"] and row["requester"] == verdict.by:
                raise Refused(
                    "who asked for it may not decide it: this item wants four eyes",
                    where=verdict.id,
                    way_out="Let somebody else with the role decide.",
                    status=403,
                )
            self._decide(link, row, verdict, now)
            link.execute(sql("wake"), {"seq": row["run"]})
            return self._approval(link, link.execute(sql("approval_by_seq"), {"seq": row["seq"]}).fetchone())

        decided = await self._write(job)
        if decided:
            self._tell()
        return decided

    async def snooze(self, approval: str, tenant: str, seconds: float) -> bool:
        def job(link: sqlite3.Connection, now: int) -> bool:
            values = {"id": approval, "tenant": tenant, "until": after(now, seconds)}
            return link.execute(sql("snooze"), values).rowcount == 1

        return await self._write(job)

    async def expire(self) -> list[Approval]:
        def job(link: sqlite3.Connection, now: int) -> list[Approval]:
            rows = link.execute(sql("expire"), {"now": now}).fetchall()
            for run in {row["run"] for row in rows}:
                link.execute(sql("wake"), {"seq": run})
            found = [link.execute(sql("approval_by_seq"), {"seq": row["seq"]}).fetchone() for row in rows]
            return [self._approval(link, row) for row in found]

        expired = await self._write(job)
        if expired:
            self._tell()
        return expired

    async def approval(self, approval: str, tenant: str) -> Approval | None:
        found = await self._approvals("approval", {"id": approval, "tenant": tenant})
        return found[0] if found else None

    async def approvals(self, page: Page, *, decision: Decision | None = "waiting") -> list[Approval]:
        values = filters(page, _FILTERS) | {"decision": decision, "now": micros(self._clock.now())}
        return await self._approvals("approvals", values)

    async def approvals_of(self, run: str, step: str) -> list[Approval]:
        return await self._approvals("approvals_of", {"run": run, "step": step})

    async def _approvals(self, query: str, values: dict[str, Any]) -> list[Approval]:
        return await self._read(
            lambda link: [self._approval(link, row) for row in link.execute(sql(query), values).fetchall()]
        )

    def _decide(self, link: sqlite3.Connection, row: sqlite3.Row, verdict: Verdict, now: int) -> None:
        run, key = row["run_id"], approval_key(row["step"], row["item"])
        effect, hashed = row["effect"], row["hash"]
        if verdict.edited is not None:
            packed = self._payloads.pack(verdict.edited, "approval", run, key, "effect")
            put_beside(link, row["run"], key, packed)
            effect, hashed = packed.column, verdict.edited_hash
        edit = None if verdict.edit is None else self._payloads.whole(verdict.edit, "approval", run, key, "edit")
        values = {
            "seq": row["seq"],
            "decision": verdict.decision,
            "by": verdict.by,
            "now": now,
            "reason": self._payloads.text(verdict.reason, "approval", run, key, "reason"),
            "effect": effect,
            "hash": hashed,
            "edit": edit,
        }
        link.execute(sql("decide"), values)

    def _approval(self, link: sqlite3.Connection, row: sqlite3.Row) -> Approval:
        place = ("approval", row["run_id"], approval_key(row["step"], row["item"]))
        title = self._payloads.opened(row["title"], *place, "title")
        return Approval(
            id=row["id"],
            run=row["run_id"],
            tenant=row["tenant"],
            step=row["step"],
            item=row["item"],
            effect=self._opened(link, row["effect"], *place, "effect"),
            hash=row["hash"],
            role=row["role"],
            requester=row["requester"],
            title=title or "",
            decision=row["decision"],
            expires=moment(row["expires"]),
            created=moment(row["created"]),
            four_eyes=bool(row["four_eyes"]),
            otherwise=row["otherwise"],
            snoozed_until=maybe(row["snoozed_until"]),
            decided_by=row["decided_by"],
            decided=maybe(row["decided"]),
            reason=self._payloads.opened(row["reason"], *place, "reason"),
            edit=self._unpack(link, row["edit"], *place, "edit"),
        )


def _asked(new: NewApproval, run: int, now: int) -> dict[str, Any]:
    return {
        "id": new.id,
        "run": run,
        "step": new.step,
        "item": new.item,
        "hash": new.hash,
        "role": new.role,
        "requester": new.requester,
        "otherwise": new.otherwise,
        "four_eyes": int(new.four_eyes),
        "now": now,
        "expires": after(now, new.within),
    }

"""On the practice systems an approved letter becomes a file in the outbox: once, as it was approved; nothing else does."""

import asyncio
import email
import email.policy
from datetime import UTC, datetime

from pointsman.assemble import assemble, journal_of
from pointsman.clock import FixedClock
from pointsman.flows.decisions import Decider
from pointsman.folder import examine
from pointsman.journal.port import Page
from pointsman.quantity import Quarter
from pointsman.sandbox import templates
from pointsman.sandbox.sales.serve import practice

MANAGER = Decider("ana", {"sales-manager"})
GIVEN = {"segment": "Enterprise", "region": "EMEA", "quarter": "2026-Q4"}


def letters(outbox):
    files = sorted(outbox.glob("*.eml"))
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]


async def until(condition):
    for _ in range(500):
        if await condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


async def test_approved_letters_are_sent_once_and_as_approved(tmp_path):
    templates.write("sales", tmp_path)
    clock = FixedClock(datetime(2026, 11, 20, 9, tzinfo=UTC))
    async with practice(tmp_path, Quarter("2026-Q4"), clock) as systems:
        examined = examine(tmp_path, overlay=systems.overlay)
        journal = journal_of(examined.project, tmp_path, {})
        async with assemble(examined, tmp_path, environ={}, clock=clock, journal=journal) as pointsman:
            working = asyncio.create_task(pointsman.durable.work())
            started = await pointsman.runs.start("at-risk", GIVEN, door="test")
            answer = await started.answered()

            async def all_wait():
                return len(await pointsman.decisions.waiting(Page())) == len(answer["result"]["drafts"])

            await until(all_wait)
            items = await pointsman.decisions.waiting(Page())
            assert letters(systems.outbox) == []
            first, second, *others = items
            await pointsman.decisions.decide(first["id"], "approve", MANAGER, hash=first["hash"])
            await pointsman.decisions.decide(second["id"], "approve", MANAGER, edit={"subject": "Shall we talk?"})
            for item in others:
                await pointsman.decisions.decide(item["id"], "reject", MANAGER)

            async def done():
                return (await pointsman.runs.get(started.id)).status == "done"

            await until(done)
            working.cancel()
        sent = letters(systems.outbox)
        assert len(sent) == 2
        by_subject = {letter["subject"]: letter for letter in sent}
        effect = first["effects"][0]["with"]
        letter = by_subject[effect["subject"]]
        assert letter["to"] == effect["to"]
        assert letter.get_content().strip().replace("\r\n", "\n") == effect["body"].strip()
        assert "Shall we talk?" in by_subject
        assert len({letter["message-id"] for letter in sent}) == 2

"""Who has a durable run: it is given back when it waits or its worker cannot keep it, and never taken for lost."""

import asyncio

from tests.acceptance.test_durable import durable, is_state, until, worker

from pointsman.errors import Later

ASKS_FIRST = """
flow: it
durable: true
steps:
  rows: {call: shop.query, with: {sql: "SELECT id FROM orders ORDER BY id"}}
  drafts: {each: rows, as: row, key: "${{ row.id }}", python: "functions:note", with: {x: "${{ row.id }}"}, returns: {type: object, fields: {text: string}}}
  approval: {approve: drafts, by: "role:manager", within: 3d}
  last: {python: "functions:note", with: {x: "${{ len(approval.approved) }}"}}
reply: {last: "${{ last }}"}
"""
STEPS = """
flow: it
durable: true
steps:
  first: {python: "functions:note", with: {x: 1}}
  second: {python: "functions:wait", with: {x: "${{ first }}"}}
reply: {second: "${{ second }}"}
"""


async def test_a_run_that_waits_for_a_person_before_it_can_reply_has_no_owner(tmp_path):
    async with durable(tmp_path, ASKS_FIRST) as (one, _):
        run = await one.make("it", {}, door="test")
        await one.begin(run)
        await until(lambda: is_state(one, run, "waiting"))
        assert (await one.journal.view(run, "default")).owner is None


async def test_a_run_that_its_worker_cannot_keep_is_given_back_while_the_worker_lives(tmp_path, monkeypatch):
    async with durable(tmp_path, STEPS) as (_, pointsman):
        short, other = worker(pointsman, tmp_path, "short", lease=0.3), worker(pointsman, tmp_path, "other")
        await short.open()
        await other.open()

        async def away(*_):
            raise Later("the store is away")

        held = await short.make("it", {}, door="test")
        await short.begin(held)  # as long as it holds any, it renews its leases
        run = await short.make("it", {}, door="test")
        with monkeypatch.context() as cut:
            cut.setattr(short.journal, "record", away)
            await (await short.begin(run)).ended()
        working = asyncio.create_task(other.work())
        await until(lambda: is_owned(other, run, "other"))
        gate(pointsman).set()
        await until(lambda: is_state(other, run, "done"))
        working.cancel()
        await short.close()
        await other.close()


async def test_a_run_that_was_claimed_while_leases_are_renewed_goes_on(tmp_path, monkeypatch):
    async with durable(tmp_path, STEPS) as (_, pointsman):
        busy = worker(pointsman, tmp_path, "busy", lease=0.3)
        await busy.open()
        first = await busy.make("it", {}, door="test")
        await busy.begin(first)
        late: list[str] = []
        renew = busy.journal.renew

        async def slow(name, lease):
            still = await renew(name, lease)
            if not late:
                late.append(await busy.make("it", {}, door="test"))
                await busy.begin(late[0])
            return still

        # The answer of a real journal cannot be held back at this point.
        monkeypatch.setattr(busy.journal, "renew", slow)
        await until(lambda: was_late(late))
        await asyncio.sleep(0.5)
        gate(pointsman).set()
        await until(lambda: is_state(busy, late[0], "done"))
        await until(lambda: is_state(busy, first, "done"))
        await busy.close()


async def is_owned(one, run, name):
    return (await one.journal.view(run, "default")).owner == name


async def was_late(late):
    return bool(late)


def gate(pointsman):
    return pointsman.services.function("functions:wait").__globals__["gate"]

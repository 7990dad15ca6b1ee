"""Durable runs on a real journal: what is finished is not done again, people decide in between, writes go out once."""

import asyncio
from contextlib import asynccontextmanager

import orjson
import pytest
from tests.projects import running

from pointsman.clock import SystemClock
from pointsman.errors import Later, Refused
from pointsman.flows.approval import effects
from pointsman.flows.decisions import Decider, Decisions, shown
from pointsman.flows.durable import Durable, Edition
from pointsman.journal.key_file import open_key_file
from pointsman.journal.port import Page
from pointsman.journal.sqlite import SqliteJournal

FUNCTIONS = """
import asyncio
from pointsman.errors import Later, Uncertain

done = []
gate = asyncio.Event()

async def note(x):
    done.append(x)
    return {"text": f"text {x}"}

async def wait(x):
    await gate.wait()
    done.append(x)
    return x

def fail():
    if not done.count("fixed"):
        raise ValueError("not yet")
    return 1
"""
DRAFTS = """
flow: it
durable: true
steps:
  rows: {call: shop.query, with: {sql: "SELECT id, customer FROM orders ORDER BY id"}}
  drafts: {each: rows, as: row, key: "${{ row.id }}", python: "functions:note", with: {x: "${{ row.id }}"}, returns: {type: object, fields: {text: string}}}
  approval: {approve: drafts, by: "role:manager", within: 3d}
  send: {each: approval.approved, as: draft, key: "${{ draft.key }}", python: "functions:note", with: {x: "${{ draft.value.text }}"}}
reply: {drafts: {from: drafts.ok}}
"""
ANA = Decider("ana", {"manager"})


def worker(pointsman, root, name, lease=30.0):
    edition = Edition("d1", b"{}", pointsman.engine.bound, pointsman.plans, pointsman.engine.inputs)
    journal = SqliteJournal(root / "journal.db", open_key_file(root / "journal.key"), SystemClock())
    return Durable(
        journal, pointsman.engine.journal, edition, lambda digest, content: edition, SystemClock(), name, lease=lease
    )


@asynccontextmanager
async def durable(root, flow, **more):
    async with running(root, flow, functions_py=FUNCTIONS, **more) as pointsman:
        one = worker(pointsman, root, "one")
        await one.open()
        try:
            yield one, pointsman
        finally:
            await one.close()


def seen(pointsman):
    return pointsman.services.function("functions:note").__globals__["done"]


def decisions(one, pointsman):
    async def render(approval, changed):
        return effects(pointsman.plans["it"], approval.step, changed, {"input": {}})

    return Decisions(one.journal, render)


async def until(condition):
    for _ in range(400):
        if await condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


async def state(one, run):
    return (await one.journal.view(run, "default")).state


async def test_a_run_replies_waits_for_people_and_goes_on_item_by_item(tmp_path):
    async with durable(tmp_path, DRAFTS) as (one, pointsman):
        run = await one.make("it", {}, door="test")
        started = await one.begin(run)
        answer = await started.answered()
        assert [draft["value"]["text"] for draft in answer["result"]["drafts"]] == ["text 1", "text 2", "text 3"]
        await until(lambda: is_state(one, run, "waiting"))
        people = decisions(one, pointsman)
        waiting = await people.waiting(Page())
        assert sorted(item["key"] for item in waiting) == ["1", "2", "3"]

        working = asyncio.create_task(one.work())
        await people.decide(id_of(waiting, "2"), "approve", ANA, hash=hash_of(waiting, "2"))
        await until(lambda: has_done(pointsman, "text 2"))
        assert await state(one, run) in ("running", "waiting")
        await people.decide(id_of(waiting, "1"), "reject", ANA, reason="wrong tone")
        await people.decide(id_of(waiting, "3"), "approve", ANA, edit={"text": "better"})
        await until(lambda: is_state(one, run, "done"))
        working.cancel()
        # Drafts were written once each; the rejected one was never sent, the edited one as it was edited.
        assert sorted(map(str, seen(pointsman))) == ["1", "2", "3", "better", "text 2"]


async def test_finished_steps_are_not_done_again_after_the_worker_is_gone(tmp_path):
    flow = """
flow: it
durable: true
steps:
  rows: {call: shop.query, with: {sql: "SELECT id FROM orders ORDER BY id"}}
  first: {each: rows, as: row, key: "${{ row.id }}", python: "functions:note", with: {x: "${{ row.id }}"}}
  second: {python: "functions:wait", with: {x: "${{ len(first.ok) }}"}}
reply: {second: "${{ second }}"}
"""
    async with durable(tmp_path, flow) as (one, pointsman):
        run = await one.make("it", {}, door="test")
        started = await one.begin(run)
        await until(lambda: is_running(started, "second"))
        await one.drain(0.0)
        assert seen(pointsman) == [1, 2, 3]
        two = worker(pointsman, tmp_path, "two")
        await two.open()
        pointsman.services.function("functions:note").__globals__["gate"].set()
        working = asyncio.create_task(two.work())
        await until(lambda: is_state(two, run, "done"))
        working.cancel()
        assert seen(pointsman) == [1, 2, 3, 3]
        assert (await two.answered(run))["result"] == {"second": 3}
        await two.close()


async def test_a_failed_run_is_retried_where_it_stood(tmp_path):
    flow = """
flow: it
durable: true
steps:
  first: {python: "functions:note", with: {x: 1}}
  second: {python: "functions:fail", with: {}}
  third: {python: "functions:note", with: {x: "${{ second }}"}}
reply: {third: "${{ third }}", first: "${{ first }}"}
"""
    async with durable(tmp_path, flow) as (one, pointsman):
        run = await one.make("it", {}, door="test")
        await one.begin(run)
        await until(lambda: is_state(one, run, "failed"))
        assert "not yet" in (await one.journal.view(run, "default")).error
        seen(pointsman).append("fixed")
        assert await one.journal.retry(run, "default")
        await one.begin(run)
        await until(lambda: is_state(one, run, "done"))
        assert seen(pointsman).count(1) == 2  # first once, third once: the finished step was not done again


async def test_the_same_deduplication_key_is_the_same_run(tmp_path):
    async with durable(tmp_path, DRAFTS) as (one, _):
        first = await one.make("it", {}, door="test", dedup_key="k")
        assert await one.make("it", {}, door="test", dedup_key="k") == first


@pytest.mark.parametrize(
    ("who", "given", "status", "said"),
    [
        pytest.param(Decider("bo", {"clerk"}), {}, 403, "only manager may decide this", id="another role"),
        pytest.param(ANA, {"hash": "0" * 64}, 409, "it has changed since you saw it", id="not what was seen"),
        pytest.param(ANA, {"edit": {"body": "x"}}, 422, "no field 'body'", id="an edit of a field that is not there"),
        pytest.param(ANA, {"edit": {"text": 1}}, 422, "must be a text", id="an edit that is no text"),
    ],
)
async def test_a_decision_that_may_not_be_is_refused_and_changes_nothing(tmp_path, who, given, status, said):
    async with durable(tmp_path, DRAFTS) as (one, pointsman):
        run = await one.make("it", {}, door="test")
        await one.begin(run)
        await until(lambda: is_state(one, run, "waiting"))
        people = decisions(one, pointsman)
        waiting = await people.waiting(Page())
        with pytest.raises(Refused, match=said) as refused:
            await people.decide(waiting[0]["id"], "approve", who, **given)
        assert refused.value.status == status
        assert shown(await people.one(waiting[0]["id"])) == waiting[0]


async def test_of_two_people_at_once_one_decides(tmp_path):
    async with durable(tmp_path, DRAFTS) as (one, pointsman):
        run = await one.make("it", {}, door="test")
        await one.begin(run)
        await until(lambda: is_state(one, run, "waiting"))
        people = decisions(one, pointsman)
        item = (await people.waiting(Page()))[0]
        outcomes = await asyncio.gather(
            *(people.decide(item["id"], choice, ANA) for choice in ("approve", "reject", "approve", "reject")),
            return_exceptions=True,
        )
        assert sum(not isinstance(outcome, Refused) for outcome in outcomes) == 1
        assert all(outcome.status == 409 for outcome in outcomes if isinstance(outcome, Refused))


async def test_what_is_shown_holds_the_exact_effects(tmp_path):
    flow = DRAFTS.replace(
        'python: "functions:note", with: {x: "${{ draft.value.text }}"}',
        'call: mail.send, with: {to: ana@shop.example, subject: Hello, body: "${{ draft.value.text }}"}',
    )
    mail = "connection: mail\ntype: smtp\nhost: 127.0.0.1\nport: 1\nsecurity: none\nsender: shop@shop.example\n"
    async with durable(tmp_path, flow, connections__mail_yaml=mail) as (one, pointsman):
        run = await one.make("it", {}, door="test")
        await one.begin(run)
        await until(lambda: is_state(one, run, "waiting"))
        item = next(one for one in await decisions(one, pointsman).waiting(Page()) if one["key"] == "1")
        assert item["effects"] == [
            {
                "step": "send",
                "call": "mail.send",
                "with": {"to": "ana@shop.example", "subject": "Hello", "body": "text 1"},
            }
        ]
        assert orjson.dumps(item)


async def is_state(one, run, wanted):
    return await state(one, run) == wanted


async def is_running(run, step):
    return run.record.steps[step].status == "running"


async def has_done(pointsman, what):
    return what in seen(pointsman)


def id_of(waiting, key):
    return next(item["id"] for item in waiting if item["key"] == key)


def hash_of(waiting, key):
    return next(item["hash"] for item in waiting if item["key"] == key)


async def test_when_the_journal_is_away_a_run_stops_and_goes_on_later(tmp_path, monkeypatch):
    flow = """
flow: it
durable: true
steps:
  first: {python: "functions:note", with: {x: 1}}
  second: {python: "functions:note", with: {x: 2}}
  third: {python: "functions:note", with: {x: "${{ [first, second] }}"}}
reply: {third: "${{ third }}"}
"""
    async with durable(tmp_path, flow) as (one, pointsman):
        run = await one.make("it", {}, door="test")

        async def away(*_):
            raise Later("the store is away")

        # A real outage cannot be timed between two steps; the store's own tests have the real ones.
        monkeypatch.setattr(one.journal, "record", away)
        started = await one.begin(run)
        await started.ended()
        assert (await one.journal.view(run, "default")).state == "running"
        monkeypatch.undo()
        two = worker(pointsman, tmp_path, "two")
        await two.open()
        await one.journal.park(run, 1, reason="its lease ended", ready_in=0.0)
        working = asyncio.create_task(two.work())
        await until(lambda: is_state(two, run, "done"))
        working.cancel()
        await two.close()

"""The engine on real projects: order, concurrency, modifiers, replies, failures."""

import asyncio

import pytest
from tests.projects import running

from pointsman.errors import Broken, DeadlinePassed, Fault, Refused

FUNCTIONS = """
import asyncio
from pointsman.errors import Later, Refused

seen = []

async def note(name, wait=0.0):
    seen.append(("start", name))
    await asyncio.sleep(wait)
    seen.append(("end", name))
    return name

def plain(x):
    return x + 1

tries = {}

async def shaky(name, fails):
    tries[name] = tries.get(name, 0) + 1
    if tries[name] <= fails:
        raise Later(f"{name} is busy", delay=0.01)
    return tries[name]

async def bad(x):
    if x == 2:
        raise Refused(f"{x} is not wanted")
    return x * 10

def broken():
    raise KeyError("gone")

async def slow():
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        seen.append("cancelled")
        raise
"""


def seen(pointsman, name="seen"):
    return pointsman.services.function("functions:note").__globals__[name]


async def answer(root, flow, given=None, **more):
    async with running(root, flow, functions_py=FUNCTIONS, **more) as pointsman:
        run = pointsman.engine.start("it", given or {}, door="test")
        return await run.answered()


async def test_independent_steps_start_at_once_and_a_later_one_waits_for_both(tmp_path):
    flow = """
flow: it
steps:
  both: {python: "functions:note", with: {name: "${{ left + right }}"}}
  left: {python: "functions:note", with: {name: left, wait: 0.02}, returns: string}
  right: {python: "functions:note", with: {name: right, wait: 0.01}, returns: string}
reply: {both: "${{ both }}"}
"""
    async with running(tmp_path, flow, functions_py=FUNCTIONS) as pointsman:
        result = (await pointsman.engine.start("it", {}, door="test").answered())["result"]
        order = seen(pointsman)
    assert result == {"both": "leftright"}
    assert set(order[:2]) == {("start", "left"), ("start", "right")}
    assert order[2:] == [("end", "right"), ("end", "left"), ("start", "leftright"), ("end", "leftright")]


async def test_rows_are_fetched_joined_and_replied_with_where_they_came_from(tmp_path):
    flow = """
flow: it
input: {least: {type: number, default: 0}}
steps:
  orders:
    call: shop.query
    with: {sql: "SELECT id, customer, amount, day FROM orders WHERE amount >= :least", params: {least: "${{ input.least }}"}}
  totals: {sql: "SELECT customer, sum(amount) AS total, max(day) AS last FROM orders GROUP BY customer ORDER BY customer"}
reply: {totals: {from: totals, columns: [customer, total, last]}, most: "${{ max([default(t.total, 0.0) for t in totals]) }}"}
"""
    got = await answer(tmp_path, flow, {"least": 15})
    assert [(row["customer"], row["total"], str(row["last"])) for row in got["result"]["totals"]] == [
        ("Ana", 30.0, "2026-11-03"),
        ("Bo", 20.5, "2026-10-02"),
    ]
    assert got["result"]["most"] == 30.0
    assert [(line["connection"], line["rows"], line["missing"]) for line in got["sources"]] == [("shop", 2, False)]
    assert got["degraded"] == []


async def test_each_goes_over_items_by_key_and_collects_what_fails(tmp_path):
    flow = """
flow: it
steps:
  rows: {call: shop.query, with: {sql: "SELECT id FROM orders ORDER BY id"}}
  done: {each: rows, as: row, key: "${{ row.id }}", python: "functions:bad", with: {x: "${{ row.id }}"}, on_error: collect}
reply: {ok: {from: done.ok}, failed: {from: done.failed}}
"""
    got = await answer(tmp_path, flow)
    assert [(item["key"], item["value"]) for item in got["result"]["ok"]] == [("1", 10), ("3", 30)]
    assert [(item["key"], item["error"]) for item in got["result"]["failed"]] == [("2", "2 is not wanted")]
    assert got["degraded"] == ["done: 1 of 3 failed; they are listed with the reason."]


async def test_a_key_that_comes_twice_is_refused(tmp_path):
    flow = """
flow: it
steps:
  rows: {call: shop.query, with: {sql: "SELECT id, customer FROM orders ORDER BY id"}}
  done: {each: rows, as: row, key: "${{ row.customer }}", python: "functions:plain", with: {x: "${{ row.id }}"}}
reply: {ok: {from: done.ok}}
"""
    with pytest.raises(Refused, match="two items have the key 'Ana': items 0, 2"):
        await answer(tmp_path, flow)


async def test_items_that_share_a_key_are_collected_beside_the_others(tmp_path):
    flow = """
flow: it
steps:
  rows: {call: shop.query, with: {sql: "SELECT id, customer FROM orders ORDER BY id"}}
  done: {each: rows, as: row, key: "${{ row.customer }}", python: "functions:note", with: {name: "${{ row.customer }}"}, on_error: collect}
reply: {ok: {from: done.ok}, failed: {from: done.failed}}
"""
    async with running(tmp_path, flow, functions_py=FUNCTIONS) as pointsman:
        got = await pointsman.engine.start("it", {}, door="test").answered()
        assert seen(pointsman) == [("start", "Bo"), ("end", "Bo")]
    assert [item["key"] for item in got["result"]["ok"]] == ["Bo"]
    assert [(item["key"], item["item"]["id"]) for item in got["result"]["failed"]] == [("Ana", 1), ("Ana", 3)]
    assert got["result"]["failed"][0]["error"].startswith("two items have the key 'Ana': items 0, 2. Make the rows")
    assert got["degraded"] == ["done: 2 of 3 failed; they are listed with the reason."]


@pytest.mark.parametrize(("fails", "status"), [(2, "done"), (3, "failed")])
async def test_a_step_is_tried_again_as_often_as_its_retry_says(tmp_path, fails, status):
    flow = f"""
flow: it
steps:
  it: {{python: "functions:shaky", with: {{name: a, fails: {fails}}}, retry: {{attempts: 3, first: 1ms}}}}
reply: {{tries: "${{{{ it }}}}"}}
"""
    async with running(tmp_path, flow, functions_py=FUNCTIONS) as pointsman:
        run = pointsman.engine.start("it", {}, door="test")
        if status == "done":
            assert (await run.answered())["result"] == {"tries": 3}
        else:
            with pytest.raises(Fault, match="a is busy"):
                await run.answered()
        attempts = run.record.steps["it"].attempts
        assert [attempt.error for attempt in attempts] == ["a is busy. Try again later."] * fails + [None] * (3 - fails)


async def test_a_slow_step_is_stopped_and_the_run_can_go_on_without_it(tmp_path):
    flow = """
flow: it
steps:
  slow: {python: "functions:slow", timeout: 50ms, on_error: {use: nothing}}
reply: {got: "${{ slow }}"}
"""
    async with running(tmp_path, flow, functions_py=FUNCTIONS) as pointsman:
        got = await pointsman.engine.start("it", {}, door="test").answered()
        assert seen(pointsman) == ["cancelled"]
    assert got["result"] == {"got": "nothing"}
    assert got["degraded"] == [
        "slow (functions:slow) is missing: no answer within 0.05 s. Try again later, or give the step a longer `timeout`."
    ]


async def test_a_flow_out_of_time_says_what_was_still_running_and_keeps_what_it_has(tmp_path):
    flow = """
flow: it
timeout: 100ms
steps:
  slow: {python: "functions:slow"}
  quick: {python: "functions:plain", with: {x: 1}}
reply: {slow: "${{ slow }}", quick: "${{ quick }}"}
"""
    async with running(tmp_path, flow, functions_py=FUNCTIONS) as pointsman:
        run = pointsman.engine.start("it", {}, door="test")
        with pytest.raises(DeadlinePassed, match="still running: slow"):
            await run.answered()
        await run.ended()
        await asyncio.sleep(0)
        assert run.record.answer["result"] == {"quick": 2}
        assert seen(pointsman) == ["cancelled"]


async def test_a_failed_step_fails_the_run_with_its_sentence_and_stops_the_others(tmp_path):
    flow = """
flow: it
steps:
  quick: {python: "functions:plain", with: {x: 1}}
  gone: {python: "functions:broken"}
  slow: {python: "functions:slow"}
reply: {quick: "${{ quick }}", gone: "${{ gone }}"}
"""
    async with running(tmp_path, flow, functions_py=FUNCTIONS) as pointsman:
        run = pointsman.engine.start("it", {}, door="test")
        with pytest.raises(Broken, match="step gone: KeyError: 'gone'"):
            await run.answered()
        await asyncio.sleep(0.01)
        assert run.record.status == "failed"
        assert {name: step.status for name, step in run.record.steps.items()} == {
            "quick": "done",
            "gone": "failed",
            "slow": "cancelled",
        }
        assert run.record.answer["result"] == {"quick": 2}
        assert run.record.answer["degraded"] == [
            "gone (functions:broken) failed: KeyError: 'gone'. The step's own code raised it, at functions.py:30."
        ]


async def test_a_source_that_is_down_leaves_its_columns_and_says_so(tmp_path):
    flow = """
flow: it
steps:
  orders: {call: shop.query, with: {sql: "SELECT id, amount FROM orders"}, on_error: empty}
  total: {sql: "SELECT count(*) AS n, sum(amount) AS total FROM orders"}
reply: {total: {from: total}}
"""
    async with running(tmp_path, flow) as pointsman:
        (tmp_path / "shop.db").unlink()
        got = await pointsman.engine.start("it", {}, door="test").answered()
    assert got["result"] == {"total": [{"n": 0, "total": None}]}
    assert got["sources"][0]["missing"] is True
    assert len(got["degraded"]) == 1 and got["degraded"][0].startswith("orders (shop.query) is missing: ")


async def test_a_false_condition_skips_a_step_or_an_item(tmp_path):
    flow = """
flow: it
input: {go: boolean}
steps:
  maybe: {when: "${{ input.go }}", python: "functions:plain", with: {x: 1}, returns: integer}
  rows: {call: shop.query, with: {sql: "SELECT id FROM orders ORDER BY id"}}
  odd: {each: rows, as: row, key: "${{ row.id }}", when: "${{ row.id % 2 == 1 }}", python: "functions:plain", with: {x: "${{ row.id }}"}}
reply: {maybe: "${{ default(maybe, 0) }}", odd: "${{ [o.value for o in odd.ok] }}"}
"""
    assert (await answer(tmp_path, flow, {"go": False}))["result"] == {"maybe": 0, "odd": [2, 4]}


async def test_the_reply_is_sent_before_steps_that_it_does_not_read_have_ended(tmp_path):
    flow = """
flow: it
steps:
  quick: {python: "functions:plain", with: {x: 1}}
  after: {python: "functions:note", with: {name: "${{ str(quick) }}", wait: 0.05}}
reply: {quick: "${{ quick }}"}
"""
    async with running(tmp_path, flow, functions_py=FUNCTIONS) as pointsman:
        run = pointsman.engine.start("it", {}, door="test")
        await run.answered()
        assert run.record.steps["after"].status in ("pending", "running")
        await run.ended()
        assert run.record.steps["after"].status == "done"
        assert run.record.status == "done"


async def test_an_approval_waits_and_what_follows_it_stays_pending(tmp_path):
    flow = """
flow: it
steps:
  rows: {call: shop.query, with: {sql: "SELECT id FROM orders ORDER BY id"}}
  drafts: {each: rows, as: row, key: "${{ row.id }}", python: "functions:plain", with: {x: "${{ row.id }}"}}
  approval: {approve: drafts, by: "role:manager", within: 3d}
  send: {each: approval.approved, as: draft, key: "${{ draft.key }}", python: "functions:plain", with: {x: 1}}
reply: {drafts: {from: drafts.ok}}
"""
    async with running(tmp_path, flow, functions_py=FUNCTIONS) as pointsman:
        run = pointsman.engine.start("it", {}, door="test")
        got = await run.answered()
        await run.ended()
        assert [(line["of"], line["by"], line["waiting"], line["status"]) for line in got["approvals"]] == [
            ("drafts", "role:manager", 3, "waiting")
        ]
        assert run.record.status == "waiting"
        assert run.record.steps["approval"].status == "waiting"
        assert run.record.steps["send"].status == "pending"


async def test_a_caller_that_leaves_cancels_the_run(tmp_path):
    flow = 'flow: it\nsteps:\n  slow: {python: "functions:slow"}\nreply: {slow: "${{ slow }}"}\n'
    async with running(tmp_path, flow, functions_py=FUNCTIONS) as pointsman:
        run = pointsman.engine.start("it", {}, door="test")
        caller = asyncio.create_task(run.answered())
        await asyncio.sleep(0.02)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await asyncio.sleep(0.01)
        assert (run.record.status, run.record.error) == ("cancelled", "the caller left")
        assert seen(pointsman) == [] or seen(pointsman) == ["cancelled"]
        assert run.record.steps["slow"].status == "cancelled"


async def test_a_flow_runs_another_and_takes_its_reply(tmp_path):
    outer = 'flow: it\nsteps:\n  inner: {run: inner, with: {x: 4}}\nreply: {y: "${{ inner.y + 1 }}"}\n'
    inner = 'flow: inner\ninput: {x: integer}\nsteps:\n  one: {python: "functions:plain", with: {x: "${{ input.x }}"}, returns: integer}\nreply: {y: "${{ one }}"}\n'
    assert (await answer(tmp_path, outer, flows__inner_yaml=inner))["result"] == {"y": 6}


async def test_a_python_flow_runs_on_the_same_engine(tmp_path):
    module = """
from pointsman import flow

@flow("totals", input={"least": "number"}, title="Totals by customer")
async def totals(ctx, least):
    orders = await ctx.call("shop.query", key="orders", sql="SELECT customer, amount FROM orders WHERE amount >= :least",
                            params={"least": least})
    rows = await ctx.sql("SELECT customer, sum(amount) AS total FROM orders GROUP BY 1 ORDER BY 1", key="totals", orders=orders)
    async def twice(row):
        return row["total"] * 2
    doubled = await ctx.each(rows, twice, key=lambda row: row["customer"])
    return {"totals": rows.rows, "twice": [item["value"] for item in doubled["ok"]]}
"""
    flow = 'flow: it\nsteps:\n  a: {python: "functions:plain", with: {x: 1}}\nreply: {a: "${{ a }}"}\n'
    async with running(tmp_path, flow, functions_py=FUNCTIONS, flows__totals_py=module) as pointsman:
        run = pointsman.engine.start("totals", {"least": 15}, door="test")
        got = await run.answered()
        assert got["result"] == {
            "totals": [{"customer": "Ana", "total": 30.0}, {"customer": "Bo", "total": 20.5}],
            "twice": [60.0, 41.0],
        }
        assert [line["connection"] for line in got["sources"]] == ["shop"]
        assert [step.status for step in run.record.steps.values()] == ["done", "done", "done"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        pytest.param({}, "`least` is missing: it must be a number.", id="missing"),
        pytest.param({"least": "1"}, "`least` must be a number, got the text '1'.", id="wrong type"),
        pytest.param({"least": 1, "leats": 2}, "`leats` is not a known field. Did you mean `least`?", id="unknown"),
        pytest.param({"least": -1}, "`least` must be at least 0, got the number -1.", id="below the minimum"),
    ],
)
async def test_an_input_that_does_not_fit_is_refused_before_anything_runs(tmp_path, given, sentence):
    flow = 'flow: it\ninput: {least: {type: number, minimum: 0}}\nsteps:\n  a: {python: "functions:plain", with: {x: "${{ input.least }}"}}\nreply: {a: "${{ a }}"}\n'
    with pytest.raises(Refused) as refused:
        await answer(tmp_path, flow, given)
    assert sentence in refused.value.sentence


async def test_a_secret_never_stands_in_an_error_a_record_or_an_answer(tmp_path, monkeypatch):
    flow = (
        'flow: it\nsteps:\n  a: {python: "functions:leak", retry: {attempts: 2, first: 1ms}}\nreply: {a: "${{ a }}"}\n'
    )
    leak = 'from pointsman.errors import Later\ndef leak():\n    raise Later("the key canary-5f2e9a was refused", way_out="Look at canary-5f2e9a.")\n'
    async with running(tmp_path, flow, functions_py=leak) as pointsman:
        (tmp_path / "key").write_text("canary-5f2e9a")
        pointsman.secrets.resolve("secret://file/key")
        run = pointsman.engine.start("it", {}, door="test")
        with pytest.raises(Fault) as fault:
            await run.answered()
        assert "the key *** was refused" in fault.value.sentence
        assert "canary" not in repr((fault.value, run.record))


async def test_a_default_of_a_prompt_is_what_its_type_says(tmp_path):
    files = {
        "models/writer.yaml": "model: writer\ntask: chat\n",
        "prompts/note.md": "---\nprompt: note\nversion: 1\ninput: {quarter: {type: quarter, default: 2026-Q4}}\noutput: {text: string}\ntemplate: note.offline.md\n---\nWrite.\n",
        "prompts/note.offline.md": "# text\nfrom {{ quarter.start }}\n",
    }
    flow = 'flow: it\nsteps:\n  a: {ask: writer, prompt: note}\nreply: {a: "${{ a.text }}"}\n'
    async with running(tmp_path, flow, **files) as pointsman:
        got = await pointsman.engine.start("it", {}, door="test").answered()
    assert got["result"] == {"a": "from 2026-10-01"}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param("def f():\n    raise SystemExit(3)", "SystemExit: 3.", id="exit"),
        pytest.param("def f():\n    return iter([]).__next__()", "StopIteration", id="stop iteration"),
        pytest.param("async def f():\n    raise GeneratorExit", "GeneratorExit", id="generator exit"),
        pytest.param(
            "import asyncio\nasync def f():\n    raise asyncio.CancelledError",
            "CancelledError",
            id="a cancel of its own",
        ),
        pytest.param(
            "class E(Exception):\n    def __str__(self):\n        raise ValueError\ndef f():\n    raise E",
            "E, whose text cannot be read.",
            id="an error without a text",
        ),
        pytest.param("def f():\n    return object()", "JSON cannot carry", id="a value that is none"),
        pytest.param("def f():\n    return 10**50", "JSON cannot carry", id="a number that is too large"),
    ],
)
async def test_whatever_a_users_function_does_the_run_ends_with_a_sentence(tmp_path, code, said):
    flow = 'flow: it\ntimeout: 5s\nsteps:\n  a: {python: "functions:f"}\nreply: {a: "${{ a }}"}\n'
    async with running(tmp_path, flow, functions_py=code) as pointsman:
        run = pointsman.engine.start("it", {}, door="test")
        with pytest.raises(Broken) as broken:
            await run.answered()
        assert said in broken.value.sentence
        await run.ended()
        assert run.record.status == "failed"

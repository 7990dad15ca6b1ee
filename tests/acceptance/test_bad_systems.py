"""The worked example when what it asks misbehaves: the right kind of fault, one sentence with the way out, everything
else kept, nothing given away, nothing left half done."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.chat_server import chat_server
from tests.practice import ENTERPRISE_EMEA, database, files, in_good_order, one_sentence, practising, writer_at

from pointsman.doors.api.app import application
from pointsman.doors.cli.talk import exit_code
from pointsman.errors import Broken, DeadlinePassed, Fault, Later, Refused
from pointsman.sandbox.faults import Answer, Drop, Garbled, Half, HalfJson, Slow
from pointsman.sandbox.faults import Fault as Failure
from pointsman.sandbox.serve import serve

pytest_plugins = ["tests.practice_folder"]

SECRET = Path(".pointsman/demo/crm-client-secret")
TROUBLED = "001080WGYO55PK0A4M"
"""A customer at risk, for whom something is wrong."""
WITHOUT_USAGE = 11
"""Customers at risk when nothing is known of the portal's usage."""
BUSY = Answer(429, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}], {"Retry-After": "7"})  # fmt: skip


# The CRM ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bad:
    """`failure` on paths with `path`, or what `spoil` does to the folder."""

    kind: type[Fault]
    status: int
    code: int
    says: str
    way_out: str
    failure: Failure | None = None
    path: str = "/query"
    spoil: Callable[[Path], Any] | None = None
    crm: dict[str, Any] | None = None
    delay: float | None = None


SHORT = {"limits": {"timeout": "300ms"}}
PATIENCE = "(`timeout:` of the step, `limits.timeout`)."
LOOK = "correct `url` in connections/crm.yaml."
CRM = {
    "refuses the connection": Bad(Later, 503, 75, "nobody answers there", LOOK, crm={"url": "http://127.0.0.1:9"}),
    "drops": Bad(Later, 503, 75, "it closed the connection", LOOK, Drop()),
    "drops the sign-in": Bad(Later, 503, 75, "it closed the connection", LOOK, Drop(), "/token"),
    "is slow": Bad(DeadlinePassed, 504, 124, "no full answer within 0.3 s", PATIENCE, Slow(30), crm=SHORT),
    "is slow to sign in": Bad(DeadlinePassed, 504, 124, "within 0.3 s", PATIENCE, Slow(30), "/token", crm=SHORT),
    "is garbled": Bad(Later, 503, 75, "not whole JSON", "look at what stands between.", Garbled()),
    "breaks off": Bad(Later, 503, 75, "the answer broke off", LOOK, Half()),
    "sends half a JSON": Bad(Later, 503, 75, "not whole JSON", "look at what stands between.", HalfJson()),
    "sends half a sign-in": Bad(Later, 503, 75, "not whole JSON", "look at what stands between.", HalfJson(), "/token"),
    "is busy": Bad(Later, 429, 75, "answered 429, REQUEST_LIMIT_EXCEEDED", "Try again in 7 s.", BUSY, delay=7.0),
    "fails inside": Bad(Later, 503, 75, "Salesforce answered 500.", "Try again later.", Answer(500, b"<h1>Oops</h1>")),
    "answers with other JSON": Bad(Broken, 500, 69, "no result of a query", "`url` and `api_version`.", Answer(200, [])),
    "answers with another type": Bad(Broken, 500, 69, "the system gave a whole number", "look at what changed.", Answer(200, {"totalSize": 1, "done": True, "records": [{"Id": 5}]})),
    "sends elsewhere": Bad(Broken, 500, 69, "Salesforce answered 302", "the Salesforce API.", Answer(302, b"", {"location": "http://127.0.0.1:9/"})),
    "forbids": Bad(Broken, 500, 69, "answered 403, API_DISABLED", "may do there.", Answer(403, [{"errorCode": "API_DISABLED", "message": "no"}])),
    "has another secret": Bad(Broken, 500, 69, "refuses the sign-in: invalid client credentials", "crm-client-secret.", spoil=lambda root: (root / SECRET).write_text("canary-replaced-Rw/1+x\n")),
    "has lost its secret": Bad(Broken, 500, 69, "secret://file/.pointsman/demo/crm-client-secret: the file cannot be read", "not in git.", spoil=lambda root: (root / SECRET).unlink()),
    "has an empty secret": Bad(Broken, 500, 69, "crm-client-secret: the file is empty", "crm-client-secret`.", spoil=lambda root: (root / SECRET).write_text("")),
}  # fmt: skip


@pytest.mark.parametrize("bad", CRM.values(), ids=CRM.keys())
async def test_a_crm_that(sales, bad: Bad):
    before = files(sales)
    async with practising(sales, overlay={"connections": {"crm": bad.crm or {}}}) as practice:
        if bad.spoil is not None:
            bad.spoil(sales)
        if bad.failure is not None:
            practice.faults.next(bad.failure, times=20, path=bad.path)
        fault, record = await practice.fails()
        told = practice.told(record)
    assert type(fault) is bad.kind
    assert (fault.status, exit_code(fault)) == (bad.status, bad.code)
    assert getattr(fault, "delay", None) == bad.delay
    assert bad.says in fault.sentence
    one_sentence(fault, "connection crm", bad.way_out)
    in_good_order(told + fault.sentence, practice, before)
    assert "canary-replaced" not in told + fault.sentence
    assert (record.status, record.error) == ("failed", fault.sentence)
    failed = [step for step in record.steps.values() if step.status == "failed"]
    assert len(failed) == 1 and failed[0].target == "crm.query"
    assert record.answer["degraded"] == [f"{failed[0].name} (crm.query) failed: {fault.sentence}"]
    assert record.answer["result"] == {}
    assert {step.status for step in record.steps.values()} <= {"failed", "cancelled", "done", "pending"}
    assert not [line for line in record.answer["sources"] if line["connection"] == "crm"]


async def test_a_crm_that_tells_our_secret(sales):
    before = files(sales)
    async with practising(sales) as practice:
        told_us = {"errorCode": "UNKNOWN_EXCEPTION", "message": f"who is {practice.secrets[0]}?"}
        practice.faults.next(Answer(500, [told_us]), times=2, path="/query")
        fault, record = await practice.fails()
        told = practice.told(record)
    assert fault.sentence == "connection crm: Salesforce answered 500, UNKNOWN_EXCEPTION: who is ***? Try again later."
    in_good_order(told + fault.sentence, practice, before)


async def test_what_the_other_systems_said_is_kept(sales):
    async with practising(sales, overlay={"connections": {"crm": {"limits": {"timeout": "1s"}}}}) as practice:
        practice.faults.next(Slow(30), times=2, path="/query")
        _, record = await practice.fails()
        outputs = practice.pointsman.engine.journal.outputs(record.id)
    lines = [(line["step"], line["rows"], line["missing"]) for line in record.answer["sources"]]
    assert sorted(lines) == [("billing", 133, False), ("usage", 125, False)]
    assert {name: len(frame) for name, frame in outputs.items()} == {"billing": 133, "usage": 125}


async def test_after_a_failure_the_next_question_is_answered(sales):
    async with practising(sales) as practice:
        practice.faults.next(Drop(), path="/token")
        await practice.fails()
        practice.crm.org.sessions.expire_all()
        assert len((await practice.ask())["result"]["customers"]) == 12
        practice.crm.org.sessions.expire_all()
        assert len((await practice.ask())["result"]["customers"]) == 12


# Usage, which the flow can do without ------------------------------------------------------------------------------------


def _spoilt(database_name: str, content: bytes) -> Callable[[Path], Any]:
    return lambda root: (root / f".pointsman/demo/{database_name}.db").write_bytes(content)


def _changed(database_name: str, *statements: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        with database(root, database_name) as link:
            for statement in statements:
                link.execute(statement)

    return change


def _without(database_name: str) -> Callable[[Path], None]:
    return lambda root: (root / f".pointsman/demo/{database_name}.db").unlink()


DESCRIBE = "Run `pointsman describe analytics` and look at what changed."
USAGE = {
    "is not there": (_without("usage"), "the file .pointsman/demo/usage.db is not there.", "correct `path` in connections/analytics.yaml."),
    "is no database": (_spoilt("usage", b"canary, not SQLite" * 500), "file is not a database", "in connections/analytics.yaml."),
    "is empty": (_spoilt("usage", b""), "no such table: usage.", DESCRIBE),
    "has lost a column": (_changed("usage", "ALTER TABLE usage RENAME COLUMN logins_30d TO logins"), "no such column: logins_30d.", DESCRIBE),
    "holds infinity": (_changed("usage", f"UPDATE usage SET logins_30d = 9e999 WHERE account_id = '{TROUBLED}'"), "`logins_30d` holds a value that is not a finite number.", "Turn it into null in the query."),
    "holds bytes": (_changed("usage", f"UPDATE usage SET logins_30d = x'00ff' WHERE account_id = '{TROUBLED}'"), "`logins_30d` holds bytes", "encode it as text in the query."),
    "holds text for numbers": (_changed("usage", f"UPDATE usage SET logins_30d = 'canary' WHERE account_id = '{TROUBLED}'"), "is integer in the schema, and the system gave a text.", DESCRIBE),
    "has a million rows": (_changed("usage", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) INSERT INTO usage SELECT 'X' || i, 'EMEA', '2026-10-01', 1, 1 FROM n"), "more than 50,000 rows, the limit of one step.", "raise `limits.rows` in connections/analytics.yaml."),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "says", "way_out"), USAGE.values(), ids=USAGE.keys())
async def test_usage_that(sales, spoil, says, way_out):
    before = files(sales)
    spoil(sales)
    async with practising(sales) as practice:
        run = practice.start()
        answered = await run.answered()
        told = practice.told(run.record)
        columns = practice.pointsman.engine.journal.outputs(run.record.id)["usage"].names()
    _goes_on_without_usage(answered, says, way_out)
    assert columns == ("account_id", "logins_30d", "logins_prev_30d")
    in_good_order(told, practice, before)
    assert "canary" not in told


async def test_usage_that_is_locked_by_a_writer(sales):
    with sqlite3.connect(sales / ".pointsman/demo/usage.db") as writer:
        writer.execute("BEGIN EXCLUSIVE")
        async with practising(sales) as practice:
            _goes_on_without_usage(await practice.ask(), "the database is locked by a writer.", "Try again later.")
            writer.rollback()
            assert (await practice.ask())["degraded"] == []
    writer.close()


def _goes_on_without_usage(answered: dict[str, Any], says: str, way_out: str) -> None:
    (sentence,) = answered["degraded"]
    assert sentence.startswith("usage (analytics.query) is missing: connection analytics: ")
    assert says in sentence and sentence.endswith(way_out)
    (source,) = (line for line in answered["sources"] if line["step"] == "usage")
    assert (source["missing"], source["rows"], source["as_of"]) == (True, 0, None)
    assert sentence.endswith(source["notes"][0])
    assert len(answered["result"]["customers"]) == len(answered["result"]["drafts"]) == WITHOUT_USAGE
    assert not [row for row in answered["result"]["customers"] if "not finite" in str(row)]


# Billing, without which there is no answer -------------------------------------------------------------------------------

BILLING = {
    "is not there": (_without("billing"), Broken, 500, 69, "the file .pointsman/demo/billing.db is not there.", "connections/billing.yaml."),
    "is no database": (_spoilt("billing", b"canary, not SQLite" * 500), Broken, 500, 69, "file is not a database", "connections/billing.yaml."),
    "holds infinity": (_changed("billing", f"UPDATE contracts SET returns_share = 9e999 WHERE account_id = '{TROUBLED}'"), Refused, 422, 1, "column `returns_share` holds a value that is not a finite number.", "Turn it into null in the query."),
    "holds text for numbers": (_changed("billing", f"UPDATE contracts SET returns_share = 'canary' WHERE account_id = '{TROUBLED}'"), Broken, 500, 69, "column `returns_share` is number in the schema, and the system gave a text.", "look at what changed."),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "kind", "status", "code", "says", "way_out"), BILLING.values(), ids=BILLING.keys())
async def test_billing_that(sales, spoil, kind, status, code, says, way_out):
    before = files(sales)
    spoil(sales)
    async with practising(sales) as practice:
        fault, record = await practice.fails()
        told = practice.told(record)
    assert (type(fault), fault.status, exit_code(fault)) == (kind, status, code)
    assert says in fault.sentence
    one_sentence(fault, "connection billing", way_out)
    assert record.answer["degraded"] == [f"billing (billing.query) failed: {fault.sentence}"]
    in_good_order(told, practice, before)
    assert "canary" not in told


@pytest.mark.parametrize(
    ("spoil", "status", "title", "after"),
    [(_without("billing"), 500, "An operator must act", None), (None, 429, "Too many requests", "7")],
    ids=["billing is not there", "the CRM is busy"],
)
async def test_over_http_a_failure_is_a_problem_that_names_the_run_and_what_is_missing(
    sales, spoil, status, title, after
):
    if spoil is not None:
        spoil(sales)
    async with (
        practising(sales) as practice,
        serve(application(practice.pointsman, [])) as address,
        aiohttp.ClientSession(address) as client,
    ):
        if spoil is None:
            practice.faults.next(BUSY, times=20, path="/query")
        async with client.post("/flows/at-risk", json=ENTERPRISE_EMEA) as response:
            problem = await response.json(content_type="application/problem+json")
            assert response.status == problem["status"] == status
            assert response.headers["x-run-id"] == problem["run"]
            assert response.headers.get("retry-after") == after
    assert problem["title"] == title
    (sentence,) = problem["degraded"]
    assert sentence.endswith(f") failed: {problem['detail']}")


# Rows that are odd, though every system answers ----------------------------------------------------------------------------


async def test_nobody_to_be_found_is_an_empty_answer(sales):
    async with chat_server() as chat, practising(sales, overlay=writer_at(chat.url)) as practice:
        answered = await practice.ask(quarter="2031-Q1")
    assert answered["result"] == {"customers": [], "drafts": [], "failed": []}
    assert answered["degraded"] == []
    assert [line["rows"] for line in answered["sources"] if line["step"] == "billing"] == [0]
    assert answered["approvals"][0]["waiting"] == 0
    assert chat.requests == 0


async def test_a_region_without_accounts_is_an_empty_answer(sales):
    with sqlite3.connect(sales / ".pointsman/demo/crm.db") as link:
        link.execute("UPDATE Account SET Region__c = 'AMER'")
    link.close()
    async with practising(sales) as practice:
        answered = await practice.ask()
    assert answered["result"] == {"customers": [], "drafts": [], "failed": []}
    assert answered["degraded"] == []


def _two_primary_contacts(root: Path) -> None:
    with sqlite3.connect(root / ".pointsman/demo/crm.db") as link:
        link.execute("UPDATE Contact SET Is_Primary__c = 1 WHERE AccountId = ?", (TROUBLED,))
    link.close()


TWICE = {
    "primary contacts": (_two_primary_contacts, 3),
    "usage rows": (_changed("usage", f"INSERT INTO usage SELECT * FROM usage WHERE account_id = '{TROUBLED}'"), 2),
    "contracts": (_changed("billing", f"INSERT INTO contracts SELECT * FROM contracts WHERE account_id = '{TROUBLED}'"), 2),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "times"), TWICE.values(), ids=TWICE.keys())
async def test_an_account_that_comes_twice_gets_no_letter_and_the_others_do(sales, spoil, times):
    spoil(sales)
    async with practising(sales) as practice:
        answered = await practice.ask()
    result = answered["result"]
    assert len(result["drafts"]) == 11
    assert TROUBLED not in [draft["key"] for draft in result["drafts"]]
    assert [item["key"] for item in result["failed"]] == [TROUBLED] * times
    several = "two" if times == 2 else times
    assert {item["error"] for item in result["failed"]} == {
        f"{several} items have the key '{TROUBLED}': items {', '.join(map(str, range(1, 1 + times)))}. "
        "Make the rows unique (GROUP BY or DISTINCT), or choose a `key` that is."
    }
    assert answered["degraded"] == [f"drafts: {times} of {11 + times} failed; they are listed with the reason."]


async def test_a_figure_that_is_not_known_is_taken_as_typical_and_said_so(sales):
    _changed(
        "billing",
        "CREATE TABLE loose AS SELECT * FROM contracts",
        "DROP TABLE contracts",
        "ALTER TABLE loose RENAME TO contracts",
        f"UPDATE contracts SET orders_90d = NULL WHERE account_id = '{TROUBLED}'",
    )(sales)
    async with practising(sales) as practice:
        customers = (await practice.ask(at_least=0, limit=500))["result"]["customers"]
    assert len(customers) == 48
    (row,) = (row for row in customers if row["account_id"] == TROUBLED)
    (unknown,) = (reason for reason in row["reasons"] if reason["feature"] == "orders_90d")
    assert unknown["text"] == "orders in the last 90 days not known; taken as typical (4.9 orders)"
    assert (unknown["value"], unknown["contribution"]) == (None, 0.0)
    assert 0 < row["low"] < row["probability"] < row["high"] < 1
    assert row["probability"] < 0.81


async def test_rows_that_may_be_fetched_are_still_bounded_where_they_are_joined(sales):
    USAGE["has a million rows"][0](sales)
    overlay = {"connections": {"analytics": {"limits": {"rows": 2_000_000, "timeout": "60s"}}}}
    async with practising(sales, overlay=overlay) as practice:
        fault, record = await practice.fails()
        rows = {line["step"]: line["rows"] for line in record.answer["sources"]}
    assert (type(fault), fault.status) == (Refused, 422)
    assert fault.sentence == (
        "step customers: SQL: 1,000,408 rows go in, at most 500,000 may. "
        "Narrow or aggregate `usage` (1,000,125 rows) where it is read."
    )
    assert record.answer["degraded"] == [
        f"customers (its SQL) failed: {fault.sentence.removeprefix('step customers: ')}"
    ]
    assert rows == {"accounts": 75, "contacts": 75, "billing": 133, "usage": 1_000_125}


async def test_many_rows_within_the_bounds_are_joined(sales):
    _changed(
        "usage",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
        "INSERT INTO usage SELECT 'X' || i, 'EMEA', '2026-10-01', 1, 1 FROM n",
    )(sales)
    overlay = {"connections": {"analytics": {"limits": {"rows": 400_000, "timeout": "60s"}}}}
    async with practising(sales, overlay=overlay) as practice:
        answered = await practice.ask()
    assert answered["degraded"] == []
    assert len(answered["result"]["drafts"]) == 12


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "{{ 7 * 7 }}${{ input.region }}{% raw %}", "a\0b\u202ec"]
)
async def test_odd_text_of_a_system_stays_text(sales, text):
    with sqlite3.connect(sales / ".pointsman/demo/crm.db") as link:
        link.execute("UPDATE Account SET Name = ? WHERE Id = ?", (text, TROUBLED))
    link.close()
    async with practising(sales) as practice:
        answered = await practice.ask()
    assert answered["result"]["customers"][1]["name"] == text
    assert len(answered["result"]["drafts"]) == 12


@pytest.mark.parametrize(("letters", "says"), [(300_000, None), (70_000_000, "more than 67,108,864 bytes")])
async def test_over_long_text_is_bounded_by_bytes(sales, letters, says):
    with sqlite3.connect(sales / ".pointsman/demo/crm.db") as link:
        link.execute("UPDATE Account SET Name = ? WHERE Id = ?", ("x" * letters, TROUBLED))
    link.close()
    async with practising(sales) as practice:
        if says is None:
            answered = await practice.ask()
            assert len(answered["result"]["customers"][1]["name"]) == letters
            assert all(len(draft["value"]["body"]) <= 2000 for draft in answered["result"]["drafts"])
        else:
            fault, _ = await practice.fails()
            assert says in fault.sentence
            one_sentence(fault, "connection crm", "raise `limits.bytes` of the connection.")

"""The main job: the demo's question, and what its answer promises: these customers, reasons with rows behind them,
letters that say only what was fetched, and the same again for everybody who asks."""

import asyncio
import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from tests.chat_server import MODEL, USAGE, chat_server
from tests.practice import (
    ENTERPRISE_EMEA,
    QUESTION,
    RunningClock,
    database,
    files,
    merged,
    practising,
    writer_at,
)

from pointsman.doors.api import openapi
from pointsman.doors.api.body import to_json
from pointsman.sandbox.faults import Slow
from pointsman.sandbox.sales.databases import USAGE as USAGE_TABLES

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

pytest_plugins = ["tests.practice_folder", "tests.postgres_server"]

AT_RISK = [
    ("001080WGYOMPGQ4A4P", "Pelagion Tools Ε.Π.Ε.", 0.9848),
    ("001080WGYO55PK0A4M", "Gökçay Döküm Ltd. Şti.", 0.8106),
    ("001080WGYMBCMO3A4P", "Grønnegård Fiskemaskiner AS", 0.5387),
    ("001080WGYTQYW0AA4X", "Valderroca Riegos S.A.", 0.5353),
    ("001080WGYR2G8KOA40", "Argyronisi Tools A.E.", 0.5309),
    ("001080WGYT5171NA4Q", "Brenwald Werkzeuge AG", 0.5255),
    ("001080WGYPUKUNEA45", "Żarnów Łożyska Sp. z o.o.", 0.5185),
    ("001080WGYPHF19TA4T", "Astrovouni Packaging Ε.Π.Ε.", 0.5035),
    ("001080WGYU8IN6EA4W", "Brzezina Odlewnia Sp. z o.o.", 0.4227),
    ("001080WGYMSWDU7A4P", "Kłodawka Odlewnia S.A.", 0.3016),
    ("001080WGYPQ6WUVA43", "Kranzfeld Anlagenbau KG", 0.2949),
    ("001080WGYRFM1Y9A4L", "Castelvero Ceramiche S.p.A.", 0.2875),
]
EVERYBODY = [
    {"segment": segment, "region": region}
    for segment in ("Enterprise", "Mid-market", "SMB")
    for region in ("EMEA", "AMER", "APAC")
]


def found(answer: dict[str, Any]) -> list[tuple[str, str, float]]:
    return [(row["account_id"], row["name"], round(row["probability"], 4)) for row in answer["result"]["customers"]]


async def test_the_question_is_read_and_finds_these_customers(sales):
    before = files(sales)
    async with practising(sales) as practice:
        run = await practice.pointsman.start_question(QUESTION, door="test")
        answer = await run.answered()
    assert answer["reading"]["input"] == ENTERPRISE_EMEA
    assert found(answer) == AT_RISK
    assert [draft["key"] for draft in answer["result"]["drafts"]] == [account for account, _, _ in AT_RISK]
    assert {draft["source"] for draft in answer["result"]["drafts"]} == {"template"}
    assert (answer["result"]["failed"], answer["degraded"]) == ([], [])
    assert [(line["status"], line["waiting"]) for line in answer["approvals"]] == [("waiting", len(AT_RISK))]
    assert files(sales) == before


async def test_each_reason_opens_the_rows_that_hold_its_value(sales):
    opened = 0
    async with practising(sales) as practice:
        for asked in EVERYBODY:
            run = practice.start(**asked)
            for customer in (await run.answered())["result"]["customers"]:
                for reason in customer["reasons"]:
                    (source,) = await practice.pointsman.evidence(
                        run.record.id, customer["account_id"], reason["feature"]
                    )
                    (row,) = source.rows
                    assert row["account_id"] == customer["account_id"]
                    assert _held(row, reason["feature"]) == pytest.approx(reason["value"]), (customer["name"], reason)
                    assert source.columns[0] == ("logins_30d" if source.step == "usage" else reason["feature"])
                    assert (source.query[:6], source.as_of) == ("SELECT", "2026-11-20T09:30:00+00:00")
                    opened += 1
    assert opened > 50


def _held(row: dict[str, Any], feature: str) -> Any:
    return row["logins_30d"] / row["logins_prev_30d"] - 1 if feature == "usage_trend" else row[feature]


async def test_letters_name_only_figures_and_names_that_were_fetched(sales):
    figures = 0
    async with practising(sales) as practice:
        for asked in EVERYBODY:
            drafts = (await practice.ask(**asked))["result"]["drafts"]
            names = {draft["item"]["name"] for draft in drafts}
            for draft in drafts:
                letter = f"{draft['value']['subject']}\n{draft['value']['body']}"
                own = draft["item"]["name"]
                known = to_json(draft["item"]).decode() + f" {draft['item']['returns_share'] * 100:.0f} %"
                assert _numbers(letter) <= _numbers(known), letter
                assert own in letter or draft["item"]["contact"] in letter
                assert not [name for name in names - {own} if name in letter]
                figures += len(_numbers(letter))
    assert figures > 50


def _numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)?", text))


async def test_a_language_models_letters_are_labelled_and_counted(sales):
    async with chat_server() as chat, practising(sales, overlay=writer_at(chat.url)) as practice:
        run = practice.start()
        answer = await run.answered()
    assert found(answer) == AT_RISK
    assert [draft["source"] for draft in answer["result"]["drafts"]] == ["llm"] * len(AT_RISK)
    (line,) = (line for line in answer["models"] if line["step"] == "drafts")
    assert line == {"model": "writer", "version": MODEL, "prompt": "retention_email@1", "step": "drafts", "endpoint": "e1", "source": "llm", "detail": "e1 answered", "calls": 12}  # fmt: skip
    tokens = 12 * USAGE["prompt_tokens"], 12 * USAGE["completion_tokens"]
    dollars = pytest.approx((tokens[0] * 1 + tokens[1] * 10) / 1e6)
    assert answer["cost"] == {"input_tokens": tokens[0], "output_tokens": tokens[1], "dollars": dollars}
    step = run.record.steps["drafts"]
    assert (step.input_tokens, step.output_tokens, step.dollars) == (*tokens, dollars)


async def test_a_language_model_is_told_only_of_the_customer_that_it_writes_to(sales):
    async with chat_server() as chat, practising(sales, overlay=writer_at(chat.url)) as practice:
        drafts = (await practice.ask())["result"]["drafts"]
    prompts = [body["messages"][0]["content"] for body in chat.bodies]
    for draft in drafts:
        (own,) = (prompt for prompt in prompts if draft["item"]["name"] in prompt)
        assert draft["item"]["contact"] in own
        assert not [other for other in drafts if other is not draft and other["item"]["name"] in own]
        for private in (draft["key"], draft["item"]["email"], str(draft["item"]["arr"]), "robability of"):
            assert private not in own


async def test_the_reply_is_what_its_openapi_document_says(sales):
    async with chat_server() as chat, practising(sales, overlay=writer_at(chat.url)) as practice:
        document = openapi.describe("sales", "1", practice.pointsman.plans)
        answers = [await practice.ask(**asked) for asked in EVERYBODY]
    response = document["paths"]["/flows/at-risk"]["post"]["responses"]["200"]
    schema = response["content"]["application/json"]["schema"]
    check = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    columns = schema["properties"]["result"]["properties"]["customers"]["items"]["properties"]
    for answer in answers:
        sent = json.loads(to_json(answer))
        assert [error.message for error in check.iter_errors(sent)] == []
        assert {tuple(row) for row in sent["result"]["customers"]} <= {tuple(columns)}
        assert date.fromisoformat(sent["result"]["customers"][0]["renewal"]) > date(2026, 12, 31)
    sent["result"]["customers"][0]["probability"] = "high"
    assert list(check.iter_errors(sent))


async def test_each_source_says_its_rows_and_its_age(sales):
    async with practising(sales) as practice:
        sources = {line["step"]: line for line in (await practice.ask())["sources"]}
    said = {step: (line["connection"], line["rows"], line["missing"]) for step, line in sources.items()}
    assert said == {
        "accounts": ("crm", 75, False),
        "contacts": ("crm", 75, False),
        "usage": ("analytics", 125, False),
        "billing": ("billing", 133, False),
    }
    assert {line["as_of"] for line in sources.values()} == {"2026-11-20T09:30:00+00:00"}
    assert sources["accounts"]["notes"] == ["crm is the practice stand-in, not Salesforce."]


async def test_the_sources_are_read_at_once(sales):
    async with practising(sales, clock=RunningClock()) as practice:
        await practice.ask()  # signs in
        practice.faults.next(Slow(0.3), times=2, path="/query")
        run = practice.start()
        assert found(await run.answered()) == AT_RISK
        steps = run.record.steps
    sources = [steps[name] for name in ("accounts", "contacts", "usage", "billing")]
    assert max(step.started for step in sources) < min(step.ended for step in sources)
    assert (steps["accounts"].ended - steps["accounts"].started).total_seconds() >= 0.3
    assert steps["usage"].ended < steps["accounts"].ended
    assert steps["customers"].started >= max(step.ended for step in sources)


async def test_the_same_question_gives_the_same_answer_and_says_that_nothing_changed(sales):
    async with practising(sales) as practice:
        one, other = await practice.ask(), await practice.ask()
    assert one["result"] == other["result"]
    assert other["since"] == {
        "run": one["run"],
        "at": other["since"]["at"],
        "changes": {account: 0.0 for account, _, _ in AT_RISK},
    }


async def test_usage_from_postgresql_gives_the_same_answer(sales, postgres_server: "PostgresServer"):
    overlay = yaml.safe_load((sales / "env/postgres.yaml").read_text())
    overlay["connections"]["analytics"]["port"] = postgres_server.port
    async with practising(sales) as practice:
        from_file = await practice.ask()
    password = "canary-usage-Zu/5+pw"
    await _fill_usage(sales, postgres_server, password)
    (sales / ".pointsman/demo/usage.db").unlink()
    async with practising(sales, overlay=overlay, environ={"POINTSMAN_USAGE_PASSWORD": password}) as practice:
        run = practice.start()
        from_server = await run.answered()
        told = practice.told(run.record)
    assert from_server["result"] == from_file["result"]
    assert from_server["degraded"] == []
    assert [line["rows"] for line in from_server["sources"] if line["connection"] == "analytics"] == [125]
    assert password not in told


async def _fill_usage(sales, server: "PostgresServer", password: str) -> None:
    """What env/postgres.yaml expects: the database `usage`, and the user `pointsman` who may read it."""
    with database(sales, "usage") as link:
        rows = link.execute("SELECT account_id, region, as_of, logins_30d, logins_prev_30d FROM usage").fetchall()
    link = await server.connect(await server.create_database("usage"))
    try:
        await link.execute(USAGE_TABLES)
        await link.executemany(
            "INSERT INTO usage VALUES ($1, $2, $3, $4, $5)",
            [(account, region, date.fromisoformat(day), now, before) for account, region, day, now, before in rows],
        )
        await link.execute(f"CREATE ROLE pointsman LOGIN PASSWORD '{password}'")
        await link.execute("GRANT SELECT ON usage TO pointsman")
    finally:
        await link.close()


async def test_twenty_questions_at_once_get_twenty_right_answers(sales):
    asked = [EVERYBODY[number % len(EVERYBODY)] for number in range(20)]
    async with practising(sales) as practice:
        alone = [found(await practice.ask(**given)) for given in EVERYBODY]
        runs = [practice.start(**given) for given in asked]
        answers = await asyncio.gather(*(run.answered() for run in runs))
    assert [found(answer) for answer in answers] == [alone[number % len(alone)] for number in range(20)]
    assert alone[0] == AT_RISK
    assert len({json.dumps(customers) for customers in alone}) == len(alone)
    for answer in answers:
        assert [draft["key"] for draft in answer["result"]["drafts"]] == [account for account, *_ in found(answer)]
        assert answer["degraded"] == []
    assert len({answer["run"] for answer in answers}) == 20


async def test_cancelling_one_question_does_not_disturb_the_others(sales):
    async with chat_server(latency=0.2) as chat, practising(sales, overlay=writer_at(chat.url)) as practice:
        runs = [practice.start() for _ in range(4)]
        await chat.until(lambda _: {run.record.steps["drafts"].status for run in runs} == {"running"})
        runs[1].cancel("nobody waits any more")
        left = asyncio.create_task(runs[2].answered())
        await asyncio.sleep(0)
        left.cancel()
        answers = await asyncio.gather(runs[0].answered(), runs[3].answered())
        await asyncio.gather(runs[1].ended(), runs[2].ended())
        await chat.until(lambda seen: seen.at_once == 0)
    assert [found(answer) for answer in answers] == [AT_RISK, AT_RISK]
    assert [len(answer["result"]["drafts"]) for answer in answers] == [12, 12]
    ends = [(run.record.status, run.record.error) for run in (runs[1], runs[2])]
    assert ends == [("cancelled", "nobody waits any more"), ("cancelled", "the caller left")]
    assert runs[1].record.steps["drafts"].status == "cancelled"
    assert runs[1].record.steps["scored"].status == "done"


@pytest.mark.parametrize("reached", ["reading", "drafting"])
async def test_stopping_the_process_ends_the_runs_on_their_way(sales, reached):
    async with chat_server(latency=5.0) as chat:
        async with practising(sales, overlay=writer_at(chat.url)) as practice:
            if reached == "reading":
                practice.faults.next(Slow(5.0), times=40, path="/query")
            runs = [practice.start() for _ in range(5)]
            waiting = [asyncio.create_task(run.answered()) for run in runs]
            if reached == "reading":
                async with asyncio.timeout(3):
                    while not practice.faults.in_flight:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
            else:
                await chat.until(lambda seen: seen.at_once == 8)
            async with asyncio.timeout(3):
                await practice.pointsman.close()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        await chat.until(lambda seen: seen.at_once == 0)
    assert [(run.record.status, run.record.error) for run in runs] == [("cancelled", "the process is stopping")] * 5
    assert [type(end) for end in ends] == [asyncio.CancelledError] * 5
    for run in runs:
        assert not [step.name for step in run.record.steps.values() if step.status == "running"]
        assert not run._tasks


def test_merging_overlays_keeps_what_both_say():
    assert merged({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": 4}}) == {"a": {"b": 1, "c": 4}, "d": 3}

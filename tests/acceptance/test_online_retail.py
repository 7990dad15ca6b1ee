"""The worked example on real data: a wholesaler's customers of 2011, in the systems that the flow asks."""

import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from tests import online_retail, sales_by_hand

from pointsman.assemble import assemble
from pointsman.folder import examine
from pointsman.sandbox import templates
from pointsman.sandbox.sales import databases
from pointsman.sandbox.sales.serve import crm

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

pytest_plugins = ["tests.postgres_server"]

ENTERPRISE_EMEA = {"segment": "Enterprise", "region": "EMEA", "quarter": "2011-Q4"}
Real = tuple[Path, databases.Written]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Real:
    """The template's folder, with the real data and a model that was fitted on them."""
    root = tmp_path_factory.mktemp("retail") / "sales"
    templates.write("sales", root)
    written = online_retail.write(root)
    (root / "models/churn.json").write_text(json.dumps(online_retail.fitted()), encoding="utf-8")
    return root, written


def _ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as link:
        return link.execute(sql).fetchall()


def test_the_databases_hold_what_the_order_lines_say(real: Real) -> None:
    """Against DuckDB on the file itself."""
    _, written = real
    lines = str(online_retail.file())
    bought, customers = duckdb.execute(
        """SELECT count(DISTINCT InvoiceNo), count(DISTINCT CustomerID) FROM read_parquet($1)
           WHERE CustomerID IS NOT NULL AND Country != 'Unspecified' AND InvoiceDate < '2011-10-01'
           AND InvoiceNo NOT LIKE 'C%'""",
        [lines],
    ).fetchall()[0]
    assert _ask(written.billing, "SELECT count(*) FROM orders") == [(bought,)]
    assert _ask(written.crm, "SELECT count(*) FROM Account") == [(customers,)]
    assert _ask(written.usage, "SELECT count(*) FROM usage") == [(customers,)]


def test_the_segments_are_deciles_of_spend(real: Real) -> None:
    counted = dict(_ask(real[1].crm, "SELECT Segment__c, count(*) FROM Account GROUP BY 1"))
    everybody = sum(counted.values())
    assert counted["Enterprise"] / everybody == pytest.approx(0.1, abs=0.001)
    assert counted["Mid-market"] / everybody == pytest.approx(0.3, abs=0.001)


def test_nothing_of_the_scored_quarter_is_known(real: Real) -> None:
    assert _ask(real[1].billing, "SELECT max(ordered_on) < '2011-10-01' FROM orders") == [(1,)]
    assert _ask(real[1].billing, "SELECT max(returned_on) < '2011-10-01' FROM returns") == [(1,)]


async def _answer(real: Real, more: dict[str, Any], environ: dict[str, str], **asked: Any) -> dict[str, Any]:
    root, written = real
    async with crm(written) as systems:
        overlay = systems.overlay
        overlay["connections"] |= more
        examined = examine(root, overlay=overlay)
        assert [problem.message for problem in examined.problems] == []
        pointsman = assemble(examined, root, environ=environ)
        try:
            run = pointsman.engine.start("at-risk", {**ENTERPRISE_EMEA, **asked}, door="test")
            return await run.answered()
        finally:
            await pointsman.close()


def _by_hand(root: Path, at_least: float) -> list[tuple[str, float]]:
    rows = sales_by_hand.scored(root, segment="Enterprise", region="EMEA", as_of="2011-10-01")
    return [(row["account_id"], pytest.approx(row["probability"])) for row in rows if row["probability"] >= at_least]


def _found(answer: dict[str, Any]) -> list[tuple[str, float]]:
    return [(row["account_id"], row["probability"]) for row in answer["result"]["customers"]]


async def test_the_flow_finds_the_real_customers_at_risk(real: Real) -> None:
    answer = await _answer(real, {}, {}, limit=500)
    assert _found(answer) == _by_hand(real[0], 0.25)
    assert len(answer["result"]["drafts"]) == len(answer["result"]["customers"]) > 20
    assert answer["degraded"] == []


async def test_usage_from_postgresql_gives_the_same_answer(real: Real, postgres_server: "PostgresServer") -> None:
    database = await postgres_server.create_database("retail_usage")
    await _copy_usage(real[1].usage, postgres_server, database)
    connection = {
        "type": "postgres",
        "host": postgres_server.host,
        "port": postgres_server.port,
        "database": database,
        "user": postgres_server.user,
        "password": "secret://env/POINTSMAN_USAGE_PASSWORD",
    }
    environ = {"POINTSMAN_USAGE_PASSWORD": postgres_server.password}
    answer = await _answer(real, {"analytics": connection}, environ, limit=500)
    assert _found(answer) == _by_hand(real[0], 0.25)
    assert answer["degraded"] == []


async def _copy_usage(source: Path, server: "PostgresServer", database: str) -> None:
    rows = _ask(source, "SELECT account_id, region, as_of, logins_30d, logins_prev_30d FROM usage")
    link = await server.connect(database)
    try:
        await link.execute(databases.USAGE)
        await link.executemany(
            "INSERT INTO usage VALUES ($1, $2, $3, $4, $5)",
            [(account, region, date.fromisoformat(day), now, before) for account, region, day, now, before in rows],
        )
    finally:
        await link.close()


async def test_who_was_at_risk_did_stay_away_more_often(real: Real) -> None:
    """The data end on 2011-12-09, so this looks at the ten weeks of the quarter that they hold."""
    answer = await _answer(real, {}, {}, at_least=0, limit=500)
    buyers = {buyer.account: buyer for buyer in online_retail.buyers(online_retail.file())}
    away = [buyers[account].ordered(date(2011, 10, 1), date(2011, 12, 10)) == 0 for account, _ in _found(answer)]
    third = len(away) // 3
    assert len(away) > 300
    assert sum(away[:third]) > 3 * sum(away[-third:])

"""The practice business: the same for everybody, with rows that agree, and causes that are the documented ones."""

import inspect
import math
import re
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pointsman.quantity import Quarter
from pointsman.sandbox.sales import crm, customers
from pointsman.sandbox.sales.causes import (
    CASH_SQUEEZE,
    CHAMPION_LEFT,
    FAULTY_PARTS,
    SECOND_SUPPLIER,
    STAYS,
    STRIKES,
    TROUBLES,
    Behaviour,
    hazard,
)
from pointsman.sandbox.sales.databases import FOLDER, Written
from pointsman.sandbox.sales.generate import World, world
from pointsman.sandbox.sales.history import CLOSED
from pointsman.sandbox.sales.prepare import billing_rows, prepare, usage_rows

QUARTER = Quarter("2026-Q4")


@pytest.fixture(scope="module")
def made() -> World:
    return world(QUARTER)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return prepare(tmp_path_factory.mktemp("sales"), QUARTER)


@pytest.fixture
def billing(written: Written) -> Iterator[sqlite3.Connection]:
    link = sqlite3.connect(written.billing)
    yield link
    link.close()


def test_the_same_quarter_and_seed_give_the_same_world(made: World) -> None:
    again = world(QUARTER)
    assert crm.records(again) == crm.records(made)
    assert billing_rows(again) == billing_rows(made)
    assert usage_rows(again) == usage_rows(made)


def test_another_seed_gives_another_world(made: World) -> None:
    assert crm.records(world(QUARTER, seed=1))["Account"] != crm.records(made)["Account"]


@pytest.mark.parametrize("quarter", ["2025-Q1", "2027-Q2", "2031-Q3"])
def test_any_quarter_has_the_same_number_of_customers_and_ends_the_day_before(quarter: str) -> None:
    start = Quarter(quarter).start
    other = world(Quarter(quarter))
    assert len(other.active) == 300
    assert max(order.day for told in other.histories for order in told.orders) < start.toordinal()
    contracts = billing_rows(other)["contracts"]
    assert {row["as_of"] for row in contracts if row["as_of"] == start.isoformat()} == {start.isoformat()}


def test_each_segment_and_region_has_its_customers(made: World) -> None:
    counts = dict.fromkeys(customers.ACTIVE, 0)
    for told in made.active:
        counts[told.customer.segment, told.customer.region] += 1
    assert counts == customers.ACTIVE
    assert sum(counts.values()) == 300
    assert counts["Enterprise", "EMEA"] == 48


def test_names_and_ids_are_unique_and_addresses_lead_nowhere(made: World) -> None:
    rows = crm.records(made)
    for name, records in rows.items():
        assert len({row["Id"] for row in records}) == len(records), name
    assert len({row["Name"] for row in rows["Account"]}) == len(rows["Account"])
    assert all(str(row["Email"]).endswith(".example") for row in rows["Contact"])
    assert all(str(row["Email"]).isascii() for row in rows["Contact"])
    assert any(not str(row["Name"]).isascii() for row in rows["Contact"])


def test_every_account_has_one_primary_contact_who_still_works_there(made: World) -> None:
    primary: dict[str, list[crm.Record]] = {}
    for row in crm.records(made)["Contact"]:
        if row["Is_Primary__c"]:
            primary.setdefault(str(row["AccountId"]), []).append(row)
    assert {len(rows) for rows in primary.values()} == {1}
    assert len(primary) == len(made.histories)
    assert not any(row["Left_Company__c"] for rows in primary.values() for row in rows)


def test_some_customers_have_no_usage(made: World) -> None:
    without = {told.customer.id for told in made.active} - {str(row["account_id"]) for row in usage_rows(made)["usage"]}
    assert without == {told.customer.id for told in made.active if told.customer.logins is None}
    assert 5 <= len(without) <= 30


def test_contracts_are_what_the_rows_behind_them_say(billing: sqlite3.Connection) -> None:
    """Each column of `contracts`, counted again in SQL from orders, returns and invoices."""
    wrong = billing.execute("""
        SELECT c.account_id, c.as_of FROM contracts c WHERE
            c.recency_days != (SELECT julianday(c.as_of) - julianday(max(ordered_on)) FROM orders o
                               WHERE o.account_id = c.account_id AND ordered_on < c.as_of)
         OR c.orders_90d != (SELECT count(*) FROM orders o WHERE o.account_id = c.account_id
                             AND ordered_on >= date(c.as_of, '-90 days') AND ordered_on < c.as_of)
         OR c.orders_prev_90d != (SELECT count(*) FROM orders o WHERE o.account_id = c.account_id
                                  AND ordered_on >= date(c.as_of, '-180 days')
                                  AND ordered_on < date(c.as_of, '-90 days'))
         OR c.overdue_days != (SELECT coalesce(max(julianday(c.as_of) - julianday(due_on)), 0) FROM invoices i
                               WHERE i.account_id = c.account_id AND due_on < c.as_of
                               AND (paid_on IS NULL OR paid_on >= c.as_of))
         OR abs(c.returns_share - (SELECT coalesce(sum(r.amount), 0) FROM returns r JOIN orders o USING (order_id)
                    WHERE r.account_id = c.account_id AND r.returned_on < c.as_of
                    AND o.ordered_on >= date(c.as_of, '-180 days'))
                * 1.0 / (SELECT sum(amount) FROM orders o WHERE o.account_id = c.account_id
                         AND ordered_on >= date(c.as_of, '-180 days') AND ordered_on < c.as_of)) > 0.00006
    """).fetchall()
    assert wrong == []
    assert billing.execute("SELECT count(*) FROM contracts WHERE as_of = '2026-10-01'").fetchone() == (300,)
    assert billing.execute("SELECT count(DISTINCT as_of) FROM contracts").fetchone() == (CLOSED + 1,)


def test_usage_is_what_the_logins_say(written: Written) -> None:
    link = sqlite3.connect(written.usage)
    wrong = link.execute("""
        SELECT account_id FROM usage u WHERE
            logins_30d IS NOT (SELECT logins FROM logins l WHERE l.account_id = u.account_id
                               AND to_day = date(u.as_of, '-1 day'))
         OR logins_prev_30d IS NOT (SELECT logins FROM logins l WHERE l.account_id = u.account_id
                                    AND to_day = date(u.as_of, '-31 days'))
    """).fetchall()
    link.close()
    assert wrong == []


def test_who_stayed_away_did_not_order_in_that_quarter(made: World) -> None:
    for told in made.histories:
        for snapshot in told.snapshots:
            if snapshot.stayed_away is None:
                continue
            first, last = snapshot.quarter.start.toordinal(), snapshot.quarter.end.toordinal()
            ordered = any(first <= order.day <= last for order in told.orders)
            assert ordered != snapshot.stayed_away, (told.customer.name, snapshot.quarter)


def test_as_many_stay_away_as_the_hazard_says(made: World) -> None:
    closed = [snapshot for told in made.histories for snapshot in told.snapshots if snapshot.stayed_away is not None]
    expected = sum(snapshot.hazard for snapshot in closed)
    spread = math.sqrt(sum(snapshot.hazard * (1 - snapshot.hazard) for snapshot in closed))
    assert abs(sum(bool(snapshot.stayed_away) for snapshot in closed) - expected) < 3 * spread
    assert 0.10 < expected / len(closed) < 0.20


STEADY = Behaviour(recency_days=8, orders_90d=9, orders_prev_90d=9, returns_share=0.01, overdue_days=0, usage_trend=0.0)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"recency_days": 40}, id="a longer silence"),
        pytest.param({"orders_90d": 4}, id="fewer orders"),
        pytest.param({"returns_share": 0.2}, id="more sent back"),
        pytest.param({"overdue_days": 30}, id="late payment"),
        pytest.param({"usage_trend": -0.5}, id="fewer logins"),
    ],
)
def test_each_cause_raises_the_hazard(changed: dict[str, float]) -> None:
    values = {name: getattr(STEADY, name) for name in STEADY.__slots__}
    assert hazard(Behaviour(**{**values, **changed})) > hazard(STEADY)


def test_troubles_show_in_the_behaviour_that_follows(made: World) -> None:
    """Averages over all customers that were in a trouble, on the first day after it."""

    def after(name: str, column: str) -> float:
        values = [
            float(getattr(snapshot.seen, column) or 0.0)
            for told in made.histories
            for snapshot in told.snapshots
            if (trouble := told.troubles.get(snapshot.quarter.previous)) and trouble.name == name
        ]
        return sum(values) / len(values)

    calm = [s.seen for told in made.histories for s in told.snapshots if s.quarter.previous not in told.troubles]
    assert after(FAULTY_PARTS.name, "returns_share") > 3 * sum(seen.returns_share for seen in calm) / len(calm)
    assert after(CASH_SQUEEZE.name, "overdue_days") > 3 * sum(seen.overdue_days for seen in calm) / len(calm)
    assert after(CHAMPION_LEFT.name, "usage_trend") < -0.3
    assert after(SECOND_SUPPLIER.name, "orders_90d") < 0.7 * sum(seen.orders_90d for seen in calm) / len(calm)


def test_letters_are_filled_in_and_sound_like_their_cause(made: World) -> None:
    rows = crm.records(made)["Case"]
    assert not [row for row in rows if "{" in f"{row['Subject']}{row['Description']}"]
    by_account = {str(row["Id"]): row for row in crm.records(made)["Account"]}
    faulty = [told for told in made.active if told.troubles.get(QUARTER.previous) is FAULTY_PARTS]
    tones = [by_account[told.customer.id]["Case_Sentiment__c"] for told in faulty]
    assert all(isinstance(tone, float) and tone < 0.3 for tone in tones)


def test_contracts_renew_within_a_year(made: World) -> None:
    renewals = [
        date.fromisoformat(str(row["Renewal_Date__c"]))
        for row in crm.records(made)["Account"]
        if row["Type"] == "Customer"
    ]
    assert len(renewals) == 300
    assert all(0 <= (renewal - QUARTER.end).days <= 366 for renewal in renewals)


def test_preparing_again_replaces_what_was_there(tmp_path: Path) -> None:
    first = prepare(tmp_path, QUARTER)
    second = prepare(tmp_path, QUARTER.next)
    link = sqlite3.connect(second.billing)
    assert link.execute("SELECT max(as_of) FROM contracts").fetchone() == ("2027-01-01",)
    link.close()
    assert first.client_secret != second.client_secret
    assert (tmp_path / FOLDER / "crm-client-secret").read_text().strip() == second.client_secret
    assert (tmp_path / FOLDER / "crm-client-secret").stat().st_mode & 0o077 == 0
    names = {path.name for path in (tmp_path / FOLDER).iterdir()}
    assert names == {"crm.db", "usage.db", "billing.db", "crm-client-id", "crm-client-secret"}


def test_the_reference_page_tells_the_causes_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/demo-data.md").read_text(encoding="utf-8")
    for trouble in TROUBLES:
        factors = f"{trouble.orders:g} | {trouble.logins:g} | {trouble.returns:g} | {trouble.late} days"
        assert (
            f"| {trouble.name} | {trouble.weight:.0%} | {factors} | {trouble.complaints:g} |".replace("%", " %") in page
        )
    assert f"a chance of {STRIKES:.0%}".replace("%", " %") in page.replace("\n", " ")
    assert f"with a chance of {STAYS:.0%}".replace("%", " %") in page.replace("\n", " ")
    for number in re.findall(r"\d+\.\d\d", inspect.getsource(hazard)):
        assert f" {number} " in page or f" {number}\n" in page

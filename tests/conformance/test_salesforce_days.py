"""The stand-in's date literals and ids mean what Salesforce's documentation says."""

from datetime import date

import pytest

from pointsman.language import soql
from pointsman.language.soql.literals import COUNTED_LITERALS, DATE_LITERALS
from pointsman.language.soql.query import Comparison, DateLiteral
from pointsman.sandbox.salesforce.days import span
from pointsman.sandbox.salesforce.objects import record_id

FRIDAY = date(2026, 11, 20)


def literal(text: str) -> DateLiteral:
    where = soql.read(f"SELECT Id FROM A WHERE D = {text}").where
    assert isinstance(where, Comparison) and isinstance(where.value, DateLiteral)
    return where.value


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("YESTERDAY", "2026-11-19", "2026-11-20"),
        ("TODAY", "2026-11-20", "2026-11-21"),
        ("TOMORROW", "2026-11-21", "2026-11-22"),
        ("LAST_WEEK", "2026-11-08", "2026-11-15"),
        ("THIS_WEEK", "2026-11-15", "2026-11-22"),
        ("NEXT_WEEK", "2026-11-22", "2026-11-29"),
        ("LAST_MONTH", "2026-10-01", "2026-11-01"),
        ("NEXT_MONTH", "2026-12-01", "2027-01-01"),
        ("LAST_90_DAYS", "2026-08-22", "2026-11-21"),
        ("NEXT_90_DAYS", "2026-11-21", "2027-02-19"),
        ("LAST_N_DAYS:30", "2026-10-21", "2026-11-21"),
        ("NEXT_N_DAYS:1", "2026-11-21", "2026-11-22"),
        ("N_DAYS_AGO:3", "2026-11-17", "2026-11-18"),
        ("LAST_N_WEEKS:2", "2026-11-01", "2026-11-15"),
        ("NEXT_N_MONTHS:2", "2026-12-01", "2027-02-01"),
        ("N_MONTHS_AGO:11", "2025-12-01", "2026-01-01"),
        ("LAST_QUARTER", "2026-07-01", "2026-10-01"),
        ("THIS_QUARTER", "2026-10-01", "2027-01-01"),
        ("NEXT_FISCAL_QUARTER", "2027-01-01", "2027-04-01"),
        ("LAST_N_QUARTERS:4", "2025-10-01", "2026-10-01"),
        ("THIS_YEAR", "2026-01-01", "2027-01-01"),
        ("N_YEARS_AGO:2", "2024-01-01", "2025-01-01"),
        ("NEXT_N_FISCAL_YEARS:1", "2027-01-01", "2028-01-01"),
    ],
)
def test_a_date_literal_is_a_span_of_days(text: str, first: str, after: str) -> None:
    assert span(literal(text), FRIDAY) == (date.fromisoformat(first), date.fromisoformat(after))


@pytest.mark.parametrize("name", sorted(DATE_LITERALS | COUNTED_LITERALS))
def test_every_literal_that_is_read_has_days(name: str) -> None:
    first, after = span(literal(f"{name}:2" if name in COUNTED_LITERALS else name), FRIDAY)
    assert first < after


def test_a_week_starts_on_sunday_also_on_sunday() -> None:
    assert span(literal("THIS_WEEK"), date(2026, 11, 22))[0] == date(2026, 11, 22)


def test_an_id_carries_the_checksum_of_its_capitals() -> None:
    assert record_id("001", 1) == "001000000000001AAA"
    assert record_id("00Q", 36**4 - 1) == "00Q00000000ZZZZEA4", (
        "Q is bit 2 of its five signs, the last four Z bits 1 to 4"
    )
    assert len({record_id("001", number) for number in range(2_000)}) == 2_000

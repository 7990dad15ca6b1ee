"""Which days a date literal means.

Source: Salesforce SOQL and SOSL Reference, "Date Formats and Date Literals". Weeks start on Sunday; the fiscal year is
the calendar year, as in an org that has not changed it.
"""

from datetime import date, timedelta

from pointsman.language.soql.query import DateLiteral

_UNITS = ("WEEK", "MONTH", "QUARTER", "YEAR")


def span(literal: DateLiteral, today: date) -> tuple[date, date]:
    """Its first day, and the day after its last."""
    name = literal.name.replace("FISCAL_", "")
    days = _days(name, literal.number or 0, today)
    if days:
        return days
    unit = next(unit for unit in _UNITS if unit in name)
    number = literal.number or 0
    if name.endswith("_AGO"):
        first, count = -number, 1
    elif name.startswith("LAST_N_"):
        first, count = -number, number
    elif name.startswith("NEXT_N_"):
        first, count = 1, number
    else:
        first, count = {"LAST": -1, "THIS": 0, "NEXT": 1}[name.split("_")[0]], 1
    return _start(unit, today, first), _start(unit, today, first + count)


def _days(name: str, number: int, today: date) -> tuple[date, date] | None:
    """The literals that count days: from how many days after today, up to and without how many."""
    bounds = {
        "YESTERDAY": (-1, 0),
        "TODAY": (0, 1),
        "TOMORROW": (1, 2),
        "LAST_90_DAYS": (-90, 1),
        "NEXT_90_DAYS": (1, 91),
        "LAST_N_DAYS": (-number, 1),
        "NEXT_N_DAYS": (1, number + 1),
        "N_DAYS_AGO": (-number, 1 - number),
    }.get(name)
    return bounds and (today + timedelta(bounds[0]), today + timedelta(bounds[1]))


def _start(unit: str, today: date, shift: int) -> date:
    """The first day of the week, month, quarter or year that is `shift` after today's."""
    if unit == "WEEK":
        return today - timedelta((today.weekday() + 1) % 7) + timedelta(7 * shift)
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    first = (today.month - 1) // months * months
    year, month = divmod(today.year * 12 + first + shift * months, 12)
    return date(year, month + 1, 1)

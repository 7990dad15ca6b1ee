"""Values in words: ages, durations, numbers, money, counts, names. Times relative, the exact one beside it."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

_ACRONYMS: Final = {
    "arr",
    "mrr",
    "id",
    "url",
    "crm",
    "csat",
    "nps",
    "sku",
    "vat",
    "sla",
    "ip",
    "sql",
    "llm",
    "auc",
    "ece",
}
_UNITS: Final = (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0))


def instant(value: object) -> datetime | None:
    """A point in time from a datetime or an ISO 8601 text with a time in it; without a zone it is UTC."""
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:", value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def day(value: object) -> date | None:
    """A day from a date or an ISO 8601 text that is only a date."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def exact(moment: datetime) -> str:
    """`20 Nov 2026, 13:20:05 UTC`."""
    return f"{date_words(moment)}, {moment.astimezone(UTC):%H:%M:%S} UTC"


def date_words(when: date) -> str:
    """`5 Dec 2026`."""
    return f"{when.day} {when:%b %Y}"


def span(seconds: float) -> str:
    """The largest unit only, for ages: `40 s`, `2 min`, `14 h`, `3 d`."""
    for unit, length in _UNITS:
        if seconds >= (2 * length if unit == "d" else length):
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def ago(moment: datetime, now: datetime) -> str:
    """`just now`, `2 min ago`, `in 3 d`."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 10:
        return "just now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def days_away(when: date, today: date) -> str:
    """`today`, `in 22 days`, `3 days ago`."""
    days = (when - today).days
    if days == 0:
        return "today"
    return f"in {count(days, 'day')}" if days > 0 else f"{count(-days, 'day')} ago"


def duration(seconds: float) -> str:
    """Two units at most: `340 ms`, `1.24 s`, `12.4 s`, `2 min 5 s`, `3 h 10 min`, `2 d 4 h`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 or seconds == 0 else "under 1 ms"
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, length, smaller, part in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1)):
        if whole >= length:
            rest = whole % length // part
            return f"{whole // length} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def number(value: float | Decimal) -> str:
    """Thousands apart; two digits after the point, below one three that matter, none for whole numbers."""
    if value != value or value in (float("inf"), float("-inf")):
        return "not a number"
    if value == int(value):
        return signed(f"{int(value):,}")
    return signed(f"{value:,.2f}" if not -1 < value < 1 else f"{value:.3g}")


def signed(text: str) -> str:
    """With a real minus, which is as wide as a plus."""
    return text.replace("-", "−", 1) if text.startswith("-") else text


def percent(share: float) -> str:
    """`34 %`; below one per cent with a digit more."""
    value = share * 100
    return signed(f"{value:.1f} %" if 0 < abs(value) < 0.95 else f"{value:.0f} %")


def points(change: float) -> str:
    """A change of a share in percentage points: `+6`, `−3`, `0`."""
    value = round(change * 100)
    return "0" if value == 0 else signed(f"{value:+d}")


def money(dollars: float) -> str:
    """`$0`, `$0.0021`, `$3.10`, `$1,240`."""
    if dollars == 0:
        return "$0"
    if dollars < 0.01:
        return f"${dollars:.2g}" if dollars >= 0.0001 else "under $0.0001"
    return f"${dollars:,.2f}" if dollars < 1000 else f"${dollars:,.0f}"


def count(amount: int, noun: str) -> str:
    """`1 draft`, `12 drafts`, `2 replies`, `no drafts`."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {plural(noun)}" if amount else f"no {plural(noun)}"


def plural(noun: str) -> str:
    if noun.endswith("s"):
        return noun
    return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"


def singular(noun: str) -> str:
    """`customers` → `customer`, `replies` → `reply`; what is no plural stays."""
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    return noun[:-1] if noun.endswith("s") and not noun.endswith(("ss", "us", "is")) else noun


def label(name: str) -> str:
    """A field's name for people: `usage_trend` → `Usage trend`, `arr` → `ARR`, `Renewal_Date__c` → `Renewal date`."""
    words = [word for word in re.split(r"[_\s.]+", re.sub(r"__[a-z]$", "", name)) if word]
    shown = [word.upper() if word.lower() in _ACRONYMS else word.lower() for word in words]
    return (shown[0][:1].upper() + shown[0][1:] + "".join(f" {word}" for word in shown[1:])) if shown else name


def listed(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def sentence(text: str) -> str:
    """With a capital first, unless a name such as `billing:` leads, and a full stop last, unless it ends otherwise."""
    text = text.strip()
    if not text:
        return text
    head = text[0] if re.match(r"[\w./-]+: ", text) else text[0].upper()
    return head + text[1:] + ("" if text[-1] in ".!?…" else ".")


def capitalised(text: str) -> str:
    """With a capital first; the rest stays as it is, unlike `str.capitalize`."""
    return text[:1].upper() + text[1:]


def who(by: str) -> str:
    """`role:sales-manager` → `the role sales-manager`."""
    return f"the role {by.removeprefix('role:')}" if by.startswith("role:") else by or "a person"


def spent(tokens: int, dollars: float) -> str:
    """`12,960 tokens, $0.0087`; `no tokens` when nothing was paid."""
    return count(tokens, "token") + (f", {money(dollars)}" if tokens or dollars else "")

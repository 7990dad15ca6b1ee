"""How SOQL writes values: texts with their escapes, dates, date literals.

Source: Salesforce SOQL and SOSL Reference, "Quoted String Escape Sequences" and "Date Formats and Date Literals".
"""

import re
from typing import Final

DATE_LITERALS: Final = frozenset(
    ["YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"]
    + [
        f"{which}_{period}"
        for which in ("LAST", "THIS", "NEXT")
        for period in ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
    ]
)
"""Those without a number."""

COUNTED_LITERALS: Final = frozenset(
    f"{which}_N_{period}S"
    for which in ("LAST", "NEXT")
    for period in ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
) | frozenset(f"N_{period}S_AGO" for period in ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR"))
"""Those written with a number: `LAST_N_DAYS:30`."""

_UNESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_ESCAPED: Final = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)


def quoted(value: str) -> str:
    """A text as SOQL writes it. Every text becomes exactly one literal."""
    return f"'{value.translate(_ESCAPED)}'"


def unquoted(inner: str) -> str:
    """What stands between the quotes, as a value. Raises ValueError(escape) for an escape that SOQL does not know."""

    def plain(found: re.Match[str]) -> str:
        sign = found[1]
        if sign in ("%", "_"):
            return found[0]
        if len(sign) == 5:
            return chr(int(sign[1:], 16))
        if sign not in _UNESCAPED:
            raise ValueError(found[0])
        return _UNESCAPED[sign]

    return _ESCAPE.sub(plain, inner)

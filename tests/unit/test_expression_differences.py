"""Every row of the table of differences in docs/reference/expressions.md, in Python and here."""

import re
import warnings
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pointsman.errors import Refused
from pointsman.language import expression
from pointsman.language.expression.functions import FUNCTIONS
from pointsman.language.mistake import Mistake
from pointsman.quantity import Quarter

PAGE = (Path(__file__).parents[2] / "docs/reference/expressions.md").read_text()
TYPES = {"date": date, "datetime": datetime, "timedelta": timedelta, "Decimal": Decimal, "Quarter": Quarter}
TABLE = PAGE[PAGE.index("## Every intended difference") :]
ROWS = [
    [cell.strip().strip("`") for cell in re.split(r"(?<!\\) \| ", line.strip("| "))][:3]
    for line in TABLE.splitlines()
    if line.startswith("| `")
]


def scope() -> dict[str, object]:
    values: dict[str, object] = {}
    exec(re.search(r"```python\n(.*?)```", TABLE, re.DOTALL)[1], dict(TYPES), values)  # type: ignore[index]
    return values


def in_python(source: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            return told(eval(source, scope()))
        except (NameError, TypeError, AttributeError, LookupError, ValueError):
            return "error"


def here(source: str) -> str:
    try:
        return told(expression.read(source).evaluate(scope()))
    except (Mistake, Refused):
        return "error"


def told(value: object) -> str:
    return f"{type(value).__mro__[-2].__name__} {value!r}"


def expected(cell: str) -> str:
    return "error" if cell == "error" else told(eval(cell, dict(TYPES)))


def test_the_table_is_read():
    assert len(ROWS) == sum(line.startswith("| `") for line in TABLE.splitlines()) > 80


@pytest.mark.parametrize(("source", "python", "ours"), ROWS, ids=[row[0] for row in ROWS])
def test_a_difference_is_as_the_page_says(source: str, python: str, ours: str):
    assert here(source) == expected(ours)
    if python != "depends":
        assert in_python(source) == expected(python)


def test_the_page_names_every_function():
    listed = PAGE[PAGE.index("## Functions") : PAGE.index("## Limits")]
    assert set(re.findall(r"`(\w+)\(", listed)) == set(FUNCTIONS)

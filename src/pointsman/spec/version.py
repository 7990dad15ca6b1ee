"""Which versions of Pointsman a project was written for."""

import operator
import re
from typing import Final

_COMPARE: Final = {">=": operator.ge, "<=": operator.le, "==": operator.eq, "<": operator.lt, ">": operator.gt}


def meets(version: str, required: str) -> bool:
    """Whether a version such as `0.1.0` is among those required, such as `>=0.1, <1`."""
    have = _numbers(version)
    return all(_COMPARE[sign](have, _numbers(wanted)) for sign, wanted in re.findall(r"([<>=]=?)([\d.]+)", required))


def _numbers(version: str) -> tuple[int, ...]:
    """Comparable: `0.1` and `0.1.0` are the same."""
    found = re.findall(r"\d+", version.partition("-")[0])
    return tuple(int(part) for part in (*found, 0, 0, 0, 0)[:4])

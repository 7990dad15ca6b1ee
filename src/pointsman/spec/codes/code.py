"""One kind of problem, explained once: the same text for docs/reference/problems.md and `pointsman docs PM012`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """`example`: a file `file` that has the problem (tests load it); empty where a file cannot be shown."""

    code: str
    title: str
    why: str
    cure: str
    file: str = ""
    example: str = ""

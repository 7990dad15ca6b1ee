"""Codes of errors while a flow runs."""

from typing import Final

from pointsman.spec.codes.code import Code

CODES: Final = (
    Code(
        "PM021",
        "No such action",
        "The connection offers no action of this name while the flow runs; `pointsman check` finds most of these "
        "before (PM204).",
        "Take one of the actions that the message lists.",
    ),
    Code(
        "PM031",
        "More than one step may take",
        "A step's answer has more rows or bytes than the connection's `limits` allow. It is refused whole: part of an "
        "answer would look like all of it.",
        "Ask for less, or raise `limits` of the connection.",
    ),
    Code(
        "PM301",
        "The input does not fit",
        "A flow was started with an input that is missing, unknown or of the wrong type.",
        "The message names the input and what it must be.",
    ),
    Code(
        "PM302",
        "No such flow",
        "The project has no flow of this name.",
        "Take one of the names that the message lists.",
    ),
)

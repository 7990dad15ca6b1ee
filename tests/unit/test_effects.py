"""What connectors offer, what the plan checks flows against and what the reference page says are the same."""

from typing import get_args

import pytest
from scripts import reference_effects

from pointsman.language.openapi import operations
from pointsman.plan.actions import actions
from pointsman.spec.effect import Effect

CONNECTORS = reference_effects.connectors()


def test_no_type_of_connection_is_left_out() -> None:
    assert set(CONNECTORS) == reference_effects.types()
    assert set(reference_effects.MEANS) == set(get_args(Effect))


@pytest.mark.parametrize("kind", CONNECTORS)
def test_the_plan_knows_the_same_actions(kind: str) -> None:
    planned = actions(reference_effects.spec(kind), {})
    offered = CONNECTORS[kind].actions
    assert {name: (found.required, found.optional, found.writes) for name, found in planned.items()} == {
        name: (found.required, found.optional, found.effect != "none") for name, found in offered.items()
    }


def test_the_plan_knows_the_same_operations() -> None:
    known = operations(reference_effects.DOCUMENT)
    planned = actions(reference_effects.spec("http"), known)
    assert {name for name, found in planned.items() if found.writes} == {
        "send",
        *(name for name, found in known.items() if found.method != "get"),
    }


@pytest.mark.parametrize(
    "row",
    [
        "| sqlite | `query` | `none` |",
        "| salesforce | `upsert` | `native` |",
        "| http | `send` | `once` |",
        "| http | an operation: GET | `none` |",
        "| http | an operation: POST or PATCH | `once` |",
        "| http | an operation: PUT or DELETE | `native` |",
        "| http | an operation: POST or PATCH that takes Idempotency-Key | `native` |",
        "| smtp | `send` | `once` |",
    ],
)
def test_the_page_says_what_each_is(row: str) -> None:
    assert row in reference_effects.page()

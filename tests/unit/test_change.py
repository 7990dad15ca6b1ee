"""What changed since the last answer to the same question."""

from datetime import UTC, datetime

import pytest
from tests.projects import running

from pointsman.flows.change import since
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.record import RunRecord

AT = datetime(2026, 11, 20, tzinfo=UTC)


def rows(**probabilities):
    return {"customers": [{"account_id": key, "probability": value} for key, value in probabilities.items()]}


def record(result, run="a", flow="it", given=None, replied=AT):
    return RunRecord(run, flow, 1, "test", "local", given or {}, AT, {}, replied=replied, answer={"result": result})


@pytest.mark.parametrize(
    ("before", "now", "changes"),
    [
        pytest.param(rows(a=0.5, b=0.2), rows(a=0.6, b=0.2), {"a": 0.1, "b": 0.0}, id="by key"),
        pytest.param(rows(a=0.5), rows(a=0.4, c=0.3), {"a": -0.1, "c": None}, id="a new row"),
        pytest.param(rows(a=0.5, b=0.2), rows(a=0.5), {"a": 0.0}, id="a row that is gone"),
    ],
)
def test_each_row_is_compared_with_the_one_before(before, now, changes):
    assert since(now, record(before)) == {"run": "a", "at": AT, "changes": changes}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        pytest.param({"n": 1}, {"n": 2}, id="nothing scored"),
        pytest.param({}, rows(a=0.5), id="nothing scored before"),
        pytest.param([1], rows(a=0.5), id="a reply without parts"),
    ],
)
def test_there_is_nothing_to_say_where_nothing_was_scored(before, now):
    assert since(now, record(before)) is None
    assert since(now, None) is None


def test_the_last_answer_is_of_the_same_flow_version_and_input():
    journal = MemoryJournal()
    journal.keep(record({}, "same", given={"x": 1}))
    journal.keep(record({}, "other input", given={"x": 2}))
    journal.keep(record({}, "other flow", flow="that", given={"x": 1}))
    journal.keep(record({}, "unanswered", given={"x": 1}, replied=None))
    assert journal.last_answered("it", 1, {"x": 1}).id == "same"
    assert journal.last_answered("it", 2, {"x": 1}) is None


async def test_a_second_answer_says_what_changed_since_the_first(tmp_path):
    flow = 'flow: it\nsteps:\n  a: {python: "functions:f"}\nreply: {rows: "${{ a }}"}\n'
    functions = 'p = [0.5, 0.75]\ndef f():\n    return [{"id": 7, "probability": p.pop(0)}]\n'
    async with running(tmp_path, flow, functions_py=functions) as pointsman:
        first = await pointsman.engine.start("it", {}, door="test").answered()
        second = await pointsman.engine.start("it", {}, door="test").answered()
    assert first["since"] is None
    assert second["since"]["run"] == first["run"]
    assert second["since"]["changes"] == {"7": 0.25}

"""A folder becomes typed objects, or every mistake in it at its place."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.project_mistakes import FLOW_HEAD, HTTP, MISTAKES
from tests.worked_example import CRM, FILES, FLOW, PROMPT, lines, loaded, project

from pointsman.errors import Refused
from pointsman.folder import read_folder
from pointsman.spec.connection import SalesforceConnection
from pointsman.spec.load import load
from pointsman.spec.model import ChatModel
from pointsman.spec.step import AskStep, CallStep, SqlStep
from pointsman.spec.version import meets


def test_the_worked_example_loads() -> None:
    acme = project()
    assert not loaded().problems
    assert list(acme.flows["at-risk"].steps) == [
        "accounts", "contacts", "usage", "billing", "customers", "scored", "at_risk", "drafts", "approval", "send",
    ]  # fmt: skip
    crm = acme.connections["crm"]
    assert isinstance(crm, SalesforceConnection)
    assert (crm.limits.rows, crm.limits.timeout, crm.auth.flow) == (50_000, 20.0, "jwt_bearer")
    writer = acme.models["writer"]
    assert isinstance(writer, ChatModel)
    assert [endpoint.price.output for endpoint in writer.endpoints] == [0.0, 2e-6]
    drafts = acme.flows["at-risk"].steps["drafts"]
    assert isinstance(drafts, AskStep)
    assert (drafts.as_, drafts.on_error, drafts.concurrency) == ("customer", "collect", 8)
    assert isinstance(acme.flows["at-risk"].steps["customers"], SqlStep)
    prompt = acme.prompts["retention_email"]
    assert prompt.text.startswith("Write a short, personal retention email")
    assert prompt.offline is not None and prompt.offline.startswith("# subject")
    account = acme.schemas["crm"].table("Account")
    assert account is not None and account[1].labels == frozenset({"personal.organisation"})
    assert acme.classics["churn"].features[0].coef == 0.8


def test_a_folder_is_read(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    for ignored in (".pointsman/state.yaml", "tests/a.test.yaml", ".hidden.yaml", "data.db", "venv/x.py"):
        (tmp_path / ignored).parent.mkdir(exist_ok=True)
        (tmp_path / ignored).write_bytes(b"\xff")
    assert read_folder(tmp_path) == FILES


def test_bytes_that_are_no_text_are_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "project.yaml").write_bytes(b"project: acme\ndescription: caf\xe9\n")
    assert lines(load(read_folder(tmp_path), tmp_path)) == ["PM001 project.yaml:2:17 the byte 0xe9 is not UTF-8"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no folder"):
        read_folder(tmp_path / "nowhere")


@pytest.mark.parametrize(("changes", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_once_and_at_its_place(changes: dict[str, str | None], expected: list[str]) -> None:
    found = lines(loaded(changes))
    assert len(found) == len(expected), found
    for got, wanted in zip(found, expected, strict=True):
        assert got.startswith(wanted)


@pytest.mark.parametrize(
    ("changes", "way_out"),
    [
        (MISTAKES["unknown-key"][0], "Did you mean `concurrency`?"),
        (MISTAKES["misspelt-verb"][0], "Did you mean `call`?"),
        (MISTAKES["choice"][0], "Did you mean `require`?"),
        (MISTAKES["label"][0], "Did you mean `personal.name`?"),
        (MISTAKES["text-for-a-number"][0], "Remove the quotes."),
        (MISTAKES["missing-key"][0], "Add `path:`. The file, from the project's folder."),
        (MISTAKES["overlay-of-nothing"][0], "Did you mean `crm`?"),
        (MISTAKES["no-function"][0], "Did you mean `tidy`?"),
    ],
)
def test_the_way_out_is_named(changes: dict[str, str | None], way_out: str) -> None:
    assert loaded(changes).problems[0].way_out == way_out


def test_all_mistakes_of_all_files_come_in_one_go() -> None:
    changes: dict[str, str | None] = {
        "connections/crm.yaml": CRM.replace("limits:", "limit:").replace("url:", "ulr:"),
        "flows/at_risk.yaml": FLOW.replace("on_error: empty", "on_error: emty"),
        "prompts/retention_email.md": PROMPT.replace("version: 2", "version: two"),
        "models/writer.yaml": "model: writer\nmodel: writer\n",
    }
    assert [line.split()[0] for line in lines(loaded(changes))] == ["PM012", "PM012", "PM013", "PM004", "PM010"]


def test_a_secret_in_the_clear_is_named_and_never_shown() -> None:
    found = loaded({"connections/erp.yaml": HTTP + "auth: {bearer: hunter2, token: x}\n"})
    assert "PM015" in {problem.code for problem in found.problems}
    shown = "\n".join(problem.frame() + problem.sentence() + str(problem.as_dict()) for problem in found.problems)
    assert "hunter2" not in shown
    assert "*******" in shown


def test_a_number_where_a_text_belongs_is_taken_as_written() -> None:
    erp = project({"connections/erp.yaml": HTTP + "headers: {X-Version: 1.10, X-Account: 0o17}\n"}).connections["erp"]
    assert erp.model_dump()["headers"] == {"X-Version": "1.10", "X-Account": "0o17"}
    found = project(
        {"flows/f.yaml": "flow: f\ninput: {v: {type: string, enum: [1.10, 1.20]}}\nsteps: {a: {run: at-risk}}\n"}
    )
    assert found.flows["f"].input["v"].enum == ("1.10", "1.20")


@pytest.mark.parametrize(
    ("version", "required", "fits"),
    [
        ("0.1.0", "", True),
        ("0.1.0", ">=0.1", True),
        ("0.1.0", "==0.1", True),
        ("0.10.0", ">0.9, <1", True),
        ("0.1.0", "<0.1", False),
        ("1.2.3", ">=1.2.4", False),
        ("1.0.dev1", ">=1.0", True),
    ],
)
def test_versions(version: str, required: str, fits: bool) -> None:
    assert meets(version, required) is fits


def test_windows_files_load_alike() -> None:
    assert project({name: text.replace("\n", "\r\n") for name, text in FILES.items()}).flows.keys() == {"at-risk"}


def test_what_is_sound_can_be_planned_beside_what_is_not() -> None:
    changes: dict[str, str | None] = {
        "connections/crm.yaml": "connection: crm\ntype: nothing\n",
        "flows/f.yaml": FLOW_HEAD + "  a: {call: mail.send}\n",
        "flows/g.yaml": "flow: g\nsteps: {a: {run: at-risk}}\n",
    }
    found = loaded(changes)
    assert found.project is None
    assert found.sound.flows.keys() == {"f"}, "at-risk reads the broken connection, and g runs at-risk"


def test_a_later_finding_is_placed_in_the_text_it_is_about() -> None:
    found = loaded()
    file = found.sources.file_of("flow", "at-risk")
    path = ("steps", "customers", "sql")
    flow = found.sound.flows["at-risk"]
    step = flow.steps["customers"]
    assert isinstance(step, SqlStep)
    problem = found.sources.problem("PM208", file, path, "x", offset=step.sql.index("u.account_id"), length=12)
    assert problem.place.excerpt[problem.place.column - 1 :].startswith("u.account_id")
    call = flow.steps["usage"]
    assert isinstance(call, CallStep)
    offset = call.with_["sql"].index("logins_30d")
    problem = found.sources.problem("PM208", file, ("steps", "usage", "with", "sql"), "x", offset=offset, length=10)
    assert problem.place.excerpt[problem.place.column - 1 :].startswith("logins_30d")


@pytest.mark.parametrize(
    ("path", "part", "where"),
    [
        (("text",), "r.text", "prompts/retention_email.md:9:26"),
        (("offline",), "customer.name", "prompts/retention_email.offline.md:4:9"),
    ],
)
def test_a_finding_in_a_prompt_points_into_the_right_file(path: tuple[str], part: str, where: str) -> None:
    found = loaded()
    prompt = found.sound.prompts["retention_email"]
    written = prompt.text if path == ("text",) else prompt.offline
    assert written is not None
    file = found.sources.file_of("prompt", "retention_email")
    assert str(found.sources.problem("PM213", file, path, "x", offset=written.index(part)).place) == where


WORDS = st.sampled_from(
    ["flow", "steps", "call", "sql", "with", "type", "connection", "crm", "auth", "each", "on_error", "x", "", "017", "1.10",
     "null", "true", "[]", "{}", "${{ a }}", "20s", "secret://env/X", "- a", "label", "input", "*a", "&a b", "\udcfe", "\t"]
)  # fmt: skip
VALUES = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FILES)), VALUES, st.sampled_from([None, "postgres"]))
def test_no_content_makes_the_loader_raise(file: str, content: Any, environment: str | None) -> None:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    found = loaded({file: text}, environment)
    assert all(problem.frame() and problem.sentence() for problem in found.problems)
    assert (found.project is None) == any(problem.severity == "error" for problem in found.problems)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.integers(0, 4000), st.integers(0, 60), st.text(max_size=8) | WORDS)
def test_no_slip_of_the_keyboard_makes_the_loader_raise(file: str, start: int, length: int, typed: str) -> None:
    text = FILES[file]
    found = loaded({file: text[:start] + typed + text[start + length :]})
    assert all(problem.frame() and problem.as_dict() for problem in found.problems)

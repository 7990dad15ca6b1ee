"""A folder becomes typed objects, or every mistake in it at its place."""

import json
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worked_example import CRM, FILES, FLOW, PROMPT

from pointsman.errors import Refused
from pointsman.folder import read_folder
from pointsman.spec import yaml
from pointsman.spec.connection import PostgresConnection, SalesforceConnection, SqliteConnection
from pointsman.spec.front_matter import read as read_prompt
from pointsman.spec.json_schema import schemas
from pointsman.spec.load import Loaded, load
from pointsman.spec.model import ChatModel
from pointsman.spec.node import value
from pointsman.spec.project import Project
from pointsman.spec.step import AskStep, CallStep, SqlStep
from pointsman.spec.text import source

ROOT = PurePath("acme")


def loaded(changes: Mapping[str, str | None] | None = None, environment: str | None = None) -> Loaded:
    """The worked example with some files changed, added, or (None) taken out."""
    files = {**FILES, **(changes or {})}
    return load({name: text for name, text in files.items() if text is not None}, ROOT, environment)


def project(changes: Mapping[str, str | None] | None = None, environment: str | None = None) -> Project:
    found = loaded(changes, environment)
    assert found.project is not None, [problem.sentence() for problem in found.problems]
    return found.project


def lines(found: Loaded) -> list[str]:
    """`PM012 flows/f.yaml:3:5 unknown key …`, one for each problem."""
    return [f"{problem.code} {problem.place} {problem.message}" for problem in found.problems]


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


FLOW_HEAD = "flow: f\nsteps:\n"
HTTP = "connection: erp\ntype: http\nurl: https://erp.example\n"

MISTAKES = {
    "unknown-key": (
        {"flows/f.yaml": FLOW_HEAD + "  a:\n    run: at-risk\n    concurency: 2\n"},
        ["PM012 flows/f.yaml:5:5 unknown key `concurency`"],
    ),
    "unknown-key-on-top": (
        {"connections/erp.yaml": HTTP + "time_out: 5s\n"},
        ["PM012 connections/erp.yaml:4:1 unknown key `time_out`"],
    ),
    "python-name-of-a-key": (
        {"flows/f.yaml": FLOW_HEAD + "  a: {run: at-risk, with_: {}}\n"},
        ["PM012 flows/f.yaml:3:21 unknown key `with_`"],
    ),
    "misspelt-required-key-said-once": (
        {"connections/erp.yaml": "connection: erp\ntype: sqlite\npaht: x.db\n"},
        ["PM012 connections/erp.yaml:3:1 unknown key `paht`"],
    ),
    "misspelt-type": (
        {"connections/erp.yaml": "connection: erp\ntyp: sqlite\npath: x.db\n"},
        ["PM012 connections/erp.yaml:2:1 unknown key `typ`"],
    ),
    "missing-key": (
        {"connections/erp.yaml": "connection: erp\ntype: sqlite\n"},
        ["PM011 connections/erp.yaml:1:1 `path` is missing"],
    ),
    "missing-key-inside": (
        {"flows/f.yaml": FLOW_HEAD + "  a:\n    score: churn\n"},
        ["PM011 flows/f.yaml:3:3 `rows` is missing"],
    ),
    "missing-type": (
        {"connections/erp.yaml": "connection: erp\npath: x.db\n"},
        ["PM011 connections/erp.yaml:1:1 `type` is missing"],
    ),
    "unknown-type": (
        {"connections/erp.yaml": "connection: erp\ntype: sqlight\n"},
        ["PM018 connections/erp.yaml:2:7 no connection type named 'sqlight'"],
    ),
    "text-for-a-number": (
        {"connections/erp.yaml": HTTP + "limits: {rows: '50'}\n"},
        ["PM010 connections/erp.yaml:4:16 `limits.rows` must be a whole number, got the text '50'"],
    ),
    "list-for-a-mapping": (
        {"connections/erp.yaml": HTTP + "limits: [rows]\n"},
        ["PM010 connections/erp.yaml:4:1 `limits` must be a mapping (`key: value`), got a list"],
    ),
    "list-for-a-file": (
        {"connections/erp.yaml": "- connection: erp\n"},
        ["PM010 connections/erp.yaml:1:1 the file must be a mapping (`key: value`), got a list"],
    ),
    "text-for-a-file": (
        {"project.yaml": "acme\n"},
        ["PM010 project.yaml:1:1 the file must be a mapping (`key: value`), got the text 'acme'"],
    ),
    "choice": (
        {"connections/erp.yaml": "connection: erp\ntype: postgres\ndatabase: d\nuser: u\nssl: requier\n"},
        ["PM013 connections/erp.yaml:5:6 `ssl` cannot be the text 'requier'"],
    ),
    "bound": (
        {"connections/erp.yaml": HTTP + "limits: {concurrent: 500}\n"},
        ["PM013 connections/erp.yaml:4:22 `limits.concurrent` must be at most 256, got the number 500"],
    ),
    "pattern": (
        {"connections/erp.yaml": "connection: erp\ntype: http\nurl: erp.example\n"},
        ["PM013 connections/erp.yaml:3:6 the text 'erp.example' is no address; one starts with https:// or http://"],
    ),
    "no-steps": ({"flows/f.yaml": "flow: f\nsteps: {}\n"}, ["PM013 flows/f.yaml:2:1 `steps` must not be empty"]),
    "quantity": (
        {"connections/erp.yaml": HTTP + "limits: {timeout: 20}\n"},
        ["PM014 connections/erp.yaml:4:19 `limits.timeout`: expected a duration such as 20s, got the number 20"],
    ),
    "label": (
        {"connections/erp.yaml": HTTP, "connections/erp.schema.yaml": "T:\n  c: {type: string, label: [secret, persnal.name]}\n"},
        ["PM016 connections/erp.schema.yaml:2:37 no label named 'persnal.name'"],
    ),
    "no-verb": ({"flows/f.yaml": FLOW_HEAD + "  a: {when: x}\n"}, ["PM017 flows/f.yaml:3:3 this step has no verb"]),
    "two-verbs": (
        {"flows/f.yaml": FLOW_HEAD + "  a:\n    run: at-risk\n    sql: SELECT 1\n"},
        ["PM017 flows/f.yaml:5:5 a step has one verb, this one has `run` and `sql`"],
    ),
    "misspelt-verb": ({"flows/f.yaml": FLOW_HEAD + "  a: {cal: x.y}\n"}, ["PM017 flows/f.yaml:3:7 this step has no verb"]),
    "step-name": (
        {"flows/f.yaml": FLOW_HEAD + "  a-b: {run: at-risk}\n"},
        ["PM013 flows/f.yaml:3:3 the text 'a-b' is no name here: small letters, digits and _, a letter first, at most 63"],
    ),
    "closest-arm-of-a-union": (
        {"connections/erp.yaml": HTTP + "auth: {user: u, pasword: secret://env/X}\n"},
        ["PM012 connections/erp.yaml:4:17 unknown key `pasword`"],
    ),
    "file-name": (
        {"connections/erp.yaml": "connection: crn\ntype: sqlite\npath: x.db\n"},
        ["PM030 connections/erp.yaml:1:13 the connection `crn` stands in a file of another name"],
    ),
    "two-of-a-name": (
        {"flows/at-risk.yaml": FLOW},
        ["PM032 flows/at_risk.yaml:1:7 there is a flow `at-risk` already"],
    ),
    "no-project": ({"project.yaml": None}, ["PM033 project.yaml there is no project.yaml in this folder"]),
    "yml": ({"flows/f.yml": "flow: f\n"}, ["PM034 flows/f.yml a project's files end in .yaml"]),
    "folder-misspelt": ({"flow/f.yaml": "flow: f\n"}, ["PM034 flow/f.yaml nothing reads the folder flow/"]),
    "folder-in-a-folder": ({"flows/a/f.yaml": "flow: f\n"}, ["PM034 flows/a/f.yaml flows/ has no folders"]),
    "policies": ({"policies/p.yaml": "x: y\n"}, ["PM034 policies/p.yaml Policies are not read by this version"]),
    "template-missing": (
        {"prompts/retention_email.offline.md": None},
        ["PM035 prompts/retention_email.md:6:11 no file prompts/retention_email.offline.md"],
    ),
    "model-file-missing": ({"models/churn.json": None}, ["PM035 models/churn.yaml:4:7 no file models/churn.json"]),
    "file-outside": (
        {"connections/erp.yaml": HTTP + "openapi: ../../etc/api.json\n"},
        ["PM035 connections/erp.yaml:4:10 ../../etc/api.json is outside the project's folder"],
    ),
    "schema-alone": (
        {"connections/cmr.schema.yaml": "T:\n  c: {type: string}\n"},
        ["PM036 connections/cmr.schema.yaml there is no connection `cmr` that this is the schema of"],
    ),
    "half-a-json": (
        {"models/churn.json": '{"features": [\n'},
        ["PM037 models/churn.json:2:1 this is no JSON: unexpected end of data"],
    ),
    "json-value": (
        {"models/churn.json": FILES["models/churn.json"].replace('"log1p"', '"log2"')},
        ["PM013 models/churn.json:2:16 `features.transform` cannot be the text 'log2'"],
    ),
    "no-openapi": (
        {"connections/erp.yaml": HTTP + "openapi: erp.json\n", "erp.json": '{"swagger": "2.0"}'},
        ["PM039 erp.json this is no OpenAPI 3 document: `openapi` must be a text such as 3.1.0, got nothing"],
    ),
    "prompt-not-closed": (
        {"prompts/p.md": "---\nprompt: p\nversion: 1\ntext\n"},
        ["PM009 prompts/p.md:1:1 the front matter is not closed"],
    ),
    "prompt-without-head": (
        {"prompts/p.md": "Dear {{ name }}\n"},
        ["PM009 prompts/p.md:1:1 no front matter, and no prompt names this file as its `template`"],
    ),
    "prompt-key": (
        {"prompts/p.md": "---\nprompt: p\nversion: 1\ntext: x\n---\nx"},
        ["PM012 prompts/p.md:4:1 unknown key `text`"],
    ),
    "tool-taken": (
        {"flows/f.yaml": "flow: f\ndoors: {mcp: {tool: at_risk_customers}}\nsteps: {a: {run: at-risk}}\n"},
        ["PM026 flows/f.yaml:2:21 the tool `at_risk_customers` is the flow `at-risk` already"],
    ),
    "phrase-taken": (
        {"flows/f.yaml": "flow: f\ndoors: {ask: [x, Who  may churn]}\nsteps: {a: {run: at-risk}}\n"},
        ["PM026 flows/f.yaml:2:18 this phrase leads to the flow `at-risk` already"],
    ),
    "reference": (
        {"connections/crm.schema.yaml": FILES["connections/crm.schema.yaml"].replace("references: Account", "references: Acount")},
        ["PM027 connections/crm.schema.yaml:9:63 no table `Acount` in this schema"],
    ),
    "no-module": (
        {"flows/f.yaml": FLOW_HEAD + "  a: {python: helper:tidy}\n", "helpers.py": "def tidy(): ...\n"},
        ["PM028 flows/f.yaml:3:15 no Python module `helper` in the project"],
    ),
    "no-function": (
        {"flows/f.yaml": FLOW_HEAD + "  a: {python: lib.helpers:tidi}\n", "lib/helpers.py": "async def tidy(): ...\n"},
        ["PM028 flows/f.yaml:3:27 `lib.helpers` has no function `tidi`"],
    ),
    "python-syntax": ({"helpers.py": "x = 1\ndef tidy(:\n"}, ["PM029 helpers.py:2:1 this is no Python: invalid syntax"]),
    "default": (
        {"flows/f.yaml": "flow: f\ninput: {n: {type: integer, default: many}}\nsteps: {a: {run: at-risk}}\n"},
        ["PM038 flows/f.yaml:2:37 the default does not fit"],
    ),
    "feature-without-input": (
        {"models/churn.yaml": FILES["models/churn.yaml"].replace("{recency_days: integer, ", "{")},
        ["PM043 models/churn.yaml:5:1 the model's file needs the column `recency_days`, which `inputs` does not name"],
    ),
    "overlay-of-nothing": (
        {"env/prod.yaml": "connections: {cmr: {url: https://x.example}}\n"},
        ["PM040 env/prod.yaml:1:15 no connection named `cmr` that this could change"],
    ),
    "overlay-section": (
        {"env/prod.yaml": "conections: {}\n"},
        ["PM012 env/prod.yaml:1:1 unknown key `conections`"],
    ),
    "overlay-renames": (
        {"env/prod.yaml": "flows: {at-risk: {flow: other}}\n"},
        ["PM042 env/prod.yaml:1:19 an overlay cannot rename things"],
    ),
}  # fmt: skip


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


def test_windows_files_load_alike() -> None:
    assert project({name: text.replace("\n", "\r\n") for name, text in FILES.items()}).flows.keys() == {"at-risk"}


def test_an_overlay_changes_only_what_it_names() -> None:
    changes: dict[str, str | None] = {
        "env/dev.yaml": "project: {description: dev}\nconnections: {crm: {limits: {rows: 10}}}\n"
        "flows: {at-risk: {doors: {schedule: null}}}\nprompts: {retention_email: {version: 3}}\n"
    }
    plain, dev = project(changes), project(changes, "dev")
    crm = dev.connections["crm"]
    assert isinstance(crm, SalesforceConnection)
    assert (crm.limits.rows, crm.limits.concurrent, crm.url) == (10, 8, "https://acme.my.salesforce.com")
    assert (plain.connections["crm"].limits.rows, plain.file.description, dev.file.description) == (50_000, "", "dev")
    assert plain.flows["at-risk"].doors.schedule is not None
    assert dev.flows["at-risk"].doors.schedule is None
    assert (plain.prompts["retention_email"].version, dev.prompts["retention_email"].version) == (2, 3)


def test_another_type_replaces_the_connection_but_not_its_schema() -> None:
    plain, overlaid = project(), project(environment="postgres")
    assert isinstance(plain.connections["analytics"], SqliteConnection)
    analytics = overlaid.connections["analytics"]
    assert isinstance(analytics, PostgresConnection)
    assert (analytics.connection, analytics.host, analytics.database) == ("analytics", "db.acme.example", "usage")
    assert overlaid.schemas == plain.schemas


@pytest.mark.parametrize(
    ("overlay", "line"),
    [
        (
            "connections:\n  crm:\n    limits: {rows: many}\n",
            "PM010 env/dev.yaml:3:20 `limits.rows` must be a whole number",
        ),
        ("connections:\n  crm:\n    ulr: x\n", "PM012 env/dev.yaml:3:5 unknown key `ulr`"),
        ("connections:\n  crm:\n    url: null\n", "PM011 connections/crm.yaml:1:1 `url` is missing"),
        (
            "flows:\n  at-risk:\n    steps: {usage: {on_error: fial}}\n",
            "PM013 env/dev.yaml:3:31 `usage.on_error` cannot be",
        ),
    ],
)
def test_a_mistake_in_an_overlay_points_into_it(overlay: str, line: str) -> None:
    found = lines(loaded({"env/dev.yaml": overlay}, "dev"))
    assert len(found) == 1 and found[0].startswith(line), found


def test_an_unknown_environment_is_named() -> None:
    found = loaded(environment="prod")
    assert lines(found) == ["PM041 env/prod.yaml no environment named `prod`"]
    assert found.project is None


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


def _kind(file: str) -> str | None:
    folder = file.partition("/")[0]
    if file.endswith(".schema.yaml"):
        return "schema"
    return {"connections": "connection", "flows": "flow", "env": "overlay", "project.yaml": "project"}.get(
        folder, "model" if file.startswith("models/") and file.endswith(".yaml") else None
    )


def _fits(kind: str, meant: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schemas()[kind]).is_valid(meant))


def test_json_schemas_are_schemas() -> None:
    for schema in schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)
        json.dumps(schema)


@pytest.mark.parametrize("file", [file for file in FILES if _kind(file)])
def test_json_schemas_accept_the_worked_example(file: str) -> None:
    tree, _ = yaml.read(source(file, FILES[file]))
    kind = _kind(file)
    assert kind is not None and tree is not None
    jsonschema.Draft202012Validator(schemas()[kind]).validate(value(tree))


def test_json_schemas_accept_the_prompts_head() -> None:
    tree, _, _ = read_prompt(source("p.md", PROMPT))
    assert tree is not None
    jsonschema.Draft202012Validator(schemas()["prompt"]).validate(value(tree))


ONLY_ACROSS_FILES = {"PM026", "PM027", "PM028", "PM030", "PM032", "PM035", "PM038", "PM040", "PM043"}
"""What one file alone does not show."""


@pytest.mark.parametrize("name", MISTAKES)
def test_json_schemas_refuse_the_same_mistakes(name: str) -> None:
    changes, expected = MISTAKES[name]
    code, file = expected[0].split()[0], expected[0].split()[1].partition(":")[0]
    text, kind = changes.get(file), _kind(file)
    if code in ONLY_ACROSS_FILES or text is None or kind is None:
        return
    tree, problems = yaml.read(source(file, text))
    if problems or code in ("PM034", "PM036"):
        return
    assert tree is not None
    assert not _fits(kind, value(tree))


@pytest.mark.parametrize(
    "overlay",
    [
        {"connections": {"crm": {"limits": {"rows": 5}}}},
        {"connections": {"crm": {"auth": {"user": "x"}}, "analytics": {"type": "postgres", "path": None}}},
        {"flows": {"at-risk": {"steps": {"usage": {"on_error": "fail"}}, "doors": {"schedule": None}}}},
        {"project": {"description": "dev"}, "models": {"churn": {"version": 4}}},
    ],
)
def test_the_overlays_schema_takes_parts(overlay: Any) -> None:
    jsonschema.Draft202012Validator(schemas()["overlay"]).validate(overlay)


@pytest.mark.parametrize(
    "overlay",
    [
        {"connections": {"crm": {"limits": {"rows": "many"}}}},
        {"connections": {"crm": {"ulr": "x"}}},
        {"flows": {"at-risk": {"flow": "other"}}},
        {"flow": {}},
    ],
)
def test_the_overlays_schema_refuses(overlay: Any) -> None:
    assert not _fits("overlay", overlay)


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

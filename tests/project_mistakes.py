"""Mistakes in project files: what is changed in the worked example, and what is said of it, once and at its place."""

from typing import Final

from tests.worked_example import FILES, FLOW

FLOW_HEAD = "flow: f\nsteps:\n"
HTTP = "connection: erp\ntype: http\nurl: https://erp.example\n"

MISTAKES: Final[dict[str, tuple[dict[str, str | None], list[str]]]] = {
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
    "regular-expression": (
        {"flows/f.yaml": "flow: f\ninput: {n: {type: string, pattern: '[', default: x}}\nsteps: {a: {run: at-risk}}\n"},
        ["PM013 flows/f.yaml:2:36 `n.pattern`: no regular expression: unclosed character class"],
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
    "default-inside": (
        {"flows/f.yaml": "flow: f\ninput: {o: {type: list, items: {type: object, fields: {q: {type: quarter, default: Q4}}}}}\nsteps: {a: {run: at-risk}}\n"},
        ["PM038 flows/f.yaml:2:84 the default does not fit: it must be a quarter such as 2026-Q4, got the text 'Q4'"],
    ),
    "default-of-a-result": (
        {"flows/f.yaml": FLOW_HEAD + "  a: {python: lib.helpers:tidy, returns: {type: integer, default: 1.5}}\n", "lib/helpers.py": "async def tidy(): ...\n"},
        ["PM038 flows/f.yaml:3:67 the default does not fit: it must be a whole number, got the number 1.5"],
    ),
    "feature-without-input": (
        {"models/churn.yaml": FILES["models/churn.yaml"].replace("{recency_days: integer, ", "{")},
        ["PM043 models/churn.yaml:5:1 the model's file needs the column `recency_days`, which `inputs` does not name"],
    ),
    "version": ({"project.yaml": "project: acme\nrequires: '>=0.1, <0.1'\n"}, ["PM044 project.yaml:2:11 the project requires"]),
    "version-form": ({"project.yaml": "project: acme\nrequires: latest\n"}, ["PM013 project.yaml:2:11"]),
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

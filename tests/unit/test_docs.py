"""The documentation names what is there: rows, tests, commands, pages, links, verbs, codes, routes."""

import re
import shlex
from itertools import chain
from pathlib import Path

import pytest
from tests.projects import running

from pointsman.doors.api.app import application
from pointsman.doors.api.openapi import PROBLEM
from pointsman.doors.backend import ConsoleBackend
from pointsman.doors.cli import talk
from pointsman.doors.cli.group import VERBS
from pointsman.doors.console import routes
from pointsman.errors import Broken, DeadlinePassed, Later, Refused
from pointsman.spec.codes import CODES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
ROWS = [
    *(f"I{number}" for number in range(1, 22)),
    *(f"A{number}" for number in range(1, 17)),
    *(f"R{number}" for number in range(1, 21)),
    "X1",
    "X2",
    "Runtime Fabric",
    "Anypoint",
    "Mule flows",
    "DataWeave",
    "Istio",
    "Kubernetes",
    "HPA / Prometheus",
    "OpenTelemetry",
    "NVIDIA GPU",
    "Triton, TF Serving, vLLM, KServe, Seldon Core, FastAPI",
    "PyTorch, Llama 2, Mistral-7B",
    "Qdrant",
    "Salesforce",
    "SAP",
    "Oracle",
    "External analytics DB, billing DB, payment service",
    "Datadog / Dynatrace",
    "Kong",
    "OpenAI, Azure OpenAI, AWS Bedrock",
    "LangChain / LlamaIndex",
    "SIEM",
    "ECR/GCR, Docker, CI/CD, MLOps registry",
    "GKE, AWS and Azure node pools",
    "Image model",
]
STATES = {"works", "partly", "not yet"}


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


STATUS = [
    cells(line)
    for line in read("docs/status.md").splitlines()
    if line.startswith("| ") and not line.startswith("| row ")
]


def test_every_row_has_its_state_once_and_in_order():
    assert [row[0] for row in STATUS] == ROWS


@pytest.mark.parametrize("row", STATUS, ids=lambda row: row[0])
def test_a_state_is_one_of_three_and_what_works_is_shown(row):
    *_, state, shown = row
    assert state in STATES
    assert state == "not yet" or "`" in shown or "](" in shown


def named(pattern: str) -> list[tuple[str, str]]:
    """What the pages name in backquotes, each with one page that names it."""
    found = {}
    for page in PAGES:
        for name in re.findall(pattern, page.read_text(encoding="utf-8")):
            found.setdefault(name, page.relative_to(ROOT).as_posix())
    return sorted(found.items())


@pytest.mark.parametrize(
    ("name", "page"), named(r"`((?:tests|scripts|benchmarks|src|requirements|frontend)/[\w./-]*\w)[^`]*`")
)
def test_every_file_that_is_named_is_there(name, page):
    assert (ROOT / name).exists(), page


@pytest.mark.parametrize(("command", "page"), named(r"`((?:time )?(?:\S*/)?(?:python|pointsman|make) [^`\n]+)`"))
def test_every_command_that_is_named_is_there(command, page):
    words = [word for word in shlex.split(command.replace("…", "")) if word not in ("time", "-m")]
    tool, what = Path(words[0]).name, words[1]
    if tool == "pointsman":
        assert what in VERBS or what.startswith(("-", "<")), page
    elif tool == "make":
        assert re.search(rf"^{what}:", read("Makefile"), re.MULTILINE), page
    else:
        file = what if what.endswith(".py") else what.replace(".", "/") + ".py"
        assert (ROOT / file).exists(), page


LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    for link in LINK.findall(re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = page if not path else (page.parent / path).resolve()
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """As GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("folder", ["reference", "why"])
def test_every_page_is_in_its_index(folder):
    linked = set(LINK.findall(read(f"docs/{folder}/README.md")))
    assert linked == {page.name for page in (DOCS / folder).glob("*.md")} - {"README.md"}


@pytest.mark.parametrize("page", sorted((DOCS / "why").glob("*.md")), ids=lambda page: page.name)
def test_a_reason_is_one_page(page):
    # Two are mostly printed tables, one gives the rules of two stores.
    most = {"churn-model.md": 120, "speed.md": 90, "journal.md": 80}.get(page.name, 60)
    assert len(page.read_text(encoding="utf-8").splitlines()) <= most


def test_the_readme_is_one_screen():
    text = read("README.md")
    assert len(text.split()) <= 500
    assert text[: text.index("make demo")].count("\n") < 30
    assert (DOCS / "answer.png").stat().st_size < 150_000


def test_every_verb_and_every_code_has_its_section():
    assert set(VERBS) <= anchors(DOCS / "reference/command-line.md")
    assert {code.lower() for code in CODES} <= anchors(DOCS / "reference/problems.md")


def test_every_option_says_what_it_does():
    for line in read("docs/reference/command-line.md").splitlines():
        if line.startswith("| `-"):
            assert cells(line)[-1], line


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Refused("no"), id="refused"),
        pytest.param(Refused("no", status=403), id="not permitted"),
        pytest.param(Later("busy"), id="later"),
        pytest.param(DeadlinePassed("slow"), id="deadline"),
        pytest.param(Broken("torn"), id="broken"),
    ],
)
def test_every_exit_code_is_in_the_reference(fault):
    assert f"\n| {talk.exit_code(fault)} | " in read("docs/reference/command-line.md")


FLOW = 'flow: it\nsteps:\n  a: {call: shop.query, with: {sql: "SELECT id FROM orders"}}\nreply: {a: {from: a}}\n'
HTTP = read("docs/reference/http.md")


def first_column(heading: str) -> set[str]:
    """The names in the first column of the first table below a heading."""
    lines = HTTP.split(f"{heading}\n", 1)[1].split("|---", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    return set(chain.from_iterable(re.findall(r"`([^`]+)`", cells(line)[0]) for line in lines))


async def test_the_http_page_has_every_route_and_no_other(tmp_path):
    async with running(tmp_path, FLOW) as pointsman:
        app = application(pointsman, routes(ConsoleBackend(pointsman)))
    paths = {re.sub(r":\w+}", "}", route.path) for route in app.routes}
    told = set(re.findall(r"`(?:GET |POST )?(/[\w{}./-]*)`", HTTP.split("## ")[0]))
    assert told == paths


async def test_the_http_page_has_every_key_of_an_answer_and_no_other(tmp_path):
    async with running(tmp_path, FLOW) as pointsman:
        answer = await pointsman.engine.start("it", {}, door="test").answered()
    assert first_column("## The answer envelope") == set(answer)


def test_the_http_page_has_every_key_of_a_problem():
    assert first_column("## Problems") >= set(PROBLEM["properties"])

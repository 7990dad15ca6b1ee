"""The sales template: a sound project, whose answer on the practice data is these customers and no others."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from benchmarks import demo_model
from tests import sales_by_hand

from pointsman.assemble import Pointsman, assemble
from pointsman.clock import SystemClock
from pointsman.connectors.sqlite import SqliteConnector
from pointsman.errors import Refused
from pointsman.folder import examine
from pointsman.language import offline, prompt
from pointsman.quantity import Quarter
from pointsman.sandbox import templates
from pointsman.sandbox.sales.crm import OBJECTS
from pointsman.sandbox.sales.prepare import prepare
from pointsman.sandbox.sales.serve import practice
from pointsman.sandbox.salesforce.objects import tables
from pointsman.spec.connection import SqliteConnection
from pointsman.spec.model import ChatModel

QUARTER = Quarter("2026-Q4")
ENTERPRISE_EMEA = {"segment": "Enterprise", "region": "EMEA", "quarter": "2026-Q4"}
AT_RISK = [
    ("001080WGYOMPGQ4A4P", "Pelagion Tools Ε.Π.Ε.", 0.984813),
    ("001080WGYO55PK0A4M", "Gökçay Döküm Ltd. Şti.", 0.810604),
    ("001080WGYMBCMO3A4P", "Grønnegård Fiskemaskiner AS", 0.53873),
    ("001080WGYTQYW0AA4X", "Valderroca Riegos S.A.", 0.535258),
    ("001080WGYR2G8KOA40", "Argyronisi Tools A.E.", 0.530929),
    ("001080WGYT5171NA4Q", "Brenwald Werkzeuge AG", 0.525506),
    ("001080WGYPUKUNEA45", "Żarnów Łożyska Sp. z o.o.", 0.518501),
    ("001080WGYPHF19TA4T", "Astrovouni Packaging Ε.Π.Ε.", 0.503484),
    ("001080WGYU8IN6EA4W", "Brzezina Odlewnia Sp. z o.o.", 0.422712),
    ("001080WGYMSWDU7A4P", "Kłodawka Odlewnia S.A.", 0.3016),
    ("001080WGYPQ6WUVA43", "Kranzfeld Anlagenbau KG", 0.294859),
    ("001080WGYRFM1Y9A4L", "Castelvero Ceramiche S.p.A.", 0.287546),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template's folder with the practice data of the quarter."""
    root = tmp_path_factory.mktemp("template") / "sales"
    templates.write("sales", root)
    prepare(root, QUARTER)
    return root


def _customers(project: Path, quarter: Quarter = QUARTER) -> list[dict[str, Any]]:
    return sales_by_hand.scored(project, segment="Enterprise", region="EMEA", as_of=quarter.start.isoformat())


def test_exactly_these_customers_are_at_risk(project: Path) -> None:
    rows = _customers(project)
    assert len(rows) == 48
    found = [(r["account_id"], r["name"], round(r["probability"], 6)) for r in rows if r["probability"] >= 0.25]
    assert found == AT_RISK


async def test_the_flow_finds_the_same_customers_with_a_letter_each(project: Path) -> None:
    async with practising(project) as pointsman:
        run = pointsman.engine.start("at-risk", ENTERPRISE_EMEA, door="test")
        answer = await run.answered()
    found = [(r["account_id"], r["name"], round(r["probability"], 6)) for r in answer["result"]["customers"]]
    assert found == AT_RISK
    assert [draft["key"] for draft in answer["result"]["drafts"]] == [account for account, _, _ in AT_RISK]
    assert {draft["source"] for draft in answer["result"]["drafts"]} == {"template"}
    assert answer["result"]["failed"] == []
    assert answer["degraded"] == []


async def test_every_customer_at_risk_has_a_reason_and_a_step_that_cites_it(project: Path) -> None:
    async with practising(project) as pointsman:
        run = pointsman.engine.start("at-risk", {**ENTERPRISE_EMEA, "segment": "SMB", "region": "APAC"}, door="test")
        customers = (await run.answered())["result"]["customers"]
    assert customers
    for customer in customers:
        raising = [reason["text"] for reason in customer["reasons"] if reason["contribution"] > 0]
        assert customer["next_step"]["because"] in raising
        assert customer["low"] < customer["probability"] < customer["high"]


@asynccontextmanager
async def practising(root: Path) -> AsyncIterator[Pointsman]:
    async with practice(root, QUARTER) as systems:
        examined = examine(root, overlay=systems.overlay)
        assert [problem.message for problem in examined.problems] == []
        pointsman = assemble(examined, root, environ={})
        try:
            yield pointsman
        finally:
            await pointsman.close()


@pytest.mark.parametrize("environment", [None, "postgres"])
def test_nothing_is_wrong_with_the_folder(project: Path, environment: str | None) -> None:
    examined = examine(project, environment)
    assert [problem.message for problem in examined.problems] == []
    assert set(examined.plans) == {"at-risk"}
    analytics = examined.project.connections["analytics"]
    assert analytics.type == ("postgres" if environment else "sqlite")


@pytest.mark.parametrize("connection", ["analytics", "billing"])
async def test_the_committed_schema_is_what_the_database_has(project: Path, connection: str) -> None:
    known = examine(project).project
    spec = known.connections[connection]
    assert isinstance(spec, SqliteConnection)
    connector = SqliteConnector(spec, project, SystemClock())
    found = await connector.describe()
    await connector.close()
    committed = known.schemas[connection].root
    assert {name: list(columns) for name, columns in committed.items()} == {n: list(c) for n, c in found.items()}
    for name, columns in committed.items():
        for column, said in columns.items():
            live = found[name][column]
            assert (said.type, said.nullable) == (live.type, live.nullable), f"{name}.{column}"


def test_the_committed_schema_is_what_the_practice_crm_has(project: Path) -> None:
    committed = examine(project).project.schemas["crm"].root
    live = tables(OBJECTS)
    assert {name: set(columns) for name, columns in committed.items()} == {n: set(c) for n, c in live.items()}
    for name, columns in committed.items():
        for column, said in columns.items():
            found = live[name][column]
            said_so = (said.type, said.nullable, said.references)
            assert said_so == (found.shape.kind, found.shape.nullable, found.references), f"{name}.{column}"


def _letters(project: Path) -> Iterator[tuple[dict[str, Any], list[str], dict[str, str]]]:
    """The offline letter to every customer, for each reason alone and for all at once."""
    asked = examine(project).project.prompts["retention_email"]
    text = offline.read(asked.offline or "", asked.output)
    features = [feature["name"] for feature in json.loads((project / "models/churn.json").read_text())["features"]]
    for row in _customers(project):
        customer = {**row, "contact": "Ana Ruiz", "renewal": "2027-01-09"}
        for raising in [*([feature] for feature in features), features]:
            reasons = [{"feature": f, "contribution": 1.0 if f in raising else -1.0, "text": f} for f in features]
            yield customer, raising, text.render({"customer": customer, "reasons": reasons, "quarter": QUARTER})


def test_letters_fit_and_speak_of_nothing_that_is_ours(project: Path) -> None:
    for customer, raising, letter in _letters(project):
        where = f"{customer['name']}, {raising}"
        assert 10 < len(letter["subject"]) <= 120 and "\n" not in letter["subject"], where
        assert 200 < len(letter["body"]) <= 2000, where
        assert letter["body"].startswith("Hello Ana Ruiz,\n\n"), where
        assert "\n\n\n" not in letter["body"], where
        for word in ("churn", "risk", "probab", "score", "model", "None", "{", "discount"):
            assert word not in letter["body"] + letter["subject"], f"{where}: {word}"


def test_letters_say_only_what_the_rows_say(project: Path) -> None:
    for customer, raising, letter in _letters(project):
        body = letter["body"]
        assert ("past its due date" in body) == ("overdue_days" in raising and customer["overdue_days"] > 0)
        assert ("ordering portal" in body) == ("usage_trend" in raising and customer["usage_trend"] < 0)
        assert ("came back" in body) == ("returns_share" in raising)
        if "orders with us" in body:
            assert customer["orders_90d"] < customer["orders_prev_90d"]
        if "Your last order" in body:
            assert customer["orders_90d"] == 0


def test_a_customer_without_a_contact_and_renewal_gets_a_letter_too(project: Path) -> None:
    asked = examine(project).project.prompts["retention_email"]
    customer = {**_customers(project)[0], "contact": None, "renewal": None}
    text = offline.read(asked.offline or "", asked.output)
    body = text.render({"customer": customer, "reasons": [], "quarter": QUARTER})["body"]
    assert body.startswith("Hello,\n\n")
    assert "renewal" not in body


def test_the_model_file_is_what_the_script_fits() -> None:
    shipped, fitted = json.loads(demo_model.FILE.read_text(encoding="utf-8")), demo_model.made()
    assert _texts(shipped) == _texts(fitted)
    assert _numbers(shipped) == pytest.approx(_numbers(fitted), rel=1e-6)


def _texts(part: Any) -> list[str]:
    return [leaf for leaf in _leaves(part) if isinstance(leaf, str)]


def _numbers(part: Any) -> list[float]:
    return [leaf for leaf in _leaves(part) if not isinstance(leaf, str)]


def _leaves(part: Any) -> Iterator[str | float]:
    if isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _leaves(inner)
    else:
        yield part


@pytest.mark.parametrize("quarter", ["2026-Q4", "2027-Q1", "2027-Q2", "2027-Q3"])
def test_probabilities_are_calibrated_in_any_quarter(quarter: str) -> None:
    file = json.loads(demo_model.FILE.read_text(encoding="utf-8"))
    found = demo_model.scores(file, demo_model.closed(demo_model.world(Quarter(quarter))))
    assert found.p.mean() == pytest.approx(found.y.mean(), abs=0.01)
    high = found.p >= 0.25
    assert found.p[high].mean() == pytest.approx(found.y[high].mean(), abs=0.05)


def test_the_endpoints_in_the_comments_work_when_uncommented(tmp_path: Path) -> None:
    templates.write("sales", tmp_path)
    path = tmp_path / "models/writer.yaml"
    head, _, shown = path.read_text().partition("# endpoints:\n")
    path.write_text(head + "endpoints:\n" + "".join(line.removeprefix("# ") for line in shown.splitlines(True)))
    examined = examine(tmp_path)
    assert [problem.message for problem in examined.problems] == []
    writer = examined.project.models["writer"]
    assert isinstance(writer, ChatModel)
    assert [(place.name, place.zone) for place in writer.endpoints] == [("local", "inside"), ("gpt", "outside")]


def test_the_prompt_asks_with_the_facts_and_only_those_that_raise_the_risk(project: Path) -> None:
    asked = examine(project).project.prompts["retention_email"]
    reasons = [
        {"feature": "overdue_days", "text": "an invoice is 12 days past its due date", "contribution": 1.2},
        {"feature": "recency_days", "text": "last order 3 days ago", "contribution": -0.7},
    ]
    customer = {"name": "Żarnów Łożyska", "contact": None, "renewal": "2027-01-09"}
    text = prompt.read(asked.text).render({"customer": customer, "reasons": reasons, "quarter": QUARTER})
    assert "the purchasing team at Żarnów Łożyska" in text
    assert "- an invoice is 12 days past its due date\n- Their contract renews on 2027-01-09.\n" in text
    assert "last order 3 days ago" not in text


def test_a_template_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/at_risk.yaml").write_text("mine")
    with pytest.raises(Refused, match=r"at_risk\.yaml is there already"):
        templates.write("sales", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["flows"]
    assert (tmp_path / "flows/at_risk.yaml").read_text() == "mine"


def test_an_unknown_template_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no template named 'sale'.*Did you mean `sales`"):
        templates.write("sale", tmp_path)


def test_a_template_keeps_its_state_out_of_git(tmp_path: Path) -> None:
    written = templates.write("sales", tmp_path / "new")
    assert (tmp_path / "new/.gitignore").read_text().splitlines()[-1] == ".pointsman/"
    assert tmp_path / "new/flows/at_risk.yaml" in written

"""A console backend in memory, with invented runs for every state that a page can be in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.waiting_items import Waiting

from pointsman.doors.console import Evidence, FlowCard
from pointsman.errors import Broken, Refused
from pointsman.journal.record import Attempt, RunRecord, StepRecord
from pointsman.shape import Value
from pointsman.spec.field import Field

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
QUESTION = (
    "Show me which enterprise customers in EMEA are at risk of churn this quarter "
    "and draft a personalized retention email for each."
)
FORMS = [
    "Which enterprise customers in EMEA are at risk of churn this quarter?",
    "Which SMB customers in AMER may churn next quarter?",
    "Draft a retention email for mid-market customers at risk in APAC",
]
AT_RISK = FlowCard(
    "at-risk",
    1,
    "Customers at risk of churn, with a drafted email each",
    FORMS,
    {
        "segment": Field(type="string", enum=("Enterprise", "Mid-market", "SMB")),
        "region": Field(type="string", enum=("EMEA", "AMER", "APAC")),
        "quarter": Field(type="quarter"),
        "at_least": Field(type="number", default=0.25),
        "limit": Field(type="integer", default=50),
    },
)
SEARCH = FlowCard("product-search", 2, "Products by what they are for", (), {"text": Field(type="string")})
INPUT = {"segment": "Enterprise", "region": "EMEA", "quarter": "2026-Q4", "at_least": 0.25, "limit": 50}

_NAMES = (
    "Nordwind Logistik", "Halvorsen Marine", "Atelier Brunel", "Cobalt & Sons", "Vesper Instruments", "Kestrel Foods",
    "Lindqvist Papper", "Ostrava Castings", "Pemberton Rail", "Quintana Textiles", "Rosewater Labs", "Tamarind Travel",
)  # fmt: skip
_PROBABILITIES = (0.71, 0.64, 0.58, 0.52, 0.47, 0.44, 0.39, 0.36, 0.34, 0.31, 0.28, 0.26)


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


def customer(index: int, **changed: Any) -> dict[str, Any]:
    probability = _PROBABILITIES[index % 12]
    overdue, orders = 41 - 3 * index, 2 + index
    return {
        "account_id": f"001EM{index:04d}",
        "name": _NAMES[index % 12],
        "renewal": f"2026-12-{5 + index % 24:02d}",
        "arr": 412_000 - 23_500 * (index % 12),
        "probability": probability,
        "low": round(probability - 0.11, 3),
        "high": round(probability + 0.12, 3),
        "base_rate": 0.08,
        "reasons": [
            reason("orders_90d", f"Orders fell to {orders} in 90 days", 1.12 - index * 0.05, orders, 14),
            reason("overdue_days", f"An invoice is {overdue} days overdue", 0.64, overdue, 3),
            reason("usage_trend", "Logins fell by 46 %", 0.41, -0.46, 0.02),
            reason("sentiment", "The tone of its tickets is friendly", -0.33, 0.4, 0.1),
            reason("returns_share", "Few goods are sent back", -0.12, 0.01, 0.04),
        ],
        "next_step": {
            "text": "Call about the overdue invoice",
            "because": f"an invoice is {overdue} days overdue",
            "feature": "overdue_days",
            "accept": "Plan the call",
            "reject": "Not now",
        },
        **changed,
    }


def since(customers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    changes = (0.06, -0.03, 0.0, None, 0.11)
    by_key = {row["account_id"]: changes[index % 5] for index, row in enumerate(customers)}
    return {"run": "before", "at": ago(days=7), "changes": by_key}


def reason(feature: str, text: str, contribution: float, value: float, typical: float) -> dict[str, Any]:
    return {"feature": feature, "text": text, "contribution": contribution, "value": value, "typical": typical}


def draft(row: Mapping[str, Any], source: str = "template") -> dict[str, Any]:
    body = (
        f"Dear Ms Okafor,\n\nyour agreement with us renews on {row['renewal']}, and I noticed that "
        f"{row['name']} has ordered less than usual since September. I would like to understand why, and whether "
        "something on our side got in the way.\n\nWould a call of twenty minutes next week suit you?\n\n"
        "Kind regards\nAna Ruiz"
    )
    value = {"subject": f"Your renewal in December, {row['name']}", "body": body}
    return {"key": row["account_id"], "item": dict(row), "value": value, "source": source}


def source(connection: str, step: str, rows: int, age: timedelta | None, note: str | None = None) -> dict[str, Any]:
    as_of = (NOW - age).isoformat() if age is not None else None
    missing = age is None
    return {
        "connection": connection,
        "step": step,
        "as_of": as_of,
        "rows": rows,
        "missing": missing,
        "notes": [note] if note else [],
    }


SOURCES = [
    source("crm", "accounts", 48, timedelta(minutes=2)),
    source("crm", "contacts", 48, timedelta(minutes=2)),
    source("analytics", "usage", 46, timedelta(minutes=35)),
    source("billing", "billing", 48, timedelta(hours=3)),
]
CHURN = {
    "model": "churn", "version": 3, "endpoint": None, "source": "classic",
    "trained_on": "14 quarters of this project's own accounts", "measured": {"AUC": 0.78, "ECE": 0.03},
}  # fmt: skip
WRITER = {
    "model": "writer", "version": "2", "endpoint": None, "source": "template",
    "detail": "no language model is configured", "calls": 12,
}  # fmt: skip


def reading() -> dict[str, Any]:
    chips = [
        {"field": "segment", "value": "Enterprise", "words": "enterprise"},
        {"field": "region", "value": "EMEA", "words": "EMEA"},
        {"field": "quarter", "value": "2026-Q4", "words": "this quarter"},
    ]
    return {"question": QUESTION, "input": INPUT, "chips": chips, "defaults": {"at_least": 0.25, "limit": 50}}


def envelope(run: str, **changed: Any) -> dict[str, Any]:
    customers = [customer(index) for index in range(12)]
    return {
        "run": run,
        "flow": "at-risk",
        "version": 1,
        "title": AT_RISK.title,
        "reading": reading(),
        "result": {"customers": customers, "drafts": [draft(row) for row in customers], "failed": []},
        "sources": SOURCES,
        "models": [CHURN, WRITER],
        "degraded": ["No language model is configured: drafts are written from a template"],
        "approvals": [{"step": "approval", "by": "role:sales-manager", "within": "3d", "waiting": 12}],
        "since": since(customers),
        "cost": {"input_tokens": 0, "output_tokens": 0, "dollars": 0.0},
        **changed,
    }


def step(name: str, verb: str, target: str, start: float, took: float | None, **changed: Any) -> StepRecord:
    """`start` and `took` in seconds from two minutes before NOW."""
    started = ago(minutes=2) + timedelta(seconds=start)
    ended = started + timedelta(seconds=took) if took is not None else None
    attempts = changed.pop("attempts", None) or [Attempt(started, ended)]
    status = changed.pop("status", "done" if ended else "running")
    return StepRecord(name, verb, target, status=status, started=started, ended=ended, attempts=attempts, **changed)


JOIN = "SELECT a.Id AS account_id, a.Name AS name, b.arr FROM accounts a JOIN billing b ON b.account_id = a.Id"


def steps() -> dict[str, StepRecord]:
    start = ago(minutes=2)
    tries = [
        Attempt(start, start + timedelta(seconds=0.3), "analytics: the connection was closed after 300 ms"),
        Attempt(start + timedelta(seconds=0.5), start + timedelta(seconds=0.62)),
    ]
    found = [
        step("accounts", "call", "crm.query", 0.0, 0.41, rows=48),
        step("contacts", "call", "crm.query", 0.0, 0.38, rows=48),
        step("usage", "call", "analytics.query", 0.0, 0.62, rows=46, attempts=tries),
        step("billing", "call", "billing.query", 0.0, 0.09, rows=48),
        step("customers", "sql", JOIN, 0.62, 0.02, rows=48, needs=("accounts", "contacts", "usage", "billing")),
        step("scored", "score", "churn", 0.64, 0.03, rows=48, needs=("customers",)),
        step("at_risk", "sql", "", 0.67, 0.01, rows=12, needs=("scored",)),
        step("drafts", "ask", "writer", 0.68, 0.55, rows=12, needs=("at_risk",)),
        step(
            "approval", "approve", "drafts", 1.23, None, status="waiting", reason="12 drafts wait for a sales manager"
        ),
        StepRecord("send", "call", "mail.send", ("approval",), reason="starts as each draft is approved"),
    ]
    return {part.name: part for part in found}


def run(run_id: str, **changed: Any) -> RunRecord:
    start = ago(minutes=2)
    values: dict[str, Any] = {
        "id": run_id, "flow": "at-risk", "version": 1, "door": "ask", "principal": "ana.ruiz", "input": INPUT,
        "started": start, "steps": steps(), "status": "waiting", "reading": reading(),
        "replied": start + timedelta(seconds=1.24), "answer": envelope(run_id), **changed,
    }  # fmt: skip
    return RunRecord(**values)


def partial() -> RunRecord:
    sources = [
        *SOURCES[:2],
        source("analytics", "usage", 0, None, "did not answer within 20 s"),
        source("billing", "billing", 48, timedelta(hours=14)),
    ]
    degraded = ["analytics is missing: usage trends count as unchanged", "billing data is from last night's load"]
    customers = [customer(index) for index in range(3)]
    result = {
        "customers": customers,
        "drafts": [draft(row, "llm:gpt-5-mini") for row in customers[:2]],
        "failed": [{"key": "001EM0002", "error": "writer: the reply did not fit the prompt's output after one repair"}],
    }
    answer = envelope("partial", sources=sources, degraded=degraded, result=result, models=[CHURN], approvals=[])
    return run("partial", answer=answer)


def failed() -> RunRecord:
    broken = steps()
    for name in ("customers", "scored", "at_risk", "drafts", "approval", "send"):
        broken[name] = StepRecord(name, broken[name].verb, broken[name].target, status="cancelled")
    sentence = "billing: password authentication failed for user 'reader'. Correct secret://env/BILLING_PASSWORD."
    broken["billing"] = step("billing", "call", "billing.query", 0.0, 0.2, status="failed", reason=sentence)
    return run("failed", status="failed", error=sentence, steps=broken, answer=None, replied=None, ended=NOW)


def finished() -> RunRecord:
    """Approved two days later, so that its waterfall has idle time to fold."""
    done = steps()
    shift = timedelta(days=2, hours=3)
    for part in done.values():
        if part.started:
            part.started -= shift
            part.ended = part.ended - shift if part.ended else None
            part.attempts = [
                Attempt(a.started - shift, a.ended - shift if a.ended else None, a.error) for a in part.attempts
            ]
    sent = NOW - timedelta(hours=1)
    approval = done["approval"]
    approval.status, approval.ended, approval.reason, approval.rows = "done", sent, "approved by ana.ruiz", 12
    done["send"] = StepRecord(
        "send", "call", "mail.send", ("approval",), "done", "", sent, sent + timedelta(seconds=0.8), rows=12
    )
    started = ago(minutes=2) - shift
    done["drafts"].input_tokens, done["drafts"].output_tokens, done["drafts"].dollars = 9_840, 3_120, 0.0087
    return run(
        "finished",
        status="done",
        started=started,
        replied=started + timedelta(seconds=1.2),
        ended=sent + timedelta(seconds=0.8),
        steps=done,
    )


def empty() -> RunRecord:
    result: dict[str, Any] = {"customers": [], "drafts": [], "failed": []}
    return run("empty", status="done", ended=NOW, answer=envelope("empty", result=result, approvals=[]))


def running() -> RunRecord:
    now = {name: part for name, part in steps().items() if name in ("accounts", "contacts")}
    now["billing"] = step("billing", "call", "billing.query", 0.0, None)
    return run("running", status="running", answer=None, replied=None, steps=now)


def products() -> RunRecord:
    """A flow that has nothing to do with scores: the console shows its reply all the same."""
    found = [
        {
            "sku": f"KB-{index:03d}",
            "product": ("Trail lamp", "Camp stove", "Storm jacket")[index % 3],
            "price": 19.9 + index,
            "match_share": round(0.93 - 0.004 * index, 3),
            "in_stock": index % 4 != 0,
            "added": "2026-03-14",
            "checked_at": ago(minutes=5 * index + 1).isoformat(),
            "tags": ["outdoor", "winter"],
            "text": "Made for long nights and bad weather, and easy to mend. " * (1 + index % 3),
        }
        for index in range(120)
    ]
    answer = {
        "run": "products",
        "flow": "product-search",
        "version": 2,
        "title": SEARCH.title,
        "reading": None,
        "result": {"products": found, "spent_ms": 34, "asked": {"text": "warm and light", "by": ["meaning", "words"]}},
        "sources": [source("shop", "search", 120, timedelta(seconds=4))],
    }
    done = {"search": step("search", "retrieve", "shop", 0.0, 0.034, rows=120)}
    given = {"text": "warm and light"}
    return run(
        "products", flow="product-search", version=2, door="http", status="done", reading=None, answer=answer,
        input=given, steps=done, ended=ago(minutes=2) + timedelta(seconds=0.04),
    )  # fmt: skip


def hostile(texts: Sequence[str]) -> RunRecord:
    """Every text that a page shows is one of these."""
    rows = []
    for index, text in enumerate(texts):
        row = customer(index % 12, account_id=f"k{index}", name=text or "-")
        row["reasons"] = [reason("orders_90d", text, 0.5, 1, 2), {**reason("f", text, -0.2, 1, 2), "value": text}]
        row["next_step"] = {"text": text, "because": text, "feature": "orders_90d"}
        row["remark"] = text
        rows.append(row)
    drafts = [{"key": row["account_id"], "value": {"subject": row["remark"], "body": row["remark"]}} for row in rows]
    some = texts[: len(texts) // 4]
    answer = envelope(
        "hostile", result={"customers": rows, "drafts": drafts, "listed": [{"text": text} for text in some]},
        degraded=list(some), title=texts[-1],
    )  # fmt: skip
    return run("hostile", answer=answer)


@dataclass
class InMemory(Waiting):
    """What the console's Backend protocol asks for, over a list of runs."""

    records: list[RunRecord] = field(default_factory=list)
    notice: str | None = "Demo data: every company and person here is invented."

    def now(self) -> datetime:
        return NOW

    def flows(self) -> Sequence[FlowCard]:
        return [AT_RISK, SEARCH]

    async def ask(self, question: str) -> RunRecord:
        if "enterprise" in question.lower():
            return self.records[0]
        refusal = Refused("This cannot be read without a language model.", way_out="Ask it in one of the known forms.")
        refusal.nearest = FORMS[:2]  # type: ignore[attr-defined]
        raise refusal

    async def start(self, flow: str, values: Mapping[str, Value]) -> RunRecord:
        if "quarter" in values and "Q" not in str(values["quarter"]):
            raise Refused(f"quarter: a quarter is written like 2026-Q4; got {values['quarter']!r}.")
        return next(record for record in self.records if record.flow == flow)

    async def runs(
        self, limit: int, *, before: str | None = None, flow: str | None = None, status: str | None = None
    ) -> Sequence[RunRecord]:
        found = [
            record
            for record in self.records
            if (flow is None or record.flow == flow) and (status is None or record.status == status)
        ]
        if before:
            place = next((index for index, record in enumerate(found) if record.id == before), -1)
            found = found[place + 1 :]
        return found[:limit]

    async def run(self, run_id: str) -> RunRecord | None:
        if run_id == "broken":
            raise Broken("The journal cannot be opened.", where=".pointsman/journal.db", way_out="Free its disk.")
        return next((record for record in self.records if record.id == run_id), None)

    async def evidence(self, run_id: str, key: str, feature: str) -> Sequence[Evidence]:
        if feature != "overdue_days":
            return []
        rows = [
            {"account_id": key, "invoice": "INV-20871", "due": "2026-10-10", "amount": 18_400.0, "paid": False},
            {"account_id": key, "invoice": "INV-21034", "due": "2026-11-02", "amount": 6_150.5, "paid": False},
        ]
        query = "SELECT account_id, invoice, due, amount, paid FROM invoices WHERE account_id = :account_id"
        return [Evidence("billing", "billing", query, list(rows[0]), rows, ago(hours=3))]


def backend() -> InMemory:
    return InMemory([run("full"), partial(), running(), failed(), empty(), products(), finished()])

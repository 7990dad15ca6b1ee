"""The project of the design's worked example as texts, with what loads of it today (no routes, no rollouts yet)."""

from collections.abc import Mapping
from pathlib import PurePath

from pointsman.spec.load import Loaded, load
from pointsman.spec.project import Project

PROJECT = "project: acme\nrequires: '>=0.1'\n"

CRM = """\
connection: crm
type: salesforce
url: https://acme.my.salesforce.com
auth: {flow: jwt_bearer, client_id: secret://env/SF_CLIENT, key: secret://file/sf.pem, user: integration@acme.com}
limits: {concurrent: 8, rows: 50000, timeout: 20s}
"""

CRM_SCHEMA = """\
Account:
  Id:           {type: string, label: identifier}
  Name:         {type: string, label: personal.organisation}
  Segment__c:   {type: string}
  Region__c:    {type: string}
  Renewal_Date__c: {type: date}
  Case_Sentiment__c: {type: number}
Contact:
  AccountId:    {type: string, label: identifier, references: Account}
  Name:         {type: string, label: personal.name}
  Email:        {type: string, label: personal.email}
  Is_Primary__c: {type: boolean}
Case:
  Description:  {type: string, label: untrusted}
"""

ANALYTICS = "connection: analytics\ntype: sqlite\npath: usage.db\n"
ANALYTICS_SCHEMA = """\
usage:
  account_id: {type: string, label: identifier}
  region: {type: string}
  logins_30d: {type: integer}
  logins_prev_30d: {type: integer}
"""
BILLING = "connection: billing\ntype: sqlite\npath: billing.db\n"
BILLING_SCHEMA = """\
contracts:
  account_id: {type: string, label: identifier}
  region: {type: string}
  as_of: {type: date}
  arr: {type: number, label: confidential}
  overdue_days: {type: integer}
  recency_days: {type: integer}
  orders_90d: {type: integer}
  orders_prev_90d: {type: integer}
  returns_share: {type: number}
"""
MAIL = "connection: mail\ntype: smtp\nhost: 127.0.0.1\nport: 1025\nsecurity: none\nsender: sales@acme.example\n"

WRITER = """\
model: writer
task: chat
endpoints:
  - {name: local, url: http://127.0.0.1:11434/v1, wire: openai, upstream: llama3.2, zone: inside}
  - {name: gpt,   url: https://api.openai.com/v1, wire: openai, upstream: gpt-5-mini, zone: outside, region: us,
     key: secret://env/OPENAI_API_KEY, price: {input: $0.25/1M, output: $2/1M}}
"""

CHURN = """\
model: churn
task: classify
version: 3
file: churn.json             # coefficients, scaling, calibration; scored as one SQL expression
inputs: {recency_days: integer, orders_90d: integer, orders_prev_90d: integer, returns_share: number, usage_trend: number, overdue_days: integer}
outputs: {probability: number, low: number, high: number, base_rate: number, reasons: list}
"""

CHURN_FILE = """\
{"features": [{"name": "recency_days", "label": "days since the last order", "mean": 3.0, "scale": 1.0, "coef": 0.8,
  "transform": "log1p", "unit": "day", "raises": "the last order was {value} ago", "lowers": "ordered {value} ago"}],
 "intercept": -1.2, "uncertainty": {"level": 0.9, "covariance": [[0.01, 0.0], [0.0, 0.02]]}, "base_rate": 0.23,
 "trained_on": {"source": "invented", "from": "2024-01-01", "to": "2025-12-31", "rows": 900, "positives": 210}}
"""

PROMPT = """\
---
prompt: retention_email
version: 2
input: {customer: object, reasons: list, quarter: string}
output: {subject: {type: string, max: 120}, body: {type: string, max: 2000}}
template: retention_email.offline.md      # what is used, and labelled, when no language model is configured
---
Write a short, personal retention email to {{ customer.name }}.
{% for r in reasons %}{{ r.text }} {% endfor %}
"""
OFFLINE = "# subject\nYour account\n# body\nDear {{ customer.name }}\n"

FLOW = """\
flow: at-risk
version: 1
title: Customers at risk of churn, with a drafted email each
input:
  segment:  {type: string, enum: [Enterprise, Mid-market, SMB]}
  region:   {type: string, enum: [EMEA, AMER, APAC]}
  quarter:  {type: quarter}                     # 2026-Q4; "this quarter" in words
  at_least: {type: number, default: 0.25, minimum: 0, maximum: 1}
  limit:    {type: integer, default: 50, maximum: 500}
durable: true
doors:
  http: {scopes: [sales.read]}                  # POST /flows/at-risk (and /flows/at-risk/v1)
  mcp:  {tool: at_risk_customers}
  ask:  ["customers at risk", "who may churn", "retention email"]
  schedule: {cron: "0 6 * * MON", timezone: Europe/Paris, input: {segment: Enterprise, region: EMEA, quarter: this}}
steps:
  accounts:
    call: crm.query
    with:
      soql: SELECT Id, Name, Renewal_Date__c, Case_Sentiment__c FROM Account WHERE Segment__c = :segment AND Region__c = :region
      params: {segment: "${{ input.segment }}", region: "${{ input.region }}"}
  contacts:
    call: crm.query
    with:
      soql: SELECT AccountId, Name, Email FROM Contact WHERE Is_Primary__c = true AND Account.Segment__c = :segment AND Account.Region__c = :region
      params: {segment: "${{ input.segment }}", region: "${{ input.region }}"}
  usage:
    call: analytics.query
    with: {sql: "SELECT account_id, logins_30d, logins_prev_30d FROM usage WHERE region = :region", params: {region: "${{ input.region }}"}}
    on_error: empty                             # goes on with no rows; the answer says what is missing
  billing:
    call: billing.query
    with:
      sql: SELECT account_id, arr, overdue_days, recency_days, orders_90d, orders_prev_90d, returns_share FROM contracts WHERE region = :region AND as_of = :start
      params: {region: "${{ input.region }}", start: "${{ input.quarter.start }}"}
  customers:
    sql: |
      SELECT a.Id AS account_id, a.Name AS name, c.Name AS contact, c.Email AS email, a.Renewal_Date__c AS renewal,
             a.Case_Sentiment__c AS sentiment, b.arr, b.overdue_days, b.recency_days, b.orders_90d, b.orders_prev_90d, b.returns_share,
             coalesce(u.logins_30d / nullif(u.logins_prev_30d, 0) - 1, 0) AS usage_trend
      FROM accounts a JOIN billing b ON b.account_id = a.Id
           LEFT JOIN contacts c ON c.AccountId = a.Id LEFT JOIN usage u ON u.account_id = a.Id
  scored:
    score: churn
    rows: customers
  at_risk:
    sql: SELECT * FROM scored WHERE probability >= $at_least ORDER BY probability DESC, arr DESC LIMIT $limit
    with: {at_least: "${{ input.at_least }}", limit: "${{ input.limit }}"}
  drafts:
    each: at_risk
    as: customer
    key: ${{ customer.account_id }}
    concurrency: 8
    ask: writer
    prompt: retention_email
    with: {customer: "${{ customer }}", reasons: "${{ customer.reasons }}", quarter: "${{ input.quarter }}"}
    on_error: collect
  approval:
    approve: drafts
    by: role:sales-manager                      # the asker may approve own drafts unless the policy says four eyes
    within: 3d
    otherwise: reject
  send:
    each: approval.approved                     # starts for each item as it is approved
    as: draft
    key: ${{ draft.key }}
    call: mail.send
    with: {to: "${{ draft.item.email }}", subject: "${{ draft.value.subject }}", body: "${{ draft.value.body }}"}
reply:                                          # sent as soon as what it reads exists: before the approval
  customers: {from: at_risk, columns: [account_id, name, renewal, arr, probability, low, high, base_rate, reasons]}
  drafts:    {from: drafts.ok}
  failed:    {from: drafts.failed}
"""

POSTGRES = """\
connections:
  analytics:
    type: postgres
    host: db.acme.example
    database: usage
    user: reader
    password: secret://env/USAGE_PASSWORD
"""

FILES = {
    "project.yaml": PROJECT,
    "connections/crm.yaml": CRM,
    "connections/crm.schema.yaml": CRM_SCHEMA,
    "connections/analytics.yaml": ANALYTICS,
    "connections/analytics.schema.yaml": ANALYTICS_SCHEMA,
    "connections/billing.yaml": BILLING,
    "connections/billing.schema.yaml": BILLING_SCHEMA,
    "connections/mail.yaml": MAIL,
    "models/writer.yaml": WRITER,
    "models/churn.yaml": CHURN,
    "models/churn.json": CHURN_FILE,
    "prompts/retention_email.md": PROMPT,
    "prompts/retention_email.offline.md": OFFLINE,
    "flows/at_risk.yaml": FLOW,
    "env/postgres.yaml": POSTGRES,
}


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

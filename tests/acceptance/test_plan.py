"""What a plan finds without any system: each mistake once, at its line, with the way out."""

import pytest
from tests.projects import shop

from pointsman.folder import examine
from pointsman.sandbox import templates

MORE = {
    "functions_py": "def f(**x):\n    return 1\n",
    "models__churn_yaml": "",
}
HEAD = "flow: it\ninput: {least: {type: number, default: 0}, name: {type: string, optional: true}}\n"
ORDERS = '  orders: {call: shop.query, with: {sql: "SELECT id, customer, amount, day FROM orders"}}\n'
REPLY = "reply: {orders: {from: orders}}\n"


def problems(root, steps, reply=REPLY, head=HEAD, **more):
    text = f"{head}steps:\n{steps}{reply}"
    found = shop(root, text, functions_py=MORE["functions_py"], **more).problems
    lines = text.splitlines()
    return [
        (
            problem.code,
            problem.message,
            problem.way_out,
            lines[problem.place.line - 1][problem.place.column - 1 :][: problem.place.length]
            if problem.place.line
            else "",
        )
        for problem in found
    ]


@pytest.mark.parametrize(
    ("steps", "code", "message", "way_out", "caret"),
    [
        pytest.param(
            '  orders: {call: shop.query, with: {sql: "SELECT id, ammount FROM orders"}}\n',
            "PM208", "ammount", "Did you mean", "ammount", id="an unknown column in a connection's SQL",
        ),
        pytest.param(
            '  orders: {call: shop.query, with: {sql: "SELECT id FROM order_lines"}}\n',
            "PM208", "order_lines", "orders", "order_lines", id="an unknown table",
        ),
        pytest.param(
            ORDERS + '  x: {sql: "SELECT custmer FROM orders"}\n',
            "PM208", "custmer", "Did you mean", "custmer", id="an unknown column of a step",
        ),
        pytest.param(
            ORDERS + '  x: {sql: "SELECT * FROM oders"}\n',
            "PM208", "oders", "Did you mean `orders`?", "oders", id="an unknown step in SQL",
        ),
        pytest.param(
            ORDERS + '  x: {python: "functions:f", with: {a: "${{ ordres }}"}}\n',
            "PM202", "ordres", "Did you mean `orders`?", "ordres", id="an unknown step in an expression",
        ),
        pytest.param(
            ORDERS + '  x: {each: orders, as: o, key: "${{ o.idd }}", python: "functions:f"}\n',
            "PM202", "idd", "Did you mean `id`?", "idd", id="an unknown column of an item",
        ),
        pytest.param(
            ORDERS + '  x: {python: "functions:f", with: {a: "${{ input.leats }}"}}\n',
            "PM202", "leats", "Did you mean `least`?", "leats", id="an unknown input",
        ),
        pytest.param(
            ORDERS + '  x: {python: "functions:f", with: {a: "${{ 1 + }}"}}\n',
            "PM201", "", "", None, id="an expression that is none",
        ),
        pytest.param(
            ORDERS + '  x: {python: "functions:f", with: {a: "${{ (lambda: 1)() }}"}}\n',
            "PM201", "", "", None, id="an expression outside the subset",
        ),
        pytest.param(
            ORDERS + '  x: {when: "${{ input.name }}", python: "functions:f"}\n',
            "PM202", "true or false", "Compare it", None, id="a condition that is none",
        ),
        pytest.param(
            ORDERS + '  x: {python: "functions:f", with: {a: "${{ y }}"}}\n  y: {python: "functions:f", with: {a: "${{ x }}"}}\n',
            "PM218", "in a circle: ", "Take one of these references out.", None, id="a circle",
        ),
        pytest.param(
            ORDERS + '  x: {python: "functions:f", with: {a: "${{ x }}"}}\n',
            "PM218", "x → x", "", None, id="a step that needs itself",
        ),
        pytest.param(
            "  orders: {call: shpo.query, with: {sql: SELECT 1}}\n",
            "PM204", "no action named `shpo.query`", "Did you mean `shop`?", "shpo.query", id="an unknown connection",
        ),
        pytest.param(
            "  orders: {call: shop.qery, with: {sql: SELECT 1}}\n",
            "PM204", "no action named `shop.qery`", "Did you mean `query`?", "shop.qery", id="an unknown action",
        ),
        pytest.param(
            '  orders: {call: shop.query, with: {sql: "SELECT id FROM orders", parms: {}}}\n',
            "PM206", "takes no `parms`", "Did you mean `params`?", None, id="an unknown argument",
        ),
        pytest.param(
            "  orders: {call: shop.query}\n", "PM206", "needs `sql`", "Add it under with:.", None, id="a missing argument"
        ),
        pytest.param(
            '  orders: {call: shop.query, with: {sql: "SELECT id FROM orders WHERE amount > :least"}}\n',
            "PM209", "no value for :least", "params", None, id="a parameter without a value",
        ),
        pytest.param(
            '  orders: {call: shop.query, with: {sql: "SELECT id FROM orders", params: {x: 1}}}\n',
            "PM209", "uses no :x", "", None, id="a value without a parameter",
        ),
        pytest.param(
            '  orders: {call: shop.query, with: {sql: "SELECT id FROM orders WHERE amount > ${{ input.least }}"}}\n',
            "PM201", "takes values as :name", "Write :name", "${{", id="a value written into SQL",
        ),
        pytest.param(
            '  orders: {call: shop.query, with: {sql: "DELETE FROM orders"}}\n', "PM201", "", "", None, id="SQL that writes"
        ),
        pytest.param(
            ORDERS + "  x: {sql: \"COPY orders TO 'x.csv'\"}\n", "PM201", "", "", None, id="SQL that writes a file"
        ),
        pytest.param(
            ORDERS + "  x: {sql: \"SELECT * FROM read_csv('/etc/passwd')\"}\n", "PM201", "", "", None, id="SQL that reads a file"
        ),
        pytest.param(
            ORDERS + "  x: {each: input, python: \"functions:f\"}\n", "PM203", "goes over a list", "", None, id="each over no list"
        ),
        pytest.param(
            ORDERS + '  a: {each: orders, as: o, key: "${{ o.id }}", python: "functions:f"}\n  x: {each: a, python: "functions:f"}\n',
            "PM203", "goes over a list", "Write each: a.ok.", None, id="each over an each",
        ),
        pytest.param(
            ORDERS + "  x: {score: churn, rows: orders}\n", "PM210", "no classic model named `churn`", "", "churn", id="an unknown model"
        ),
        pytest.param(
            ORDERS + "  x: {ask: writer, prompt: p}\n", "PM210", "no language model named `writer`", "", "writer", id="an unknown writer"
        ),
        pytest.param(
            ORDERS + "  x: {run: other}\n", "PM215", "no flow named `other`", "", "other", id="an unknown flow"
        ),
        pytest.param(
            ORDERS + '  x: {approve: orders, by: "role:boss", within: 1d}\n',
            "PM216", "items of an `each` step", "", None, id="an approval of rows",
        ),
        pytest.param(
            ORDERS + '  x: {each: orders, as: orders, python: "functions:f"}\n', "PM219", "`orders` is taken", "", None, id="a taken name"
        ),
        pytest.param(
            ORDERS + '  x: {python: "functions:f", on_error: collect}\n',
            "PM222", "items of an `each`", "Add `each`", None, id="collect without items",
        ),
        pytest.param(
            ORDERS + '  x: {python: "functions:f", key: "${{ 1 }}"}\n', "PM222", "`key`", "Add `each`", None, id="a key without items"
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_found_at_its_place(tmp_path, steps, code, message, way_out, caret):
    found = [problem for problem in problems(tmp_path, steps) if problem[0] == code]
    assert found, problems(tmp_path / "again", steps) if (tmp_path / "again").mkdir() is None else None
    assert message in found[0][1]
    assert way_out in found[0][2]
    if caret is not None:
        assert found[0][3] == caret


def test_a_column_that_the_reply_keeps_must_be_there(tmp_path):
    found = problems(tmp_path, ORDERS, "reply: {orders: {from: orders, columns: [id, amuont]}}\n")
    assert found == [("PM220", "no column named `amuont`.", "Did you mean `amount`?", "amuont")]


def test_a_source_that_nothing_reads_is_a_warning(tmp_path):
    found = problems(tmp_path, ORDERS + '  more: {call: shop.query, with: {sql: "SELECT id FROM orders"}}\n')
    assert [(code, message) for code, message, _, _ in found] == [("PM221", "nothing reads `more`.")]


def test_one_mistake_does_not_cause_others_further_down(tmp_path):
    steps = (
        '  orders: {call: shop.query, with: {sql: "SELECT idd, amount FROM orders"}}\n'
        '  x: {sql: "SELECT id, amount FROM orders"}\n'
        '  y: {each: x, as: o, key: "${{ o.id }}", python: "functions:f"}\n'
    )
    assert [code for code, *_ in problems(tmp_path, steps)] == ["PM208"]


def test_every_mistake_is_found_in_one_go(tmp_path):
    steps = (
        '  orders: {call: shop.query, with: {sql: "SELECT id FROM orders"}}\n'
        '  a: {python: "functions:f", with: {x: "${{ ordres }}"}}\n'
        '  b: {python: "functions:f", with: {x: "${{ 1 + }}"}}\n'
        "  c: {call: shop.nothing}\n"
    )
    assert sorted(code for code, *_ in problems(tmp_path, steps)) == ["PM201", "PM202", "PM204"]


def test_every_unreadable_argument_of_a_step_is_found_in_one_go(tmp_path):
    steps = (
        ORDERS + '  x: {python: "functions:f", with: {a: "${{ 1 + }}", b: [1, "${{ (lambda: 1)() }}"], c: "${{ x"}}\n'
    )
    assert [code for code, *_ in problems(tmp_path, steps)] == ["PM201", "PM201", "PM201"]


def edited(root, file, old, new):
    templates.write("sales", root)
    path = root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return [(problem.code, problem.place.file, problem.message, problem.way_out) for problem in examine(root).problems]


def test_the_example_has_no_mistake(tmp_path):
    assert edited(tmp_path, "project.yaml", "project: sales", "project: sales") == []


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "where", "said"),
    [
        pytest.param(
            "flows/at_risk.yaml", "SELECT Id, Name, Renewal_Date__c", "SELECT Id, Name, Renewel_Date__c",
            "PM208", "flows/at_risk.yaml", "Renewal_Date__c", id="an unknown field in SOQL",
        ),
        pytest.param(
            "flows/at_risk.yaml", "FROM Contact", "FROM Contacts", "PM208", "flows/at_risk.yaml", "Contact", id="an unknown object"
        ),
        pytest.param(
            "flows/at_risk.yaml", "Account.Segment__c = :segment AND Account", "Account.Segment__c = :segmant AND Account",
            "PM209", "flows/at_risk.yaml", "Did you mean `segment`?", id="an unknown bind",
        ),
        pytest.param(
            "flows/at_risk.yaml", "b.arr, b.overdue_days, b.recency_days", "b.arr, b.overdue_day, b.recency_days",
            "PM208", "flows/at_risk.yaml", "overdue_days", id="an unknown column in the join",
        ),
        pytest.param(
            "flows/at_risk.yaml", "b.returns_share,\n             coalesce", "b.returns_share AS returned,\n             coalesce",
            "PM211", "flows/at_risk.yaml", "returns_share", id="a column that the model needs",
        ),
        pytest.param(
            "prompts/retention_email.md", "customer.name", "customer.nmae", "PM213", "prompts/retention_email.md", "name",
            id="an unknown column in a prompt",
        ),
        pytest.param(
            "flows/at_risk.yaml", "prompt: retention_email", "prompt: retention_mail", "PM212", "flows/at_risk.yaml", "retention_email",
            id="an unknown prompt",
        ),
        pytest.param(
            "flows/at_risk.yaml", "quarter: \"${{ input.quarter }}\"}", "quater: \"${{ input.quarter }}\"}",
            "PM214", "flows/at_risk.yaml", "quarter", id="an unknown prompt input",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_the_example_is_found(tmp_path, file, old, new, code, where, said):
    found = [problem for problem in edited(tmp_path, file, old, new) if problem[0] == code]
    assert found
    assert found[0][1] == where
    assert said in found[0][2] + found[0][3]

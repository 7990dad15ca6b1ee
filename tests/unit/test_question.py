"""Questions in words: what is read, exactly; what is refused, and why."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pointsman.errors import Refused
from pointsman.language import question
from pointsman.language.question import InputField, NotRead, Readable, numbers, periods, values, words
from pointsman.language.question.page import AT_RISK, page
from pointsman.language.question.tokens import tokens
from pointsman.language.question.words import slips
from pointsman.quantity import Quarter
from pointsman.spec.field import Field

TODAY = date(2026, 11, 20)
THE_QUESTION = (
    "Show me which enterprise customers in EMEA are at risk of churn this quarter"
    " and draft a personalized retention email for each."
)
SEARCH = Readable(
    "product-search",
    ("search products", "product recommendations"),
    (
        InputField("text", "string"),
        InputField("stock", "boolean", required=False),
        InputField("since", "date", required=False),
        InputField("max_price", "number", minimum=0, required=False),
        InputField("limit", "integer", default=10, minimum=1, maximum=20, required=False),
    ),
)
INVOICES = Readable(
    "invoices",
    ("overdue invoices",),
    (
        InputField("country", "string", ("IN", "IT", "US", "FR"), required=False),
        InputField("open", "string", ("Yes", "No"), required=False),
        InputField("priority", "string", ("High", "Low"), required=False),
        InputField("severity", "string", ("High", "Critical"), required=False),
        InputField("min_amount", "number", required=False),
        InputField("min_days", "integer", required=False),
        InputField("max_days", "integer", required=False),
    ),
)
FLOWS = [AT_RISK, SEARCH, INVOICES]


def read(text: str, flows=FLOWS, today=TODAY):
    return question.read(text, flows, today)


def at(segment="Enterprise", region="EMEA", quarter="2026-Q4", **more):
    return {"segment": segment, "region": region, "quarter": quarter, **more}


def test_the_question_of_the_worked_example():
    reading = read(THE_QUESTION)
    assert reading.flow == "at-risk"
    assert reading.input == at()
    assert isinstance(reading.input["quarter"], Quarter)
    assert reading.defaults == {"at_least": 0.25, "limit": 50}
    assert [(chip.field, chip.words) for chip in reading.chips] == [
        ("segment", "enterprise"),
        ("region", "EMEA"),
        ("quarter", "this quarter"),
    ]
    for chip in reading.chips:
        assert THE_QUESTION[chip.offset :].startswith(chip.words)


AT_RISK_READ = [
    # values of enums, in every dress
    ("enterprises in EMEA at risk of churn this quarter", at()),
    ("Which Enterprise customers in Europe may churn this quarter?", at()),
    ("Which large enterprise clients in Europe, the Middle East and Africa may churn this quarter?", at()),
    ("European mid-market customers at risk this quarter", at("Mid-market")),
    ("mid market accounts in EMEA at risk this quarter", at("Mid-market")),
    ("midmarket customers in EMEA at risk this quarter", at("Mid-market")),
    ("mid-sized customers in EMEA at risk this quarter", at("Mid-market")),
    ("Small businesses in APAC who may churn this quarter", at("SMB", "APAC")),
    ("small and medium-sized enterprises in Asia-Pacific at risk of churn this quarter", at("SMB", "APAC")),
    ("SMBs in Asia at risk of churn this quarter", at("SMB", "APAC")),
    ("Show us SMEs in the Americas at risk of churn this quarter", at("SMB", "AMER")),
    ("Show us enterprise customers in the US at risk this quarter", at(region="AMER")),
    ("enterprise customers in North America at risk this quarter", at(region="AMER")),
    ("enterprise customers in the United States at risk this quarter", at(region="AMER")),
    ("customers at risk, segment: Enterprise, region = EMEA, quarter 2026-Q4", at()),
    ("customers at risk in the Enterprise segment of the EMEA region this quarter", at()),
    ("CUSTOMERS AT RISK IN EMEA, ENTERPRISE, THIS QUARTER", at()),
    ("this quarter, EMEA, enterprise: who may churn", at()),
    ("Enterprise enterprise customers at risk in EMEA this quarter, EMEA", at()),
    # periods
    ("enterprise customers in EMEA at risk next quarter", at(quarter="2027-Q1")),
    ("enterprise customers in EMEA at risk in the coming quarter", at(quarter="2027-Q1")),
    ("enterprise customers in EMEA at risk last quarter", at(quarter="2026-Q3")),
    ("the previous quarter's enterprise customers at risk in EMEA", at(quarter="2026-Q3")),
    ("this quarter’s enterprise customers at risk in EMEA", at()),
    ("enterprise customers in EMEA at risk in Q2", at(quarter="2026-Q2")),
    ("enterprise customers in EMEA at risk in q1 2027", at(quarter="2027-Q1")),
    ("enterprise customers in EMEA at risk in 2027 Q1", at(quarter="2027-Q1")),
    ("enterprise customers in EMEA at risk in 2025-Q3", at(quarter="2025-Q3")),
    ("enterprise customers in EMEA at risk in Q3/2025", at(quarter="2025-Q3")),
    ("enterprise customers in EMEA at risk in the fourth quarter of 2025", at(quarter="2025-Q4")),
    ("enterprise customers in EMEA at risk in the 4th quarter", at()),
    ("enterprise customers in EMEA at risk in quarter 3 of 2026", at(quarter="2026-Q3")),
    ("enterprise customers in EMEA at risk in Q1 of next year", at(quarter="2027-Q1")),
    ("enterprise customers in EMEA at risk in the first quarter of this year", at(quarter="2026-Q1")),
    # numbers
    ("enterprise customers in EMEA at risk this quarter, at least 40 %", at(at_least=0.4)),
    ("enterprise customers in EMEA at risk this quarter, at least 40%", at(at_least=0.4)),
    ("enterprise customers in EMEA at risk this quarter with over 30 percent", at(at_least=0.3)),
    ("enterprise customers in EMEA with a churn risk of more than 30 percent this quarter", at(at_least=0.3)),
    ("enterprise customers in EMEA at risk this quarter with a probability above 0.4", at(at_least=0.4)),
    ("enterprise customers in EMEA at risk with a probability of churn above 40 % this quarter", at(at_least=0.4)),
    ("enterprise customers in EMEA at risk this quarter, probability >= 0.4", at(at_least=0.4)),
    ("enterprise customers in EMEA more than 40 percent likely to churn this quarter", at(at_least=0.4)),
    ("top 10 enterprise customers at risk in EMEA this quarter", at(limit=10)),
    ("the first ten enterprise customers at risk in EMEA this quarter", at(limit=10)),
    ("enterprise customers at risk in EMEA this quarter, limit 10", at(limit=10)),
    ("enterprise customers at risk in EMEA this quarter, limit to 5", at(limit=5)),
    ("no more than 7 enterprise customers at risk in EMEA this quarter", at(limit=7)),
    ("top ten enterprise customers at risk in EMEA in the first quarter of 2027", at(quarter="2027-Q1", limit=10)),
    # other ways to ask
    ("Please draft an e-mail for each enterprise customer at risk in EMEA this quarter", at()),
    ("Who might leave in EMEA this quarter? Enterprise only.", at()),
    ("Write a retention mail for every enterprise account in EMEA this quarter, please", at()),
    # slips of the fingers
    ("Enterprize custmers in EMEA at risk of churn this quater", at()),
    ("enterprise costumers in Eruope at risk this quarter", at()),
    ("retnetion emial for enterprise in EMEA this quarter", at()),
]


@pytest.mark.parametrize(("text", "value"), AT_RISK_READ, ids=[text for text, _ in AT_RISK_READ])
def test_what_is_read(text, value):
    reading = read(text)
    assert (reading.flow, reading.input) == ("at-risk", value)


OTHERS_READ = [
    ('search products: text "red lamp"', "product-search", {"text": "red lamp"}),
    ("search articles, text is “red lamp”, stock yes", "product-search", {"text": "red lamp", "stock": True}),
    ('search products text "a" since 2026-10-01', "product-search", {"text": "a", "since": date(2026, 10, 1)}),
    ('search products text "a" since today', "product-search", {"text": "a", "since": TODAY}),
    ('search products text "a", price under 9.99', "product-search", {"text": "a", "max_price": 9.99}),
    ('top 5 product recommendations, text "lamp"', "product-search", {"text": "lamp", "limit": 5}),
    ("overdue invoices", "invoices", {}),
    ("overdue invoices in IN", "invoices", {"country": "IN"}),
    ("overdue invoices, country FR", "invoices", {"country": "FR"}),
    ("overdue invoices in the US", "invoices", {"country": "US"}),
    ("overdue invoices, open No", "invoices", {"open": "No"}),
    ("overdue invoices with priority High", "invoices", {"priority": "High"}),
    ("critical overdue invoices", "invoices", {"severity": "Critical"}),
    ("overdue invoices with an amount over 10,000", "invoices", {"min_amount": 10_000}),
    ("overdue invoices, days over 30", "invoices", {"min_days": 30}),
    ("overdue invoices, at most 90 days", "invoices", {"max_days": 90}),
]


@pytest.mark.parametrize(("text", "flow", "value"), OTHERS_READ, ids=[text for text, _, _ in OTHERS_READ])
def test_what_other_flows_read(text, flow, value):
    reading = read(text)
    assert (reading.flow, reading.input) == (flow, value)


BASE = "enterprise customers in EMEA at risk this quarter"
REFUSED = [
    ("", "the question is empty"),
    ("?!", "the question is empty"),
    ("What is the weather like?", "no flow is asked for"),
    ("DROP TABLE customers", "no flow is asked for"),
    ("x" * 1001, "at most 1,000"),
    # a word without a reading
    ("enterprise customers in Germany at risk this quarter", "“Germany”"),
    (f"{BASE} in Germany", "“Germany”"),
    (f"{BASE} who bought shoes", "“bought”, “shoes”"),
    (f"{BASE} and send an email to each", "“send”"),
    (f"How many {BASE}?", "“How”, “many”"),
    (f"Why are {BASE}?", "“Why”"),
    (f"my {BASE}", "“my”"),
    (f"{BASE} by region", "“by”, “region”"),
    (f"{BASE} sorted by revenue", "“sorted”"),
    (f"{BASE} compared with last year", "“compared”"),
    (f"{BASE} above average", "“above”, “average”"),
    (f"{BASE} at least", "“least”"),
    (f"{BASE} & more", "“&”"),
    (f"{BASE} for $5", "“$”"),
    (f"{BASE} 🙂", "“🙂”"),
    ("enterprise customers in EMEA who churned this quarter", "no flow is asked for"),
    ("enterprise customers in EMEA at risk who already churned this quarter", "“already”, “churned”"),
    ("customers at risk in South America, enterprise, this quarter", "“South”"),
    ("customers at risk in Latin America, enterprise, this quarter", "“Latin”"),
    ("customers at risk in the Middle East, enterprise, this quarter", "“Middle”, “East”"),
    ("low risk enterprise customers in EMEA this quarter", "“low”"),
    ("personal emails of enterprise customers in EMEA at risk this quarter", "“personal”"),
    ("SHOW US ENTERPRISE CUSTOMERS AT RISK THIS QUARTER", "“US”"),
    # leaving out
    ("enterprise customers not in EMEA at risk this quarter", "what to include, not what to leave out"),
    ("enterprise customers at risk this quarter except EMEA", "what to include, not what to leave out"),
    ("non-enterprise customers in EMEA at risk this quarter", "what to include, not what to leave out"),
    (f"{BASE} without an email", "what to include, not what to leave out"),
    ("enterprise customers in EMEA at no risk this quarter", "what to include, not what to leave out"),
    ("enterprise customers in EMEA that aren't at risk this quarter", "what to include, not what to leave out"),
    # two values
    (f"{BASE} and in APAC", "names both EMEA and APAC as region"),
    (f"{BASE} or APAC", "“or”"),
    (f"{BASE} and next quarter", "names both 2026-Q4 and 2027-Q1"),
    (f"{BASE} and SMB", "names both Enterprise and SMB"),
    ("enterprise customers in EMEA at risk from Q1 2026 to Q3 2026", "names both 2026-Q1 and 2026-Q3"),
    # nothing said
    ("customers at risk", "does not say which segment. Say Enterprise, Mid-market or SMB."),
    ("enterprise customers at risk this quarter", "does not say which region. Say EMEA, AMER or APAC."),
    ("enterprise customers in EMEA at risk", "does not say which quarter. Say it like “this quarter”."),
    ("search products", 'does not say which text. Say it like “text "…"”.'),
    # periods that are none, or not clear
    ("enterprise customers in EMEA at risk this year", "“this”, “year”"),
    ("enterprise customers in EMEA at risk this month", "“this”, “month”"),
    ("enterprise customers in EMEA at risk in Q5", "“Q5”"),
    ("enterprise customers in EMEA at risk in the fifth quarter", "“fifth”, “quarter”"),
    ("enterprise customers in EMEA at risk in the last quarter of 2025", "“2025”"),
    ("enterprise customers in EMEA at risk before Q4", "“before”"),
    ("enterprise customers in EMEA at risk in Q4 26", "“26”"),
    # numbers that are not clear, or outside
    (f"{BASE}, at least 40", "“least”, “40”"),
    (f"{BASE}, at least 1", "“least”, “1”"),
    (f"{BASE}, probability above 40", "`at_least` must be at most 1, got 40"),
    (f"{BASE}, at least 140 %", "`at_least` must be at most 1, got 1.4"),
    (f"{BASE}, at least -5 %", "`at_least` must be at least 0, got -0.05"),
    (f"{BASE}, at least 10-20 %", "“20”"),
    (f"{BASE}, below 40 %", "“below”, “40”"),
    (f"{BASE}, about 40 %", "“about”, “40”"),
    (f"top 1,000 {BASE}", "`limit` must be at most 500, got 1000"),
    (f"top 1.000 {BASE}", "“top”, “1.000”"),
    (f"{BASE}, probability above 0,4", "“0,4”"),
    (f"top 2.5 {BASE}", "“2.5”"),
    (f"bottom 10 {BASE}", "“bottom”, “10”"),
    (f"10 {BASE}", "“10”"),
    # values that fit two fields, or are small words
    ("high overdue invoices", "“high” could mean priority High or severity High. Name the field"),
    ("overdue invoices over 30", "“over”, “30”"),
    ("no overdue invoices", "“no”"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=[text[:80] or "empty" for text, _ in REFUSED])
def test_what_is_refused_and_why(text, said):
    with pytest.raises(NotRead) as raised:
        read(text)
    assert said in raised.value.sentence
    assert raised.value.status == 422
    assert isinstance(raised.value, Refused)


def test_small_words_are_no_values():
    assert read("overdue invoices in it").input == {}
    assert read("overdue invoices in IT").input == {"country": "IT"}


def test_a_refusal_shows_the_nearest_forms_and_they_can_be_read():
    with pytest.raises(NotRead) as raised:
        read("Which enterprise customers in Germany are at risk?")
    nearest = raised.value.nearest
    assert len(nearest) == 3
    assert raised.value.unread == ["Germany"]
    for form in nearest:
        assert f"“{form}”" in raised.value.sentence
        assert read(form).flow == "at-risk"


def test_a_question_that_fits_two_flows_is_refused():
    twin = Readable("churn-list", AT_RISK.phrases, AT_RISK.input)
    with pytest.raises(NotRead, match="could mean the flows at-risk and churn-list"):
        read(BASE, [AT_RISK, twin])


def test_the_flow_with_most_words_of_its_phrases_is_meant():
    customers = Readable("customers", ("customers",), AT_RISK.input)
    assert read(BASE, [customers, AT_RISK]).flow == "at-risk"
    assert read(BASE.replace(" at risk", ""), [customers, AT_RISK]).flow == "customers"


def test_without_flows_there_is_nothing_to_read():
    with pytest.raises(NotRead) as raised:
        read(BASE, [])
    assert raised.value.nearest == []


@pytest.mark.parametrize(
    ("today", "this", "after", "before"),
    [
        (date(2026, 1, 1), "2026-Q1", "2026-Q2", "2025-Q4"),
        (date(2026, 12, 31), "2026-Q4", "2027-Q1", "2026-Q3"),
        (date(2024, 2, 29), "2024-Q1", "2024-Q2", "2023-Q4"),
    ],
    ids=str,
)
def test_periods_go_by_the_clock(today, this, after, before):
    said = {"this": this, "next": after, "last": before}
    for word, quarter in said.items():
        assert read(f"Enterprise customers at risk in EMEA {word} quarter", today=today).input["quarter"] == quarter


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_form_reads_back(flow):
    forms = question.forms(flow)
    assert forms
    for form in forms:
        assert read(form).flow == flow.name, form


def test_the_worked_example_has_a_dozen_forms_that_say_every_value():
    forms = question.forms(AT_RISK)
    assert len(forms) == len(set(forms)) == 12
    for said in ("Enterprise", "Mid-market", "SMB", "EMEA", "AMER", "APAC", "this quarter", "at least 40 %", "top 10"):
        assert any(said in form for form in forms), said


def test_a_flow_whose_input_cannot_be_said_has_no_forms_and_says_so():
    flow = Readable("import", ("import rows",), (InputField("rows", "list"),))
    assert question.forms(flow) == []
    with pytest.raises(NotRead, match=r"does not say which rows\. It cannot be said in words"):
        read("import rows", [flow])


def test_what_a_language_model_must_write_makes_fields():
    fields = {name: Field(**keywords) for name, keywords in question.output_fields(AT_RISK).items()}
    assert fields["segment"].enum == ("Enterprise", "Mid-market", "SMB")
    assert fields["segment"].required
    assert fields["at_least"].optional
    assert fields["at_least"].maximum == 1
    assert fields["quarter"].type == "quarter"


SAID = {
    *(word.casefold() for word in words.FILLERS),
    *(word for family in words.FAMILIES for way in family for word in way),
    *(word for ways in words.ADJECTIVES.values() for word in ways),
    *(word.casefold() for ways in values.SYNONYMS.values() for way in ways for word in way),
    *(word for table in (numbers.AT_LEAST, numbers.LIMIT, numbers.SHARE_NOUNS) for way in table for word in way),
    *periods.RELATIVE, *periods.ORDINALS, *words.NUMBER_WORDS, *numbers.PERCENT, *values.LINKS,
    "customers", "risk", "churn", "retention", "email", "emails", "drafted", "enterprise", "mid", "market", "smb", "emea",
    "amer", "apac", "quarter", "quarters", "year", "segment", "region", "limit", "least", "q1", "q2", "q3", "q4",
}  # fmt: skip
"""Every word that may stand in a question to the flow at-risk: the test's own list, from the tables alone."""
ALIEN = "germany shoes bought not except without my or churned average south under & never already revenue 10 40 0.4 2026 -5"
SALAD = [*sorted(SAID), *ALIEN.split(), "delete", "send", "monthly", "10,5", "$", "us"]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(SALAD), max_size=8))
@example(["not"])
def test_no_word_salad_is_read_unless_every_word_has_a_reading(salad):
    text = " ".join([*salad, "customers at risk enterprise emea q4"])
    try:
        reading = read(text, [AT_RISK])
    except NotRead as refused:
        assert refused.nearest
        return
    for token in tokens(text):
        in_chip = any(chip.offset <= token.offset < chip.offset + len(chip.words) for chip in reading.chips)
        assert in_chip or token.word in SAID, (token.text, text)
        assert not (token.kind in ("number", "sign") and not in_chip), text
    assert reading.input["segment"] == "Enterprise"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    for asked in (text, f"{text} {BASE}", f"{BASE} {text}"):
        try:
            read(asked)
        except NotRead as refused:
            assert refused.sentence
        else:
            assert set(re.findall(r"[^\W_]{3,}", text.casefold())) <= SAID


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["enterprise", "customers", "retention", "quarter"]), st.data())
def test_one_slip_in_a_long_word_is_forgiven(word, data):
    place = data.draw(st.integers(1, len(word) - 2))
    slip = data.draw(st.sampled_from(["left out", "doubled", "swapped"]))
    pair = word[place : place + 2]
    changed = {"left out": pair[1:], "doubled": pair[0] + pair, "swapped": pair[::-1]}[slip]
    text = f"{BASE}, retention email".replace(word, word[:place] + changed + word[place + 2 :])
    assert read(text).input == at()


@pytest.mark.parametrize(
    ("one", "two", "number"),
    [
        ("", "", 0),
        ("a", "", 1),
        ("churn", "churned", 2),
        ("custmers", "customers", 1),
        ("form", "from", 1),
        ("ab", "ba", 1),
    ],
)
def test_slips_are_counted(one, two, number):
    assert slips(one, two) == slips(two, one) == number


def test_the_reference_page_is_up_to_date():
    found = Path(__file__).parents[2] / "docs" / "reference" / "questions.md"
    assert found.read_text(encoding="utf-8") == page(), "write it again from page()"

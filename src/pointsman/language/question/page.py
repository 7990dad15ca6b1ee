"""The reference page of questions, made from the grammar's own tables."""

from collections.abc import Iterable

from pointsman.language.question import numbers, periods, words
from pointsman.language.question.forms import forms
from pointsman.language.question.readable import InputField, Readable
from pointsman.language.question.values import SYNONYMS

AT_RISK = Readable(
    "at-risk",
    ("customers at risk", "who may churn", "retention email"),
    (
        InputField("segment", "string", ("Enterprise", "Mid-market", "SMB")),
        InputField("region", "string", ("EMEA", "AMER", "APAC")),
        InputField("quarter", "quarter"),
        InputField("at_least", "number", default=0.25, minimum=0, maximum=1, required=False),
        InputField("limit", "integer", default=50, maximum=500, required=False),
    ),
    "Customers at risk of churn, with a drafted email each",
)
"""The worked example, as a question may reach it."""


def page() -> str:
    """docs/reference/questions.md, whole."""
    sections = (_INTRODUCTION, _forms(), _flows(), _values(), _periods(), _numbers(), _small_words(), _REFUSED, _LIMITS)
    return "\n\n".join(section.strip() for section in sections) + "\n"


_LIMITS = """
## What it cannot see

The grammar explains words and values, not sentences: *emails of customers at risk* leads to the same flow as *emails
for customers at risk*. That is why the reading stands above every answer. Europe is read as EMEA and the US as AMER,
which are wider; the reading says so too.
"""

_INTRODUCTION = """
# Questions in words

`pointsman ask "…"` and `POST /api/ask` read a question into the typed input of a flow that has `doors.ask` phrases.
Without a language model this grammar reads it. **Every word must be explained by it.** A question with a word that is
not is refused (422) with the nearest forms; nothing is guessed. The answer shows the reading: each value, the words
that said it, and the defaults that were used.

This page is made from the grammar's own tables (`pointsman.language.question.page`); a test keeps it true.
"""

_REFUSED = """
## What is refused

- A word without a reading: *in Germany*, *who bought shoes*, *already churned*. A form of a word that changes its
  meaning (*churned* for *churn*) is such a word.
- Leaving out: *not*, *except*, *without*, *other than*. A question can only say what to include.
- *my customers*: it narrows to the asker's own, which no field says.
- Two values for one field (*EMEA and APAC*, *EMEA or APAC*), or a value that fits two fields.
- A field that must be given and has no default, when the question does not say it.
- A number outside the field's `minimum` and `maximum`; a share that is not clear (*at least 40*:
  percent or customers?).
- A number that people write in two ways: *1.000*, *0,4*.
- A question that fits two flows equally well, and one of more than 1,000 characters.
"""


def _forms() -> str:
    lines = "\n".join(f"- {form}" for form in forms(AT_RISK))
    return f"""
## Forms

`question.forms(flow)` makes about a dozen examples for any flow; each of them can be read. For the flow `at-risk`:

{lines}

Order does not matter: *Show me which enterprise customers in EMEA are at risk of churn this quarter and draft a
personalized retention email for each.*"""


def _flows() -> str:
    families = "\n".join(f"- {_said(family)}" for family in words.FAMILIES)
    adjectives = "; ".join(f"{_said((way,) for way in ways)} of *{word}*" for word, ways in words.ADJECTIVES.items())
    return f"""
## Which flow

A flow is meant when the question holds every telling word of one of its phrases, in any order. Of several, the one
with most such words. The words of its phrases, title and name may be used anywhere. Singular and plural are the same,
and so are, where the flow uses one of them:

{families}

May also be said: {adjectives}.

One typing mistake is forgiven in words of five letters or more, two in eight or more, unless the first letter
differs."""


def _values() -> str:
    rows = "\n".join(f"| {value} | {_said(ways)} |" for value, ways in SYNONYMS.items())
    return f"""
## Values of an enum

A value may be written in any case, singular or plural, with or without its hyphen, with the field's name beside it or
not: *enterprise*, *Enterprises*, *segment Enterprise*, *EMEA region*. These may be said too, where a field has the
value:

| value | also |
|---|---|
{rows}

*US* must be in capitals, because *us* is a small word. Other fields are named first: *name "Acme"*, *active yes*,
*since 2026-10-01*."""


def _periods() -> str:
    relative = ", ".join(f"*{word} quarter*" for word in periods.RELATIVE)
    return f"""
## Quarters

{relative}; *Q4*, *Q4 2026*, *2026-Q4*, *Q4 of next year*, *the fourth quarter of 2026*, *quarter 4*. They are calendar
quarters; the clock says which is this one, and one without a year is in the current year."""


def _numbers() -> str:
    return f"""
## Numbers

- A field called `at_least` or `min_…`: {_said(numbers.AT_LEAST)}, then the number.
- A field called `at_most` or `max_…`: {_said(numbers.AT_MOST)}.
- A field called `limit`, `top` or `first`: {_said(numbers.LIMIT)}; the number may be a word up to twelve.
- A share (`maximum: 1`) is said as *40 %*, *40 percent* or *0.4*, with or without {_said(numbers.SHARE_NOUNS)}.
- Any field by its name: *limit 10*, *min arr 5000*."""


def _small_words() -> str:
    return f"""
## Words that add nothing

{", ".join(sorted(words.FILLERS))}."""


def _said(ways: Iterable[tuple[str, ...]]) -> str:
    return ", ".join(f"*{' '.join(way)}*" for way in ways)

"""What the console says: words for values, the headline, folded time, what goes where, colours that can be read."""

import itertools
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests import console_backend as made
from tests import waiting_items as items
from tests.console_backend import NOW

from pointsman.doors.console import answer, effect, kinds, review, runs, waterfall, words
from pointsman.doors.console.form import values
from pointsman.errors import Refused
from pointsman.spec.field import Field

STYLE = Path(answer.__file__).parent / "static" / "console.css"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0004, "under 1 ms"),
        (0.34, "340 ms"),
        (0.9996, "1.00 s"),
        (1.237, "1.24 s"),
        (12.44, "12.4 s"),
        (59.99, "1 min"),
        (125, "2 min 5 s"),
        (11400, "3 h 10 min"),
        (187200, "2 d 4 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (6150.5, "6,150.50"),
        (-0.46, "−0.46"),
        (0.00123, "0.00123"),
        (2.0, "2"),
        (float("nan"), "not a number"),
        (float("inf"), "not a number"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({"seconds": 4}, "just now"),
        ({"minutes": 2}, "2 min ago"),
        ({"hours": 14}, "14 h ago"),
        ({"hours": 30}, "30 h ago"),
        ({"days": 3}, "3 d ago"),
        ({"days": -3}, "in 3 d"),
    ],
)
def test_ages(parts: dict[str, float], text: str) -> None:
    assert words.ago(NOW - timedelta(**parts), NOW) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("arr", "ARR"), ("Renewal_Date__c", "Renewal date"), ("account_id", "Account ID"), ("", "")],
)
def test_field_names_for_people(name: str, text: str) -> None:
    assert words.label(name) == text


@pytest.mark.parametrize(
    ("name", "found", "kind"),
    [
        pytest.param("returns_share", [0.1, None], "percent", id="share between 0 and 1"),
        pytest.param("share", [12, 40], "number", id="share above 1 is not one"),
        pytest.param("paid", [True, False], "flag", id="booleans are no numbers"),
        pytest.param("due", ["2026-10-10", date(2026, 1, 1)], "date", id="days as text or value"),
        pytest.param("at", ["2026-10-10T09:00:00Z"], "moment", id="point in time"),
        pytest.param("due", ["2026-13-45"], "text", id="a day that does not exist"),
        pytest.param("tags", [["a"], "b"], "nested", id="lists"),
        pytest.param("x", [1, "one"], "text", id="values that disagree"),
    ],
)
def test_what_a_column_holds(name: str, found: list[Any], kind: str) -> None:
    assert kinds.of(name, found) == kind


@pytest.mark.parametrize(
    ("run", "headline", "state"),
    [
        pytest.param(
            made.run("full"),
            "12 of 48 enterprise customers in EMEA are at risk; 12 drafts are waiting.",
            "All 3 sources answered, the oldest data 3 h ago.",
            id="all is there",
        ),
        pytest.param(
            made.partial(),
            "3 of 48 enterprise customers in EMEA are at risk; 2 drafts written.",
            "Analytics is missing and billing data is 14 h old.",
            id="one source missing, one old",
        ),
        pytest.param(
            made.empty(),
            "None of 48 enterprise customers in EMEA is at risk (25 % or more).",
            "All 3 sources answered, the oldest data 3 h ago.",
            id="nobody at risk",
        ),
        pytest.param(made.products(), "120 products.", "Shop answered, the oldest data just now.", id="any other flow"),
        pytest.param(
            made.finished(),
            "12 of 48 enterprise customers in EMEA are at risk; 12 drafts written.",
            "All 3 sources answered, the oldest data 3 h ago.",
            id="approved since then: nothing waits",
        ),
    ],
)
def test_the_first_two_lines(run: Any, headline: str, state: str) -> None:
    view = answer.view(run, NOW)
    assert (view.headline, view.state) == (headline, state)


def test_drafts_whose_key_is_no_row_are_not_hidden() -> None:
    rows = [made.customer(0)]
    stray = {**made.draft(rows[0]), "key": "someone else"}
    view = answer.view(made.run("r", answer=made.envelope("r", result={"customers": rows, "drafts": [stray]})), NOW)
    assert [table.name for table in view.content.tables] == ["customers", "drafts"]


def test_a_failed_item_is_called_by_its_name() -> None:
    failed = answer.view(made.partial(), NOW).content.failed
    assert [item.key for item in failed] == ["Atelier Brunel"]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"sources": "none"}, id="sources are no list"),
        pytest.param({"cost": {"dollars": "many"}}, id="cost is no number"),
        pytest.param({"models": [{"version": 3}]}, id="a model without its name"),
    ],
)
def test_an_envelope_that_cannot_be_read_still_shows_its_reply(broken: dict[str, Any]) -> None:
    view = answer.view(made.run("r", answer=made.envelope("r", **broken)), NOW)
    assert view.content.tables[0].total == 12
    assert "could not be read" in view.envelope.degraded[0]


@pytest.mark.parametrize(
    ("result", "facts"),
    [
        pytest.param({"total": 3, "by": {"region": "EMEA"}}, ["total", "by"], id="single values"),
        pytest.param("done", ["result"], id="a Python flow's text"),
        pytest.param(None, ["result"], id="nothing"),
    ],
)
def test_a_reply_without_lists_is_shown_as_facts(result: Any, facts: list[str]) -> None:
    view = answer.view(made.run("r", answer=made.envelope("r", result=result, approvals=[])), NOW)
    assert (list(view.content.facts), view.content.tables) == (facts, [])
    assert view.headline == "Customers at risk of churn, with a drafted email each."


@pytest.mark.parametrize(("contribution", "effect"), [(0.2, "raises"), (-0.2, "lowers"), (0.0, "does not change")])
def test_what_a_reason_does(contribution: float, effect: str) -> None:
    row = made.customer(0, reasons=[made.reason("overdue_days", "Not known", contribution, 1, 2)])
    rows = (
        answer.view(made.run("r", answer=made.envelope("r", result={"customers": [row]})), NOW).content.tables[0].rows
    )
    assert rows[0].score.reasons[0].effect == effect  # type: ignore[union-attr]


def test_rows_that_only_look_scored_are_shown_plain() -> None:
    rows = [{**made.customer(0), "probability": "high"}]
    view = answer.view(made.run("r", answer=made.envelope("r", result={"customers": rows})), NOW)
    assert not view.content.tables[0].scored
    assert view.content.tables[0].total == 1


def test_an_opened_row_brings_its_page() -> None:
    table = answer.view(made.products(), NOW, open_key="101").content.tables[0]
    assert (table.page, table.first, table.last, table.pages) == (3, 101, 120, 3)
    assert answer.view(made.products(), NOW, page=99).content.tables[0].page == 3


def test_time_in_which_nothing_worked_is_folded_and_the_rest_keeps_its_measure() -> None:
    chart = waterfall.of_run(made.finished(), NOW)
    (fold,) = chart.scale.folds
    lanes = {lane.step.name: lane for lane in chart.lanes}
    assert fold.seconds > 2 * 86_400
    assert fold.width == 3.0
    assert lanes["accounts"].bars[0].width == pytest.approx(lanes["send"].bars[0].width * 0.41 / 0.8, rel=0.01)
    assert lanes["drafts"].bars[0].start + lanes["drafts"].bars[0].width <= fold.start + 0.01
    assert lanes["send"].bars[0].start >= fold.start + fold.width - 0.01


def test_a_run_without_idle_time_folds_nothing() -> None:
    assert waterfall.scale_of([(0, 2), (2.4, 5)], 5).folds == ()
    assert waterfall.scale_of([], 100).folds == ()


def test_attempts_are_bars_of_their_own() -> None:
    lane = next(lane for lane in waterfall.of_run(made.run("full"), NOW).lanes if lane.step.name == "usage")
    assert [bar.kind for bar in lane.bars] == ["step", "failed", "done"]
    assert runs.tried(lane.step) == ["analytics: the connection was closed after 300 ms"]


@pytest.mark.parametrize("total", [1e-6, 0.004, 1.2, 59, 7_000, 200_000, 9e6])
def test_marks_of_time_stay_apart(total: float) -> None:
    ticks = waterfall.scale_of([(0, total)], total).ticks
    assert 2 <= len(ticks) <= 12
    assert all(later.at - earlier.at >= 9 for earlier, later in itertools.pairwise(ticks))


def test_typed_texts_become_values_of_the_input() -> None:
    fields = {
        "n": Field(type="integer"), "share": Field(type="number"), "on": Field(type="boolean"),
        "tags": Field(type="list"), "empty": Field(type="string", optional=True), "name": Field(type="string"),
    }  # fmt: skip
    typed = {"n": "5", "share": "0.3", "on": "true", "tags": '["a"]', "empty": " ", "name": "5", "other": "x"}
    assert values(typed, fields) == {"n": 5, "share": 0.3, "on": True, "tags": ["a"], "name": "5"}


@pytest.mark.parametrize(("kind", "text"), [("integer", "1.5"), ("number", "many"), ("boolean", "1"), ("list", "[1")])
def test_a_typed_text_that_does_not_fit_is_refused_by_its_name(kind: Any, text: str) -> None:
    with pytest.raises(Refused, match=r"^limit: .* is not of type"):
        values({"limit": text}, {"limit": Field(type=kind)})


def test_an_age_needs_no_zone_in_the_text() -> None:
    assert words.instant("2026-11-20T09:00:00") == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert words.instant("2026-11-20") is None


def _colours(theme: int) -> dict[str, str]:
    block = re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)[theme]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))


def _light(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [pytest.param(0, id="light"), pytest.param(1, id="dark")])
@pytest.mark.parametrize("ground", ["paper", "raised"])
@pytest.mark.parametrize("ink", ["ink", "muted", "accent", "good", "attention", "bad"])
def test_every_text_colour_has_the_contrast_of_wcag_aa(theme: int, ground: str, ink: str) -> None:
    colours = _colours(theme)
    lighter, darker = sorted((_light(colours[ink]), _light(colours[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_the_style_sheet_stays_small() -> None:
    assert STYLE.stat().st_size < 15_000


def asked(**changed: Any) -> review.Asked:
    return review.read(items.email(1, **changed))


def writes(*calls: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"step": "s", "call": "crm.update", "with": given} for given in calls]


@pytest.mark.parametrize(
    ("changed", "text", "promise"),
    [
        pytest.param({}, "mail.send to jonas@halvorsen.example", "Send this email to Jonas Halvorsen <jonas@halvorsen.example> as ana", id="mail"),
        pytest.param({"title": "other"}, "mail.send to jonas@halvorsen.example: Your renewal in December, Halvorsen Marine", None, id="subject is not the title"),
        pytest.param({"effects": writes({"id": "5", "score": 0.4})}, "crm.update: id 5, score 0.4", "Do crm.update as ana", id="any write"),
        pytest.param({"effects": writes({"to": ["a", "b"]}, {})}, "crm.update to a, b; crm.update", "Do crm.update and crm.update as ana", id="two writes"),
        pytest.param({"effects": []}, "the flow goes on with it", "Let the flow go on with this item, as ana", id="no write"),
    ],
)  # fmt: skip
def test_what_an_approval_will_do(changed: dict[str, Any], text: str, promise: str | None) -> None:
    item = asked(**changed)
    assert item.in_words == text
    assert promise in (None, item.promise("ana"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\r\nb\tc", "a\nb\tc"),
        ("x\u202ey\u200bz", "x⟦U+202E⟧y⟦U+200B⟧z"),
        ("\U000e0041", "⟦U+E0041⟧"),
        ("👩\u200d🔬 é", "👩\u200d🔬 é"),
        ({"a": [1, None]}, '{\n  "a": [\n    1,\n    null\n  ]\n}'),
        (0.5, "0.5"),
    ],
)
def test_a_value_is_shown_exactly(value: object, text: str) -> None:
    assert effect.exact(value) == text


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        pytest.param({}, {}, id="nothing sent"),
        pytest.param({"field.body": "one\r\ntwo"}, {}, id="line ends as browsers send them"),
        pytest.param({"field.body": "one\r\nthree"}, {"body": "one\nthree"}, id="changed"),
        pytest.param({"field.body": ""}, {"body": ""}, id="emptied"),
        pytest.param({"field.score": "2", "field.other": "x"}, {}, id="no text of it"),
    ],
)
def test_what_was_edited(typed: dict[str, str], found: dict[str, str]) -> None:
    item = asked(item={"value": {"body": "one\ntwo", "score": 1}})
    assert review.edits(item, typed) == found


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        pytest.param({}, "waits for the role sales-manager", id="waits"),
        pytest.param({"expires": NOW}, "its time was over just now, and nothing is done", id="over"),
        pytest.param({"expires": NOW, "otherwise": "approve"}, "its time was over just now, and it is approved by itself", id="over, which means yes"),
        pytest.param({"snoozed_until": NOW + timedelta(hours=5)}, "snoozed, back in 5 h", id="snoozed"),
        pytest.param({"snoozed_until": NOW - timedelta(hours=5)}, "waits for the role sales-manager", id="back"),
        pytest.param({"decision": "expired", "decided": NOW}, "expired just now", id="expired"),
        pytest.param({"decision": "withdrawn"}, "withdrawn", id="withdrawn"),
        pytest.param({"decision": "approved", "decided_by": "time", "decided": NOW}, "approved by time just now", id="by time"),
    ],
)  # fmt: skip
def test_what_became_of_an_item(changed: dict[str, Any], state: str) -> None:
    assert asked(**changed).state(NOW) == state


@pytest.mark.parametrize(
    ("decided", "following"),
    [("item-001", "item-002"), ("item-003", "item-002"), ("elsewhere", "item-001")],
    ids=["the next", "the last one: the one before", "not on this page: the first"],
)
def test_which_item_comes_after_a_decision(decided: str, following: str) -> None:
    page = tuple(review.read(items.email(index)) for index in (1, 2, 3))
    assert review.Queue(page, False, page).after(decided) == following
    assert review.Queue(page[:1], False, page[:1]).after("item-001") is None

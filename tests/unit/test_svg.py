"""Pictures: what they show, what they say to those who do not see them, and that no text can break out of them."""

from xml.etree import ElementTree

import pytest

from pointsman.doors.console import svg
from pointsman.doors.console.waterfall import Bar, Scale, scale_of

HOSTILE = "\"><script>alert(1)</script>' & {{ 7 }}"


def shapes(picture: str, kind: str) -> list[dict[str, str]]:
    return [dict(part.attrib) for part in ElementTree.fromstring(picture) if part.get("class") == kind]


def said(picture: str) -> str:
    return ElementTree.fromstring(picture).attrib["aria-label"]


def test_a_probability_shows_value_interval_and_base_rate_and_says_them() -> None:
    picture = svg.probability(0.34, 0.25, 0.44, 0.08)
    assert shapes(picture, "value")[0]["width"] == "34%"
    assert {line["x1"] for line in shapes(picture, "whisker")} == {"25%", "44%"}
    assert shapes(picture, "base")[0]["x1"] == "8%"
    assert said(picture) == "34 %, likely 25 % to 44 %; base rate 8 %"


def test_a_probability_without_interval_draws_none() -> None:
    picture = svg.probability(0.34, None, None, None)
    assert shapes(picture, "whisker") == shapes(picture, "base") == []
    assert said(picture) == "34 %"


@pytest.mark.parametrize(
    ("contribution", "kind", "x", "width"),
    [
        pytest.param(1.0, "raises", "50%", "50%", id="the longest to the right fills its half"),
        pytest.param(-0.5, "lowers", "25%", "25%", id="to the left it ends at the middle"),
        pytest.param(0.0, "raises", "50%", "0%", id="nothing"),
        pytest.param(9.0, "raises", "50%", "50%", id="longer than the scale stays inside"),
        pytest.param(float("nan"), "raises", "50%", "0%", id="not a number draws nothing"),
    ],
)
def test_a_reason_is_a_bar_from_the_middle(contribution: float, kind: str, x: str, width: str) -> None:
    bar = shapes(svg.reason(contribution, 1.0), kind)[0]
    assert (bar["x"], bar["width"]) == (x, width)


def test_a_reason_says_its_direction_in_words() -> None:
    assert said(svg.reason(-0.33, 1.0)) == "lowers it by 0.33"


def test_nothing_leaves_its_picture_and_no_text_breaks_out_of_it() -> None:
    scale = scale_of([(0, 1)], 1.0)
    picture = svg.timeline(HOSTILE, [Bar("done", -5, 400, HOSTILE)], scale)
    bar = shapes(picture, "done")[0]
    assert (bar["x"], bar["width"]) == ("0%", "100%")
    assert HOSTILE in said(picture)
    assert "<script" not in picture


def test_a_step_that_did_not_start_says_so() -> None:
    assert said(svg.timeline("send", [], scale_of([(0, 1)], 1.0))) == "send: did not start"


def test_the_axis_says_what_was_folded() -> None:
    scale: Scale = scale_of([(0, 1), (3601, 3602)], 3602)
    assert said(svg.axis(scale)) == "Time from 0 to 1 h, without 1 h of idle time"
    assert len(shapes(svg.axis(scale), "fold")) == 1

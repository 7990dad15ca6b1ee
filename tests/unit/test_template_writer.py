"""The writer used when no language model is configured, and the files that it fills."""

import pytest

from pointsman.errors import Refused
from pointsman.inference.port import Question, Usage
from pointsman.inference.template import TemplateWriter
from pointsman.language import offline
from pointsman.language.mistake import Mistake
from pointsman.shape import STRING, list_of, record
from pointsman.spec.field import Field

EMAIL = {"subject": Field(type="string", max=40), "body": Field(type="string", max=200)}
FILE = """# subject
Your renewal, {{ customer.name }}

# body

Dear {{ customer.name }},
{% for reason in reasons %}
- {{ reason }}
{% endfor %}
## PS
See you soon.
"""
VALUES = {"customer": {"name": "Ada"}, "reasons": ["fewer orders"]}
INPUTS = {"customer": record({"name": STRING}), "reasons": list_of(STRING)}


async def write(text: str, output: dict[str, Field], values: dict[str, object] = VALUES):
    return await TemplateWriter("writer").write(
        Question("(the prompt)", output, values, template=offline.read(text, output))
    )


async def test_it_fills_the_offline_text_and_says_what_it_is():
    written = await write(FILE, EMAIL)
    assert written.value["subject"] == "Your renewal, Ada"
    assert written.value["body"].startswith("Dear Ada,")
    assert "- fewer orders" in written.value["body"]
    assert written.value["body"].endswith("## PS\nSee you soon.")
    assert (written.source, written.model, written.endpoint, written.upstream) == ("template", "writer", None, None)
    assert written.usage == Usage(0, 0, 0.0)
    assert "no endpoints" in written.reason


async def test_free_text_stands_under_text():
    assert (await write("# text\nHello {{ customer.name }}.", {})).value == {"text": "Hello Ada."}


async def test_free_text_streams_as_one_piece():
    question = Question("", values=VALUES, template=offline.read("# text\nHello {{ customer.name }}.", {}))
    assert [text async for text in TemplateWriter("writer").stream(question)] == ["Hello Ada."]


async def test_fields_that_are_no_text_are_read_as_json():
    output = {"score": Field(type="number"), "tags": Field(type="list"), "day": Field(type="date")}
    written = await write('# score\n{{ 1 + 1 }}\n# tags\n["a", "b"]\n# day\n2026-11-20\n', output)
    assert written.value["score"] == 2
    assert written.value["tags"] == ["a", "b"]
    assert written.value["day"].isoformat() == "2026-11-20"


@pytest.mark.parametrize(
    ("text", "output", "said"),
    [
        pytest.param(
            "# subject\n{% for n in range(41) %}x{% endfor %}\n# body\nb",
            EMAIL,
            "41 characters, at most 40",
            id="too long",
        ),
        pytest.param("# score\nhigh", {"score": Field(type="number")}, "`score` must be a number", id="not a number"),
        pytest.param("# score\n", {"score": Field(type="number")}, "`score` must be a number", id="empty"),
    ],
)
async def test_a_template_is_held_to_the_prompts_output(text, output, said):
    with pytest.raises(Refused, match=said):
        await write(text, output)


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        pytest.param("# subject\na\n", "a", "output field `body` has no text", id="a field is missing"),
        pytest.param("# subject\na\n# body\nb\n# boddy\nc", "boddy", "no output field named `boddy`", id="unknown"),
        pytest.param("# subject\na\n# body\nb\n# body\nc", "body\nc", "`# body` stands twice", id="twice"),
        pytest.param("\nHi\n# subject\na\n# body\nb", "Hi", "before the first heading", id="text before"),
        pytest.param("", "", "output field `subject` has no text", id="empty"),
    ],
)
def test_headings_that_are_wrong_are_found_at_their_place(text, at, said):
    found = offline.mistakes(text, EMAIL, INPUTS)
    assert said in found[0].message
    assert text[found[0].offset :].startswith(at)
    with pytest.raises(Mistake):
        offline.read(text, EMAIL)


def test_what_a_template_reads_is_checked_at_its_place_in_the_whole_file():
    text = "# subject\n\n  Dear {{ custmer.name }}\n# body\nb {{ customer.nam }}\n"
    first, second = offline.mistakes(text, EMAIL, INPUTS)
    assert text[first.offset :].startswith("custmer")
    assert "nam" in text[second.offset : second.offset + 12]


def test_a_template_that_cannot_be_read_is_found_at_its_place():
    text = "# subject\na\n# body\nb\n{% if %}"
    (found,) = offline.mistakes(text, EMAIL, INPUTS)
    assert found.offset >= text.index("# body")


def test_a_right_file_has_no_mistakes():
    assert offline.mistakes(FILE, EMAIL, INPUTS) == []
    assert offline.mistakes(FILE.replace("\n", "\r\n"), EMAIL, INPUTS) == []

"""The reference pages say what the source says, and leave nothing out."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from scripts import reference

from pointsman import spec
from pointsman.spec.base import Spec
from pointsman.spec.codes import CODES
from pointsman.spec.described import described
from pointsman.spec.prompt import Prompt


@pytest.mark.parametrize("page", ["project-files.md", "problems.md", "command-line.md", "effects.md"])
def test_the_committed_page_is_what_the_source_says(page: str) -> None:
    written = (reference.PAGES / page).read_text(encoding="utf-8")
    assert written == reference.pages()[page], "run: make docs"


def _classes() -> Iterator[type[Spec]]:
    """Of files; a Prompt is its head and two texts."""
    for module in pkgutil.iter_modules(spec.__path__):
        importlib.import_module(f"pointsman.spec.{module.name}")
    waiting = list(Spec.__subclasses__())
    while waiting:
        found = waiting.pop()
        waiting += found.__subclasses__()
        if found is not Prompt and not found.__name__.startswith("_") and found.__module__.startswith("pointsman.spec"):
            yield found


CLASSES = sorted(set(_classes()), key=lambda found: found.__name__)
SPEAKING = {
    "BearerAuth", "Isotonic", "Platt", "NoCalibration", "TrainedOn", "Measured", "NextStepRule", "ClassicFile", "Feature",
}  # fmt: skip
"""Classes of files that programs write; their keys are the words of statistics."""


@pytest.mark.parametrize("found", CLASSES, ids=lambda found: found.__name__)
def test_every_class_says_what_it_is(found: type[Spec]) -> None:
    assert found.__doc__ and found.__doc__ != Spec.__doc__


@pytest.mark.parametrize(
    "found", [found for found in CLASSES if found.__name__ not in SPEAKING], ids=lambda c: c.__name__
)
def test_every_key_says_what_it_means(found: type[Spec]) -> None:
    assert [key for key, text in described(found).items() if not text] == []


@pytest.mark.parametrize("found", CLASSES, ids=lambda found: found.__name__)
def test_every_key_is_in_the_reference(found: type[Spec]) -> None:
    page = reference.project_files()
    for key, description in described(found).items():
        assert re.search(rf"\| `{key}` \| .* {re.escape(reference.cell(description))} \|", page), key


def test_every_code_has_its_section() -> None:
    page = reference.problems()
    for code in CODES.values():
        assert f"\n## {code.code}\n\n**{code.title}.**" in page

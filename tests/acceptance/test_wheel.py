"""The wheel holds everything that a user needs at run time, and nothing that tests need."""

import subprocess
import sys
import zipfile

import pytest


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], check=True, capture_output=True
    )
    return set(zipfile.ZipFile(next(out.glob("*.whl"))).namelist())


@pytest.mark.parametrize(
    "path",
    [
        "pointsman/py.typed",
        "pointsman/doors/console/static/vendor/htmx.min.js",
        "pointsman/doors/console/templates/answer.html",
        "pointsman/sandbox/sales/project/flows/at_risk.yaml",
        "pointsman/sandbox/sales/project/models/churn.json",
        "pointsman/sandbox/sales/project/.gitignore",
    ],
)
def test_it_holds_what_is_needed(names, path):
    assert path in names


def test_it_holds_no_tests_and_no_made_files(names):
    assert not [name for name in names if "tests/" in name or "benchmarks/" in name or name.endswith((".pyc", ".db"))]


def test_it_carries_its_licence(names):
    assert any(name.endswith("licenses/LICENSE") for name in names)

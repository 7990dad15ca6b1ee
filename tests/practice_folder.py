"""The worked example's folder with its practice data of one fixed quarter, as fixtures.

Name it as `pytest_plugins = ["tests.practice_folder"]` and ask for `sales`; `tests.practice` starts what is in it.
"""

import shutil
from pathlib import Path

import pytest

from pointsman.quantity import Quarter
from pointsman.sandbox import templates
from pointsman.sandbox.sales.prepare import prepare


@pytest.fixture(scope="session")
def written_sales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, and not to be changed."""
    root = tmp_path_factory.mktemp("practice") / "sales"
    templates.write("sales", root)
    prepare(root, Quarter("2026-Q4"))
    return root


@pytest.fixture
def sales(written_sales: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(written_sales, tmp_path / "sales")

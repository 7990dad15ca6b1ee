"""`--practice`: a project's own verbs on the practice systems that it names."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.projects import SHOP, write

POINTSMAN = Path(sys.executable).with_name("pointsman")


def pointsman(*args, cwd, code=0):
    done = subprocess.run([POINTSMAN, *args], cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def sales(tmp_path):
    pointsman("init", "sales", cwd=tmp_path)
    return tmp_path / "sales"


def test_a_flow_run_on_the_practice_systems_gives_what_the_demo_gives(sales):
    demo = json.loads(pointsman("demo", "-p", ".", "--json", cwd=sales).stdout)
    given = [part for name, value in demo["reading"]["input"].items() for part in ("-i", f"{name}={value}")]
    done = pointsman("run", "at-risk", "--practice", "--json", *given, cwd=sales)
    assert json.loads(done.stdout)["result"] == demo["result"]
    assert done.stderr == ""


def test_people_are_told_that_the_data_are_practice(sales):
    done = pointsman("ask", "--practice", "Who may churn: SMB, APAC, this quarter", cwd=sales)
    assert done.stderr.startswith("Practice data: every customer, person and number here is invented.")


def test_practice_systems_and_an_environment_exclude_each_other(sales):
    done = pointsman("ask", "--practice", "-e", "postgres", "Who may churn?", cwd=sales, code=64)
    assert "--practice and --env both say which systems to use" in done.stderr


def test_a_project_without_practice_systems_says_so(tmp_path):
    shop = write(tmp_path, SHOP)
    done = pointsman("run", "it", "--practice", cwd=shop, code=1)
    assert "has no practice systems" in done.stderr

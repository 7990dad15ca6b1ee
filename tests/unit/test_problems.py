"""How a problem reads, and what is said about each kind of them."""

import json
import re
from pathlib import Path

import pytest
from tests.worked_example import FILES

from pointsman.folder import examine
from pointsman.spec.codes import CODES
from pointsman.spec.node import Source
from pointsman.spec.problem import Place, Problem, in_order, render, summary

SOURCE = Path(__file__).parents[2] / "src" / "pointsman"


def frame(line: str, column: int, length: int = 1, *, above: int = 0, way_out: str = "") -> str:
    text = "\n" * above + line
    return Problem("PM012", "m", Source("f.yaml", text).place(above + column - 1, length), way_out).frame()


def test_a_frame_shows_the_line_and_the_way_out() -> None:
    place = Source("flows/at_risk.yaml", "\n" * 9 + "    conector: analytics\n").place(13, 8)
    problem = Problem("PM012", "unknown key `conector`", place, "Did you mean `connection`?")
    assert problem.frame() == (
        "error[PM012]: unknown key `conector`\n"
        "  --> flows/at_risk.yaml:10:5\n"
        "   |\n"
        "10 |     conector: analytics\n"
        "   |     ^^^^^^^^ did you mean `connection`?"
    )


@pytest.mark.parametrize(
    ("shown", "line", "carets"),
    [
        pytest.param(frame("a: b", 4), "1 | a: b", "  |    ^", id="one-digit"),
        pytest.param(frame("a: b", 4, above=99), "100 | a: b", "    |    ^", id="three-digits"),
        pytest.param(frame("a: 漢字 b", 7, 1), "1 | a: 漢字 b", "  |         ^", id="wide-signs"),
        pytest.param(frame("a: 漢字", 4, 2), "1 | a: 漢字", "  |    ^^^^", id="under-wide-signs"),
        pytest.param(frame("e\u0301: b", 5), "1 | e\u0301: b", "  |    ^", id="combining-signs"),
        pytest.param(frame("a:\tb", 4), "1 | a: b", "  |    ^", id="tab"),
        pytest.param(frame("a: \x1b[31mb", 4), "1 | a: \ufffd[31mb", "  |    ^", id="terminal-code"),
        pytest.param(frame("a: \u202eb", 5), "1 | a: \ufffdb", "  |     ^", id="direction-code"),
        pytest.param(frame("a", 9, 9), "1 | a", "  |  ^", id="beyond-the-end"),
    ],
)
def test_carets_stand_under_the_fault(shown: str, line: str, carets: str) -> None:
    assert shown.splitlines()[3:] == [line, carets]


@pytest.mark.parametrize("column", [1, 60, 5000, 9990, 10_000])
def test_a_long_line_is_clipped_around_the_fault(column: int) -> None:
    line = "".join("x" if place != column - 1 else "!" for place in range(10_000))
    shown, carets = frame(line, column, 50).splitlines()[3:]
    assert len(shown) <= 110
    assert shown[carets.index("^")] == "!"
    assert len(carets) <= 110


def test_a_file_as_a_whole_has_no_frame() -> None:
    problem = Problem("PM008", "the file is empty", Place("a.yaml"), "Write something.")
    assert problem.frame() == "error[PM008]: the file is empty\n --> a.yaml\n  = write something."
    assert problem.sentence() == "a.yaml: the file is empty. Write something."


def test_colour_changes_no_letter() -> None:
    problem = Problem("PM012", "m", Source("f.yaml", "a: b").place(3), "Way.")
    colored = problem.frame(color=True)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == problem.frame()


@pytest.mark.parametrize(
    ("severities", "said"),
    [
        ([], "no problems"),
        (["error"], "1 error in 1 file"),
        (["error", "error"], "2 errors in 2 files"),
        (["error", "warning", "warning"], "1 error and 2 warnings in 3 files"),
        (["warning"], "1 warning in 1 file"),
    ],
)
def test_the_count(severities: list[str], said: str) -> None:
    problems = [Problem("PM012", "m", Place(f"{n}.yaml"), severity=s) for n, s in enumerate(severities)]  # type: ignore[arg-type]
    assert summary(problems) == said
    assert render(problems).endswith(said if problems else "")


def test_problems_go_down_the_files_and_are_said_once() -> None:
    one, two = Source("a.yaml", "x\ny\n"), Source("b.yaml", "x\n")
    late, early, other = (Problem("PM012", "m", place) for place in (one.place(2), one.place(0), two.place(0)))
    assert in_order([other, late, early, late]) == [early, late, other]


def test_as_json() -> None:
    said = Problem("PM012", "a\nb", Source("f.yaml", "a: b").place(3), "Way.").as_dict()
    assert json.loads(json.dumps(said)) == {
        "code": "PM012",
        "severity": "error",
        "message": "a b",
        "file": "f.yaml",
        "line": 1,
        "column": 4,
        "help": "Way.",
        "docs": "https://github.com/pointsman/pointsman/blob/main/docs/reference/problems.md#pm012",
    }


def test_every_code_of_the_source_is_explained_and_every_explained_code_is_used() -> None:
    files = [file for file in SOURCE.rglob("*.py") if file.parent.name != "codes"]
    used = {code for file in files for code in re.findall(r'"(PM\d{3})"', file.read_text(encoding="utf-8"))}
    assert used == set(CODES)


def test_codes_are_given_once() -> None:
    from pointsman.spec.codes import files, names, plans, runs, values

    every = [code.code for part in (files, names, plans, runs, values) for code in part.CODES]
    assert len(every) == len(set(every))


AROUND = {
    **FILES,
    "connections/bare.yaml": "connection: bare\ntype: sqlite\npath: bare.db\n",
    "prompts/letter.md": "---\nprompt: letter\nversion: 1\ninput: {name: string}\n---\nDear {{ name }}\n",
    "flows/other.yaml": "flow: other\ndoors: {mcp: {tool: other_tool}}\nsteps: {a: {python: m:f}}\n",
    "m.py": "async def f(ctx): ...\n",
}


@pytest.mark.parametrize("code", [code for code in CODES.values() if code.example], ids=lambda code: code.code)
def test_the_example_of_a_code_has_that_problem(code: object, tmp_path: Path) -> None:
    known = CODES[code.code]  # type: ignore[attr-defined]
    for name, text in {**AROUND, known.file: known.example}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = "prod" if known.file == "env/prod.yaml" else None
    found = [problem.code for problem in examine(tmp_path, environment).problems]
    assert known.code in found, found


def test_the_project_around_the_examples_is_sound(tmp_path: Path) -> None:
    for name, text in AROUND.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    errors = [problem.sentence() for problem in examine(tmp_path).problems if problem.severity == "error"]
    assert errors == []

"""The tutorial works as it is written: its files, its commands and what they print.

Blocks of docs/tutorial.md are done in order, in one shell, in an empty folder:

    console                         what stands after `$ ` is typed; the rest must be what comes back
    <!-- write: path -->            the block after it becomes that file
    <!-- change: path -->           the diff block after it is made in that file
    anything else                   shown only, and therefore not allowed: every block is one of these

In expected output `…` stands for any text, and alone on a line for any lines. The clock begins at the tutorial's day,
because the practice data move with the calendar, and its port 8080 becomes a free one. An id in the page's output (eight
letters of 0-9 and a-f) stands for the one that came there, in all that follows.
"""

import os
import queue
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
ON_THE_DAY = """#!{python}
import time
from datetime import UTC, datetime, timedelta
from pointsman.clock import SystemClock
SystemClock.now = lambda self: datetime(2026, 11, 20, 9, tzinfo=UTC) + timedelta(seconds=time.time() - {start})
from pointsman.doors.cli import main
main()
"""
DONE = "--- done ---"
SECONDS = 30
ID = re.compile(r"(?<![\w-])(?=[a-f]*\d)[0-9a-f]{8}(?![\w-])")


@dataclass(frozen=True)
class Block:
    """A fenced block, with the comment before it."""

    line: int
    language: str
    text: str
    verb: str = ""
    path: str = ""


@dataclass(frozen=True)
class Typed:
    """A command, and what must come back."""

    line: int
    command: str
    expected: str


def blocks(page: str) -> Iterator[Block]:
    pattern = re.compile(r"(?:^<!-- (write|change): (\S+) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for found in pattern.finditer(page):
        verb, path, language, text = found.groups(default="")
        yield Block(page.count("\n", 0, found.start(4)) + 1, language, text, verb, path)


def typed(block: Block) -> Iterator[Typed]:
    """The commands of a console block; a line that ends in a backslash goes on in the next."""
    lines = block.text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    assert starts[:1] == [0], f"line {block.line}: a console block starts with a command"
    for start, end in pairwise([*starts, len(lines)]):
        last = start
        while lines[last].endswith("\\"):
            last += 1
        command = "\n".join(lines[start : last + 1]).removeprefix("$ ")
        yield Typed(block.line + start, command, "\n".join(lines[last + 1 : end]).strip())


ID = re.compile(r"(?<![\w-])(?=\w*\d)[0-9a-f]{8}(?![\w-])")


def matches(expected: str, got: str, ids: Mapping[str, str] = MappingProxyType({})) -> bool:
    return meant(expected, got, ids) is not None


def meant(expected: str, got: str, ids: Mapping[str, str]) -> dict[str, str] | None:
    """What the page's ids stand for, those found now beside those known; None when something else came back."""
    found: set[str] = set()

    def one(match: re.Match[str]) -> str:
        text = match[0]
        if text in ids:
            return ids[text]
        if text in found:
            return f"(?P=id_{text})"
        found.add(text)
        return f"(?P<id_{text}>[0-9a-f]{{8}})"

    lines = [
        ".*" if line.strip() == "…" else ID.sub(one, re.escape(line).replace("…", "[^\n]*"))
        for line in expected.splitlines()
    ]
    pattern = "\n".join(lines).replace("\n.*\n", "\n(?:.*\n)?").replace("\n.*", "(?:\n.*)?")
    same = re.fullmatch(pattern, got.strip(), re.DOTALL)
    return None if same is None else {**ids, **{name[3:]: text for name, text in same.groupdict().items()}}


def changed(text: str, diff: str) -> str:
    """The text with a diff made in it; what the diff takes away must be there exactly once."""
    lines = [(line[:1], line[1:]) for line in diff.splitlines()]
    old = "\n".join(line for sign, line in lines if sign in "- ")
    new = "\n".join(line for sign, line in lines if sign in "+ ")
    assert text.count(old) == 1, f"found {text.count(old)} times:\n{old}"
    return text.replace(old, new)


class Shell:
    """One bash, as a reader has one: what it is told and what it says."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env=environ,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._said: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._process.stdout:
            self._said.put(line)

    def type(self, command: str, enough: object = None) -> str:
        """What came back until the command was done; one in the background is done when `enough` of what it said."""
        self._process.stdin.write(f"{command}\nended=$?; printf '\\n%s\\n' '{DONE}'; (exit $ended)\n")
        self._process.stdin.flush()
        said, done, until = "", False, time.monotonic() + SECONDS
        while not done or (command.endswith("&") and not enough(said)):
            try:
                line = self._said.get(timeout=max(until - time.monotonic(), 0.01))
            except queue.Empty:
                break
            done |= line.strip() == DONE
            said += "" if line.strip() == DONE else line
        return said

    def close(self) -> None:
        self._process.stdin.write("kill $(jobs -p) 2>/dev/null; wait; exit\n")
        self._process.stdin.close()
        self._process.wait(SECONDS)
        self._process.stdout.close()


@pytest.fixture
def shell(tmp_path):
    if shutil.which("curl") is None and not os.environ.get("CI"):
        pytest.skip("the tutorial asks with curl, which is not installed")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "pointsman").write_text(ON_THE_DAY.format(python=sys.executable, start=time.time()))
    (tools / "pointsman").chmod(0o755)
    (tools / "python").symlink_to(sys.executable)
    folder = tmp_path / "reader"
    folder.mkdir()
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "LANG", "TMPDIR")}
    started = Shell(folder, {**kept, "PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    yield started, folder
    started.close()


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_the_tutorial_works_as_it_is_written(shell, port):
    bash, root = shell
    place, ids = root, dict[str, str]()
    for block in blocks(PAGE.read_text(encoding="utf-8")):
        if block.verb:
            file = place / block.path
            file.parent.mkdir(exist_ok=True)
            text = changed(file.read_text(), block.text) if block.verb == "change" else block.text
            file.write_text(text)
            continue
        assert block.language == "console", f"line {block.line}: neither commands nor a file"
        for step in typed(block):
            command = ID.sub(lambda one, ids=ids: ids[one[0]], step.command.replace("8080", port))
            expected = step.expected.replace("8080", port)
            got = bash.type(command, lambda said, wanted=expected, ids=ids: matches(wanted, said, ids))
            found = meant(expected, got, ids)
            assert found is not None, f"docs/tutorial.md:{step.line}: {command}\n\n{got}"
            ids.update(found)
            if command.startswith("cd "):
                place /= command.removeprefix("cd ").strip()


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        pytest.param("a\nb", "a\nb", True, id="equal"),
        pytest.param("a\nb", "a\nc", False, id="another line"),
        pytest.param("a\nb", "a\nb\nc", False, id="a line too many"),
        pytest.param("run …, done", "run 17, done", True, id="any text"),
        pytest.param("run …", "run 17\nmore", False, id="any text is one line's"),
        pytest.param("a\n…\nd", "a\nb\nc\nd", True, id="any lines"),
        pytest.param("a\n…\nd", "a\nd", True, id="no line between"),
        pytest.param("a\n…", "a\nb\nc", True, id="any lines at the end"),
        pytest.param("…\nd", "a\nd", True, id="any lines at the start"),
        pytest.param("a\n…\nd", "a\nb\nc", False, id="what follows is wanted"),
        pytest.param("1.5", "1x5", False, id="a dot is a dot"),
        pytest.param("0a1b2c3d x", "99887766 x", True, id="an id is another one"),
        pytest.param("0a1b2c3d x", "9988776z x", False, id="an id is an id"),
        pytest.param("0a1b2c3d 0a1b2c3d", "99887766 99887767", False, id="the same id twice"),
    ],
)
def test_what_came_back_is_compared(expected, got, same):
    assert matches(expected, got) is same


def test_an_id_that_was_found_is_that_one_from_then_on():
    ids = meant("0a1b2c3d x", "99887766 x", {})
    assert ids == {"0a1b2c3d": "99887766"}
    assert matches("again 0a1b2c3d", "again 99887766", ids)
    assert not matches("again 0a1b2c3d", "again 99887767", ids)


def test_a_change_must_find_its_place_once():
    assert changed("a\nb\nc\n", " a\n-b\n+d\n") == "a\nd\nc\n"
    with pytest.raises(AssertionError):
        changed("a\nb\na\nb\n", "-a\n+c\n")

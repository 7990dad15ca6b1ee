"""People decide and look after runs on the command line: on exactly what they saw, once, beside a worker or alone."""

import asyncio
import base64
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.projects import SHOP, write

from pointsman.doors.cli import fields_file
from pointsman.doors.cli.plainly import lasted, plain
from pointsman.errors import Refused

pytest_plugins = ["tests.postgres_server"]
POINTSMAN = Path(sys.executable).with_name("pointsman")
FLOW = """
flow: it
durable: true
doors: {http: {}}
steps:
  rows: {call: shop.query, with: {sql: "SELECT id FROM orders ORDER BY id"}}
  drafts: {each: rows, as: row, key: "${{ row.id }}", python: "functions:draft", with: {x: "${{ row.id }}"}, returns: {type: object, fields: {subject: string, text: string}}}
  approval: {approve: drafts, by: "role:manager", within: 3d}
  send: {each: approval.approved, as: draft, key: "${{ draft.key }}", call: post.send, with: {to: "ana@acme.example", subject: "${{ draft.value.subject }}", body: "${{ draft.value.text }}"}}
reply: {drafts: {from: drafts.ok}}
"""
FUNCTIONS = """
def draft(x):
    return {"subject": f"subject {x}", "text": f"Hello,\\n\\nthis is {x}."}
"""
POST = "connection: post\ntype: smtp\nhost: 127.0.0.1\nport: {port}\nsecurity: none\nsender: us@shop.example\n"
NOBODY_LISTENS = 9
SINK = """
import socketserver, sys

class Sink(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 sink")
        while line := self.rfile.readline().decode().strip():
            if line.upper() == "DATA":
                self.say("354 go on")
                while (text := self.rfile.readline().decode().rstrip()) != ".":
                    if text.startswith("Subject:"):
                        sys.stdout.write(text + "\\n")  # one write: two letters may come at once
                        sys.stdout.flush()
            self.say("250 ok")
            if line.upper() == "QUIT":
                return

    def say(self, line):
        self.wfile.write(f"{line}\\r\\n".encode())

with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Sink) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
"""


def pointsman(*args, cwd, code=0, text="", **environ):
    done = subprocess.run(
        [POINTSMAN, *args],
        cwd=cwd, capture_output=True, text=True, timeout=60, input=text, env={**os.environ, "USER": "ana", **environ},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def json_of(*args, cwd, code=0):
    return json.loads(pointsman(*args, "--json", cwd=cwd, code=code).stdout)


@contextmanager
def listening(port=0):
    """A mail server's port, and the subjects of what it took, in order, as they came."""
    server = subprocess.Popen([sys.executable, "-c", SINK, str(port)], stdout=subprocess.PIPE, text=True)
    try:
        yield int(server.stdout.readline()), lambda: server.stdout.readline().removeprefix("Subject: ").strip()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@pytest.fixture
def sink():
    with listening() as server:
        yield server


def project(root, port=NOBODY_LISTENS):
    files = {"flows/it.yaml": FLOW, "functions.py": FUNCTIONS, "connections/post.yaml": POST.format(port=port)}
    return write(root, {**SHOP, **files})


def begun(root):
    """A run that waits for people on three drafts, and those, as their door shows them."""
    run = json_of("run", "it", cwd=root)["run"]
    waiting = json_of("approve", "--run", run, cwd=root)["approvals"]
    assert [item["key"] for item in waiting] == ["1", "2", "3"]
    return run, waiting


def runs(root, *args):
    return json_of("runs", *args, cwd=root)["runs"]


def test_what_waits_is_listed_and_shown_exactly(tmp_path):
    root = project(tmp_path)
    assert "Nothing waits." in pointsman("approve", cwd=root).stderr
    run, waiting = begun(root)
    listed = pointsman("approve", cwd=root).stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["ID", *(item["id"][-8:] for item in waiting)]
    assert all("post.send to=ana@acme.example" in line and "manager" in line for line in listed[1:])
    shown = pointsman("approve", waiting[0]["id"], cwd=root, code=1)
    assert "    to: ana@acme.example\n    subject: subject 1\n    body:\n      │ Hello,\n      │\n" in shown.stderr
    assert "nobody is at a terminal" in shown.stderr
    assert json_of("approve", "--run", run[-8:], cwd=root)["approvals"] == waiting


def test_approve_edit_reject_and_work_on_it_here(tmp_path, sink):
    port, subject = sink
    root = project(tmp_path, port)
    run, (one, two, three) = begun(root)
    decided = json_of("approve", two["id"][-8:], "--yes", "--edit", "subject=kinder", "--work", cwd=root)
    assert decided["decided"][0]["edit"] == {"subject": {"from": "subject 2", "to": "kinder"}}
    assert (decided["decided"][0]["decided_by"], decided["run"]) == ("ana", "waiting")
    assert subject() == "kinder"
    done = pointsman("approve", three["id"], "--reject", "--reason", "no", "--yes", "--as", "bo", cwd=root)
    assert done.stdout.startswith("rejected by bo")
    assert "pointsman up" in done.stderr
    done = pointsman("approve", one["id"], "--yes", "--work", cwd=root)
    assert f"Run {run[-8:]} is done." in done.stderr
    assert subject() == "subject 1"
    assert [record["status"] for record in runs(root)] == ["done"]
    steps = json_of("runs", "show", run, cwd=root)["steps"]
    assert {step["name"]: step["status"] for step in steps} == dict.fromkeys(
        ["rows", "drafts", "approval", "send"], "done"
    )


def test_a_worker_beside_it_goes_on_with_what_was_approved(tmp_path, sink):
    approved_beside_a_worker(project(tmp_path, sink[0]), sink[1])


async def test_on_postgres_a_worker_beside_it_goes_on(tmp_path, sink, postgres_server, monkeypatch):
    await postgres_server.create_database("approvals")
    root = project(tmp_path, sink[0])
    monkeypatch.setenv("JOURNAL_PASSWORD", postgres_server.password)
    monkeypatch.setenv("JOURNAL_KEYS", f"k1 {base64.b64encode(bytes(32)).decode()}")
    (root / "project.yaml").write_text(
        f"project: shop\njournal: {{host: {postgres_server.host}, port: {postgres_server.port}, database: approvals, "
        f"user: {postgres_server.user}, password: secret://env/JOURNAL_PASSWORD, keys: secret://env/JOURNAL_KEYS, "
        "ssl: disable}\n"
    )
    await asyncio.to_thread(approved_beside_a_worker, root, sink[1])
    assert not (root / ".pointsman" / "journal.db").exists()


def approved_beside_a_worker(root, subject):
    run, waiting = begun(root)
    worker = subprocess.Popen(
        [POINTSMAN, "up", "--role", "worker", "--json"], cwd=root, stdout=subprocess.PIPE, text=True
    )
    try:
        assert json.loads(worker.stdout.readline())["worker"]
        done = pointsman("approve", "--all", "--run", run, "--yes", cwd=root)
        assert done.stdout.count("approved by ana") == 3
        assert done.stderr.count("post.send to=ana@acme.example") == 3
        assert sorted(subject() for _ in waiting) == ["subject 1", "subject 2", "subject 3"]
        until = time.monotonic() + 10
        while runs(root)[0]["status"] != "done" and time.monotonic() < until:
            time.sleep(0.1)
        assert runs(root)[0]["status"] == "done"
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)
        worker.stdout.close()


def test_a_second_decision_is_told_of_the_first(tmp_path):
    root = project(tmp_path)
    _, (one, *_) = begun(root)
    pointsman("approve", one["id"], "--reject", "--yes", cwd=root)
    again = pointsman("approve", one["id"][-8:], "--yes", cwd=root, code=1)
    assert "it was rejected already by ana." in again.stderr
    assert json_of("approve", one["id"], "--yes", cwd=root, code=1)["error"]["status"] == 409


def test_a_snoozed_item_is_off_the_list_and_can_be_decided(tmp_path):
    root = project(tmp_path)
    _, (one, two, _) = begun(root)
    assert pointsman("approve", one["id"], "--snooze", "1d", "--yes", cwd=root).stdout.startswith("snoozed until")
    assert one["id"] not in str(json_of("approve", cwd=root))
    assert two["id"] in str(json_of("approve", cwd=root))
    assert json_of("approve", one["id"][-8:], "--yes", cwd=root)["decided"][0]["decision"] == "approved"


def test_a_run_that_failed_goes_on_where_it_stood(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    root = project(tmp_path, port)
    run, (one, two, three) = begun(root)
    failed = pointsman("approve", one["id"], "--yes", "--work", cwd=root, code=1)
    assert f"no answer from 127.0.0.1:{port}" in failed.stderr
    (record,) = runs(root, "--status", "failed", "--flow", "it")
    assert (record["run"], "no answer" in record["error"]) == (run, True)
    assert json_of("approve", cwd=root)["approvals"] == []  # the end of a run withdraws what it asked
    with listening(port) as (_, subject):
        again = pointsman("runs", "retry", run[-8:], "--work", cwd=root)
        assert f"Run {run[-8:]} is waiting: 2 of 3 drafts" in again.stderr
        assert subject() == "subject 1"  # approved once, sent now
        assert [item["id"] for item in json_of("approve", cwd=root)["approvals"]] == [two["id"], three["id"]]
        pointsman("approve", "--all", "--run", run, "--yes", "--work", cwd=root)
        assert sorted((subject(), subject())) == ["subject 2", "subject 3"]
    assert runs(root)[0]["status"] == "done"


def test_runs_are_listed_shown_and_cancelled(tmp_path):
    root = project(tmp_path)
    assert "No such runs." in pointsman("runs", cwd=root).stderr
    first, second = begun(root)[0], json_of("run", "it", cwd=root)["run"]
    assert [record["run"] for record in runs(root)] == [second, first]
    assert [record["run"] for record in runs(root, "--limit", "1")] == [second]
    assert [record["run"] for record in runs(root, "--before", second[-8:])] == [first]
    assert runs(root, "--flow", "other") == []
    listed = pointsman("runs", cwd=root).stdout.splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [
        [second[-8:], "waiting", "it@1"],
        [first[-8:], "waiting", "it@1"],
    ]
    shown = pointsman("runs", "show", first, cwd=root).stdout
    assert re.search(r"^rows +done +3 .*█", shown, re.MULTILINE)
    assert re.search(r"^approval +waiting.*\n    3 of 3 drafts wait for role:manager", shown, re.MULTILINE)
    steps = {step["name"]: step["status"] for step in json_of("runs", "show", first, cwd=root)["steps"]}
    assert steps == {"rows": "done", "drafts": "done", "approval": "waiting", "send": "pending"}
    assert pointsman("runs", "cancel", first[-8:], cwd=root).stdout == f"{first[-8:]}  cancelled\n"
    assert {item["run"] for item in json_of("approve", cwd=root)["approvals"]} == {second}
    assert "has ended already" in pointsman("runs", "cancel", first, cwd=root, code=1).stderr


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        pytest.param(["approve", "abcdef01", "--yes"], 1, "no approval whose id begins or ends", id="unknown approval"),
        pytest.param(["approve", "ab"], 1, "at least 4 letters", id="too short a part"),
        pytest.param(["approve", "--all", "--yes"], 64, "give --run", id="all of everything"),
        pytest.param(["approve", "x", "--reject", "--edit", "a=b"], 64, "cannot go together", id="reject an edit"),
        pytest.param(["approve", "x", "--edit", "a"], 64, "field=text", id="an edit without a text"),
        pytest.param(["approve", "x", "--snooze", "soon"], 64, "--snooze: a duration", id="no duration"),
        pytest.param(["approve", "x", "--editor"], 64, "needs a terminal", id="an editor without a terminal"),
        pytest.param(["approve", "--reject"], 64, "say which one", id="reject nothing"),
        pytest.param(["runs", "show", "abcdef01"], 1, "no run whose id", id="unknown run"),
        pytest.param(["runs", "retry", "WAITING"], 1, "only a failed or cancelled one", id="retry what waits"),
        pytest.param(["runs", "--limit", "2", "show", "x"], 64, "behind the verb", id="list options before show"),
        pytest.param(["runs", "--status", "dnoe"], 64, "dnoe", id="unknown status"),
        pytest.param(["approve", "FIRST", "--yes", "--edit", "sbject=x"], 1, "no field 'sbject'", id="unknown field"),
    ],
)
def test_a_wrong_call_decides_nothing(waiting_project, args, code, said):
    root, run, waiting = waiting_project
    named = {"WAITING": run, "FIRST": waiting[0]["id"]}
    done = pointsman(*[named.get(word, word) for word in args], cwd=root, code=code)
    assert said in done.stderr
    assert json_of("approve", cwd=root)["approvals"] == waiting


@pytest.fixture(scope="module")
def waiting_project(tmp_path_factory):
    root = project(tmp_path_factory.mktemp("waiting"))
    return root, *begun(root)


def at_terminal(root, *args, answer, **environ):
    """What a person sees who types `answer` when asked, and the exit code."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [POINTSMAN, *args], cwd=root, stdin=child, stdout=child, stderr=child, start_new_session=True,
        env={**os.environ, "TERM": "dumb", "USER": "ana", **environ},
    )  # fmt: skip
    os.close(child)
    said, until, answered = "", time.monotonic() + 30, False
    while time.monotonic() < until:
        if not select.select([parent], [], [], 0.1)[0]:
            continue
        try:
            got = os.read(parent, 4096)
        except OSError:  # the terminal is gone with its last user
            break
        said += got.decode()
        if "[y/N]" in said and not answered:
            answered = True
            os.write(parent, answer.encode())
    os.close(parent)
    return said.replace("\r\n", "\n"), process.wait(10)


@pytest.mark.parametrize(
    ("answer", "code", "decided"),
    [
        pytest.param("y\n", 0, True, id="yes"),
        pytest.param("n\n", 130, False, id="no"),
        pytest.param("\n", 130, False, id="no is the default"),
    ],
)
def test_a_person_is_asked(tmp_path, answer, code, decided):
    root = project(tmp_path)
    _, (one, *_) = begun(root)
    said, ended = at_terminal(root, "approve", one["id"], answer=answer)
    assert "subject: subject 1" in said
    assert "Approve it? [y/N]" in said
    assert ended == code
    assert (one["id"] not in str(json_of("approve", cwd=root))) is decided


def test_an_editor_changes_texts_before_they_are_approved(tmp_path):
    root = project(tmp_path)
    _, (one, *_) = begun(root)
    said, ended = at_terminal(
        root, "approve", one["id"], "--editor", answer="y\n", EDITOR="sed -i s/this.is/that_was/"
    )  # fmt: skip
    assert ended == 0
    assert "Approve it as changed?" in said
    assert "│ that_was 1." in said
    assert "approved by ana, text changed" in said


TEXTS = {"subject": "One", "body": "Hello,\n\n  indented\n# no comment\nname: |\n", "amount": 3}


def test_fields_come_back_from_their_file_as_they_went():
    assert fields_file.read(fields_file.written(TEXTS), TEXTS) == {}
    assert fields_file.read(fields_file.written(TEXTS).replace("  One", "  Two"), TEXTS) == {"subject": "Two"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param("", "'subject' is gone", id="emptied"),
        pytest.param("subject: |\n  One\nsubject: |\n  Two\n", "there twice", id="a field twice"),
        pytest.param("subject: |\nOne\n", "line 2 .* two spaces in: 'One'", id="a line that is not indented"),
    ],
)
def test_a_file_that_was_broken_decides_nothing(changed, said):
    with pytest.raises(Refused, match=said):
        fields_file.read(changed, TEXTS)


def test_nothing_in_a_text_can_move_the_cursor_or_turn_the_reading_direction():
    assert plain("a\x1b[2Jb\u202ec\u200bd\re") == "a<U+001B>[2Jb<U+202E>c<U+200B>d<U+000D>e"
    assert plain("Çağlar Γιώργος 你好") == "Çağlar Γιώργος 你好"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0083, "8.3 ms"), (12.4, "12.4 s"), (186, "3.1 min"), (7200, "2.0 h"), (129_601, "1.5 d")],
)
def test_durations_are_told_in_one_unit(seconds, text):
    assert lasted(seconds) == text

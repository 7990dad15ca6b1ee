"""Mail leaves at most once, whole and as it was asked for; whatever happens, what became of it is said truly."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.projects import running
from tests.smtp_server import PASSWORD, USER, Certificates, MailServer, Stage, certificates, scripted, serving

from pointsman.clock import FixedClock, SystemClock
from pointsman.connectors.limits import Limited
from pointsman.connectors.port import Call, Facts
from pointsman.connectors.smtp import SmtpConnector
from pointsman.connectors.smtp.address import read
from pointsman.connectors.smtp.message import LARGEST_BODY, LONGEST_SUBJECT, MOST_RECIPIENTS, Writer
from pointsman.errors import Broken, DeadlinePassed, Fault, Later, Refused, Uncertain
from pointsman.secrets import Secrets
from pointsman.spec.connection import Limits, SmtpConnection

NOW = datetime(2026, 11, 20, 12, 30, 15, tzinfo=UTC)
SENDER = "Northlathe customer care <care@northlathe.example>"
MAIL = {"to": "ana@acme.example", "subject": "Your renewal", "body": "Dear Ana,\n\nhello.\n"}
KEY = "01930000-run:send:acct-7"
NO_SECRETS = Secrets({}, Path())


def spec(port: int, **fields: Any) -> SmtpConnection:
    given = {"security": "none", "sender": SENDER, "host": "127.0.0.1", **fields}
    return SmtpConnection.model_validate({"connection": "mail", "type": "smtp", "port": port, **given})


def connector(port: int, root: Path = Path(), **fields: Any) -> SmtpConnector:
    secrets = Secrets({"MAIL_PASSWORD": PASSWORD}, root)
    return SmtpConnector(spec(port, **fields), root, secrets, FixedClock(NOW))


def login() -> dict[str, str]:
    return {"user": USER, "password": "secret://env/MAIL_PASSWORD"}


def around(port: int, timeout: float = 5.0, root: Path = Path(), **fields: Any) -> Limited:
    return Limited(connector(port, root, **fields), Limits(timeout=timeout), SystemClock())


async def send(port: int, key: str | None = KEY, timeout: float = 5.0, **args: Any) -> Any:
    return await around(port, timeout).write("send", {**MAIL, **args}, Call(key=key))


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with serving() as running:
        yield running


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


# What arrives


async def test_a_message_arrives_whole(server: MailServer) -> None:
    answer = await send(
        server.port, to=["Ana Ruiz <ana@acme.example>"], cc="bo@acme.example", reply_to="key@us.example"
    )
    (one,) = server.delivered
    assert answer == {"message_id": one.message["Message-ID"], "accepted": list(one.recipients), "refused": []}
    assert (one.sender, one.recipients) == ("care@northlathe.example", ("ana@acme.example", "bo@acme.example"))
    assert {name: str(value) for name, value in one.message.items() if name != "Message-ID"} == {
        "From": SENDER,
        "To": "Ana Ruiz <ana@acme.example>",
        "Cc": "bo@acme.example",
        "Reply-To": "key@us.example",
        "Subject": "Your renewal",
        "Date": "Fri, 20 Nov 2026 12:30:15 +0000",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
        "MIME-Version": "1.0",
    }
    assert one.text == MAIL["body"]
    assert server.greeted == ["[127.0.0.1]"]
    assert server.options == [f"SIZE={len(one.content)}"]
    assert await server.quiet() == 0


BODIES = {
    "empty": "",
    "dots": ".\n..\n.\r\n.hidden\n",
    "smuggled": "a\r\n.\r\nMAIL FROM:<evil@x.example>\r\n",
    "bare-endings": "one\rtwo\n.\rthree\r.\r\nfour\n.\nMAIL FROM:<evil@x.example>",
    "unicode": "Grüße, 陳大文 🚲\n.\n",
    "long-line": "x" * 5000,
    "separators": "a\u2028b\u0085c\tq = 3",
    "from-line": "From here on\n>From there",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_bodies_arrive_as_they_are_in_one_message(server: MailServer, body: str) -> None:
    await send(server.port, body=body)
    (one,) = server.delivered
    lines = body.replace("\r\n", "\n").replace("\r", "\n")
    assert one.text == (lines if lines.endswith("\n") else lines + "\n")
    assert one.content.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", one.content)
    assert max(map(len, one.content.split(b"\r\n"))) <= 998


SUBJECTS = [
    "Grüße aus Zürich",
    "陳大文 🚲 " * 30,
    "a" * 400,
    'q: "x" <y> = ?utf-8?',
    "  spaces  inside ",
    "",
    "50 % off; now",
]


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_subjects_arrive_as_they_are(server: MailServer, subject: str) -> None:
    await send(server.port, subject=subject)
    assert str(server.delivered[0].message["Subject"]).strip() == subject.strip()


NAMES = [
    "Zoë Ångström",
    "陳大文",
    "Müller, Jürgen",
    'Ana "Nan" Ruiz',
    "back\\slash",
    "O'Brien, Pat (Sales); x@y.example",
    "Ünal " * 30 + "Ö",
    "陳" * 190,
    "evil@x.example, " * 12 + "A",
    "=?",
    "a" * 190,
]


@pytest.mark.parametrize("name", NAMES)
async def test_names_in_any_script_arrive_and_name_one_person(server: MailServer, name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    await send(server.port, to=[f'"{quoted}" <ana@acme.example>', "Bo <bo@acme.example>"])
    (one,) = server.delivered
    raw = re.search(rb"^To:(.*?)\r\n(?=\S)", one.content, re.MULTILINE | re.DOTALL)
    assert raw is not None
    found = getaddresses([raw[1].decode().replace("\r\n", "")])
    named = [(str(make_header(decode_header(who))), address) for who, address in found]
    assert named == [(name, "ana@acme.example"), ("Bo", "bo@acme.example")]
    assert [to.addr_spec for to in one.message["To"].addresses] == list(one.recipients)


async def test_who_stands_twice_gets_one(server: MailServer) -> None:
    answer = await send(server.port, to=["ana@acme.example", "Ana <ana@ACME.example>"], cc="ana@acme.example")
    assert len(answer["accepted"]) == len(server.delivered[0].recipients) == 1


# The Message-ID


async def test_the_message_id_is_the_keys(server: MailServer) -> None:
    keys = [KEY, KEY, f"{KEY}x", "", None, None]
    ids = [(await send(server.port, key))["message_id"] for key in keys]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 5
    for one, found in zip(server.delivered, ids, strict=True):
        assert one.message["Message-ID"] == found
        assert re.fullmatch(r"<[0-9a-f]{32}@northlathe\.example>", found)
        assert b"acct-7" not in one.content


async def test_the_message_id_does_not_hang_on_text_or_time(server: MailServer) -> None:
    first = await send(server.port)
    later = SmtpConnector(spec(server.port), Path(), NO_SECRETS, SystemClock())
    second = await later.write("send", {**MAIL, "subject": "Edited", "to": "bo@acme.example"}, Call(key=KEY))
    assert isinstance(second, dict)
    assert first["message_id"] == second["message_id"]


def test_the_message_id_of_a_long_domain_stays_whole() -> None:
    domain = ".".join(["a" * 60] * 3) + ".example"
    message = Writer(read(f"care@{domain}"), "").write(MAIL, KEY, NOW)
    assert f"Message-ID: {message.id}\r\n".encode() in message.text.replace(b"\r\n ", b" ")


# What is refused before anything is sent

EVIL = "\r\nBcc: evil@x.example"
INJECTIONS = {
    "subject-crlf": ({"subject": f"Hi{EVIL}"}, "`subject` holds a line break"),
    "subject-lf": ({"subject": "Hi\nBcc: evil@x.example"}, "`subject` holds a line break"),
    "subject-cr": ({"subject": "Hi\rBcc: evil@x.example"}, "`subject` holds a line break"),
    "subject-nel": ({"subject": "Hi\u0085Bcc: x"}, "`subject` holds a line break"),
    "subject-ls": ({"subject": "Hi\u2028Bcc: x"}, "`subject` holds a line break"),
    "subject-nul": ({"subject": "Hi\0"}, "`subject` holds a line break or a control"),
    "subject-encoded": ({"subject": "=?utf-8?q?Hi=0D=0ABcc:_evil=40x.example?="}, "encoded word"),
    "subject-surrogate": ({"subject": "\ud800"}, "control character"),
    "to-crlf": ({"to": f"ana@acme.example{EVIL}"}, "`to` is not one address"),
    "to-name-crlf": ({"to": f"Ana{EVIL} <ana@acme.example>"}, "`to` holds a line break"),
    "to-quoted-crlf": ({"to": f'"Ana{EVIL}" <ana@acme.example>'}, "`to` holds a line break"),
    "to-name-encoded": ({"to": "=?utf-8?q?=2C_evil=40x=2Eexample=2C?= <ana@acme.example>"}, "encoded word"),
    "to-command": ({"to": "ana@acme.example> SIZE=1\r\nDATA"}, "`to` is not one address"),
    "to-space": ({"to": "ana@acme.example NOTIFY=NEVER"}, "`to` is not one address"),
    "to-two": ({"to": "ana@acme.example, evil@x.example"}, "one address.*Several recipients are a list"),
    "to-two-angles": ({"to": "Ana <ana@acme.example>, Evil <evil@x.example>"}, "one address"),
    "to-group": ({"to": "all: ana@acme.example, evil@x.example;"}, "one address"),
    "to-comment": ({"to": "ana@acme.example (evil@x.example)"}, "one address"),
    "to-quoted-local": ({"to": '"ana@acme.example>,<evil"@x.example'}, "one address"),
    "to-route": ({"to": "<@evil.example:ana@acme.example>"}, "one address"),
    "to-percent-ok": ({"to": "ana@[127.0.0.1]"}, "one address"),
    "to-unicode": ({"to": "ana@bücher.example"}, "ASCII"),
    "to-unicode-local": ({"to": "anä@acme.example"}, "ASCII"),
    "to-long": ({"to": f"{'a' * 65}@acme.example"}, "one address"),
    "to-long-domain": ({"to": f"a@{'.'.join(['b' * 60] * 5)}"}, "one address"),
    "to-dots": ({"to": "ana..ruiz@acme.example"}, "one address"),
    "to-nothing": ({"to": ""}, "one address"),
    "to-null": ({"to": None}, "names nobody"),
    "to-nobody": ({"to": []}, "names nobody"),
    "to-number": ({"to": 5}, "must be an address"),
    "to-list-number": ({"to": ["ana@acme.example", None]}, r"`to\[1\]` must be an address"),
    "cc-crlf": ({"cc": [f"bo@acme.example{EVIL}"]}, r"`cc\[0\]` is not one address"),
    "reply-crlf": ({"reply_to": f"bo@acme.example{EVIL}"}, "`reply_to` is not one address"),
    "reply-list": ({"reply_to": ["bo@acme.example"]}, "`reply_to` must be an address"),
    "many": ({"to": [f"p{n}@acme.example" for n in range(MOST_RECIPIENTS + 1)]}, "51 recipients, and 50 are allowed"),
    "long-subject": ({"subject": "x" * (LONGEST_SUBJECT + 1)}, "501 letters"),
    "subject-number": ({"subject": 5}, "`subject` must be a text"),
    "body-nul": ({"body": "a\0b"}, "`body` holds a control"),
    "body-escape": ({"body": "\x1b[2J"}, "`body` holds a control"),
    "body-surrogate": ({"body": "a\udc80"}, "half of a character"),
    "body-large": ({"body": "é" * (LARGEST_BODY // 2 + 1)}, "1,048,578 bytes, and 1,048,576"),
    "body-null": ({"body": None}, "`body` must be a text"),
    "unknown": ({"bcc": "evil@x.example"}, "takes no `bcc`"),
}


@pytest.mark.parametrize(("args", "says"), INJECTIONS.values(), ids=INJECTIONS)
async def test_what_is_no_plain_message_is_refused_and_nothing_sent(
    server: MailServer, args: dict[str, Any], says: str
) -> None:
    with pytest.raises(Refused, match=says) as caught:
        await send(server.port, **args)
    assert caught.value.where == "connection mail"
    assert "evil" not in caught.value.sentence
    assert server.reached == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(["to", "cc", "reply_to", "subject"]), st.text(max_size=40), max_size=4),
    st.sampled_from(["{}", "{} <ana@acme.example>", '"{}" <ana@acme.example>', "{}@acme.example", "ana@{}"]),
)
@example({"to": "a\\"}, '"{}" <ana@acme.example>')
@example({"to": "=?x"}, "{} <ana@acme.example>")
def test_whatever_is_given_stays_in_its_header(texts: dict[str, str], form: str) -> None:
    args = {name: text if name == "subject" else form.replace("{}", text) for name, text in texts.items()}
    try:
        message = Writer(read(SENDER), "").write({**MAIL, **args}, KEY, NOW)
    except Refused:
        return
    head = message.text.partition(b"\r\n\r\n")[0]
    names = re.findall(rb"^([^\s:]+):", head, re.MULTILINE)
    wanted = {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    wanted |= {known for name, known in (("cc", "Cc"), ("reply_to", "Reply-To")) if name in args}
    assert sorted(map(bytes.decode, names)) == sorted(wanted)
    assert message.text.endswith(b"\r\n\r\nDear Ana,\r\n\r\nhello.\r\n")
    assert len(message.recipients) <= 2


# What the server answers


@pytest.mark.parametrize(
    ("stage", "reply", "kind", "says"),
    [
        ("EHLO", "421 4.3.2 going down", Later, "answered 421 4.3.2 going down"),
        ("EHLO", "502 what", Broken, "Correct `host`"),
        ("MAIL", "451 4.3.0 try later", Later, "451"),
        ("MAIL", "550 5.7.1 not yours", Broken, "Correct `sender`"),
        ("MAIL", "530 5.7.0 log in first", Broken, "`user` or `password`"),
        ("MAIL", "552 5.3.4 too large", Refused, "shorter"),
        ("RCPT", "450 4.2.0 greylisted, come back in 300 s", Later, "greylisted"),
        ("RCPT", "421 4.7.0 too many", Later, "too many"),
        ("RCPT", "550 5.1.1 <ana@acme.example>: no such user", Refused, "5.1.1 recipient 1: no such user"),
        ("RCPT", "530 5.7.0 log in first", Broken, "`user` or `password`"),
        ("DATA", "451 4.3.0 no room", Later, "no room"),
        ("DATA", "554 5.5.1 no", Refused, "5.5.1"),
        ("TEXT", "451 4.7.1 greylisted", Later, "greylisted"),
        ("TEXT", "421 4.3.2 going down", Later, "going down"),
        ("TEXT", "554 5.7.1 spam", Refused, "spam"),
        ("TEXT", "552 5.3.4 too large", Refused, "shorter"),
    ],
)
async def test_a_refusal_says_that_nothing_was_sent(
    server: MailServer, stage: Stage, reply: str, kind: type[Fault], says: str
) -> None:
    server.replies[stage] = reply
    with pytest.raises(kind, match=says) as caught:
        await send(server.port)
    assert type(caught.value) is kind
    assert "ana@acme.example" not in caught.value.sentence
    assert server.delivered == []
    assert await server.quiet() == 0


async def test_refused_recipients_do_not_keep_it_from_the_others(server: MailServer) -> None:
    server.refused = {"bo@acme.example": "550 5.1.1 <bo@acme.example> unknown.", "cy@acme.example": "450 4.2.0 later"}
    answer = await send(server.port, to=["ana@acme.example", "bo@acme.example"], cc="cy@acme.example")
    assert answer["accepted"] == ["ana@acme.example"]
    assert answer["refused"] == [
        {"address": "bo@acme.example", "reason": "550 5.1.1 <bo@acme.example> unknown"},
        {"address": "cy@acme.example", "reason": "450 4.2.0 later"},
    ]
    assert [one.recipients for one in server.delivered] == [("ana@acme.example",)]


@pytest.mark.parametrize(
    ("replies", "kind"),
    [(("550 no", "550 no"), Refused), (("550 no", "450 later"), Later), (("450 later", "450 later"), Later)],
    ids=["never", "one-later", "later"],
)
async def test_all_recipients_refused(server: MailServer, replies: tuple[str, str], kind: type[Fault]) -> None:
    both = ["ana@acme.example", "bo@acme.example"]
    server.refused = dict(zip(both, replies, strict=True))
    with pytest.raises(kind, match=r"none of the 2 recipients: recipient 1: .*; recipient 2: ") as caught:
        await send(server.port, to=both)
    assert "acme" not in caught.value.sentence
    assert "DATA" not in server.reached


async def test_a_message_above_the_servers_size_is_refused() -> None:
    async with serving(data_size_limit=1000) as server:
        with pytest.raises(Refused, match="552"):
            await send(server.port, body="x" * 2000)
        assert "DATA" not in server.reached


# What nobody can tell


@pytest.mark.parametrize("stage", ["EHLO", "MAIL", "RCPT", "DATA"])
async def test_a_link_that_breaks_before_the_text_is_for_later(server: MailServer, stage: Stage) -> None:
    server.dropped = {stage}
    with pytest.raises(Later, match=r"before anything was sent|no answer"):
        await send(server.port)
    assert server.delivered == []


async def test_a_link_that_breaks_after_the_text_is_uncertain(server: MailServer) -> None:
    server.dropped = {"TEXT"}
    with pytest.raises(Uncertain, match=r"broke while the message was handed over.*may or may not have been sent"):
        await send(server.port)
    assert len(server.delivered) == 1


@pytest.mark.parametrize("reply", ["nonsense", "354 go on", "999 what", "2"])
async def test_an_answer_after_the_text_that_says_nothing_is_uncertain(server: MailServer, reply: str) -> None:
    server.replies["TEXT"] = reply
    with pytest.raises(Uncertain, match="may or may not have been sent"):
        await send(server.port)
    assert len(server.delivered) == 1


@pytest.mark.parametrize("stage", ["EHLO", "MAIL", "RCPT", "DATA"])
async def test_a_server_that_is_slow_before_the_text_is_for_later(server: MailServer, stage: Stage) -> None:
    server.waits[stage] = 5
    with pytest.raises(DeadlinePassed, match="too slow; nothing was sent"):
        await send(server.port, timeout=0.2)
    assert server.delivered == []
    assert await server.quiet() == 0


async def test_a_server_that_is_slow_after_the_text_is_uncertain(server: MailServer) -> None:
    server.waits["TEXT"] = 5
    with pytest.raises(Uncertain, match="did not say in time"):
        await send(server.port, timeout=0.2)
    assert len(server.delivered) == 1


@pytest.mark.parametrize(("stage", "kind"), [("MAIL", DeadlinePassed), ("TEXT", Uncertain)])
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
async def test_whoevers_timer_is_first_the_fate_is_told(
    server: MailServer, stage: Stage, kind: type[Fault], busy: bool
) -> None:
    """A step's timeout is its caller's timer at the same moment as ours; left as a TimeoutError, it would be retried."""
    server.waits[stage] = 5
    mail, until = around(server.port), SystemClock().monotonic() + 0.2
    if busy:  # the loop comes back after all timers have run out
        asyncio.get_running_loop().call_later(0.15, time.sleep, 0.1)
    with pytest.raises(kind) as caught:
        async with asyncio.timeout(0.2):
            await mail.write("send", MAIL, Call(key=KEY, deadline=until))
    assert type(caught.value) is kind


FLOW = """
flow: it
steps:
  send:
    call: mail.send
    with: {to: ana@acme.example, subject: Hi, body: Hello}
    timeout: 300ms
    retry: {attempts: 3, first: 10ms}
reply: {sent: "${{ send }}"}
"""


@pytest.mark.parametrize(
    ("stage", "kind", "tries", "sent"),
    [("MAIL", DeadlinePassed, 3, 0), ("TEXT", Uncertain, 1, 1)],
    ids=["before", "after"],
)
async def test_a_step_is_tried_again_only_while_nothing_was_sent(
    server: MailServer, tmp_path: Path, stage: Stage, kind: type[Fault], tries: int, sent: int
) -> None:
    server.waits[stage] = 2
    file = f"connection: mail\ntype: smtp\nhost: 127.0.0.1\nport: {server.port}\nsecurity: none\nsender: {SENDER}\n"
    async with running(tmp_path, FLOW, connections__mail_yaml=file) as pointsman:
        run = pointsman.engine.start("it", {}, door="test")
        with pytest.raises(kind):
            await run.answered()
    assert server.reached.count(stage) == tries
    assert len(server.delivered) == sent


async def test_a_run_that_is_tried_again_sends_under_the_same_message_id(server: MailServer, tmp_path: Path) -> None:
    server.dropped = {"MAIL"}
    file = f"connection: mail\ntype: smtp\nhost: 127.0.0.1\nport: {server.port}\nsecurity: none\nsender: {SENDER}\n"
    async with running(tmp_path, FLOW, connections__mail_yaml=file) as pointsman:
        run = pointsman.engine.start("it", {}, door="test")
        await server.reach("MAIL")
        server.dropped.clear()
        answer = await run.answered()
    (one,) = server.delivered
    assert answer["result"]["sent"] == {
        "message_id": one.message["Message-ID"],
        "accepted": ["ana@acme.example"],
        "refused": [],
    }


async def test_a_deadline_that_has_passed_asks_nothing(server: MailServer) -> None:
    with pytest.raises(DeadlinePassed):
        await connector(server.port).write("send", MAIL, Call(deadline=SystemClock().monotonic() - 1))
    assert server.reached == []


@pytest.mark.parametrize(("stage", "sent"), [("MAIL", 0), ("RCPT", 0), ("DATA", 0), ("TEXT", 1)])
async def test_a_cancelled_call_ends_at_once(server: MailServer, stage: Stage, sent: int) -> None:
    server.waits[stage] = 0.3
    task = asyncio.create_task(send(server.port))
    await server.reach(stage)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.4)
    assert len(server.delivered) == sent
    assert await server.quiet() == 0


async def test_many_at_once_keep_apart(server: MailServer) -> None:
    answers = await asyncio.gather(*(send(server.port, f"{KEY}{n}") for n in range(20)))
    assert {answer["message_id"] for answer in answers} == {one.message["Message-ID"] for one in server.delivered}
    assert len(server.delivered) == 20


# TLS and login


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_protected_link_with_a_login(made: Certificates, security: str) -> None:
    async with serving(made, implicit=security == "tls") as server:
        mail = around(server.port, root=made.ca.parent, security=security, ca="ca.pem", **login())
        await mail.write("send", MAIL, Call(key=KEY))
        await mail.write("send", MAIL, Call(key=KEY))
        assert [(one.tls, one.user) for one in server.delivered] == [(True, USER)] * 2
        assert server.logins == ["PLAIN"] * 2
        assert await server.quiet() == 0


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_ends_it(made: Certificates, security: str) -> None:
    async with serving(made, implicit=security == "tls") as server:
        with pytest.raises(Broken, match=r"certificate of 127\.0\.0\.1:\d+ is not trusted .*`ca`"):
            await around(server.port, security=security, **login()).write("send", MAIL, Call(key=KEY))
        assert (server.logins, server.delivered) == ([], [])


async def test_a_certificate_for_another_host_ends_it(tmp_path: Path) -> None:
    others = certificates(tmp_path, "mail.acme.example")
    async with serving(others) as server:
        mail = around(server.port, root=tmp_path, security="starttls", ca="ca.pem", **login())
        with pytest.raises(Broken, match=r"not trusted .*127\.0\.0\.1"):
            await mail.write("send", MAIL, Call(key=KEY))
        assert (server.logins, server.delivered) == ([], [])


async def test_starttls_is_never_done_without(server: MailServer) -> None:
    with pytest.raises(Broken, match="offers no STARTTLS"):
        await around(server.port, security="starttls", **login()).write("send", MAIL, Call(key=KEY))
    assert server.logins == []


async def test_words_before_the_handshake_are_not_heard(made: Certificates) -> None:
    """A stranger on the way may add words to the answer to STARTTLS; they must not count as the server's."""
    hello = b"250-mail.test\r\n250 STARTTLS\r\n"
    async with scripted(b"220 hi\r\n", hello, b"220 go\r\n250 AUTH PLAIN\r\n235 in\r\n250 ok\r\n") as port:
        mail = around(port, root=made.ca.parent, security="starttls", ca="ca.pem", **login())
        with pytest.raises((Later, Broken)):
            await mail.write("send", MAIL, Call(key=KEY))


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_wrong_kind_of_protection_is_told(made: Certificates, server: MailServer, security: str) -> None:
    with pytest.raises(Broken, match=r"does not speak TLS|offers no STARTTLS"):
        await around(server.port, root=made.ca.parent, security=security, ca="ca.pem").write("send", MAIL, Call())


@pytest.mark.parametrize(("name", "says"), [("none.pem", "No such file"), ("empty.pem", "no certificate")])
async def test_a_file_of_authorities_that_cannot_be_used(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(Refused, match=f"`ca`, {name}, .*{says}"):
        await around(1, root=tmp_path, security="tls", ca=name).write("send", MAIL, Call())


async def test_a_wrong_password_is_tried_once_and_never_told() -> None:
    async with serving(login=True) as server:
        secrets = Secrets({"MAIL_PASSWORD": "wrong-canary-99"}, Path())
        mail = SmtpConnector(spec(server.port, **login()), Path(), secrets, FixedClock(NOW))
        with pytest.raises(Broken, match=r"535 .*Correct `user` or `password`"):
            await mail.write("send", MAIL, Call(key=KEY))
        assert server.logins == ["PLAIN"]
        assert "MAIL" not in server.reached


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(f"535 no {PASSWORD}", Broken), ("454 4.7.0 later", Later), ("421 4.7.0 later", Later)],
    ids=["never", "later", "closed"],
)
async def test_a_login_that_fails(reply: str, kind: type[Fault]) -> None:
    async with serving(login=True) as server:
        server.replies["AUTH"] = reply
        with pytest.raises(kind) as caught:
            await around(server.port, **login()).write("send", MAIL, Call(key=KEY))
        assert type(caught.value) is kind
        assert PASSWORD not in caught.value.sentence


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "TEXT"])
@pytest.mark.parametrize("hidden", [PASSWORD, "AG1haWxlcgBjYW5hcnktU210cC83NytwYXNz"], ids=["plain", "base64"])
async def test_no_sentence_shows_a_secret(stage: Stage, hidden: str) -> None:
    async with serving(login=True) as server:
        server.replies[stage] = f"550 you said {hidden}"
        with pytest.raises(Fault, match=r"\*\*\*") as caught:
            await around(server.port, **login()).write("send", MAIL, Call(key=KEY))
        assert hidden not in f"{caught.value}{caught.value!r}{caught.value.args}"


async def test_a_server_without_logins(server: MailServer) -> None:
    with pytest.raises(Broken, match="no way of logging in"):
        await around(server.port, **login()).write("send", MAIL, Call(key=KEY))


async def test_a_password_does_not_travel_in_the_clear() -> None:
    with pytest.raises(Refused, match=r"would travel to mail\.acme\.example in the clear.*starttls"):
        await around(25, host="mail.acme.example", **login()).write("send", MAIL, Call(key=KEY))


@pytest.mark.parametrize(
    "fields", [{"user": USER}, {"password": "secret://env/MAIL_PASSWORD"}], ids=["user", "password"]
)
async def test_user_and_password_go_together(fields: dict[str, str]) -> None:
    with pytest.raises(Refused, match="go together"):
        await around(1, **fields).write("send", MAIL, Call())


async def test_a_secret_that_is_not_there_is_named() -> None:
    fields = {"user": USER, "password": "secret://env/NOT_SET"}
    with pytest.raises(Broken, match="NOT_SET"):
        await around(1, **fields).write("send", MAIL, Call())


# Servers that are none


def _nobody() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_nobody_there_is_for_later() -> None:
    with pytest.raises(Later, match=r"connection mail: no answer from 127\.0\.0\.1:\d+\."):
        await send(_nobody())


@pytest.mark.parametrize(
    ("lines", "kind", "says"),
    [
        ([b"554 5.3.2 not today\r\n"], Broken, "554 5.3.2 not today"),
        ([b"421 4.3.2 full\r\n"], Later, "full"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], Broken, "not how a mail server answers"),
        ([b"\xff\xfe\x00\r\n"], Broken, "not how a mail server answers"),
        ([b""], Later, "no answer"),
        ([b"220 hi\r\n", b"250 " + b"x" * 40_000], Broken, "not how a mail server answers"),
        ([b"220 hi\r\n", b"250 ok\r\n", b"250 \xffok\r\n", b"550 \xff\x1b[2J\x07 <ana@acme.example> no\r\n"], Refused, "recipient 1 no"),
    ],
    ids=["refused", "full", "http", "binary", "closed", "endless", "unprintable"],
)  # fmt: skip
async def test_strange_servers(lines: list[bytes], kind: type[Fault], says: str) -> None:
    async with scripted(*lines) as port:
        with pytest.raises(kind, match=says) as caught:
            await send(port, timeout=1)
        assert caught.value.sentence.isprintable()
        caught.value.sentence.encode()


# The rest of the port


async def test_check_asks_and_sends_nothing(made: Certificates) -> None:
    async with serving(made) as server:
        mail = around(server.port, root=made.ca.parent, security="starttls", ca="ca.pem", **login())
        said = await mail.check()
        assert said.startswith(
            f"127.0.0.1:{server.port} answers over STARTTLS, lets mailer in and offers SIZE 33554432, "
        )
        assert "AUTH LOGIN PLAIN" in said
        assert said.endswith("`send` is tried at most once: a mail server cannot tell a repeat.")
        assert server.reached == ["EHLO", "EHLO", "AUTH"]
        assert await server.quiet() == 0


async def test_check_tells_what_a_call_would() -> None:
    with pytest.raises(Later, match="no answer"):
        await around(_nobody()).check()
    with pytest.raises(Refused, match="`sender` is not one address"):
        await around(_nobody(), sender="care at northlathe").check()


async def test_it_has_no_tables_and_reads_nothing(server: MailServer) -> None:
    mail = connector(server.port)
    assert await mail.describe() == {}
    with pytest.raises(Refused, match="reads nothing"):
        mail.read("send", {}, Call(), Facts())
    with pytest.raises(Refused, match=r"no action named `sned`\. Did you mean `send`?"):
        await mail.write("sned", MAIL, Call())
    await mail.close()


async def test_nothing_is_left_open(server: MailServer) -> None:
    mail = around(server.port)
    with suppress(Refused):
        await mail.write("send", {**MAIL, "to": "x"}, Call())
    server.replies["RCPT"] = "550 no"
    with suppress(Refused):
        await mail.write("send", MAIL, Call())
    server.replies.clear()
    await mail.write("send", MAIL, Call())
    await mail.close()
    assert await server.quiet() == 0

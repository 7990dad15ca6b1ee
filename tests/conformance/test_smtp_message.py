"""A message arrives whole and as it was asked for, and no text in it can make another of it."""

import re
from collections.abc import AsyncIterator
from email.header import decode_header, make_header
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.smtp_mail import KEY, MAIL, NOW, SENDER, send, spec
from tests.smtp_server import MailServer, serving

from pointsman.clock import SystemClock
from pointsman.connectors.port import Call
from pointsman.connectors.smtp import SmtpConnector
from pointsman.connectors.smtp.address import read
from pointsman.connectors.smtp.message import LARGEST_BODY, LONGEST_SUBJECT, MOST_RECIPIENTS, Writer
from pointsman.errors import Refused
from pointsman.secrets import Secrets


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with serving() as running:
        yield running


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
    later = SmtpConnector(spec(server.port), Path(), Secrets({}, Path()), SystemClock())
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
@example({"subject": "a" + " " * 200 + "Bcc: evil@x.example"}, "{}")
@example({"subject": "é" + " " * 200 + "Bcc: evil@x.example"}, "{}")
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
    assert all(found.strip() and len(found) <= 998 for found in head.split(b"\r\n"))
    assert message.text.endswith(b"\r\n\r\nDear Ana,\r\n\r\nhello.\r\n")
    assert len(message.recipients) <= 2

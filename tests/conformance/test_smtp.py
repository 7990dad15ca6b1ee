"""Mail leaves at most once; whatever happens, what became of it is said truly."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.projects import running
from tests.smtp_mail import KEY, MAIL, NOW, SENDER, around, connector, login, send, spec
from tests.smtp_server import PASSWORD, USER, Certificates, MailServer, Stage, certificates, scripted, serving

from pointsman.clock import FixedClock, SystemClock
from pointsman.connectors.port import Call, Facts
from pointsman.connectors.smtp import SmtpConnector
from pointsman.errors import Broken, DeadlinePassed, Fault, Later, Refused, Uncertain
from pointsman.secrets import Secrets


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with serving() as running:
        yield running


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


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
async def test_user_and_password_go_together(fields: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="go together"):
        await around(1, **fields).write("send", MAIL, Call())


async def test_a_secret_that_is_not_there_is_named() -> None:
    fields: dict[str, Any] = {"user": USER, "password": "secret://env/NOT_SET"}
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

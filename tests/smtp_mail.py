"""A mail, and connectors that send it to a server of `smtp_server`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.smtp_server import PASSWORD, USER

from pointsman.clock import FixedClock, SystemClock
from pointsman.connectors.limits import Limited
from pointsman.connectors.port import Call
from pointsman.connectors.smtp import SmtpConnector
from pointsman.secrets import Secrets
from pointsman.spec.connection import Limits, SmtpConnection

NOW = datetime(2026, 11, 20, 12, 30, 15, tzinfo=UTC)
SENDER = "Northlathe customer care <care@northlathe.example>"
MAIL = {"to": "ana@acme.example", "subject": "Your renewal", "body": "Dear Ana,\n\nhello.\n"}
KEY = "01930000-run:send:acct-7"


def spec(port: int, **fields: Any) -> SmtpConnection:
    given = {"security": "none", "sender": SENDER, "host": "127.0.0.1", **fields}
    return SmtpConnection.model_validate({"connection": "mail", "type": "smtp", "port": port, **given})


def connector(port: int, root: Path = Path(), **fields: Any) -> SmtpConnector:
    secrets = Secrets({"MAIL_PASSWORD": PASSWORD}, root)
    return SmtpConnector(spec(port, **fields), root, secrets, FixedClock(NOW))


def login() -> dict[str, Any]:
    return {"user": USER, "password": "secret://env/MAIL_PASSWORD"}


def around(port: int, timeout: float = 5.0, root: Path = Path(), **fields: Any) -> Limited:
    return Limited(connector(port, root, **fields), Limits(timeout=timeout), SystemClock())


async def send(port: int, key: str | None = KEY, timeout: float = 5.0, **args: Any) -> Any:
    return await around(port, timeout).write("send", {**MAIL, **args}, Call(key=key))

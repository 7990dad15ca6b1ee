"""Secrets: resolved late, printed never."""

import base64
import json
import pickle
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from pointsman.errors import Broken, Fault, Refused
from pointsman.secrets import Secret, Secrets

CANARY = 'Can&ary/"99"+pass wörd'


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    (tmp_path / "key.pem").write_text(
        "-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkqh1\nkiG9w0BAQEFAASCC2\n-----END PRIVATE KEY-----\n"
    )
    (tmp_path / "empty").write_text("\n")
    return Secrets({"TOKEN": CANARY, "EMPTY": "", "SHORT": "abc", "LATER": "second-secret"}, tmp_path)


def test_a_secret_is_found_in_the_environment_and_in_files(secrets: Secrets) -> None:
    assert secrets.resolve("secret://env/TOKEN").reveal() == CANARY
    key = secrets.resolve("secret://file/key.pem").reveal()
    assert key.startswith("-----BEGIN") and key.endswith("KEY-----")


@pytest.mark.parametrize(
    "show",
    [str, repr, lambda secret: f"{secret}", lambda secret: f"{secret:>40}", "{0} {0!r}".format],
    ids=["str", "repr", "format", "format-spec", "str.format"],
)
def test_a_secret_never_prints(secrets: Secrets, show: object) -> None:
    assert callable(show)
    assert CANARY not in show(secrets.resolve("secret://env/TOKEN"))
    assert CANARY not in repr(secrets)


def test_a_secret_is_not_stored(secrets: Secrets) -> None:
    with pytest.raises(TypeError, match="never stored"):
        pickle.dumps(secrets.resolve("secret://env/TOKEN"))
    with pytest.raises(TypeError):
        json.dumps(secrets.resolve("secret://env/TOKEN"))
    assert not hasattr(Secret("x", "secret://env/X"), "__dict__")


@pytest.mark.parametrize(
    ("reference", "kind", "words"),
    [
        ("secret://env/SF_KEY", Broken, ["secret://env/SF_KEY", "export SF_KEY="]),
        ("secret://env/EMPTY", Broken, ["EMPTY", "empty"]),
        ("secret://file/missing.pem", Broken, ["secret://file/missing.pem", "No such file"]),
        ("secret://file/empty", Broken, ["empty"]),
        ("secret://vault/kv/app#key", Refused, ["vault", "not available yet", "secret://env/"]),
        ("secret://k8s/ns/name#key", Refused, ["k8s", "not available yet"]),
    ],
)
def test_what_is_missing_is_for_an_operator_and_what_is_unknown_for_the_project(
    secrets: Secrets, reference: str, kind: type[Fault], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        secrets.resolve(reference)
    assert [word for word in words if word not in caught.value.sentence] == []


def test_a_rotated_secret_is_seen_and_the_old_one_stays_hidden(tmp_path: Path) -> None:
    environ = {"TOKEN": "old-value"}
    secrets = Secrets(environ, tmp_path)
    secrets.resolve("secret://env/TOKEN")
    environ["TOKEN"] = "new-value"
    assert secrets.resolve("secret://env/TOKEN").reveal() == "new-value"
    assert secrets.scrub("old-value new-value") == "*** ***"


@pytest.mark.parametrize(
    "form",
    [
        CANARY,
        quote(CANARY),
        quote(CANARY, safe=""),
        quote_plus(CANARY),
        json.dumps({"password": CANARY}),
        json.dumps({"password": CANARY}, ensure_ascii=False),
        repr({"password": CANARY}),
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(f"u:{CANARY}".encode()).decode(),
        base64.b64encode(f"us:{CANARY}".encode()).decode(),
        base64.b64encode(f"use:{CANARY}".encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
    ],
    ids=["plain", "url", "url-all", "form", "json", "json-utf8", "repr", "b64", "b64-1", "b64-2", "b64-3", "b64-url"],
)
def test_scrub_takes_it_out_in_every_form(secrets: Secrets, form: str) -> None:
    secrets.resolve("secret://env/TOKEN")
    scrubbed = secrets.scrub(f"before {form} after")
    assert "***" in scrubbed
    assert form not in scrubbed
    left = scrubbed.replace("before", "").replace("after", "")
    assert len(left.replace("***", "").strip(" {}\"':")) <= len("password") + 8, scrubbed


def test_each_line_of_a_key_is_hidden(secrets: Secrets) -> None:
    secrets.resolve("secret://file/key.pem")
    assert "kiG9w0BAQEFAASCC2" not in secrets.scrub("PEM error near kiG9w0BAQEFAASCC2")


def test_what_is_not_resolved_or_very_short_is_left_alone(secrets: Secrets) -> None:
    secrets.resolve("secret://env/SHORT")
    assert secrets.scrub("abc second-secret") == "abc second-secret"

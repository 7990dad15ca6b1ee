"""`pointsman doctor`: what works on this machine, and what is missing. It looks; it enables nothing."""

import asyncio
import os
import shutil
import socket
import sqlite3
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

import click

from pointsman import __version__
from pointsman.assemble import assemble
from pointsman.doors.cli import options, talk
from pointsman.errors import Fault
from pointsman.folder import examine
from pointsman.spec.model import ChatModel

LOCAL_SERVERS: Final = {11434: "Ollama", 8000: "vLLM", 8081: "llama.cpp", 1234: "LM Studio"}
"""Ports where model servers listen by default."""
KEYS: Final = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_OPENAI_API_KEY")
SIGNS: Final = {"ok": "✓", "attention": "!", "bad": "✗", "none": "-"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    state: Literal["ok", "attention", "bad", "none"]
    about: str
    sentence: str


@click.command()
@options.project
@options.as_json
def doctor(root: Path, environment: str | None, as_json: bool) -> None:
    """Look at this machine and the project: what works, what is missing, what was found but is not used."""
    found = [*machine(), *models_nearby()]
    if (root / "project.yaml").exists():
        found += asyncio.run(project(root, environment))
    else:
        found.append(Finding("none", "project", f"no project in {root.resolve().name}/; pointsman init writes one."))
    if as_json:
        talk.json({"ok": all(one.state != "bad" for one in found), "findings": [vars_of(one) for one in found]})
    else:
        for one in found:
            talk.data(f"{SIGNS[one.state]} {one.about}: {one.sentence}")
    raise SystemExit(any(one.state == "bad" for one in found))


def vars_of(finding: Finding) -> dict[str, str]:
    return {"state": finding.state, "about": finding.about, "sentence": finding.sentence}


def machine() -> list[Finding]:
    """The interpreter, the libraries that matter, and room on the disk."""
    python = ".".join(map(str, sys.version_info[:3]))
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in ("duckdb", "pydantic", "aiohttp"))
    free = shutil.disk_usage(Path()).free
    return [
        Finding("ok", "pointsman", f"{__version__} on Python {python}"),
        Finding("ok", "libraries", f"{libraries}, SQLite {sqlite3.sqlite_version}"),
        Finding("ok" if free > 2**30 else "attention", "disk", f"{free / 2**30:.1f} GiB free here"),
        _port(8080),
    ]


def _port(port: int) -> Finding:
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", port)) == 0
    if taken:
        return Finding("attention", "port", f"{port} is taken; give pointsman up another with --port.")
    return Finding("ok", "port", f"{port} is free")


def models_nearby() -> list[Finding]:
    """Model servers and keys that could be used, and are not until a model file names them."""
    found = []
    for port, name in LOCAL_SERVERS.items():
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                sentence = f"something listens on port {port} (often {name}); it is not used until a model names it."
                found.append(Finding("none", "model server", sentence))
    for key in KEYS:
        if os.environ.get(key):
            sentence = f"{key} is set; it is not used until a model's endpoint names secret://env/{key}."
            found.append(Finding("none", "key", sentence))
    return found


async def project(root: Path, environment: str | None) -> list[Finding]:
    """The project's own state: its mistakes, its connections as they answer now, who writes and reads."""
    examined = examine(root, environment)
    errors = sum(problem.severity == "error" for problem in examined.problems)
    if errors:
        return [Finding("bad", "project", f"{errors} mistakes; pointsman check shows them.")]
    found = [Finding("ok", "project", f"{examined.project.file.project}: no mistakes")]
    for name, model in examined.project.models.items():
        if isinstance(model, ChatModel) and not model.endpoints:
            found.append(Finding("attention", f"model {name}", "no endpoint: prompts' templates write, and say so."))
    async with assemble(examined, root, environ=os.environ) as pointsman:
        for name, connection in pointsman.services.connections.items():
            try:
                found.append(Finding("ok", f"connection {name}", await connection.check()))
            except Fault as fault:
                found.append(Finding("bad", f"connection {name}", fault.sentence))
    return found

"""What a verb must not wait for. How long it takes is in benchmarks/start.py; nothing is timed here."""

import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.sandbox import templates

SCRIPT = """
import sys
from pointsman.doors.cli import main
sys.argv = ["pointsman", *sys.argv[1:]]
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
HEAVY = {"aiohttp", "asyncio", "asyncpg", "duckdb", "joserfc", "starlette", "uvicorn"}


def loaded(*arguments: str) -> set[str]:
    """The packages that a verb's process has loaded in the end."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("environment", [(), ("-e", "postgres")], ids=["as it stands", "with an overlay"])
def test_check_loads_no_server_no_client_and_no_engine(tmp_path: Path, environment: tuple[str, ...]) -> None:
    templates.write("sales", tmp_path / "sales")
    packages = loaded("check", str(tmp_path / "sales"), *environment)
    assert "sqlglot" in packages
    assert packages & HEAVY == set()


def test_the_command_itself_loads_no_verb() -> None:
    assert loaded("--version") & (HEAVY | {"pydantic", "jinja2", "sqlglot", "yaml"}) == set()

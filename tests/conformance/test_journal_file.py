"""The SQLite journal's file: kills, damage, strangers, full disks, other versions, and several processes."""

import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conformance.journal_killed import KEYS
from tests.conformance.journal_store import claims, done, new_run, started

from pointsman.errors import Broken, Later
from pointsman.journal.port import Page
from pointsman.journal.seal import Sealer
from pointsman.journal.sqlite import SqliteJournal
from pointsman.journal.sqlite.sql import migrations, sql

RELEASED = {1: Path(__file__).parents[1] / "journal_schemas" / "sqlite-0001.sql"}


async def opened(path: Path, sealer: Sealer | None = None) -> SqliteJournal:
    journal = SqliteJournal(path, sealer or Sealer(KEYS, "k1"))
    await journal.open()
    return journal


async def filled(path: Path, runs: int = 300) -> None:
    journal = await opened(path)
    await journal.create([new_run(input=b"x" * 500) for _ in range(runs)])
    await journal.close()


def content(path: Path) -> bytes:
    return path.read_bytes()


async def refused(path: Path, match: str, sealer: Sealer | None = None) -> Broken:
    """Opening it fails with this, and changes nothing."""
    before = content(path)
    with pytest.raises(Broken, match=match) as broken:
        await opened(path, sealer)
    assert content(path) == before
    assert broken.value.way_out
    return broken.value


def killed(path: Path, run: str, seconds: float) -> set[int]:
    """The keys that a process had confirmed when it was killed, so long after the first."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.conformance.journal_killed", str(path), run],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline()]
        time.sleep(seconds)
        process.kill()
        lines += process.stdout.read().splitlines(keepends=True)
    return {int(line) for line in lines if line.endswith("\n")}


async def test_what_was_confirmed_is_there_after_kill_9(tmp_path: Path) -> None:
    path, dice = tmp_path / "journal.db", random.Random(7)
    confirmed = 0
    for kill in range(10):
        keys = killed(path, f"run-{kill}", dice.uniform(0.02, 0.3))
        journal = await opened(path)
        kept = {step.key: step.output for step in await journal.steps(f"run-{kill}")}
        assert {f"s{key}" for key in keys} <= set(kept)
        assert all(kept[f"s{key}"] == b"%d" % key * (1 + key % 400) for key in keys)
        await journal.close()
        confirmed += len(keys)
    assert confirmed > 100
    link = sqlite3.connect(path)
    assert link.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    link.close()


@pytest.mark.parametrize("where", ["head", "middle", "cut"])
async def test_a_damaged_file_is_refused_and_left(tmp_path: Path, where: str) -> None:
    path = tmp_path / "journal.db"
    await filled(path)
    content = bytearray(path.read_bytes())
    if where == "head":
        content[:100] = b"?" * 100
    elif where == "middle":
        content[4096:-4096] = b"?" * (len(content) - 8192)
    else:
        del content[len(content) // 2 :]
    path.write_bytes(content)
    broken = await refused(path, "damaged")
    assert "Restore it from a backup" in broken.way_out and str(path) in str(broken)


async def test_damage_that_is_found_while_working_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await filled(path)
    journal = await opened(path)
    content = bytearray(path.read_bytes())
    content[4096:] = b"?" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(Broken, match="damaged"):
        await journal.newest(Page())
    await journal.close()


async def test_another_programs_database_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / "analytics.db"
    link = sqlite3.connect(path)
    link.execute("CREATE TABLE usage (account TEXT)")
    link.close()
    await refused(path, "no journal")


async def test_a_newer_schema_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await filled(path)
    link = sqlite3.connect(path)
    link.execute("PRAGMA user_version = 99")
    link.close()
    broken = await refused(path, "schema is version 99")
    assert "version of Pointsman that wrote it" in broken.way_out


async def test_another_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await filled(path)
    await refused(path, "sealed with the key 'k1', which is not here", Sealer({"k2": bytes(32)}, "k2"))
    await refused(path, "does not open with the key 'k1'", Sealer({"k1": bytes(32)}, "k1"))


async def test_a_key_that_is_changed_leaves_the_old_ones_work_readable(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = await opened(path)
    run = await started(journal, dedup_key="order-1", subjects=["anna"])
    await journal.record(run.id, run.epoch, [done("a", b"x" * 100_000)])
    await journal.close()
    journal = await opened(path, Sealer({**KEYS, "k2": bytes(32)}, "k2"))
    assert await journal.create([new_run(dedup_key="order-1")]) == [run.id]
    assert await journal.runs_of("anna") == [(run.id, "$input")]
    await journal.record(run.id, run.epoch, [done("b", b"x" * 100_000)])
    assert [len(step.output or b"") for step in await journal.steps(run.id)] == [100_000, 100_000]
    await journal.close()


async def test_a_large_payload_is_kept_once_as_long_as_something_uses_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = await opened(path)
    page = b"anna" * 50_000
    run = await started(journal, input=page)
    await journal.record(run.id, run.epoch, [done("a", page), done("b", page), done("c", page + b"!")])
    link = sqlite3.connect(path)
    blobs = []
    for key in ("c", "a", "$input", "b"):
        blobs.append(link.execute("SELECT count(*) FROM blob").fetchone()[0])
        await journal.rewrite(run.id, key, b"", without="anna")
    blobs.append(link.execute("SELECT count(*) FROM blob").fetchone()[0])
    assert blobs == [2, 1, 1, 1, 0]
    link.close()
    await journal.close()


@pytest.mark.parametrize("version", sorted(migrations()))
async def test_a_journal_of_each_released_schema_is_brought_up(tmp_path: Path, version: int) -> None:
    path = tmp_path / "journal.db"
    link = sqlite3.connect(path)
    link.executescript(RELEASED[version].read_text())
    assert link.execute("PRAGMA user_version").fetchone() == (version,)
    link.close()
    journal = await opened(path)
    (waiting,) = await journal.newest(Page())
    assert (waiting.id, waiting.state, waiting.input) == ("run-of-1", "queued", b'{"region":"EMEA"}')
    (claimed,) = await claims(journal)
    await journal.record(claimed.id, claimed.epoch, [done("b")])
    assert [step.key for step in await journal.steps(claimed.id)] == ["a", "b"]
    await journal.close()


async def test_migrations_end_at_their_own_number(tmp_path: Path) -> None:
    await filled(tmp_path / "journal.db", 1)
    link = sqlite3.connect(tmp_path / "journal.db")
    assert link.execute("PRAGMA user_version").fetchone() == (max(migrations()),)
    assert list(migrations()) == list(range(1, max(migrations()) + 1))
    link.close()


async def test_processes_that_start_at_once_make_one_schema(tmp_path: Path) -> None:
    journals = await asyncio.gather(*[opened(tmp_path / "journal.db") for _ in range(6)])
    for journal in journals:
        await journal.create([new_run()])
    assert len(await journals[0].newest(Page())) == 6
    for journal in journals:
        await journal.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if not mount or subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "none", folder], check=False).returncode:
        pytest.skip("a disk of 2 MB needs the right to mount one")
    yield folder
    subprocess.run(["umount", folder], check=True)


async def test_a_full_disk_loses_nothing_and_work_goes_on_when_there_is_space(small_disk: Path) -> None:
    path = small_disk / "journal.db"
    journal = await opened(path)
    run = await started(journal)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 1_200_000)
    noise, confirmed = random.Random(3), []
    with pytest.raises(Later, match="disk of the journal is full; nothing was written"):
        for number in range(200):
            await journal.record(run.id, run.epoch, [done(f"s{number}", noise.randbytes(20_000))])
            confirmed.append(f"s{number}")
    assert {step.key for step in await journal.steps(run.id)} == set(confirmed)
    filler.unlink()
    await journal.record(run.id, run.epoch, [done("after", noise.randbytes(20_000))])
    assert {step.key for step in await journal.steps(run.id)} == {*confirmed, "after"}
    await journal.close()
    journal = await opened(path)
    assert len(await journal.steps(run.id)) == len(confirmed) + 1
    await journal.close()


async def test_a_file_that_another_keeps_locked_is_told_as_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pointsman.journal.sqlite.file.BUSY_SECONDS", 0.1)
    path = tmp_path / "journal.db"
    journal = await opened(path)
    run = await started(journal)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Later, match="locked"):
        await journal.record(run.id, run.epoch, [done("a")])
    assert await journal.steps(run.id) == [], "readers go on"
    other.execute("ROLLBACK")
    other.close()
    await journal.record(run.id, run.epoch, [done("a")])
    await journal.close()


@pytest.mark.parametrize("closed", [False, True])
async def test_a_journal_that_is_not_open_says_so(tmp_path: Path, closed: bool) -> None:
    journal = SqliteJournal(tmp_path / "journal.db", Sealer(KEYS, "k1"))
    if closed:
        await journal.open()
        await journal.close()
    with pytest.raises(Later, match=r"closed|not open"):
        await journal.create([new_run()])
    await journal.close()


async def test_closing_waits_for_the_writes_under_way(tmp_path: Path) -> None:
    journal = await opened(tmp_path / "journal.db")
    writes = [asyncio.ensure_future(journal.create([new_run()])) for _ in range(50)]
    await asyncio.sleep(0)
    await journal.close()
    assert len(await asyncio.gather(*writes)) == 50
    journal = await opened(tmp_path / "journal.db")
    assert len(await journal.newest(Page(limit=100))) == 50
    await journal.close()


async def test_a_defect_in_one_write_harms_no_other(tmp_path: Path) -> None:
    journal = await opened(tmp_path / "journal.db")
    good, bad = [new_run() for _ in range(5)], new_run(version="one")  # type: ignore[arg-type]
    given = await asyncio.gather(
        *[journal.create([run]) for run in (*good[:2], bad, *good[2:])], return_exceptions=True
    )
    assert [type(one) for one in given] == [list, list, sqlite3.IntegrityError, list, list, list]
    assert len(await journal.newest(Page())) == 5
    with pytest.raises(sqlite3.IntegrityError):
        await journal.create([new_run(), bad])
    assert len(await journal.newest(Page())) == 5, "all or none"
    await journal.close()


async def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    await filled(tmp_path / "journal.db", 1)
    assert (tmp_path / "journal.db").stat().st_mode & 0o077 == 0


def names() -> list[str]:
    folder = Path(sys.modules["pointsman.journal"].__file__ or "").parent / "sql" / "sqlite"
    return [
        line[9:]
        for file in folder.glob("[a-z]*.sql")
        for line in file.read_text().splitlines()
        if line.startswith("-- name: ")
    ]


def test_every_query_is_used_and_is_valid(explain: Callable[[str], None]) -> None:
    folder = Path(sys.modules["pointsman.journal"].__file__ or "").parent / "sqlite"
    code = "".join(file.read_text() for file in folder.glob("*.py"))
    assert len(names()) > 60
    for name in names():
        assert f'"{name}"' in code, name
        explain(sql(name))


@pytest.fixture
def explain(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Lets SQLite plan a query of the journal's schema; PRAGMAs and transactions have no plan."""
    asyncio.run(filled(tmp_path / "journal.db", 1))
    link = sqlite3.connect(tmp_path / "journal.db")

    class Nulls(dict[str, None]):
        def __missing__(self, _: str) -> None:
            return None

    def planned(query: str) -> None:
        lines = [line for line in query.splitlines() if not line.startswith("--")]
        if lines[0].split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            link.execute("EXPLAIN " + "\n".join(lines), Nulls()).fetchall()

    yield planned
    link.close()

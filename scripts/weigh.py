#!/usr/bin/env python
"""What each dependency weighs, here and now: prints the first table of docs/why/dependencies.md.

python scripts/weigh.py

Size: its own files and those of packages that only it brings. Import: a fresh interpreter, best of five, less the bare
one. Measured on the environment that runs it.
"""

import re
import subprocess
import sys
import time
from importlib import metadata

IMPORTS = {
    "joserfc": "import joserfc.jwt",
    "pydantic": "from pydantic import BaseModel",
    "pyyaml": "import yaml",
    "starlette": "import starlette.applications",
}
"""How it is imported, where `import <name>` would be another or none of the work."""
EXTRAS = {"sqlglot": ["sqlglotc"]}
"""What an extra that we ask for brings."""
BEST_OF = 5


def needs(name: str) -> dict[str, str]:
    """What a package requires without its extras: name as pip spells it by name as we compare it."""
    found = {}
    for line in metadata.requires(name) or ():
        head, _, marker = line.partition(";")
        wanted = re.match(r"[\w.-]+", head)
        assert wanted is not None
        if "extra ==" not in marker and _is_installed(wanted.group()):
            found[_plain(wanted.group())] = wanted.group()
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def closure(name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = _plain(waiting.pop())
        if current not in found:
            found.add(current)
            waiting += [*needs(current), *EXTRAS.get(current, ())]
    return found


def megabytes(names: set[str]) -> float:
    total = 0
    for name in names:
        for file in metadata.files(name) or ():
            path = file.locate()
            total += path.stat().st_size if path.is_file() and path.suffix != ".pyc" else 0  # type: ignore[attr-defined]
    return total / 1e6


def milliseconds(code: str) -> float:
    def once() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 our own code
        return (time.perf_counter() - start) * 1000

    return min(once() for _ in range(BEST_OF))


def licence(name: str) -> str:
    about = metadata.metadata(name)
    classified = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License")]
    return about.get("License-Expression") or (classified[-1] if classified else about.get("License", "?"))


def main() -> None:
    direct = needs("pointsman")
    reach = {name: closure(name) for name in direct}
    bare = milliseconds("pass")
    print("| package | version | packages | MB | import ms | licence |\n|---|---|--:|--:|--:|---|")  # noqa: T201
    for name in sorted(direct):
        others = set().union(*(reach[other] for other in direct if other != name))
        own = {name} | (reach[name] - others)
        spent = milliseconds(IMPORTS.get(name, f"import {name}")) - bare
        row = (direct[name], metadata.version(name), len(own), f"{megabytes(own):.1f}", f"{spent:.0f}", licence(name))
        print(f"| {' | '.join(map(str, row))} |")  # noqa: T201
    everything = set().union(*reach.values())
    print(f"\nIn all: {len(everything)} packages, {megabytes(everything):.0f} MB.")  # noqa: T201
    for verb in ("check", "run", "up"):
        spent = milliseconds(f"import pointsman.doors.cli.{verb}") - bare
        print(f"What `pointsman {verb}` imports: {spent:.0f} ms.")  # noqa: T201


if __name__ == "__main__":
    main()

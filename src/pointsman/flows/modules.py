"""The Python of a project: its modules, loaded once, under names that cannot clash with installed packages."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from pointsman.errors import Refused, way_out
from pointsman.flows.python import PythonFlow


class Modules:
    """Loads `functions.py` of the folder as `functions`, `flows/totals.py` as `flows.totals`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._loaded: dict[str, ModuleType] = {}

    def function(self, reference: str) -> Callable[..., Any]:
        """The function behind `module:function`. Raises Refused."""
        dotted, _, name = reference.partition(":")
        known = vars(self._module(dotted))
        found = known.get(name)
        if not callable(found):
            functions = [key for key, value in known.items() if callable(value) and not key.startswith("_")]
            raise Refused(f"no function {name!r} in {dotted}.", way_out=way_out(name, functions, "Functions"))
        return found  # type: ignore[no-any-return]

    def flows(self) -> list[PythonFlow]:
        """The functions marked with `@flow` in the modules of flows/, in the order of the files."""
        modules = [self._module(f"flows.{path.stem}") for path in sorted((self._root / "flows").glob("*.py"))]
        return [value for module in modules for value in vars(module).values() if isinstance(value, PythonFlow)]

    def _module(self, dotted: str) -> ModuleType:
        if dotted not in self._loaded:
            self._loaded[dotted] = self._load(dotted)
        return self._loaded[dotted]

    def _load(self, dotted: str) -> ModuleType:
        path = self._root.joinpath(*dotted.split(".")).with_suffix(".py")
        if not path.is_file():
            known = [found.stem for found in self._root.glob("*.py")]
            raise Refused(f"no module {dotted!r} in the project.", way_out=way_out(dotted, known, "Modules"))
        spec = importlib.util.spec_from_file_location(f"pointsman_project.{dotted}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

"""The project folders that ship with Pointsman, to start from. `pointsman init --template sales` writes one."""

from pathlib import Path
from typing import Final

from pointsman.errors import Refused, way_out

_HERE: Final = Path(__file__).parent


def names() -> list[str]:
    """The templates that there are."""
    return sorted(folder.parent.name for folder in _HERE.glob("*/project"))


def files(template: str) -> dict[str, bytes]:
    """A template's files: path below the project's folder, and content. Raises Refused for an unknown one."""
    if template not in names():
        raise Refused(f"no template named {template!r}.", way_out=way_out(template, names(), "Templates"))
    root = _HERE / template / "project"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def write(template: str, target: Path) -> list[Path]:
    """Writes a template into a folder, made when missing; what was written.

    Raises Refused, with nothing written, when one of the files is there already.
    """
    content = files(template)
    taken = [name for name in content if (target / name).exists()]
    if taken or (target.exists() and not target.is_dir()):
        raise Refused(
            f"{target}: {taken[0] if taken else 'a file'} is there already.",
            way_out="Choose an empty folder; nothing was written.",
        )
    for name, data in content.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(data)
    return [target / name for name in content]

"""How the benchmarks print their rows."""

from collections.abc import Mapping, Sequence


def show(rows: Sequence[Mapping[str, object]]) -> None:
    """One line a row, under the keys of the first; numbers to the right."""
    widths = {name: max(len(name), *(len(str(row[name])) for row in rows)) for name in rows[0]}
    right = {name for name in widths if not any(isinstance(row[name], str) for row in rows)}
    for row in ({name: name for name in widths}, *rows):
        cells = (
            f"{row[name]!s:>{width}}" if name in right else f"{row[name]!s:<{width}}" for name, width in widths.items()
        )
        print("  ".join(cells).rstrip())
    print()

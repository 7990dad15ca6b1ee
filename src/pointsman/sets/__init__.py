"""SQL over frames: the only part that knows DuckDB."""

from pointsman.sets.query import Sets

__all__ = ["Sets"]

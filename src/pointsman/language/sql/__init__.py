"""SQL without any system: what a query reads, what it gives, and that it only reads. The only place that knows sqlglot.

query = sql.read(text, "duckdb")          one SELECT, or a Mistake
checked = sql.check(query, tables)        its columns, where they come from, every mistake
bound = sql.for_driver(query)             PostgreSQL's own parameters
"""

from pointsman.language.sql.driver import Bound, for_driver
from pointsman.language.sql.read import Dialect, Query, read
from pointsman.language.sql.select import Checked, check

__all__ = ["Bound", "Checked", "Dialect", "Query", "check", "for_driver", "read"]

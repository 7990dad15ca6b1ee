"""The locked-down database, what a SELECT may name, and its errors in our words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import orjson

from pointsman.errors import Refused

_TABLE_FUNCTIONS: Final = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree"})
_WITH_VALUES: Final = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)


def open_database(memory: str, threads: int) -> Any:
    """Every switch here is needed, and each has a test that fails without it."""
    database = duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": False,
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "python_enable_replacements": False,  # else an unknown table name reads a Python variable of that name
            "temp_directory": "",  # else it spills to ./.tmp even with external access off
            "memory_limit": memory,
            "threads": threads,
        },
    )
    database.execute("SET GLOBAL TimeZone = 'UTC'")  # else the machine's zone decides what day a timestamp is on
    database.execute("SET lock_configuration = true")
    return database


@dataclass(frozen=True, slots=True)
class Statement:
    """What a SELECT names: tables (CTEs of its own aside) and parameters."""

    tables: frozenset[str]
    params: frozenset[str]


def read_statement(sql: str, cursor: Any) -> Statement:
    """Reads by DuckDB's own parser. Refused when it is not exactly one SELECT over tables."""
    tree = orjson.loads(cursor.execute("SELECT json_serialize_sql($1)", [sql]).fetchone()[0])
    if tree["error"] and tree["error_type"] == "parser":
        raise Refused(f"SQL: {tree['error_message']}{_line(sql, int(tree.get('position', 0)))}.")
    if tree["error"] or len(tree["statements"]) != 1:
        raise Refused("a step's SQL is one SELECT.", way_out="It only reads; a `call` writes.")
    own: set[str] = set()
    tables: set[str] = set()
    for node in _nodes(tree["statements"]):
        own.update(entry["key"].lower() for entry in node.get("cte_map", {}).get("map", ()))
        match node.get("type"):
            case "BASE_TABLE":
                tables.add(".".join(node["qualified_name"]["path"]))
            case "TABLE_FUNCTION" if (name := node["function"]["function_name"]) not in _TABLE_FUNCTIONS:
                raise Refused(
                    f"SQL: `{name}(…)` is not a step; only steps can be read from.",
                    way_out=f"Allowed besides: {', '.join(sorted(_TABLE_FUNCTIONS))}.",
                )
            case "SHOW_REF":
                raise Refused("a step's SQL is one SELECT.", way_out="SHOW, DESCRIBE and SUMMARIZE are not for steps.")
    params = cursor.extract_statements(sql)[0].named_parameters
    return Statement(frozenset(table for table in tables if table.lower() not in own), frozenset(params))


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    stack = [tree]
    while stack:
        match stack.pop():
            case dict() as node:
                yield node
                stack.extend(node.values())
            case list() as nodes:
                stack.extend(nodes)


def _line(sql: str, position: int) -> str:
    return f" (line {sql.count(chr(10), 0, position) + 1})" if "\n" in sql.strip() else ""


def sentence(error: duckdb.Error, sql: str) -> str:
    """DuckDB's own sentence, short: its guesses and the line stay; advice on settings and fetched values go."""
    text, _, place = str(error).partition("\n\nLINE ")
    text = re.sub(r"^[A-Z][A-Za-z -]* Error: ", "", text)
    text = re.split(r"\n\tCandidate|\n\nUse \"SET", text)[0]
    if isinstance(error, _WITH_VALUES):
        text = _without_values(text.partition("\n")[0], sql)
    text = re.sub(r"!?\nCandidate \w+: (.*)", r". There are: \1.", text)
    text = re.sub(r"!?\nDid you mean", r". Did you mean", text)
    text = " ".join(text.replace('"', "`").split())
    row = place.partition(":")[0]
    where = f" (line {row})" if row.isdigit() and "\n" in sql.strip() else ""
    return f"SQL: {text[:300]}{where}{'' if text.endswith(('.', '?', '!')) and not where else '.'}"


def _without_values(text: str, sql: str) -> str:
    """A failed conversion quotes the row's value, which may be personal; a literal of the SQL itself may stay."""
    text = re.sub(r"(['\"])(.*?)\1", lambda found: found[0] if found[2] in sql else "…", text)
    return re.sub(r" \([^()]*\d[^()]*\)", "", text)
